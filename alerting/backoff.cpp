#include "alerting/backoff.h"

#include <algorithm>
#include <random>

namespace pilotlight::alerting {
namespace {

double random_ratio() {
    thread_local std::minstd_rand generator(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

Duration backoff_after(int failures, const BackoffOptions& options) {
    Duration wait = options.first;
    for (int i = 1; i < failures && wait < options.cap; ++i)
        wait *= 2;
    wait = std::min(wait, options.cap);
    const double ratio = options.jitter ? options.jitter() : random_ratio();
    return wait / 2 +
           Duration(static_cast<std::int64_t>(ratio * static_cast<double>(wait.count()) / 2));
}

}  // namespace pilotlight::alerting
