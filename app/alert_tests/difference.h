#pragma once

#include <optional>
#include <string>

#include "alerting/rehearsal.h"
#include "alerting/routing_config.h"
#include "app/alert_tests/test_file.h"

/// How a notification that was sent differs from one that was expected.
namespace pilotlight::app {

struct Difference {
    /// How far the two are alike: what comes later in the comparison counts more.
    int likeness = 0;
    /// The first thing that is not as expected, in words; no secrets.
    std::string what;
};

/// Nothing where it is as expected. `start` is that of the test.
[[nodiscard]] std::optional<Difference> difference(const ExpectedNotification& expected,
                                                   const alerting::Rehearsal::Outcome& got,
                                                   const alerting::RoutingConfig& routing,
                                                   WallTime start);

/// One line: `5m..6m slack firing {alertname="A"}`.
[[nodiscard]] std::string describe(const ExpectedNotification& expected);
/// The same of what was sent, with its alerts: `5m slack/slack[0] firing (first) {...}: +{...}`.
[[nodiscard]] std::string describe(const alerting::Rehearsal::Outcome& got, WallTime start);

}  // namespace pilotlight::app
