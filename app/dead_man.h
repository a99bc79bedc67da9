#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/time.h"

namespace pilotlight::runtime {
class Loop;
class Services;
}  // namespace pilotlight::runtime

namespace pilotlight::app {

/// The outbound heartbeat: a GET at a fixed rate for as long as nothing is wrong. It runs on the
/// delivery loop, so that a beat proves that this one turns. The log hears of each change once:
/// withheld and why, refused and why, sent again. The URL is never shown.
class DeadMan {
  public:
    /// Why there must be no beat now; "" where all is well. Called on the loop's thread.
    using Trouble = std::function<std::string(const config::DeadManConfig&, SteadyTime now)>;
    /// "sent", "failed" or "withheld", once a turn.
    using OnBeat = std::function<void(std::string_view result)>;

    /// `loop` and `services` (the loop's) outlive this. Silent until configure().
    DeadMan(runtime::Loop& loop, runtime::Services& services, Trouble trouble, OnBeat on_beat);
    DeadMan(const DeadMan&) = delete;
    DeadMan& operator=(const DeadMan&) = delete;
    /// stop() must have ended.
    ~DeadMan();

    /// Puts another configuration in force, nothing for none; a changed one beats at once. Thread:
    /// any.
    void configure(std::optional<config::DeadManConfig> config);
    /// Joins its coroutine. Call it on the loop, before that is stopped.
    [[nodiscard]] boost::asio::awaitable<void> stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::app
