#include "app/demo/keys.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

namespace pilotlight::app::demo {

Keys::Keys(std::function<void(char)> pressed) {
    termios state{};
    // A job in the background must not touch the terminal: it would be stopped.
    if (::isatty(STDIN_FILENO) == 0 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp() ||
        ::tcgetattr(STDIN_FILENO, &state) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
        return;
    }
    before_ = state;
    state.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &state);
    thread_ = std::thread([this, pressed = std::move(pressed)] {
        pollfd waiting[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        while (::poll(waiting, 2, -1) >= 0 && waiting[1].revents == 0) {
            char key = 0;
            if (::read(STDIN_FILENO, &key, 1) != 1) return;
            pressed(key);
        }
    });
}

Keys::~Keys() {
    if (!before_) return;
    ::close(wake_[1]);
    thread_.join();
    ::close(wake_[0]);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

}  // namespace pilotlight::app::demo
