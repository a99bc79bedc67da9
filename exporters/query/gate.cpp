#include "exporters/query/gate.h"

#include "core/check.h"

namespace pilotlight::query {

Gate::Outcome Gate::enter(const std::function<bool()>& give_up) {
    constexpr auto kGiveUpAsked = std::chrono::milliseconds(20);
    std::unique_lock lock(mutex_);
    if (inside_ == room_.inside) {
        if (waiting_ == room_.waiting) return Outcome::full;
        ++waiting_;
        bool given_up = false;
        while (!given_up &&
               !left_.wait_for(lock, kGiveUpAsked, [&] { return inside_ < room_.inside; })) {
            given_up = give_up();
        }
        --waiting_;
        if (given_up) return Outcome::given_up;
    }
    ++inside_;
    return Outcome::entered;
}

void Gate::leave() {
    const std::lock_guard lock(mutex_);
    PILOT_CHECK(inside_ > 0);
    --inside_;
    left_.notify_one();
}

}  // namespace pilotlight::query
