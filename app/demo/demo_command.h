#pragma once

#include <string>

namespace pilotlight::app::demo {

struct DemoOptions {
    std::string listen = "127.0.0.1:9897";
    /// Whether one fault is switched on without being asked, so that who only watches sees an
    /// alert fire and resolve.
    bool show = true;
};

/// Starts a small application in this process and a Pilotlight that watches it with the shipped
/// rules on shortened times, in a folder of its own that is removed at the end. Faults are switched
/// by keys or `POST /demo/fault/NAME`; what Slack would show is printed. Returns at SIGINT,
/// SIGTERM or the key q.
int demo_command(const DemoOptions& options);

}  // namespace pilotlight::app::demo
