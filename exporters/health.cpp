#include "exporters/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/handlers.h"

namespace pilotlight::exporters {
namespace {

using Json = nlohmann::ordered_json;

// A probe may start late by a turn and take its timeout before anybody is worried.
constexpr Duration kGrace = std::chrono::seconds(5);

bool is_overdue(const TargetView& target, const Snapshot& snapshot) {
    if (target.interval <= Duration{0}) return false;
    const WallTime last =
        std::max(target.last_probe_at.value_or(snapshot.started_at), snapshot.reload.last_success);
    return snapshot.at - last > 2 * target.interval + target.timeout + kGrace;
}

bool could_not_be_judged(const TargetView& target) {
    return target.unknown_since.has_value() ||
           (target.health == Health::unknown && !target.reason.empty());
}

/// `api and 3 more could not be judged, no_descriptors: ...`: the reason is the first one's.
std::string judging_trouble(const Snapshot& snapshot) {
    const auto first = std::ranges::find_if(snapshot.targets, could_not_be_judged);
    if (first == snapshot.targets.end()) return {};
    const auto count = std::ranges::count_if(snapshot.targets, could_not_be_judged);
    const std::string others = count == 1 ? "" : fmt::format(" and {} more", count - 1);
    const std::string_view stop = first->detail.empty() ? "" : ": ";
    return fmt::format("{}{} could not be judged, {}{}{}", first->name, others, first->reason, stop,
                       first->detail);
}

/// `"db" has not been probed on time`, or with how many others.
template <class Items, class Is>
std::string first_of(const Items& items, Is is, std::string_view what) {
    const auto count = std::ranges::count_if(items, is);
    if (count == 0) return {};
    const auto& name = std::ranges::find_if(items, is)->name;
    if (count == 1) return fmt::format("{} {}", name, what);
    return fmt::format("{} and {} more {}", name, count - 1, what);
}

std::string stuck(const Snapshot& snapshot, WallTime now) {
    return fmt::format(
        "the engine has not turned for {}",
        format_duration(std::chrono::floor<std::chrono::seconds>(now - snapshot.at)));
}

std::string probe_trouble(const Snapshot& snapshot) {
    const auto overdue = [&](const TargetView& target) { return is_overdue(target, snapshot); };
    std::string trouble = first_of(snapshot.targets, overdue, "not probed on time");
    return trouble.empty() ? judging_trouble(snapshot) : trouble;
}

std::string rule_trouble(const Snapshot& snapshot) {
    for (const RuleGroupView& group : snapshot.rule_groups) {
        for (const RuleView& rule : group.rules) {
            if (rule.health != "err") continue;
            return fmt::format("group {}, rule {}: {}", group.name, rule.name, rule.last_error);
        }
    }
    return {};
}

std::string delivery_trouble(const Snapshot& snapshot) {
    for (const ReceiverView& receiver : snapshot.receivers) {
        if (receiver.last_error.empty()) continue;
        return fmt::format("{} ({}): {}", receiver.name, receiver.integration, receiver.last_error);
    }
    return {};
}

std::string config_trouble(const Snapshot& snapshot) {
    if (snapshot.reload.successful) return {};
    if (snapshot.reload.errors.empty()) return "the last reload was refused";
    return snapshot.reload.errors.front();
}

}  // namespace

bool is_stuck(const Snapshot& snapshot, WallTime now) {
    return now - snapshot.at > kStuckAfter;
}

std::vector<Check> check_self(const Snapshot& snapshot, WallTime now) {
    const bool turns = !is_stuck(snapshot, now);
    return {
        {"journal", snapshot.journal_healthy ? "" : "the journal cannot be written"},
        {"probes", turns ? probe_trouble(snapshot) : stuck(snapshot, now)},
        {"rules", turns ? rule_trouble(snapshot) : stuck(snapshot, now)},
        {"delivery", delivery_trouble(snapshot)},
        {"config", config_trouble(snapshot)},
    };
}

Response show_health(const Call& call) {
    Json json{{"status", "degraded"}, {"version", call.site.version}};
    if (call.snapshot == nullptr) {
        json["detail"] = "no configuration is live yet";
        return json_response(503, json.dump());
    }
    const std::vector<Check> checks = check_self(*call.snapshot, call.now);
    if (std::ranges::all_of(checks, &Check::ok)) json["status"] = "ok";
    json["uptime"] = to_seconds(call.now - call.snapshot->started_at);
    json["timestamp"] = format_time(call.now);
    for (const Check& check : checks) {
        Json& entry = json["checks"][check.name];
        entry["status"] = check.ok() ? "ok" : "degraded";
        if (!check.ok()) entry["detail"] = check.trouble;
    }
    // Degraded still watches and pages; stuck does not.
    const int status = is_stuck(*call.snapshot, call.now) ? 503 : 200;
    return json_response(status, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace pilotlight::exporters
