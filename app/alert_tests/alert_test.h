#pragma once

#include "core/document.h"
#include "core/error.h"
#include "rules/unit_test.h"

namespace pilotlight::app {

/// Runs one file of `pilotlight test alerting`: promtool's unit tests, whose alerts go on through
/// routing, grouping, inhibition, silences, time intervals, retries and giving up to the messages
/// that receivers would be sent, all in virtual time. Rules are evaluated as `test rules` does it.
/// `options` as for run_unit_tests(), without its `watch`. Blocks on the disk.
[[nodiscard]] Checked<rules::UnitTestReport> run_alert_tests(const Node& root,
                                                             rules::UnitTestOptions options);

}  // namespace pilotlight::app
