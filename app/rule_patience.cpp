#include "app/rule_patience.h"

#include <time.h>

#include <memory>

namespace pilotlight::app {

namespace {

std::chrono::nanoseconds own_time_of_thread() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

void RulePatience::begin() {
    began_ = steady_now();
    used_before_.reset();
}

bool RulePatience::is_over() {
    // The thread's own time costs a system call, the steady clock none.
    if (steady_now() - began_ < unasked_) return false;
    const auto used = own_time_of_thread();
    if (!used_before_) used_before_ = used;
    return used - *used_before_ >= own_time_;
}

std::function<std::function<bool()>()> RulePatience::make() {
    return [patience = std::make_shared<RulePatience>()] {
        patience->begin();
        return [one = patience.get()] { return one->is_over(); };
    };
}

}  // namespace pilotlight::app
