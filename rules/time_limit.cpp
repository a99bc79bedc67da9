#include "rules/time_limit.h"

namespace pilotlight::rules {

void TimeLimit::begin() {
    began_ = clocks_.now ? clocks_.now() : SteadyTime{};
    own_before_.reset();
    reached_ = false;
}

bool TimeLimit::is_over() {
    if (reached_ || !clocks_.now) return reached_;
    const auto passed = clocks_.now() - began_;
    if (passed < kMoment) return false;
    if (!clocks_.own) {
        reached_ = passed > limit_;
    } else {
        const auto own = clocks_.own();
        if (!own_before_) own_before_ = own;
        reached_ = own - *own_before_ >= limit_;
    }
    return reached_;
}

TimeLimit::Length TimeLimit::end() const {
    if (!clocks_.now) return {};
    const std::chrono::nanoseconds passed = clocks_.now() - began_;
    if (passed < kMoment) return {passed, {}};
    if (!clocks_.own) return {passed, passed};
    return {passed, own_before_ ? clocks_.own() - *own_before_ : std::chrono::nanoseconds{0}};
}

}  // namespace pilotlight::rules
