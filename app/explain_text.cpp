#include "app/explain_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/labels.h"
#include "core/template/utf8.h"
#include "core/time.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::ordered_json;

/// Where a step's value stands, if its text leaves room.
constexpr std::size_t kValueColumn = 64;
/// What would go beyond it stands on a line of its own.
constexpr std::size_t kLineMax = 110;

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

Labels labels_of(const Json& object) {
    LabelsBuilder builder;
    for (const auto& [name, value] : object.items())
        builder.set(name, value.get<std::string>());
    return builder.build();
}

std::string duration(double seconds) {
    return format_duration(Duration(static_cast<std::int64_t>(seconds * 1000)));
}

/// Whole seconds: at three in the morning nobody reads milliseconds.
std::string whole(Duration span) {
    return format_duration(std::chrono::floor<std::chrono::seconds>(std::max(span, Duration{0})));
}

class Writer {
  public:
    explicit Writer(const Json& document) : now_(time_of(document, "at").value_or(WallTime{})) {
        for (const Json& rule : document.at("rules"))
            add_rule(rule);
    }
    std::string take() { return std::move(out_); }

  private:
    static std::optional<WallTime> time_of(const Json& object, const char* key) {
        const std::string value = text(object, key);
        if (value.empty()) return std::nullopt;
        const auto time = parse_time(value);
        return time ? std::optional(*time) : std::nullopt;
    }
    /// `2026-11-23 07:41:45 UTC (12m ago)`.
    [[nodiscard]] std::string when(const Json& object, const char* key) const {
        const auto time = time_of(object, key);
        if (!time) return "never";
        std::string shown = format_time(*time).substr(0, 19);
        std::ranges::replace(shown, 'T', ' ');
        const std::string distance = *time > now_ ? fmt::format("in {}", whole(*time - now_))
                                                  : fmt::format("{} ago", whole(now_ - *time));
        return fmt::format("{} UTC ({})", shown, distance);
    }

    void line(std::string_view key, const std::string& value) {
        out_ += fmt::format("  {:<11} {}\n", key, value);
    }

    void add_rule(const Json& rule) {
        if (rule.at("alerts").empty()) {
            if (!out_.empty()) out_ += '\n';
            out_ += fmt::format("{} is inactive: there is no such alert\n\n", text(rule, "name"));
            add_origin(rule);
            add_policies(rule.at("policies"));
            add_steps(rule.at("steps"), text(rule, "last_error"));
            return;
        }
        for (const Json& alert : rule.at("alerts"))
            add_alert(rule, alert);
        const auto count = rule.at("alert_count").get<std::size_t>();
        if (count > rule.at("alerts").size()) {
            out_ += fmt::format("\nand {} more alerts of this rule; name some of their labels\n",
                                count - rule.at("alerts").size());
        }
    }

    void add_origin(const Json& rule) {
        line("rule", fmt::format("{}:{}, group \"{}\", evaluated every {} and when samples arrive",
                                 text(rule, "file"), rule.at("line").get<int>(),
                                 text(rule, "group"), duration(rule.at("interval").get<double>())));
        const std::string error = text(rule, "last_error");
        if (text(rule, "last_evaluation").empty()) {
            line("evaluated", "not yet");
        } else {
            line("evaluated",
                 when(rule, "last_evaluation") + (error.empty() ? ": ok" : ": FAILED: " + error));
        }
        for (const Json& warning : rule.at("warnings"))
            line("warning", warning.get<std::string>());
        if (!rule.at("has_matched").get<bool>()) {
            line("", "its expression has matched no series since the start");
        }
    }

    void add_alert(const Json& rule, const Json& alert) {
        if (!out_.empty()) out_ += '\n';
        LabelsBuilder labels(labels_of(alert.at("labels")));
        labels.remove(kAlertName);
        const bool firing = text(alert, "state") == "firing";
        out_ += fmt::format(
            "{}{} is {} for {}\n", text(rule, "name"), labels.build().to_string(),
            firing ? "FIRING" : "PENDING",
            whole(now_ - time_of(alert, firing ? "fired_at" : "active_at").value_or(now_)));
        const std::string summary = text(alert.at("annotations"), "summary");
        if (!summary.empty()) out_ += fmt::format("  {}\n", summary);
        out_ += '\n';
        add_reason(alert);
        add_timers(rule, alert);
        add_origin(rule);
        add_policies(alert.at("policies"));
        add_muting(alert);
        add_told(alert);
        add_steps(alert.at("steps"), text(rule, "last_error"));
        if (!alert.at("resolve_when_steps").empty()) {
            out_ += "\n  resolve_when, which has no row for it yet:\n";
            add_steps(alert.at("resolve_when_steps"), "");
        }
    }

    void add_reason(const Json& alert) {
        const std::string cause = text(alert, "cause");
        const std::string waiting = text(alert, "waiting_for");
        const std::string silent = fmt::format(
            "{}", fmt::join(alert.at("silent_targets").get<std::vector<std::string>>(), ", "));
        if (cause == "error") return line("because", "the rule cannot be evaluated (on_error)");
        if (cause == "no_data") return line("because", "its data is silent (on_no_data)");
        if (alert.at("condition").get<bool>()) {
            return line("because",
                        fmt::format("the condition is true, value {}", text(alert, "value")));
        }
        std::string why = "nothing";
        if (waiting == "data") {
            why = silent.empty() ? "the condition's data is gone: waiting for news of it"
                                 : fmt::format("no news: {} does not answer", silent);
        } else if (waiting == "resolve_when") {
            why = "the condition is false, but resolve_when has no row for it yet";
        } else if (waiting == "settle") {
            why = "it is flapping: the condition is false, and must stay so";
        } else if (waiting == "keep_firing_for") {
            why = "keep_firing_for: the condition has ended";
        }
        line("because", why);
    }

