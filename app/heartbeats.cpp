#include "app/heartbeats.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/hash.h"

namespace pilotlight::app {
namespace {

constexpr Duration kLookEvery = std::chrono::hours(1);

/// The same for every start, so that the heartbeats' samples are spread over the interval.
Duration phase_of(const std::string& name, Duration interval) {
    return Duration(static_cast<std::int64_t>(hash_bytes(name) >> 1U)) % interval;
}

/// The first tick after `now`.
WallTime tick_after(const std::string& name, Duration interval, WallTime now) {
    const Duration phase = phase_of(name, interval);
    const Duration since = (now.time_since_epoch() - phase) % interval;
    return now - since + interval;
}

}  // namespace

Heartbeats::Heartbeats(alerting::Journal& journal)
    : writer_(journal, alerting::RecordTable::heartbeats) {}

void Heartbeats::restore(const std::vector<alerting::Record>& records) {
    for (const alerting::Record& row : records) {
        auto record = heartbeat_record_from(row.record);
        if (record) {
            entries_[row.key].record = std::move(*record);
        } else {
            spdlog::warn("the journal's record of the heartbeat {} cannot be read: it begins anew",
                         row.key);
        }
    }
}

void Heartbeats::replace(const std::vector<probes::SharedTarget>& targets, WallTime now) {
    std::map<std::string_view, const probes::SharedTarget*> wanted;
    std::vector<HeartbeatDoors::Heartbeat> doors;
    for (const probes::SharedTarget& target : targets) {
        if (target->heartbeat == nullptr) continue;
        wanted.emplace(target->config.name, &target);
        doors.push_back(
            {target->config.name, target->heartbeat->token, probes::redaction_of(target->config)});
    }
    for (auto& [name, entry] : entries_) {
        if (!wanted.contains(name)) stop_listening(name, entry, now);
    }
    for (const auto& [key, target] : wanted) {
        const std::string name(key);
        auto [at, is_new] = entries_.try_emplace(name);
        if (is_new) at->second.record.state.first_seen = now;
        const bool has_changed = listen(name, at->second, *target, now);
        if (is_new || has_changed) keep(name, at->second, {});
    }
    doors_.replace(doors);
}

bool Heartbeats::listen(const std::string& name, Entry& entry, const probes::SharedTarget& target,
                        WallTime now) {
    bool has_changed = false;
    if (entry.target == nullptr) {
        has_changed = probes::bring_back(entry.record.state, now);
        has_changed = probes::excuse(entry.record.state, *target->heartbeat, now) || has_changed;
        has_changed = std::exchange(entry.record.gone_since, std::nullopt) || has_changed;
    }
    if (entry.series != nullptr && !(entry.target->labels == target->labels)) {
        ends_.emplace_back(entry.target, entry.series->end(std::max(now, entry.told_at)));
        entry.series.reset();
    }
    if (entry.series == nullptr) {
        entry.series = std::make_unique<probes::TargetSeries>(target);
    } else {
        entry.series->retarget(target);
    }
    entry.target = target;
    set_due(name, entry, tick_after(name, target->config.interval, now));
    tell(name, entry, now);
    return has_changed;
}

void Heartbeats::stop_listening(const std::string& name, Entry& entry, WallTime now) {
    if (!entry.record.gone_since) {
        entry.record.gone_since = now;
        keep(name, entry, {});
    }
    if (entry.target == nullptr) return;
    ends_.emplace_back(entry.target, entry.series->end(std::max(now, entry.told_at)));
    set_change(name, entry, std::nullopt);
    dues_.erase({entry.due, name});
    entry.target.reset();
    entry.series.reset();
}

bool Heartbeats::ping(const std::string& name, const probes::HeartbeatPing& ping, WallTime now,
                      Done done) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.target == nullptr) return false;
    Entry& entry = found->second;
    probes::take(entry.record.state, ping, *entry.target->heartbeat, now);
    tell(name, entry, now);
    keep(name, entry, std::move(done));
    return true;
}

