#include "exporters/query/evaluation.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/query/json_text.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/functions.h"
#include "rules/promql/parser.h"

namespace pilotlight::query {
namespace {

using ExprRef = std::shared_ptr<const promql::Expr>;

constexpr Duration kLookback = std::chrono::minutes(5);

/// What instant and range queries have in common.
struct Query {
    ExprRef expr;
    /// What annotations name their places in.
    std::string text;
    Times times;
    bool range = false;
    promql::EvalOptions options;
    std::size_t series_limit = 0;
    std::size_t answer_bytes = 0;
};

/// Whether the order of the samples is the expression's own doing.
bool is_ordered(const promql::Expr& expr) {
    if (const auto* paren = std::get_if<promql::Paren>(&expr.node)) return is_ordered(*paren->expr);
    if (const auto* call = std::get_if<promql::Call>(&expr.node)) {
        return call->function->name.starts_with("sort");
    }
    const auto* aggregation = std::get_if<promql::Aggregation>(&expr.node);
    return aggregation != nullptr && (aggregation->op == promql::AggregationOp::topk ||
                                      aggregation->op == promql::AggregationOp::bottomk);
}

template <class Samples>
void sort_by_labels(Samples& samples) {
    std::ranges::sort(samples, [](const auto& a, const auto& b) { return a.labels < b.labels; });
}

Result<promql::Value> evaluate(const Query& query, const series::Store& store) {
    if (query.range) {
        auto matrix = promql::evaluate_range(*query.expr, store, query.times.start, query.times.end,
                                             query.times.step, query.options);
        if (!matrix) return std::unexpected(std::move(matrix.error()));
        return promql::Value(std::move(*matrix));
    }
    auto value = promql::evaluate(*query.expr, store, query.options);
    if (!value) return value;
    if (auto* matrix = std::get_if<promql::Matrix>(&*value)) sort_by_labels(*matrix);
    if (auto* vector = std::get_if<promql::Vector>(&*value); vector && !is_ordered(*query.expr)) {
        sort_by_labels(*vector);
    }
    return value;
}

/// True where something was cut off.
bool truncate(promql::Value& value, std::size_t limit) {
    const auto cut = [limit](auto& list) {
        if (limit == 0 || list.size() <= limit) return false;
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
        return true;
    };
    if (auto* vector = std::get_if<promql::Vector>(&value)) return cut(*vector);
    if (auto* matrix = std::get_if<promql::Matrix>(&value)) return cut(*matrix);
    return false;
}

/// Prometheus's annotations, by kind.
struct Annotations {
    std::vector<std::string> warnings;
    std::vector<std::string> infos;

    void add_prefixes() {
        for (std::string& warning : warnings)
            warning.insert(0, "PromQL warning: ");
        for (std::string& info : infos)
            info.insert(0, "PromQL info: ");
    }
};

Answer<std::string> write(const Query& query, const promql::Value& value,
                          const Annotations& annotations) {
    std::string data = fmt::format(R"({{"resultType":"{}","result":)", to_string(type_of(value)));
    if (!append_result(data, value, query.answer_bytes)) {
        return std::unexpected(
            execution(fmt::format("the answer would be larger than {} bytes", query.answer_bytes)));
    }
    data += '}';
    return success_document(data, annotations.warnings, annotations.infos);
}

Answer<std::string> run(Query query, Reading::Copies copies, const Over& over) {
    series::Store store({.series_limit = SIZE_MAX, .retention = {}});
    // As Prometheus selects them: what is told of the first or the last one is the same.
    std::ranges::sort(copies, [](const auto& a, const auto& b) { return b.labels < a.labels; });
    while (!copies.empty()) {
        if (copies.size() % 4096 == 0 && over()) {
            return std::unexpected(canceled("interrupted"));
        }
        store.adopt(std::move(copies.back()));
        copies.pop_back();
    }
    Annotations annotations;
    query.options.warnings = &annotations.warnings;
    query.options.infos = &annotations.infos;
    query.options.text = query.text;
    query.options.interrupted = over;
    auto value = evaluate(query, store);
    if (!value) return std::unexpected(execution(value.error().message));
    annotations.add_prefixes();
    if (truncate(*value, query.series_limit)) {
        annotations.warnings.emplace_back("results truncated due to limit");
    }
    return write(query, *value, annotations);
}

Answer<Job> make_job(Query query, Duration timeout) {
    auto reads = reads_of(*query.expr, query.times, query.options.lookback);
    if (!reads) return std::unexpected(execution(std::move(reads.error())));
    return Job{.reads = std::move(*reads),
               .what = Reading::What::samples,
               .timeout = timeout,
               .work = [query = std::move(query)](Reading::Copies copies, const Over& over) {
                   return run(query, std::move(copies), over);
               }};
}

/// Checks in the order of a list; the first error stays.
class Checks {
  public:
    template <class T>
    void take(T& to, Answer<T> from) {
        if (from && !error_) to = std::move(*from);
        if (!from && !error_) error_ = std::move(from.error());
    }
    void refuse_if(bool wrong, const auto& make_error) {
        if (!error_ && wrong) error_ = make_error();
    }
    [[nodiscard]] const std::optional<ApiError>& error() const { return error_; }

