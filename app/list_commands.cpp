#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/http_call.h"
#include "core/time.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr Duration kPatience{10'000};

Result<Json> get_json(const std::string& url) {
    const auto answer = call_http(url, "", kPatience);
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200) return fail(fmt::format("{}: HTTP {}", url, answer->status));
    Json document = Json::parse(answer->body, nullptr, false);
    if (document.is_discarded()) return fail(fmt::format("{}: the answer is no JSON", url));
    return document;
}

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

void print_table(const Rows& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += fmt::format("{:<{}}", row[i], i + 1 == row.size() ? 0 : widths[i] + 2);
        }
        std::cout << line << '\n';
    }
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
    Rows rows{std::move(titles)};
    for (const Json& item : data)
        rows.push_back(cells(item));
    print_table(rows);
    return kExitDone;
}

}  // namespace

int alerts_command(const ListOptions& options) {
    return list(options, "/api/v1/alerts", "alerts",
                {"STATE", "ALERT", "SEVERITY", "TARGET", "ACTIVE SINCE", "SUMMARY"},
                [](const Json& alert) -> std::vector<std::string> {
                    const Json& labels = alert.at("labels");
                    return {text(alert, "state"),     text(labels, "alertname"),
                            text(labels, "severity"), text(labels, "target"),
                            text(alert, "activeAt"),  text(alert.at("annotations"), "summary")};
                });
}

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
