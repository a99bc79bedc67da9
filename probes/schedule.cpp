#include "probes/schedule.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/hash.h"

namespace pilotlight::probes {
namespace {

/// How far `value` is past the last multiple of `interval`; also right before the epoch.
std::int64_t floor_mod(std::int64_t value, std::int64_t interval) {
    const std::int64_t rest = value % interval;
    return rest < 0 ? rest + interval : rest;
}

Duration hashed_offset(const std::string& key, Duration within) {
    return Duration(
        static_cast<std::int64_t>(hash_bytes(key) % static_cast<std::uint64_t>(within.count())));
}

}  // namespace

Schedule::Schedule(ClockAnchor anchor, Duration first_within)
    : anchor_(anchor), first_within_(first_within) {}

SteadyTime Schedule::tick_after(const std::string& key, Duration interval, SteadyTime now) const {
    // The wall clock as the anchor has it, not as it is now: whoever sets it moves no tick.
    const auto since_anchor = std::chrono::floor<Duration>(now - anchor_.steady);
    const Duration wall = anchor_.wall.time_since_epoch() + since_anchor;
    const Duration into_period(
        floor_mod((wall - hashed_offset(key, interval)).count(), interval.count()));
    return anchor_.steady + since_anchor + (interval - into_period);
}

SteadyTime Schedule::first_tick(const std::string& key, Duration interval, SteadyTime now) const {
    const SteadyTime tick = tick_after(key, interval, now);
    if (first_within_ <= Duration::zero()) return tick;
    return std::min(tick, now + hashed_offset(key, first_within_));
}

void Schedule::push(const std::string& key, SteadyTime due) {
    ticks_.push_back({due, key});
    std::ranges::push_heap(ticks_, std::less<>{});
}

void Schedule::add_or_keep(const Job& job, SteadyTime now) {
    PILOT_CHECK(job.interval >= Duration(1));
    const auto [found, is_new] = entries_.try_emplace(job.key);
    Entry& entry = found->second;
    PILOT_CHECK(!entry.listed);
    entry.listed = true;
    const bool unchanged = !is_new && !entry.removed && entry.interval == job.interval &&
                           entry.fingerprint == job.fingerprint;
    entry.removed = false;
    if (unchanged) return;
    entry.interval = job.interval;
    entry.fingerprint = job.fingerprint;
    entry.due = first_tick(job.key, job.interval, now);
    push(job.key, entry.due);
}

void Schedule::replace(std::span<const Job> jobs, SteadyTime now) {
    for (auto& [key, entry] : entries_)
        entry.listed = false;
    for (const Job& job : jobs)
        add_or_keep(job, now);
    // What is removed in flight is remembered until it has ended: it may be added again before.
    std::erase_if(entries_,
                  [](const auto& item) { return !item.second.listed && !item.second.in_flight; });
    for (auto& [key, entry] : entries_)
        entry.removed = !entry.listed;
    size_ = jobs.size();
    // Ticks of what is gone would otherwise stay until they are due, reload upon reload.
    std::erase_if(ticks_, [&](const Tick& tick) { return is_outdated(tick); });
    std::ranges::make_heap(ticks_, std::less<>{});
}

bool Schedule::is_outdated(const Tick& tick) const {
    const auto found = entries_.find(tick.key);
    return found == entries_.end() || found->second.removed || found->second.due != tick.due;
}

void Schedule::drop_outdated_ticks() {
    while (!ticks_.empty() && is_outdated(ticks_.front())) {
        std::ranges::pop_heap(ticks_, std::less<>{});
        ticks_.pop_back();
    }
}

std::vector<DueJob> Schedule::pop_due(SteadyTime now, std::size_t limit) {
    std::vector<DueJob> due;
    const SteadyTime until = now + kTogether;
    for (drop_outdated_ticks();
         !ticks_.empty() && ticks_.front().due <= until && due.size() < limit;
         drop_outdated_ticks()) {
        std::ranges::pop_heap(ticks_, std::less<>{});
        Tick tick = std::move(ticks_.back());
        ticks_.pop_back();
        Entry& entry = entries_.at(tick.key);
        entry.due = tick_after(tick.key, entry.interval, std::max(now, tick.due));
        push(tick.key, entry.due);
        // The ticks between the one served and the next one: an early first run has none.
        const auto passed = (entry.due - tick.due) / entry.interval;
        const auto unserved = static_cast<std::uint64_t>(std::max<std::int64_t>(passed - 1, 0));
        if (entry.in_flight) {
            skipped_[entry.held_up_by] += 1 + unserved;
            continue;
        }
        skipped_[SkipCause::missed] += unserved;
        entry.in_flight = true;
        entry.held_up_by = SkipCause::overrun;
        ++in_flight_;
        due.push_back({std::move(tick.key), tick.due});
    }
    return due;
}

void Schedule::held_up_by(const std::string& key, SkipCause cause) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) found->second.held_up_by = cause;
}

void Schedule::finished(const std::string& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || !found->second.in_flight) return;
    found->second.in_flight = false;
    --in_flight_;
    if (found->second.removed) entries_.erase(found);
}

std::optional<SteadyTime> Schedule::next_wakeup() {
    drop_outdated_ticks();
    if (ticks_.empty()) return std::nullopt;
    return ticks_.front().due;
}

}  // namespace pilotlight::probes
