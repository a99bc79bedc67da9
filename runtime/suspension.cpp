#include "runtime/suspension.h"

#include <time.h>

namespace pilotlight::runtime {
namespace {

std::chrono::nanoseconds read(clockid_t clock) {
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) return {};
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

std::chrono::nanoseconds time_suspended() {
    // CLOCK_BOOTTIME goes on while the machine sleeps, CLOCK_MONOTONIC does not: clock_gettime(2).
    const std::chrono::nanoseconds awake = read(CLOCK_MONOTONIC);
    return read(CLOCK_BOOTTIME) - awake;
}

}  // namespace pilotlight::runtime
