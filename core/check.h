#pragma once

#include <string_view>

namespace pilotlight {

/// Prints where and what, then aborts. Thread: any.
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line);

}  // namespace pilotlight

/// An invariant of our own code. Always on: a monitor that goes on with broken state is worse than
/// one that is restarted. Never for what the world or a user does wrong.
#define PILOT_CHECK(condition) \
    ((condition) ? (void)0 : ::pilotlight::check_failed(#condition, __FILE__, __LINE__))
