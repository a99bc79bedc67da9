#include "app/watchdog.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace pilotlight::app {

Watchdog::Watchdog(Duration limit) {
    thread_ = std::thread([this, limit] {
        std::unique_lock lock(mutex_);
        if (ended_.wait_for(lock, limit, [this] { return done_; })) return;
        std::fprintf(stderr, "pilotlight: %s did not end within %s; ending without it\n",
                     step_.c_str(), format_duration(limit).c_str());
        std::_Exit(1);
    });
}

Watchdog::~Watchdog() {
    {
        const std::scoped_lock lock(mutex_);
        done_ = true;
    }
    ended_.notify_all();
    thread_.join();
}

void Watchdog::entering(std::string step) {
    const std::scoped_lock lock(mutex_);
    step_ = std::move(step);
}

}  // namespace pilotlight::app