void Heartbeats::tick(WallTime now) {
    if (now < turned_at_) plan_anew(now);
    turned_at_ = now;
    while (!changes_.empty() && changes_.begin()->first <= now) {
        const std::string name = changes_.begin()->second;
        tell(name, entries_.at(name), now);
    }
    while (!dues_.empty() && dues_.begin()->first <= now) {
        const std::string name = dues_.begin()->second;
        Entry& entry = entries_.at(name);
        set_due(name, entry, tick_after(name, entry.target->config.interval, now));
        tell(name, entry, now);
    }
    if (now >= next_look_ || next_look_ > now + kLookEvery) forget_old(now);
}

/// The clock was set back: what is due by it would wait for all that time.
void Heartbeats::plan_anew(WallTime now) {
    for (auto& [name, entry] : entries_) {
        if (entry.target == nullptr) continue;
        set_due(name, entry, tick_after(name, entry.target->config.interval, now));
        entry.told_at = std::min(entry.told_at, now);
        if (probes::bring_back(entry.record.state, now)) keep(name, entry, {});
        tell(name, entry, now);
    }
}

std::optional<WallTime> Heartbeats::next_wakeup() const {
    std::optional<WallTime> next;
    if (!changes_.empty()) next = changes_.begin()->first;
    if (!dues_.empty()) {
        const WallTime due = std::max(dues_.begin()->first, turned_at_ + kTogether);
        next = std::min(next.value_or(due), due);
    }
    return next;
}

void Heartbeats::was_blind(WallTime now) {
    for (auto& [name, entry] : entries_) {
        if (entry.target == nullptr) continue;
        if (!probes::excuse(entry.record.state, *entry.target->heartbeat, now)) continue;
        keep(name, entry, {});
        tell(name, entry, now);
    }
}

void Heartbeats::tell(const std::string& name, Entry& entry, WallTime now) {
    probes::HeartbeatState& state = entry.record.state;
    const probes::HeartbeatJudgement judgement =
        probes::judge(state, *entry.target->heartbeat, now);
    if (probes::note(state, judgement, now)) keep(name, entry, {});
    set_change(name, entry, judgement.changes_at);
    if (judgement.is_awaited) return;
    const probes::Report report = probes::report_of(state, judgement);
    probes::ProbeRun run;
    run.target = entry.target;
    run.outcome = report.outcome;
    run.evidence = report.evidence;
    // Two pings of one millisecond are two samples.
    run.started_at = entry.told_at = std::max(now, entry.told_at + Duration(1));
    run.batch = entry.series->make(report, run.started_at, {}).batch;
    runs_.push_back(std::move(run));
}

void Heartbeats::set_change(const std::string& name, Entry& entry, std::optional<WallTime> at) {
    if (entry.changes_at == at) return;
    if (entry.changes_at) changes_.erase({*entry.changes_at, name});
    entry.changes_at = at;
    if (at) changes_.emplace(*at, name);
}

void Heartbeats::set_due(const std::string& name, Entry& entry, WallTime at) {
    dues_.erase({entry.due, name});
    entry.due = at;
    dues_.emplace(at, name);
}

void Heartbeats::forget_old(WallTime now) {
    next_look_ = now + kLookEvery;
    std::erase_if(entries_, [&](const auto& item) {
        const std::optional<WallTime>& gone = item.second.record.gone_since;
        if (!gone || now - *gone < kKeptFor) return false;
        writer_.remove(item.first);
        return true;
    });
}

void Heartbeats::keep(const std::string& name, const Entry& entry, Done done) {
    writer_.write(name, to_json(entry.record), std::move(done));
}

std::vector<probes::ProbeRun> Heartbeats::take_runs() {
    return std::exchange(runs_, {});
}

std::vector<std::pair<probes::SharedTarget, SharedBatch>> Heartbeats::take_ends() {
    return std::exchange(ends_, {});
}

}  // namespace pilotlight::app
