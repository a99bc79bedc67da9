#include "app/wake_timer.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace pilotlight::app {
namespace {

constexpr Duration kPulse{1'000};

}  // namespace

class WakeTimer::Timer : public boost::asio::steady_timer {
    using boost::asio::steady_timer::steady_timer;
};

WakeTimer::WakeTimer(const boost::asio::any_io_executor& executor, std::function<void()> wake)
    : timer_(std::make_unique<Timer>(executor)), wake_(std::move(wake)) {}

WakeTimer::~WakeTimer() = default;

void WakeTimer::arm(WallTime at) {
    const Duration wait = std::clamp(at - wall_now(), Duration{0}, kPulse);
    timer_->expires_after(wait);
    timer_->async_wait([this](const boost::system::error_code& error) {
        if (!error) wake_();
    });
}

void WakeTimer::cancel() {
    timer_->cancel();
}

}  // namespace pilotlight::app
