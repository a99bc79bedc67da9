#pragma once

#include <termios.h>

#include <functional>
#include <optional>
#include <thread>

namespace pilotlight::app::demo {

/// Calls `pressed` for each key of the terminal, without waiting for Enter; does nothing where
/// standard input is no terminal. The terminal is given back as it was.
class Keys {
  public:
    /// `pressed` is called on a thread of its own.
    explicit Keys(std::function<void(char)> pressed);
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;
    ~Keys();

    [[nodiscard]] bool active() const { return before_.has_value(); }

  private:
    std::optional<termios> before_;
    int wake_[2] = {-1, -1};
    std::thread thread_;
};

}  // namespace pilotlight::app::demo
