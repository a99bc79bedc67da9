#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/http_call.h"
#include "app/table.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;

Result<Json> get_json(const std::string& url) {
    const auto body = body_of({.method = "GET", .url = url, .json = {}});
    if (!body) return std::unexpected(body.error());
    Json document = Json::parse(*body, nullptr, false);
    if (document.is_discarded()) return fail(url + ": the answer is no JSON");
    return document;
}

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

/// Gets `path`, takes `list` out of its data, and prints a row of `cells` for each item.
int list(const ListOptions& options, const char* path, const char* list,
         std::vector<std::string> titles, std::vector<std::string> (*cells)(const Json&)) {
    const auto document = get_json(options.url + path);
    if (!document) {
        std::cerr << document.error().to_string() << '\n';
        return kExitCannot;
    }
    const Json& data = document->at("data").at(list);
    if (options.json) {
        std::cout << data.dump(2) << '\n';
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows{std::move(titles)};
    for (const Json& item : data)
        rows.push_back(cells(item));
    print_table(rows);
    return kExitDone;
}

}  // namespace

int targets_command(const ListOptions& options) {
    return list(options, "/api/v1/targets", "activeTargets",
                {"HEALTH", "TARGET", "PROBER", "INSTANCE", "LAST PROBE", "ERROR"},
                [](const Json& target) -> std::vector<std::string> {
                    const Json& labels = target.at("labels");
                    return {text(target, "health"),     text(labels, "target"),
                            text(labels, "prober"),     text(labels, "instance"),
                            text(target, "lastScrape"), text(target, "lastError")};
                });
}

}  // namespace pilotlight::app
