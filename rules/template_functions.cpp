#include "rules/template_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/template/humanize.h"
#include "core/template/text_functions.h"
#include "core/template/time.h"
#include "rules/host_port.h"
#include "rules/promql/parser.h"
#include "rules/vector_of.h"

namespace pilotlight::rules {

namespace {

using Args = std::span<const tmpl::Value>;
using tmpl::Value;
using Kind = Value::Kind;

constexpr double kNanoseconds = 1e9;

/// As Go's errors and %T name what queries give.
const tmpl::Type kSample = {.name = "*template.sample", .methods = {}};
const tmpl::Type kQueryResult = {.name = "template.queryResult", .methods = {}};

Value sample_value(const Labels& labels, double value) {
    return Value::record({{"Labels", Value::from(labels)}, {"Value", Value(value)}})
        .with_type(&kSample);
}

Result<Value> query(TemplateContext& context, Args args) {
    const auto text = tmpl::text_argument(args[0]);
    if (!text) return std::unexpected(text.error());
    if (context.store == nullptr) return fail("no series to query");
    if (--context.queries_left < 0) return fail("too many queries in one text");
    const auto expr = promql::parse(*text, {.compatibility = context.eval.compatibility});
    if (!expr) return fail(promql::describe(expr.error(), *text));
    const auto answer = promql::evaluate(**expr, *context.store, context.eval);
    if (!answer) return std::unexpected(answer.error());
    const auto rows = vector_of(*answer);
    if (!rows) return std::unexpected(rows.error());
    tmpl::List items;
    for (const auto& row : *rows)
        items.push_back(sample_value(row.labels, row.value));
    return Value(std::move(items)).with_type(&kQueryResult);
}

Result<Value> first(Args args) {
    if (!args[0].is(Kind::list)) {
        return fail(fmt::format("wrong type for value; expected template.queryResult; got {}",
                                args[0].type_name()));
    }
    if (args[0].list().empty()) return fail("first() called on vector with no elements");
    return args[0].list().front();
}

/// The field of a query's sample; anything else is a wrong type.
Result<Value> field_of(const Value& sample, std::string_view name) {
    if (sample.is(Kind::map)) {
        const auto field = sample.fields().entries.find(name);
        if (field != sample.fields().entries.end()) return field->second;
    }
    return fail(
        fmt::format("wrong type for value; expected *template.sample; got {}", sample.type_name()));
}

Result<Value> label_of(const Value& sample, std::string_view name) {
    const auto labels = field_of(sample, "Labels");
    if (!labels || !labels->is(Kind::map)) return labels;
    const auto& fields = labels->fields();
    const auto label = fields.entries.find(name);
    return label == fields.entries.end() ? fields.absent : label->second;
}

Result<Value> label(Args args) {
    const auto name = tmpl::text_argument(args[0]);
    if (!name) return std::unexpected(name.error());
    return label_of(args[1], *name);
}

Result<Value> value(Args args) {
    return field_of(args[0], "Value");
}

Result<Value> strvalue(Args args) {
    return label_of(args[0], "__value__");
}

Result<Value> sort_by_label(Args args) {
    const auto name = tmpl::text_argument(args[0]);
    if (!name) return std::unexpected(name.error());
    if (!args[1].is(Kind::list)) {
        return fail(fmt::format("wrong type for value; expected template.queryResult; got {}",
                                args[1].type_name()));
    }
    std::vector<std::pair<std::string, Value>> keyed;
    for (const auto& item : args[1].list()) {
        const auto text = label_of(item, *name);
        if (!text) return text;
        keyed.emplace_back(tmpl::to_text(*text), item);
    }
    std::stable_sort(keyed.begin(), keyed.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    tmpl::List sorted;
    for (auto& [key, item] : keyed)
        sorted.push_back(std::move(item));
    return Value(std::move(sorted)).with_type(&kQueryResult);
}

Result<Value> named_args(Args args) {
    std::map<std::string, Value> named;
    for (std::size_t i = 0; i < args.size(); ++i)
        named.emplace(fmt::format("arg{}", i), args[i]);
    return Value::map(std::move(named));
}

template <std::string (*Write)(double)>
Result<Value> humanized(Args args) {
    const auto number = tmpl::number_argument(args[0]);
    if (!number) return std::unexpected(number.error());
    return Write(*number);
}

/// Seconds since the epoch, cut to milliseconds as Prometheus does.
Result<Value> time_of(double seconds) {
    const double nanoseconds = seconds * kNanoseconds;
    if (!(nanoseconds < 9.223372036854775807e18 && nanoseconds > -9.223372036854775808e18)) {
        return fail(fmt::format(
            "{} cannot be represented as a nanoseconds timestamp since it overflows int64",
            tmpl::format_real(seconds, 'g', -1)));
    }
    const auto whole = static_cast<std::int64_t>(nanoseconds);
    return tmpl::time_value_ns(whole / 1'000'000 * 1'000'000);
}

Result<Value> to_time(Args args) {
    const auto seconds = tmpl::number_argument(args[0]);
    if (!seconds) return std::unexpected(seconds.error());
    if (!std::isfinite(*seconds)) return fail("value is NaN or Inf");
    return time_of(*seconds);
}

Result<Value> humanize_timestamp(Args args) {
    const auto seconds = tmpl::number_argument(args[0]);
    if (!seconds) return std::unexpected(seconds.error());
    if (!std::isfinite(*seconds)) return tmpl::format_real(*seconds, 'g', 4);
    const auto time = time_of(*seconds);
    if (!time) return time;
    return tmpl::to_text(*time);
}

Result<Value> to_duration(Args args) {
    const auto seconds = tmpl::number_argument(args[0]);
    if (!seconds) return std::unexpected(seconds.error());
    const double nanoseconds = *seconds * kNanoseconds;
    if (!(std::abs(nanoseconds) < 9.2e18)) return fail("value is no duration");
    return tmpl::duration_value(static_cast<std::int64_t>(nanoseconds));
}

Result<Value> parse_seconds(Args args) {
    const auto text = tmpl::text_argument(args[0]);
    if (!text) return std::unexpected(text.error());
    const bool negative = text->starts_with('-');
    const auto duration = parse_duration(std::string_view(*text).substr(negative ? 1 : 0));
    if (!duration) return std::unexpected(duration.error());
    return negative ? -to_seconds(*duration) : to_seconds(*duration);
}

template <std::string (*Change)(const std::string&)>
Result<Value> changed(Args args) {
    const auto text = tmpl::text_argument(args[0]);
    if (!text) return std::unexpected(text.error());
    return Change(*text);
}

std::string graph_link(const std::string& expression) {
    return fmt::format("/graph?g0.expr={}&g0.tab=0", tmpl::escape_query(expression));
}

std::string table_link(const std::string& expression) {
    return fmt::format("/graph?g0.expr={}&g0.tab=1", tmpl::escape_query(expression));
}

std::string query_escaped(const std::string& text) {
    return tmpl::escape_query(text);
}

std::string path_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t path = url.find('/', host);
    if (path == std::string::npos) return {};
    return url.substr(path, url.find_first_of("?#", path) - path);
}

void add_pure(tmpl::Functions& table) {
    table.insert({"first", {first, 1, 1}});
    table.insert({"label", {label, 2, 2}});
    table.insert({"value", {value, 1, 1}});
    table.insert({"strvalue", {strvalue, 1, 1}});
    table.insert({"sortByLabel", {sort_by_label, 2, 2}});
    table.insert({"args", {named_args, 0, SIZE_MAX}});
    table.insert({"humanize", {humanized<tmpl::humanize>, 1, 1}});
    table.insert({"humanize1024", {humanized<tmpl::humanize_1024>, 1, 1}});
    table.insert({"humanizePercentage", {humanized<tmpl::humanize_percentage>, 1, 1}});
    table.insert({"humanizeTimestamp", {humanize_timestamp, 1, 1}});
    table.insert({"toTime", {to_time, 1, 1}});
    table.insert({"toDuration", {to_duration, 1, 1}});
    table.insert({"parseDuration", {parse_seconds, 1, 1}});
    table.insert({"stripPort", {changed<strip_port>, 1, 1}});
    table.insert({"stripDomain", {changed<strip_domain>, 1, 1}});
    table.insert({"graphLink", {changed<graph_link>, 1, 1}});
    table.insert({"tableLink", {changed<table_link>, 1, 1}});
    table.insert({"urlQueryEscape", {changed<query_escaped>, 1, 1}});
    for (const std::string_view shared :
         {"title", "toUpper", "toLower", "match", "reReplaceAll", "safeHtml", "humanizeDuration"}) {
        table.insert(*tmpl::text_functions().find(shared));
    }
}

}  // namespace

tmpl::Functions make_template_functions(TemplateContext& context) {
    tmpl::Functions table;
    add_pure(table);
    table["query"] = {[&context](Args args) { return query(context, args); }, 1, 1};
    table["now"] = {[&context](Args) -> Result<Value> { return to_unix_seconds(context.eval.at); },
                    0, 0};
    table["externalURL"] = {[&context](Args) -> Result<Value> { return context.external_url; }, 0,
                            0};
    table["pathPrefix"] = {
        [&context](Args) -> Result<Value> { return path_of(context.external_url); }, 0, 0};
    return table;
}

const tmpl::Functions& template_function_names() {
    static TemplateContext nowhere;
    static const tmpl::Functions table = make_template_functions(nowhere);
    return table;
}

}  // namespace pilotlight::rules
