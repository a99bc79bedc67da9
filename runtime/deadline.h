#pragma once

#include "core/time.h"

namespace pilotlight::runtime {

/// An absolute moment by which work must have ended: made once, where the work is ordered, and
/// passed down unchanged, so that no step can stretch the whole.
struct Deadline {
    SteadyTime at;

    [[nodiscard]] static Deadline in(Duration from_now) { return {steady_now() + from_now}; }
    [[nodiscard]] bool passed() const { return steady_now() >= at; }

    auto operator<=>(const Deadline&) const = default;
};

}  // namespace pilotlight::runtime
