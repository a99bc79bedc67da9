#include "alerting/commits.h"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace pilotlight::alerting {

namespace asio = boost::asio;

void Commits::record(std::vector<Notification> notifications, const Take& take) {
    struct Batch {
        std::vector<Notification> notifications;
        std::atomic<bool> taken = false;
    };
    auto batch = std::make_shared<Batch>();
    batch->notifications = notifications;
    auto take_once = [batch, take] {
        if (!batch->taken.exchange(true)) take(std::move(batch->notifications));
    };
    // Not on disk is no reason not to tell: it goes from memory.
    journal_.record(std::move(notifications),
                    [gate = gate_, take_once](const Result<void>&) { gate->post(take_once); });
    gate_->post([executor = executor_, patience = patience_, take_once] {
        auto timer = std::make_shared<asio::steady_timer>(executor);
        timer->expires_after(patience);
        timer->async_wait([timer, take_once](const boost::system::error_code& ended) {
            if (!ended) take_once();
        });
    });
}

asio::awaitable<void> Commits::settle(Settlement settlement, std::function<void()> asked) {
    const auto committed = std::make_shared<asio::steady_timer>(executor_);
    committed->expires_after(patience_);
    // The journal may outlive the loop, which its timers must not.
    const std::weak_ptr<asio::steady_timer> waiting = committed;
    journal_.settle(std::move(settlement), [gate = gate_, waiting](const Result<void>&) {
        gate->post([waiting] {
            if (const auto timer = waiting.lock()) timer->cancel();
        });
    });
    asked();
    co_await committed->async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace pilotlight::alerting
