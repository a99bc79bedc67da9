#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/http_call.h"
#include "rules/promql/numbers.h"
#include "rules/promql/printer.h"
#include "rules/promql/quoting.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;

/// Longer than any query may take.
constexpr Duration kPatience = std::chrono::minutes(5);

/// Unix seconds of a time as the API takes it; `now` where it is empty.
Result<double> seconds_of(const std::string& text, WallTime now) {
    if (text.empty()) return to_unix_seconds(now);
    if (const auto number = promql::parse_go_float(text)) return *number;
    const auto time = parse_time(text);
    if (!time) {
        return fail(fmt::format("\"{}\" is no time, expected Unix seconds or RFC 3339", text));
    }
    return to_unix_seconds(*time);
}

struct Call {
    const char* path = "/api/v1/query";
    std::vector<std::pair<std::string, std::string>> fields;
};

/// The last five minutes, in some 250 steps, where nothing else is said: as promtool does.
Result<Call> range_call(const QueryOptions& options, WallTime now) {
    constexpr double kSpan = 300;
    constexpr double kSteps = 250;
    const auto end = seconds_of(options.end, now);
    if (!end) return std::unexpected(end.error());
    const auto start =
        options.start.empty() ? Result<double>(*end - kSpan) : seconds_of(options.start, now);
    if (!start) return std::unexpected(start.error());
    const std::string step =
        options.step.empty()
            ? fmt::format("{}", std::max(std::floor((*end - *start) / kSteps), 1.0))
            : options.step;
    return Call{.path = "/api/v1/query_range",
                .fields = {{"start", fmt::format("{:.3f}", *start)},
                           {"end", fmt::format("{:.3f}", *end)},
                           {"step", step}}};
}

Result<Call> call_of(const QueryOptions& options) {
    const bool range = !options.start.empty() || !options.end.empty() || !options.step.empty();
    if (range && !options.time.empty()) {
        return fail("--time is for a query at one time, not for one with --start, --end or --step");
    }
    auto call = range ? range_call(options, wall_now()) : Result<Call>(Call{});
    if (!call) return call;
    call->fields.emplace_back("query", options.expression);
    if (!options.time.empty()) call->fields.emplace_back("time", options.time);
    if (options.prometheus != 0) {
        call->fields.emplace_back("compatibility", std::to_string(options.prometheus));
    }
    return call;
}

/// `name{a="b", c="d"}`, `{}`.
std::string metric_text(const Json& metric) {
    std::string text;
    std::string labels;
    for (const auto& [name, value] : metric.items()) {
        const std::string plain = value.get<std::string>();
        if (name == "__name__") {
            text = plain;
            continue;
        }
        labels += labels.empty() ? "" : ", ";
        labels += name + '=' + promql::quote(plain);
    }
    return labels.empty() && !text.empty() ? text : text + '{' + labels + '}';
}

/// `1 @[1435781451.781]`
std::string point_text(const Json& point) {
    const std::string text = point.at(1).get<std::string>();
    const auto value = promql::parse_go_float(text);
    return fmt::format("{} @[{}]", value ? promql::format_fixed(*value) : text,
                       promql::format_fixed(point.at(0).get<double>()));
}

void print(const Json& data) {
    const std::string type = data.at("resultType").get<std::string>();
    const Json& result = data.at("result");
    if (type == "scalar") {
        std::cout << "scalar: " << point_text(result) << '\n';
    } else if (type == "string") {
        std::cout << result.at(1).get<std::string>() << '\n';
    } else if (type == "vector") {
        for (const Json& sample : result) {
            std::cout << metric_text(sample.at("metric")) << " => "
                      << point_text(sample.at("value")) << '\n';
        }
    } else {
        for (const Json& series : result) {
            std::cout << metric_text(series.at("metric")) << " =>\n";
            for (const Json& point : series.at("values"))
                std::cout << point_text(point) << '\n';
        }
    }
}

int show(const HttpAnswer& answer, const QueryOptions& options, const std::string& url) {
    const Json document = Json::parse(answer.body, nullptr, false);
    if (document.is_discarded() || !document.is_object()) {
        std::cerr << fmt::format("{}: HTTP {}, and the answer is no JSON\n", without_login(url),
                                 answer.status);
        return kExitCannot;
    }
    if (document.value("status", "") != "success") {
        std::cerr << fmt::format("query error: {}: {}\n", document.value("errorType", "unknown"),
                                 document.value("error", "no reason was given"));
        return answer.status == 400 || answer.status == 422 ? kExitNotGood : kExitCannot;
    }
    for (const char* const kind : {"warnings", "infos"}) {
        for (const Json& warning : document.value(kind, Json::array()))
            std::cerr << warning.get<std::string>() << '\n';
    }
    if (options.json) {
        std::cout << document.at("data").dump(2) << '\n';
    } else {
        print(document.at("data"));
    }
    return kExitDone;
}

}  // namespace

int query_command(const QueryOptions& options) {
    const auto call = call_of(options);
    if (!call) {
        std::cerr << "pilotlight: " << call.error().to_string() << '\n';
        return kExitCannot;
    }
    std::string url = options.url;
    while (url.ends_with('/'))
        url.pop_back();
    url += call->path;
    const auto answer = call_http(url, form_of(call->fields), kPatience);
    if (!answer) {
        std::cerr << answer.error().to_string() << '\n';
        return kExitCannot;
    }
    try {
        return show(*answer, options, url);
    } catch (const Json::exception&) {
        std::cerr << url << ": the answer is not the query API's\n";
        return kExitCannot;
    }
}

}  // namespace pilotlight::app
