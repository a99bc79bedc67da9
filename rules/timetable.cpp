#include "rules/timetable.h"

#include <algorithm>
#include <utility>

#include "rules/time_limit.h"

namespace pilotlight::rules {

namespace {

/// How long a rule rests that took more than a moment, in multiples of that; and one that took too
/// long, the first time.
constexpr int kRest = 9;
constexpr Duration kFirstRest = std::chrono::seconds(10);
/// The same for a look at all targets that took longer than next to nothing.
constexpr int kPause = 99;
constexpr Duration kPauseMax = std::chrono::seconds(1);
constexpr std::chrono::microseconds kNothing{100};

/// The end of the slot that `at` is in.
WallTime slot_end(WallTime at, Duration slot) {
    const auto count = std::max<std::int64_t>(slot.count(), 1);
    const auto since = at.time_since_epoch().count();
    return WallTime(Duration((since + count - 1) / count * count));
}

}  // namespace

void Timetable::clear() {
    timers_.clear();
    planned_.clear();
    resting_.clear();
    pauses_.clear();
    asked_.clear();
}

void Timetable::plan(std::uint32_t rule, WallTime at, Duration slot) {
    planned_.emplace(slot_end(at, slot), rule);
}

void Timetable::ran(std::uint32_t rule, WallTime now, std::chrono::nanoseconds took,
                    bool too_long) {
    if (took <= TimeLimit::kMoment && !too_long) {
        if (!resting_.empty()) resting_.erase(rule);
        return;
    }
    Rest& rest = resting_[rule];
    rest.length = too_long ? std::max(kFirstRest, 2 * rest.length)
                           : std::chrono::ceil<Duration>(kRest * took);
    rest.length = std::min(rest.length, kRestMax);
    rest.until = now + rest.length;
}

void Timetable::ran_for_all(std::uint32_t rule, WallTime now, std::chrono::nanoseconds took) {
    if (took <= kNothing) {
        if (!pauses_.empty()) pauses_.erase(rule);
        return;
    }
    Pause& pause = pauses_[rule];
    const std::chrono::nanoseconds usual = std::min(std::exchange(pause.took, took), took);
    pause.rest.length = std::min(std::chrono::ceil<Duration>(kPause * usual), kPauseMax);
    pause.rest.until = now + pause.rest.length;
}

std::optional<WallTime> Timetable::Rest::end_after(WallTime now) const {
    // Further away than it rests: the clock was set back.
    if (until <= now || until > now + length) return std::nullopt;
    return until;
}

std::optional<WallTime> Timetable::rests_until(std::uint32_t rule, WallTime now,
                                               bool for_all) const {
    const auto resting = resting_.find(rule);
    if (resting != resting_.end()) {
        if (const auto end = resting->second.end_after(now)) return end;
    }
    if (!for_all) return std::nullopt;
    const auto pause = pauses_.find(rule);
    return pause == pauses_.end() ? std::nullopt : pause->second.rest.end_after(now);
}

void Timetable::unsettled_until(WallTime at) {
    settled_at_ = at;
    asked_at_ = std::min(asked_at_, at);
}

void Timetable::ask_when_settled(std::uint32_t rule) {
    asked_.insert(rule);
    asked_at_ = settled_at_;
}

void Timetable::ask(std::uint32_t rule, WallTime at) {
    asked_.insert(rule);
    asked_at_ = at;
}

std::set<std::uint32_t> Timetable::take_due(WallTime now) {
    std::set<std::uint32_t> due = std::exchange(asked_, {});
    while (timers_.first() != nullptr && timers_.first()->first <= now) {
        const std::uint32_t rule = timers_.first()->second;
        due.insert(rule);
        timers_.set(rule, std::nullopt);
    }
    while (!planned_.empty() && planned_.begin()->first <= now) {
        due.insert(planned_.begin()->second);
        planned_.erase(planned_.begin());
    }
    return due;
}

std::optional<WallTime> Timetable::next(std::optional<WallTime> also) const {
    std::optional<WallTime> next = also;
    const auto at = [&](WallTime time) {
        if (!next || time < *next) next = time;
    };
    if (timers_.first() != nullptr) at(timers_.first()->first);
    if (!planned_.empty()) at(planned_.begin()->first);
    if (!asked_.empty()) at(asked_at_);
    if (next) *next = std::max(*next, settled_at_);
    return next;
}

}  // namespace pilotlight::rules
