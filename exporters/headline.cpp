#include "exporters/headline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <tuple>

namespace pilotlight::exporters {
namespace {

constexpr std::array<std::string_view, 4> kSeverities{"critical", "error", "warning", "info"};

bool is_problem(Health health) {
    return health == Health::down || health == Health::degraded;
}

int badness(Health health) {
    switch (health) {
        case Health::down:
            return 3;
        case Health::degraded:
            return 2;
        case Health::unknown:
            return 1;
        case Health::up:
            return 0;
    }
    return 0;
}

void take_health_of_targets(ServiceView& service,
                            const std::map<std::string_view, const TargetView*>& by_name) {
    service.health = service.targets.empty() ? Health::unknown : Health::up;
    for (const std::string& name : service.targets) {
        const TargetView& target = *by_name.at(name);
        if (badness(target.health) < badness(service.health)) continue;
        const bool worse = badness(target.health) > badness(service.health);
        service.health = target.health;
        // All are well since the last of them is; something is wrong since the first went wrong.
        const bool later = target.since > service.since;
        if (worse || !service.since || later == (target.health == Health::up)) {
            service.since = target.since;
        }
    }
}

/// Collects problems: how many, how bad, and the words for a single one.
class Tally {
  public:
    void add(Health level, std::string text) {
        if (badness(level) > badness(worst_)) worst_ = level;
        if (count_++ == 0) first_ = std::move(text);
    }
    [[nodiscard]] Headline headline(const Snapshot& snapshot) && {
        if (count_ == 1) return {worst_, std::move(first_), 1};
        if (count_ > 1) return {worst_, fmt::format("{} problems", count_), count_};
        if (snapshot.targets.empty()) return {Health::unknown, "Nothing is watched yet", 0};
        const bool anything_known = std::ranges::any_of(
            snapshot.targets,
            [](const TargetView& target) { return target.health != Health::unknown; });
        if (!anything_known) return {Health::unknown, "Waiting for the first probes", 0};
        return {Health::up, "All systems operational", 0};
    }

  private:
    Health worst_ = Health::up;
    std::size_t count_ = 0;
    std::string first_;
};

std::string words_for(std::string_view title, Health health) {
    return fmt::format("{} is {}", title, to_string(health));
}

void add_services(const std::vector<ServiceView>& services, const Snapshot& snapshot, Tally& tally,
                  std::set<std::string_view>& troubled) {
    for (const ServiceView& service : services) {
        if (!service.name.empty() && is_problem(service.health)) {
            tally.add(service.health, words_for(title_of(service), service.health));
            troubled.insert(service.name);
        }
    }
    for (const TargetView& target : snapshot.targets) {
        if (!target.service.empty() || !is_problem(target.health)) continue;
        tally.add(Health::degraded, words_for(target.name, target.health));
        troubled.insert(target.name);
    }
}

}  // namespace

std::string_view title_of(const ServiceView& service) {
    if (!service.title.empty()) return service.title;
    return service.name.empty() ? std::string_view("Other targets") : service.name;
}

int severity_rank(std::string_view severity) {
    return static_cast<int>(std::ranges::find(kSeverities, severity) - kSeverities.begin());
}

std::vector<const Alert*> listed_alerts(const Snapshot& snapshot) {
    std::vector<const Alert*> listed;
    for (const Alert& alert : snapshot.alerts) {
        if (alert.state != AlertState::resolved) listed.push_back(&alert);
    }
    for (const Alert& alert : snapshot.outside_alerts)
        listed.push_back(&alert);
    const auto order = [](const Alert* alert) {
        return std::tuple(alert->state != AlertState::firing,
                          severity_rank(alert->labels.get("severity")),
                          -alert->active_at.time_since_epoch().count());
    };
    std::ranges::sort(listed, [&](const Alert* a, const Alert* b) {
        const auto left = order(a);
        const auto right = order(b);
        return left != right ? left < right : a->labels < b->labels;
    });
    return listed;
}

Mute mute_of(const Snapshot& snapshot, const Alert& alert) {
    for (const auto& [alerts, mutes] :
         {std::pair{&snapshot.alerts, &snapshot.mutes},
          std::pair{&snapshot.outside_alerts, &snapshot.outside_mutes}}) {
        const std::less<> before;
        if (alerts->empty() || before(&alert, alerts->data()) || before(&alerts->back(), &alert)) {
            continue;
        }
        const auto index = static_cast<std::size_t>(&alert - alerts->data());
        return index < mutes->size() ? (*mutes)[index] : Mute::none;
    }
    return Mute::none;
}

std::vector<ServiceView> all_services(const Snapshot& snapshot) {
    std::vector<ServiceView> services = snapshot.services;
    std::set<std::string_view> listed;
    for (const ServiceView& service : snapshot.services) {
        listed.insert(service.targets.begin(), service.targets.end());
    }
    const std::size_t declared = services.size();
    std::map<std::string_view, const TargetView*> by_name;
    std::map<std::string_view, std::size_t> undeclared;
    ServiceView others;
    for (const TargetView& target : snapshot.targets) {
        by_name.emplace(target.name, &target);
        if (listed.contains(target.name)) continue;
        if (target.service.empty()) {
            others.targets.push_back(target.name);
            continue;
        }
        const auto [at, fresh] = undeclared.try_emplace(target.service, services.size());
        if (fresh) services.emplace_back().name = target.service;
        services[at->second].targets.push_back(target.name);
    }
    if (!others.targets.empty()) services.push_back(std::move(others));
    for (std::size_t i = declared; i < services.size(); ++i) {
        take_health_of_targets(services[i], by_name);
    }
    return services;
}

Headline headline(const Snapshot& snapshot, std::span<const Check> checks) {
    Tally tally;
    std::set<std::string_view> troubled;
    const std::vector<ServiceView> services = all_services(snapshot);
    add_services(services, snapshot, tally, troubled);
    for (const Alert* alert : listed_alerts(snapshot)) {
        if (alert->state != AlertState::firing) continue;
        if (mute_of(snapshot, *alert) != Mute::none) continue;
        if (troubled.contains(alert->labels.get("service"))) continue;
        if (troubled.contains(alert->labels.get("target"))) continue;
        const bool critical = severity_rank(alert->labels.get("severity")) == 0;
        tally.add(critical ? Health::down : Health::degraded,
                  fmt::format("{} is firing", alert->labels.get(kAlertName)));
    }
    for (const Check& check : checks) {
        if (!check.ok()) {
            tally.add(Health::degraded,
                      fmt::format("Pilotlight's own {} needs attention", check.name));
        }
    }
    return std::move(tally).headline(snapshot);
}

}  // namespace pilotlight::exporters
