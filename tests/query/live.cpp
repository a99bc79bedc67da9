#include "tests/query/live.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace pilotlight::query {

Live::Live(Limits limits, Gate::Room room) {
    ServiceOptions options;
    options.read = [this](const std::shared_ptr<Reading>& reading) {
        if (has_owner && owner_works) {
            while (!reading->step(store, [] { return true; })) {
            }
        }
        return has_owner;
    };
    options.described = [this] { return described; };
    options.limits = limits;
    options.room = room;
    service = std::make_unique<Service>(std::move(options), Semantics{});
}

void Live::load(const Labels& labels, const std::vector<double>& values) {
    std::int64_t at = 0;
    for (const double value : values) {
        store.append(labels, WallTime(std::chrono::seconds(at)), value);
        at += 10;
    }
}

exporters::Response Live::get(const std::string& name, Parameters parameters, std::int64_t now) {
    exporters::Request request;
    request.path = "/api/v1/" + name;
    request.parameters = std::move(parameters);
    return service->answer(request, WallTime(std::chrono::seconds(now)));
}

std::string Live::ask(const std::string& name, Parameters parameters, std::int64_t now) {
    const exporters::Response response = get(name, std::move(parameters), now);
    return fmt::format("{} {}", response.status, response.text());
}

std::string Live::refusal(const std::string& name, Parameters parameters) {
    const exporters::Response response = get(name, std::move(parameters));
    const auto json = nlohmann::json::parse(response.text());
    if (json.at("status") == "success") return "answered";
    return fmt::format("{} {}: {}", response.status, json.at("errorType").get<std::string>(),
                       json.at("error").get<std::string>());
}

}  // namespace pilotlight::query
