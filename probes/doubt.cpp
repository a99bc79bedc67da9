#include "probes/doubt.h"

#include <fmt/format.h>

namespace pilotlight::probes {
namespace {

constexpr std::chrono::seconds kSlept{1};

std::string text(std::chrono::nanoseconds time) {
    return format_duration(std::chrono::duration_cast<Duration>(time));
}

/// What may come of our not having listened.
bool is_of_time(const Outcome& outcome) {
    return outcome.reason == "timeout" || outcome.reason == "reset" || outcome.reason == "closed";
}

Outcome instead(const Outcome& outcome, std::string reason, const std::string& why) {
    return Outcome::unknown("schedule", std::move(reason),
                            fmt::format("{}, so that {}/{} says nothing of the target", why,
                                        outcome.phase, outcome.reason));
}

}  // namespace

Outcome doubt(Outcome outcome, const Circumstances& how) {
    if (outcome.verdict != Verdict::failed) return outcome;
    if (how.suspended >= kSlept) {
        return instead(outcome, "suspended",
                       fmt::format("this machine was suspended for {}", text(how.suspended)));
    }
    if (!is_of_time(outcome)) return outcome;
    if (how.lost > std::chrono::nanoseconds{} && how.lost * 4 >= how.timeout) {
        return instead(outcome, "stalled",
                       fmt::format("the probe loop did not turn for {} of {}", text(how.lost),
                                   text(how.timeout)));
    }
    if (how.interval > std::chrono::nanoseconds{} && how.lateness > how.interval) {
        return instead(outcome, "late",
                       fmt::format("the probe began {} too late", text(how.lateness)));
    }
    return outcome;
}

}  // namespace pilotlight::probes
