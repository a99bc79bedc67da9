#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "rules/promql/evaluator.h"
#include "rules/promql/label_sets.h"

// info(): labels from info metrics, joined by instance and job. Source: Prometheus's promql/info.
namespace pilotlight::promql {
namespace {

const std::vector<std::string>& identifying() {
    static const std::vector<std::string> kLabels{"instance", "job"};
    return kLabels;
}

/// What info()'s second argument asks for.
struct Request {
    /// Which info metrics; target_info where nothing is said.
    Matchers names;
    /// Which of their labels, and with which values.
    Matchers data;

    [[nodiscard]] bool is_info_name(std::string_view name) const {
        return std::ranges::all_of(names, [&](const Matcher& m) { return m.matches(name); });
    }
    [[nodiscard]] bool wants(std::string_view label) const {
        return data.empty() || std::ranges::any_of(data, [&](const Matcher& matcher) {
                   return matcher.name() == label;
               });
    }
};

Matcher matcher_of(std::string_view name, Matcher::Op op, std::string_view value) {
    return *Matcher::make(std::string(name), op, std::string(value));
}

Request read_request(Frame& frame) {
    Request request;
    if (frame.size() > 1) {
        const auto& selector = std::get<VectorSelector>(frame.argument(1).node);
        for (const Matcher& matcher : selector.matchers) {
            (matcher.name() == kMetricName ? request.names : request.data).push_back(matcher);
        }
    }
    if (request.names.empty()) {
        request.names.push_back(matcher_of(kMetricName, Matcher::Op::equal, "target_info"));
    } else if (std::ranges::none_of(request.names, [](const Matcher& m) {
                   return m.op() == Matcher::Op::equal || m.op() == Matcher::Op::regexp;
               })) {
        // "All but": of what is named as info metrics are.
        request.names.push_back(matcher_of(kMetricName, Matcher::Op::regexp, ".+_info"));
    }
    return request;
}

/// The time that an expression's first selector reads at: info metrics are read alike.
WallTime reading_time(Evaluator& evaluator, const Expr& expr, WallTime at) {
    const Expr& inner = unwrap(expr);
    if (const auto* selector = std::get_if<VectorSelector>(&inner.node)) {
        return evaluator.shifted(selector->shift, at);
    }
    if (const auto* matrix = std::get_if<MatrixSelector>(&inner.node)) {
        return evaluator.shifted(matrix->selector.shift, at);
    }
    if (const auto* subquery = std::get_if<Subquery>(&inner.node)) {
        return reading_time(evaluator, *subquery->expr, evaluator.shifted(subquery->shift, at));
    }
    for (const Expr* child : children(inner)) {
        const WallTime time = reading_time(evaluator, *child, at);
        if (time != at) return time;
    }
    return at;
}

/// An info series at its newest.
struct Info {
    const series::Series* series = nullptr;
    WallTime at;
};

class Enricher {
  public:
    Enricher(Evaluator& evaluator, Request request, WallTime ref)
        : evaluator_(evaluator), request_(std::move(request)) {
        std::vector<const series::Series*> found;
        evaluator.store().select(request_.names, found);
        if (!evaluator.count(found.size())) return;
        for (const series::Series* series : found)
            add(*series, ref);
    }

    /// Nothing where a condition on a data label does not hold.
    [[nodiscard]] std::optional<Labels> enrich(const Labels& labels) {
        LabelsBuilder builder(labels);
        std::map<std::string, std::string, std::less<>> added;
        const auto found = infos_.find(hash_of_kept(labels, identifying()));
        if (found != infos_.end() && is_identified(labels)) {
            for (const auto& [name, info] : found->second)
                collect(*info.series, labels, added);
        }
        for (const Matcher& matcher : request_.data) {
            const auto value = added.find(matcher.name());
            const std::string_view has =
                value == added.end() ? "" : std::string_view(value->second);
            // A label that the sample has of its own is neither changed nor judged.
            const bool own = !labels.get(matcher.name()).empty();
            if (!own && !matcher.matches(has)) return std::nullopt;
        }
        for (const auto& [name, value] : added)
            builder.set(name, value);
        return builder.build();
    }

    [[nodiscard]] const Request& request() const { return request_; }

  private:
    static bool is_identified(const Labels& labels) {
        return std::ranges::any_of(
            identifying(), [&](const std::string& name) { return !labels.get(name).empty(); });
    }

    void add(const series::Series& series, WallTime ref) {
        const auto point = evaluator_.valid_at(series, ref);
        if (!point) return;
        const bool fits = std::ranges::all_of(request_.data, [&](const Matcher& matcher) {
            return matcher.matches(series.labels());
        });
        if (!fits) return;
        auto& infos = infos_[hash_of_kept(series.labels(), identifying())];
        Info& info = infos[std::string(series.labels().metric_name())];
        // Of several that are still valid the newest says what is true.
        if (info.series == nullptr || point->at > info.at) info = {&series, point->at};
    }

    void collect(const series::Series& series, const Labels& labels,
                 std::map<std::string, std::string, std::less<>>& added) {
        for (const Label label : series.labels()) {
            const bool identifies =
                std::ranges::find(identifying(), label.name) != identifying().end();
            if (label.name == kMetricName || identifies) continue;
            if (!labels.get(label.name).empty() || !request_.wants(label.name)) continue;
            const auto [known, is_new] = added.try_emplace(std::string(label.name), label.value);
            if (!is_new && known->second != label.value) {
                evaluator_.fail("conflicting label: " + std::string(label.name));
            }
        }
    }

    Evaluator& evaluator_;
    Request request_;
    /// By identity, then by metric name.
    std::unordered_map<std::uint64_t, std::map<std::string, Info>> infos_;
};

Items info(Frame& frame) {
    Evaluator& evaluator = frame.evaluator();
    const WallTime ref = reading_time(evaluator, frame.argument(0), frame.at());
    Enricher enricher(evaluator, read_request(frame), ref);
    Items items;
    for (Item& item : frame.vector(0)) {
        // Info metrics themselves stay as they are.
        const bool is_info =
            !item.drop_name && enricher.request().is_info_name(item.labels.metric_name());
        if (!is_info) {
            auto labels = enricher.enrich(item.labels);
            if (!labels) continue;
            item.labels = std::move(*labels);
            item.series = nullptr;
        }
        items.push_back(std::move(item));
    }
    return items;
}

constexpr Function kFunctions[] = {
    {.name = "info",
     .arguments = {ValueType::vector, ValueType::vector},
     .variadic = 1,
     .vector = info,
     .since = Function::Since::from_3},
};

}  // namespace

std::span<const Function> info_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql
