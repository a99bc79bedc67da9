#include <algorithm>

#include "alerting/message_template.h"
#include "core/template/time.h"

namespace pilotlight::alerting {
namespace {

using tmpl::List;
using tmpl::Type;
using tmpl::Value;
using Args = std::span<const Value>;

const Value& field(const Value& record, std::string_view name) {
    return record.fields().entries.find(name)->second;
}

std::string print_pairs(const Value& pairs) {
    std::string text;
    for (const Value& pair : pairs.list()) {
        if (!text.empty()) text += ", ";
        text += field(pair, "Name").text() + "=" + field(pair, "Value").text();
    }
    return text;
}

Result<Value> column(const Value& pairs, std::string_view name) {
    List texts;
    for (const Value& pair : pairs.list())
        texts.push_back(field(pair, name));
    return Value(std::move(texts));
}

const Type kPairs{"template.Pairs",
                  {{"Names", [](const Value& self, Args) { return column(self, "Name"); }},
                   {"Values", [](const Value& self, Args) { return column(self, "Value"); }}},
                  print_pairs};

/// By name, `alertname` first.
Value sorted_pairs(const Value& self) {
    List pairs;
    for (const auto& [name, value] : self.fields().entries) {
        Value pair = Value::record({{"Name", name}, {"Value", value}});
        pairs.insert(name == kAlertName ? pairs.begin() : pairs.end(), std::move(pair));
    }
    return Value(std::move(pairs)).with_type(&kPairs);
}

Result<Value> remove_names(const Value& self, Args args);

const Type kTexts{
    "template.KV",
    {{"SortedPairs", [](const Value& self, Args) { return Result<Value>(sorted_pairs(self)); }},
     {"Names", [](const Value& self, Args) { return column(sorted_pairs(self), "Name"); }},
     {"Values", [](const Value& self, Args) { return column(sorted_pairs(self), "Value"); }},
     {"Remove", remove_names}},
    [](const Value& self) { return print_pairs(sorted_pairs(self)); }};

Result<Value> remove_names(const Value& self, Args args) {
    if (args.size() != 1 || !args[0].is(Value::Kind::list)) {
        return fail("Remove wants a list of names");
    }
    tmpl::Fields kept = self.fields();
    for (const Value& name : args[0].list()) {
        if (name.is(Value::Kind::text)) kept.entries.erase(name.text());
    }
    return Value(std::move(kept)).with_type(&kTexts);
}

Result<Value> with_status(const Value& alerts, std::string_view status);

const Type kAlerts{
    "template.Alerts",
    {{"Firing", [](const Value& self, Args) { return with_status(self, "firing"); }},
     {"Resolved", [](const Value& self, Args) { return with_status(self, "resolved"); }}}};

Result<Value> with_status(const Value& alerts, std::string_view status) {
    List chosen;
    std::ranges::copy_if(alerts.list(), std::back_inserter(chosen), [&](const Value& alert) {
        return field(alert, "Status").text() == status;
    });
    return Value(std::move(chosen)).with_type(&kAlerts);
}

class Maker {
  public:
    explicit Maker(const DataOptions& options) : options_(options) {}

    [[nodiscard]] std::string text(std::string_view raw) const {
        std::string kept = readable(raw, options_.value_limit);
        return options_.escape == nullptr ? kept : options_.escape(kept);
    }

    [[nodiscard]] Value texts(const Labels& labels) const {
        tmpl::Fields fields;
        fields.absent = Value("");
        for (const Label label : labels) {
            fields.entries.emplace(std::string(label.name), Value(text(label.value)));
        }
        return Value(std::move(fields)).with_type(&kTexts);
    }

    [[nodiscard]] Value alert(const NotifiedAlert& alert) const {
        return Value::record({{"Status", Value(to_string(alert.status))},
                              {"Labels", texts(alert.labels)},
                              {"Annotations", texts(alert.annotations)},
                              {"StartsAt", tmpl::time_value(alert.starts_at)},
                              {"EndsAt", tmpl::time_value(alert.ends_at.value_or(WallTime{}))},
                              {"GeneratorURL", Value(text(alert.generator_url))},
                              {"Fingerprint", Value(alert.fingerprint())},
                              {"Value", Value(alert.value)}});
    }

  private:
    const DataOptions& options_;
};

}  // namespace

Value message_data(const Notification& notification, const DataOptions& options) {
    const Maker maker(options);
    List alerts;
    for (const NotifiedAlert& alert : notification.alerts)
        alerts.push_back(maker.alert(alert));
    return Value::record({{"Receiver", Value(maker.text(notification.to.receiver))},
                          {"Status", Value(to_string(notification.status()))},
                          {"Alerts", Value(std::move(alerts)).with_type(&kAlerts)},
                          {"GroupLabels", maker.texts(notification.group_labels)},
                          {"CommonLabels", maker.texts(notification.common_labels())},
                          {"CommonAnnotations", maker.texts(notification.common_annotations())},
                          {"ExternalURL", Value(notification.external_url)},
                          {"NotificationReason", Value(to_string(notification.cause))},
                          {"GroupKey", Value(notification.group_key)},
                          {"DedupKey", Value(notification.dedup_key)},
                          {"Missed", Value(notification.missed)}});
}

}  // namespace pilotlight::alerting
