#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

namespace pilotlight::query {

/// Lets in so many at a time; a few more wait for their turn, the rest are sent away: queries must
/// leave threads to whoever asks for /metrics. Thread: any.
class Gate {
  public:
    struct Room {
        std::size_t inside = 4;
        std::size_t waiting = 20;
    };
    explicit Gate(Room room) : room_(room) {}
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    enum class Outcome { entered, full, given_up };
    /// Waits for a turn, asking `give_up` several times a second. Whoever entered must leave().
    [[nodiscard]] Outcome enter(const std::function<bool()>& give_up);
    void leave();

  private:
    const Room room_;
    std::mutex mutex_;
    std::condition_variable left_;
    std::size_t inside_ = 0;
    std::size_t waiting_ = 0;
};

}  // namespace pilotlight::query
