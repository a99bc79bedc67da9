#include "app/target_states.h"

#include <algorithm>
#include <utility>

namespace pilotlight::app {
namespace {

using exporters::Health;

exporters::TargetView view_of(const probes::Target& target) {
    exporters::TargetView view;
    view.name = target.config.name;
    view.prober = target.config.prober;
    view.instance = target.instance;
    view.service = target.config.service;
    view.labels = target.labels;
    view.interval = target.config.interval;
    view.timeout = target.config.timeout;
    view.reexpose = target.config.reexpose;
    return view;
}

void keep_what_is_known(exporters::TargetView& view, exporters::TargetView& before) {
    view.health = before.health;
    view.since = before.since;
    view.last_probe_at = before.last_probe_at;
    view.last_duration = before.last_duration;
    view.phase = std::move(before.phase);
    view.reason = std::move(before.reason);
    view.detail = std::move(before.detail);
    view.unknown_since = before.unknown_since;
    view.last_failure = std::move(before.last_failure);
    view.newest = std::move(before.newest);
}

exporters::ServiceView view_of(const config::ServiceConfig& service) {
    exporters::ServiceView view;
    view.name = service.name;
    view.title = service.title.empty() ? service.name : service.title;
    view.rto = service.rto;
    view.rpo = service.rpo;
    view.depends_on = service.depends_on;
    return view;
}

struct Tally {
    std::size_t up = 0;
    std::size_t down = 0;
    std::optional<WallTime> first_down;
    std::optional<WallTime> last_up;
};

void count(Tally& tally, const exporters::TargetView& target) {
    if (target.health == Health::up) {
        ++tally.up;
        tally.last_up = std::max(tally.last_up, target.since);
    } else if (target.health == Health::down) {
        ++tally.down;
        if (!tally.first_down || target.since < tally.first_down) tally.first_down = target.since;
    }
}

/// Since when alerts that carry the service's name fire, the worst of them apart.
struct Alerting {
    std::optional<WallTime> critical;
    std::optional<WallTime> any;
};

Alerting alerting_of(const std::vector<Alert>& alerts, const std::string& service) {
    Alerting since;
    const auto first = [](std::optional<WallTime>& known, const std::optional<WallTime>& fired) {
        if (!known || fired < known) known = fired;
    };
    for (const Alert& alert : alerts) {
        if (alert.state != AlertState::firing || alert.labels.get("service") != service) continue;
        first(since.any, alert.fired_at);
        if (alert.labels.get("severity") == "critical") first(since.critical, alert.fired_at);
    }
    return since;
}

void judge(exporters::ServiceView& service, const Tally& tally, const Alerting& alerting) {
    if (tally.down > 0 && (tally.up == 0 || alerting.critical)) {
        service.health = Health::down;
        service.since = tally.first_down;
    } else if (tally.down > 0) {
        service.health = Health::degraded;
        service.since = tally.first_down;
    } else if (alerting.any) {
        service.health = Health::degraded;
        service.since = alerting.any;
    } else if (tally.up > 0) {
        service.health = Health::up;
        service.since = tally.last_up;
    }
}

}  // namespace

void TargetStates::replace(const std::vector<probes::SharedTarget>& targets,
                           const std::vector<config::ServiceConfig>& services) {
    std::map<std::string, exporters::TargetView, std::less<>> views;
    order_.clear();
    for (const probes::SharedTarget& target : targets) {
        exporters::TargetView view = view_of(*target);
        const auto before = views_.find(view.name);
        if (before != views_.end() && before->second.prober == view.prober) {
            keep_what_is_known(view, before->second);
        }
        order_.push_back(view.name);
        views.emplace(view.name, std::move(view));
    }
    views_ = std::move(views);
    services_ = services;
    bytes_ = 0;
    by_age_.clear();
    for (auto& [reason, count] : unknown_)
        count = 0;
    for (const auto& [name, view] : views_) {
        if (view.unknown_since) ++unknown_[{view.phase, view.reason}];
        if (view.last_failure == nullptr || view.last_failure->evidence == nullptr) continue;
        bytes_ += size_of(*view.last_failure->evidence);
        by_age_.emplace(view.last_failure->at, name);
    }
}

void TargetStates::count_unknown(const exporters::TargetView& view, bool unknown) {
    std::size_t& count = unknown_[{view.phase, view.reason}];
    count = unknown ? count + 1 : count - std::min<std::size_t>(count, 1);
}

void TargetStates::keep_failure(exporters::TargetView& view, const probes::Blip& seen,
                                bool is_blip) {
    if (view.last_failure != nullptr && view.last_failure->evidence != nullptr) {
        bytes_ -= size_of(*view.last_failure->evidence);
        by_age_.erase({view.last_failure->at, view.name});
    }
    auto failure = std::make_shared<exporters::FailureView>();
    failure->at = seen.at;
    failure->phase = seen.outcome.phase;
    failure->reason = seen.outcome.reason;
    failure->detail = seen.outcome.detail;
    failure->blip = is_blip;
    failure->evidence = seen.evidence;
    view.last_failure = std::move(failure);
    if (seen.evidence == nullptr) return;
    bytes_ += size_of(*seen.evidence);
    by_age_.emplace(seen.at, view.name);
    while (bytes_ > limit_ && !by_age_.empty())
        forget_oldest_evidence();
}

void TargetStates::forget_oldest_evidence() {
    exporters::TargetView& view = views_.find(by_age_.begin()->second)->second;
    by_age_.erase(by_age_.begin());
    bytes_ -= size_of(*view.last_failure->evidence);
    auto without = std::make_shared<exporters::FailureView>(*view.last_failure);
    without->evidence = nullptr;
    view.last_failure = std::move(without);
}

Duration TargetStates::probed(const probes::ProbeRun& run) {
    const auto found = views_.find(run.target->config.name);
    if (found == views_.end()) return Duration{0};
    exporters::TargetView& view = found->second;
    const std::optional<WallTime> before = view.last_probe_at;
    view.last_probe_at = run.started_at;
    view.last_duration = run.duration;
    if (view.unknown_since) count_unknown(view, false);
    // A probe that could not judge brings pauses, which is nothing to show.
    const bool judged = run.outcome.verdict != probes::Verdict::unknown;
    if (judged || view.newest == nullptr) view.newest = run.batch;
    view.phase = run.outcome.phase;
    view.reason = run.outcome.reason;
    view.detail = run.outcome.detail;
    if (!judged) {
        if (!view.unknown_since) view.unknown_since = run.started_at;
        count_unknown(view, true);
        return before ? std::max(run.started_at - *before, Duration{0}) : Duration{0};
    }
    view.unknown_since.reset();
    const Health health = run.outcome.verdict == probes::Verdict::ok ? Health::up : Health::down;
    if (health == Health::down) {
        keep_failure(view, {run.outcome, run.evidence, run.started_at}, false);
    } else if (run.blip) {
        keep_failure(view, *run.blip, true);
    }
    if (view.health != health) {
        view.health = health;
        view.since = run.failing_since.value_or(run.started_at);
    }
    return Duration{0};
}

std::string TargetStates::first_unknown() const {
    for (const std::string& name : order_) {
        if (views_.find(name)->second.unknown_since) return name;
    }
    return "";
}

const exporters::FailureView* TargetStates::failure_of(std::string_view target) const {
    const auto found = views_.find(target);
    if (found == views_.end() || found->second.health != Health::down) return nullptr;
    return found->second.last_failure.get();
}

std::vector<exporters::TargetView> TargetStates::targets() const {
    std::vector<exporters::TargetView> views;
    views.reserve(order_.size());
    for (const std::string& name : order_)
        views.push_back(views_.find(name)->second);
    return views;
}

std::vector<exporters::ServiceView> TargetStates::services(const std::vector<Alert>& alerts) const {
    std::vector<exporters::ServiceView> views;
    for (const config::ServiceConfig& service : services_)
        views.push_back(view_of(service));
    std::map<std::string, Tally, std::less<>> tallies;
    for (const std::string& name : order_) {
        const exporters::TargetView& target = views_.find(name)->second;
        if (target.service.empty()) continue;
        auto view = std::ranges::find(views, target.service, &exporters::ServiceView::name);
        if (view == views.end()) {
            views.push_back(view_of(config::ServiceConfig{
                .name = target.service, .title = "", .rto = {}, .rpo = {}, .depends_on = {}}));
            view = std::prev(views.end());
        }
        view->targets.push_back(name);
        count(tallies[target.service], target);
    }
    for (exporters::ServiceView& view : views) {
        judge(view, tallies[view.name], alerting_of(alerts, view.name));
    }
    return views;
}

}  // namespace pilotlight::app
