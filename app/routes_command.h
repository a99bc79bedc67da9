#pragma once

#include <string>
#include <vector>

namespace pilotlight::app {

struct RoutesOptions {
    /// Of the two, the first that is given: Alertmanager's file, or the main file that names it.
    std::string alerting;
    std::string config;
    /// Unix seconds or RFC 3339; "" for now.
    std::string time;
    /// Each LABEL=VALUE.
    std::vector<std::string> labels;
    bool json = false;
};

/// `pilotlight routes test LABEL=VALUE...`: where an alert with these labels would go, and why;
/// with a main file its external labels count as the daemon adds them. Reads no `*_file` secrets.
/// Returns 0, 1 where a file is not good, 2 where the usage is bad.
int routes_test_command(const RoutesOptions& options);
/// `pilotlight routes show`: the tree.
int routes_show_command(const RoutesOptions& options);

}  // namespace pilotlight::app
