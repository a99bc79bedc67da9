#include "probes/turns.h"

namespace pilotlight::probes {
namespace {

constexpr std::chrono::milliseconds kEvery{100};
/// A busy loop is often a little late, which harms nobody.
constexpr std::chrono::milliseconds kTolerated{50};

}  // namespace

bool Turns::began(SteadyTime now) {
    ++in_flight_;
    if (next_ != SteadyTime::max()) return false;
    next_ = now + kEvery;
    return true;
}

void Turns::ended() {
    if (in_flight_ > 0) --in_flight_;
}

void Turns::turned(SteadyTime now) {
    if (now < next_) return;
    lost_ += overdue(now);
    next_ = in_flight_ == 0 ? SteadyTime::max() : now + kEvery;
}

SteadyTime Turns::next() const {
    return next_;
}

std::chrono::nanoseconds Turns::overdue(SteadyTime now) const {
    if (in_flight_ == 0 || now < next_ || now - next_ < kTolerated) return {};
    return now - next_;
}

std::chrono::nanoseconds Turns::lost(SteadyTime now) const {
    return lost_ + overdue(now);
}

}  // namespace pilotlight::probes
