#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/time.h"
#include "rules/alarms.h"

namespace pilotlight::rules {

/// When rules run besides at once with the news that they read, and on their group's interval.
/// Rules are known by their number.
class Timetable {
  public:
    /// After a start not all targets have been asked: see Engine::unsettled_until().
    static constexpr Duration kUnsettledMax = std::chrono::minutes(1);
    /// No rule rests longer, however long it took.
    static constexpr Duration kRestMax = std::chrono::minutes(5);

    /// The rules are others now.
    void clear();

    /// When the rule's next `for` or `keep_firing_for` ends; nothing for never.
    void set_timer(std::uint32_t rule, std::optional<WallTime> at) { timers_.set(rule, at); }
    /// Nobody looked for that long: no timer has run meanwhile.
    void shift_timers(Duration by) { timers_.shift(by); }

    /// The rule runs at `at` or up to `slot` later: what is planned within one slot is one run.
    void plan(std::uint32_t rule, WallTime at, Duration slot);

    /// The rule took so much of the engine's time. Where that is more than a moment, it rests for
    /// nine times as long, so that it never has more than a tenth; where it took too long, for ten
    /// seconds, and each time twice as long as before.
    void ran(std::uint32_t rule, WallTime now, std::chrono::nanoseconds took, bool too_long);
    /// The rule took so long to look at all targets. News of each would have it do so again and
    /// again: from the second time on it pauses for 99 times as long, a second at most, so that
    /// news cost it a hundredth of the engine. The shorter of the last two counts: somebody else
    /// may have had the processor.
    void ran_for_all(std::uint32_t rule, WallTime now, std::chrono::nanoseconds took);
    /// The rule is due by its interval, pause or not.
    void end_pause(std::uint32_t rule) { pauses_.erase(rule); }
    /// Until when the rule rests, or pauses where it is to look at all targets; nothing where that
    /// is not after `now`.
    [[nodiscard]] std::optional<WallTime> rests_until(std::uint32_t rule, WallTime now,
                                                      bool for_all) const;

    /// Until `at` what looks at all targets waits; see ask().
    void unsettled_until(WallTime at);
    [[nodiscard]] bool is_settled(WallTime now) const {
        // Further away than anybody waits: the clock was set back.
        return now >= settled_at_ || settled_at_ - now > kUnsettledMax;
    }
    /// The rule waits until all is settled, and is due then.
    void ask_when_settled(std::uint32_t rule);
    /// The rule is due at `at` the latest.
    void ask(std::uint32_t rule, WallTime at);
    /// The rule ran for all targets: it is not asked for any more.
    void answered(std::uint32_t rule) { asked_.erase(rule); }

    /// Rules that are asked for, and those whose time has come: those are taken off the timetable.
    [[nodiscard]] std::set<std::uint32_t> take_due(WallTime now);
    /// When take_due() gives something; `also`, where it is earlier. Nothing before all is settled.
    [[nodiscard]] std::optional<WallTime> next(std::optional<WallTime> also) const;

  private:
    Alarms<std::uint32_t> timers_;
    std::set<std::pair<WallTime, std::uint32_t>> planned_;
    struct Rest {
        WallTime until{};
        Duration length{};

        [[nodiscard]] std::optional<WallTime> end_after(WallTime now) const;
    };
    struct Pause {
        std::chrono::nanoseconds took{};
        Rest rest;
    };
    std::map<std::uint32_t, Rest> resting_;
    std::map<std::uint32_t, Pause> pauses_;
    std::set<std::uint32_t> asked_;
    WallTime asked_at_{};
    WallTime settled_at_{};
};

}  // namespace pilotlight::rules
