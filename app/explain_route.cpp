#include "app/explain_route.h"

#include <fmt/format.h>

#include <utility>

namespace pilotlight::app {
namespace {

/// The engine stops the evaluation before the asker stops waiting.
constexpr Duration kPatience{5'000};
constexpr Duration kEvaluationMax{1'000};

exporters::Response refuse(std::string_view message) {
    return exporters::error_response(400, "bad_data", message);
}

}  // namespace

exporters::ExtraRoute explain_route(runtime::Loop& engine_loop,
                                    std::function<const Engine*()> engine) {
    const auto handle = [&engine_loop,
                         engine = std::move(engine)](const exporters::Request& request) {
        rules::ExplainQuery query;
        query.name = request.parameter("alert");
        if (query.name.empty()) return refuse("expected the parameter \"alert\", a rule's name");
        LabelsBuilder labels;
        for (const auto& [name, value] : request.parameters) {
            if (name != "label") continue;
            const std::size_t equals = value.find('=');
            if (equals == std::string::npos || equals == 0) {
                return refuse(fmt::format("expected label=NAME=VALUE, got \"{}\"", value));
            }
            labels.set(std::string_view(value).substr(0, equals),
                       std::string_view(value).substr(equals + 1));
        }
        query.labels = labels.build();
        const Engine* const asked = engine();
        if (asked == nullptr) {
            return exporters::error_response(503, "unavailable", "the engine does not run");
        }
        const auto ask = [asked, query] {
            rules::ExplainQuery limited = query;
            const SteadyTime end = steady_now() + kEvaluationMax;
            limited.interrupted = [end] { return steady_now() > end; };
            return asked->explain(limited);
        };
        auto answer = engine_loop.ask(ask, kPatience);
        if (!answer) {
            return exporters::error_response(503, "unavailable", "the engine does not answer");
        }
        if (!*answer) {
            return exporters::error_response(404, "not_found", answer->error().message);
        }
        return exporters::json_response(200, std::move(**answer));
    };
    return {.method = "GET",
            .path = "/api/explain",
            .access = exporters::Access::read,
            .handle = handle};
}

}  // namespace pilotlight::app