    void add_timers(const Json& rule, const Json& alert) {
        line("active", when(alert, "active_at"));
        const double hold = rule.at("for").get<double>();
        if (text(alert, "state") == "pending") {
            line("fires", when(alert, "fires_at") + fmt::format(", `for` is {}", duration(hold)));
        } else {
            line("fired", when(alert, "fired_at") +
                              (hold > 0 ? fmt::format(", `for` is {}", duration(hold)) : ""));
        }
        if (!text(alert, "kept_until").empty()) line("kept until", when(alert, "kept_until"));
        if (!text(alert, "flapping_since").empty()) {
            line("flapping", when(alert, "flapping_since"));
        } else if (const auto changes = alert.at("flap_changes").get<int>(); changes > 0) {
            line("flapping", fmt::format("no; {} of its beginnings and ends counted", changes));
        }
    }

    void add_policies(const Json& policies) {
        std::string all = fmt::format("on_no_data: {}, on_error: {}", text(policies, "on_no_data"),
                                      text(policies, "on_error"));
        if (const std::string end = text(policies, "resolve_when"); !end.empty()) {
            all += ", resolve_when: " + end;
        }
        if (const Json& flap = policies.at("flap"); !flap.is_null()) {
            all += fmt::format(", flap: {} changes within {}, settle {}",
                               flap.at("changes").get<int>(), text(flap, "within"),
                               text(flap, "settle"));
        }
        line("policies", all);
    }

    void add_muting(const Json& alert) {
        if (alert.at("silenced_by").empty()) line("silenced", "no");
        for (const Json& silence : alert.at("silenced_by")) {
            line("silenced", fmt::format("by {} until {}: {} [{}]", text(silence, "created_by"),
                                         when(silence, "ends_at"), text(silence, "comment"),
                                         text(silence, "id")));
        }
        if (alert.at("inhibited_by").empty()) line("inhibited", "no");
        for (const Json& source : alert.at("inhibited_by")) {
            LabelsBuilder labels(labels_of(source));
            labels.set(kMetricName, labels.get(kAlertName));
            labels.remove(kAlertName);
            line("inhibited", "by " + labels.build().to_string());
        }
    }

    void add_told(const Json& alert) {
        if (alert.at("told").empty()) line("told", "nobody");
        for (const Json& one : alert.at("told")) {
            const std::string to =
                fmt::format("{}/{}[{}]", text(one, "receiver"), text(one, "integration"),
                            one.at("index").get<int>());
            const std::string state = text(one, "state");
            std::string what = "not yet, the group is looked at " + when(one, "next_flush");
            if (state == "sending") what = "being sent, decided " + when(one, "decided_at");
            if (state == "failed") what = "REFUSED, decided " + when(one, "decided_at");
            if (state == "told") {
                what = fmt::format("knows {}, accepted {}", text(one, "knows"),
                                   when(one, "delivered_at"));
            }
            const auto muted = one.at("muted_by_time").get<std::vector<std::string>>();
            if (!muted.empty()) what += fmt::format("; muted by {}", fmt::join(muted, ", "));
            line("told", fmt::format("{}: {}", to, what));
        }
    }

    void add_steps(const Json& steps, const std::string& error) {
        out_ += '\n';
        for (const Json& step : steps)
            add_step(step, error);
    }

    void add_step(const Json& step, const std::string& error) {
        const auto depth = step.at("depth").get<std::size_t>();
        const std::string indent = "  " + std::string(2 * depth, ' ');
        const std::string head = indent + text(step, "expr");
        const Json& rows = step.at("rows");
        const auto count = step.at("row_count").get<std::size_t>();
        std::string note = text(step, "note");
        if (count == 1 && note.empty()) return value_line(head, indent, value_of(rows.at(0)));
        if (count > 1) note = fmt::format("{} rows", count);
        if (note.empty()) note = "no row";
        if (depth > 0 && note == error) note = "fails, see above";
        value_line(head, indent, note);
        if (count < 2) return;
        for (const Json& row : rows)
            value_line(indent + "    " + labels_of(row.at("labels")).to_string(), indent,
                       value_of(row));
        if (count > rows.size()) {
            out_ += fmt::format("{}    ... and {} more\n", indent, count - rows.size());
        }
    }

    static std::string value_of(const Json& row) {
        const Json& age = row.at("age");
        return text(row, "value") +
               (age.is_null() ? ""
                              : fmt::format("   {} old", whole(Duration(static_cast<std::int64_t>(
                                                             age.get<double>() * 1000)))));
    }

    void value_line(const std::string& head, const std::string& indent, const std::string& value) {
        const auto width = static_cast<std::size_t>(tmpl::rune_count(head));
        const bool fits = kValueColumn + value.size() <= kLineMax;
        if (width + 2 <= kValueColumn && fits) {
            out_ += head + std::string(kValueColumn - width, ' ') + value + '\n';
        } else {
            out_ += head + '\n' + indent + "  = " + value + '\n';
        }
    }

    WallTime now_;
    std::string out_;
};

}  // namespace

Result<std::string> explain_text(std::string_view document) {
    try {
        return Writer(Json::parse(document)).take();
    } catch (const Json::exception& error) {
        return fail(fmt::format("the answer is none of /api/explain: {}", error.what()));
    }
}

}  // namespace pilotlight::app
