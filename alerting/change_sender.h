#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

#include "alerting/backoff.h"
#include "alerting/change_event.h"
#include "alerting/routing_config.h"

namespace pilotlight::runtime {
class Loop;
class Services;
}  // namespace pilotlight::runtime

namespace pilotlight::alerting {

/// Tells receivers with `change_events` what was changed: best effort, from memory, not through the
/// outbox, since nobody has to act on it. Each is tried kAttemptsMax times; at most kWaitingMax
/// wait at once, and more are dropped and reported.
class ChangeSender {
  public:
    static constexpr int kAttemptsMax = 5;
    static constexpr std::size_t kWaitingMax = 16;

    /// One line for the log, without secrets. Called on the loop's thread.
    using OnTrouble = std::function<void(const std::string&)>;

    /// `loop` and `services` (the loop's) outlive this.
    ChangeSender(runtime::Loop& loop, runtime::Services& services, OnTrouble on_trouble,
                 BackoffOptions backoff = {});
    ChangeSender(const ChangeSender&) = delete;
    ChangeSender& operator=(const ChangeSender&) = delete;
    /// stop() must have ended.
    ~ChangeSender();

    /// Tells every receiver of `routing` that wants to know. Thread: any.
    void tell(SharedRouting routing, ChangeEvent event);
    /// Lets go of what is under way and joins. Call it on the loop, before that is stopped.
    [[nodiscard]] boost::asio::awaitable<void> stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::alerting