  private:
    std::optional<ApiError> error_;
};

struct Common {
    Duration timeout{};
    Duration lookback{};
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    ExprRef expr;
    std::string_view text;
};

Answer<Duration> lookback_of(const exporters::Request& request) {
    const std::string_view text = request.parameter("lookback_delta");
    if (text.empty()) return Duration{0};
    const auto lookback = read_duration(text);
    if (!lookback) {
        return std::unexpected(invalid_parameter(
            "lookback_delta", "error parsing lookback delta duration: " + lookback.error()));
    }
    return *lookback;
}

Common read_common(const exporters::Request& request, const Semantics& semantics,
                   const Limits& limits, Checks& checks) {
    Common common;
    checks.take(common.timeout, optional_duration(request, "timeout", limits.timeout));
    common.timeout = std::min(common.timeout, limits.timeout);
    checks.take(common.lookback, lookback_of(request));
    checks.take(common.compatibility, compatibility_of(request, semantics.compatibility));
    if (!checks.error()) checks.take(common.expr, expression_of(request, common.compatibility));
    common.text = request.parameter("query");
    return common;
}

Query make_query(const Common& common, const Times& times, const Semantics& semantics,
                 const Limits& limits, std::size_t series_limit) {
    Query query;
    query.expr = common.expr;
    query.text = common.text;
    query.times = times;
    query.series_limit = series_limit;
    query.answer_bytes = limits.answer_bytes;
    query.options.at = times.start;
    query.options.lookback = common.lookback > Duration{0} ? common.lookback : kLookback;
    // As rules see the series, unless the request says what it wants.
    query.options.series_lookback = common.lookback <= Duration{0};
    query.options.subquery_step = semantics.subquery_step;
    query.options.compatibility = common.compatibility;
    query.options.sample_limit = limits.samples;
    return query;
}

}  // namespace

Answer<promql::Compatibility> compatibility_of(const exporters::Request& request,
                                               promql::Compatibility otherwise) {
    const std::string_view text = request.parameter("compatibility");
    if (text.empty()) return otherwise;
    if (text == "2") return promql::Compatibility::prometheus2;
    if (text == "3") return promql::Compatibility::prometheus3;
    return std::unexpected(
        invalid_parameter("compatibility", fmt::format("\"{}\", expected 2 or 3", text)));
}

Answer<ExprRef> expression_of(const exporters::Request& request,
                              promql::Compatibility compatibility) {
    const std::string_view text = request.parameter("query");
    auto parsed =
        promql::parse(text, {.compatibility = compatibility, .text_limit = kExpressionBytesMax});
    if (!parsed) {
        return std::unexpected(invalid_parameter("query", promql::describe(parsed.error(), text)));
    }
    return std::move(*parsed);
}

Answer<Job> instant_query(const exporters::Request& request, WallTime now,
                          const Semantics& semantics, const Limits& limits) {
    Checks checks;
    std::size_t series_limit = 0;
    Times times;
    checks.take(series_limit, limit_of(request));
    checks.take(times.start, optional_time(request, "time", now));
    times.end = times.start;
    const Common common = read_common(request, semantics, limits, checks);
    if (checks.error()) return std::unexpected(*checks.error());
    return make_job(make_query(common, times, semantics, limits, series_limit), common.timeout);
}

Answer<Job> range_query(const exporters::Request& request, const Semantics& semantics,
                        const Limits& limits) {
    constexpr std::int64_t kPointsMax = 11'000;
    Checks checks;
    std::size_t series_limit = 0;
    Times times;
    checks.take(series_limit, limit_of(request));
    checks.take(times.start, required_time(request, "start"));
    checks.take(times.end, required_time(request, "end"));
    checks.refuse_if(times.end < times.start, [] {
        return invalid_parameter("end", "end timestamp must not be before start time");
    });
    const auto step = read_duration(request.parameter("step"));
    checks.refuse_if(!step, [&] { return invalid_parameter("step", step.error()); });
    times.step = step.value_or(Duration{0});
    checks.refuse_if(times.step <= Duration{0}, [] {
        return invalid_parameter("step",
                                 "zero or negative query resolution step widths are not "
                                 "accepted. Try a positive integer");
    });
    checks.refuse_if(!checks.error() && (times.end - times.start) / times.step > kPointsMax, [] {
        return bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
            "query resolution (?step=XX)");
    });
    const Common common = read_common(request, semantics, limits, checks);
    if (checks.error()) return std::unexpected(*checks.error());
    const promql::ValueType type = common.expr->type;
    if (type != promql::ValueType::scalar && type != promql::ValueType::vector) {
        return std::unexpected(invalid_parameter(
            "query", fmt::format("invalid expression type \"{}\" for range query, must be Scalar "
                                 "or instant Vector",
                                 promql::documented_name(type))));
    }
    Query query = make_query(common, times, semantics, limits, series_limit);
    query.range = true;
    return make_job(std::move(query), common.timeout);
}

}  // namespace pilotlight::query
