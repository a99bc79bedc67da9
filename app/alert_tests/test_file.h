#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/rehearsal.h"
#include "alerting/routing_config.h"
#include "alerting/silence.h"
#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/time.h"

/// What `pilotlight test alerting` reads besides promtool's unit-test format.
namespace pilotlight::app {

/// `5m`, or `5m..6m` with both ends; counted from the start of the test.
struct TimeWindow {
    Duration from{};
    Duration until{};
};

/// An alert that a notification is expected to hold: what is given must be so.
struct ExpectedNotifiedAlert {
    Labels labels;
    Labels annotations;
    /// Where not given, the status of the notification.
    std::optional<alerting::Status> status;
};

/// An item of `exp_notifications`; what is not given may be anything.
struct ExpectedNotification {
    Location where;
    TimeWindow time;
    std::string receiver;
    /// The kind, and its number among the receiver's of that kind.
    std::string integration;
    std::optional<int> index;
    alerting::Status status = alerting::Status::firing;
    alerting::Settlement::Outcome outcome = alerting::Settlement::Outcome::delivered;
    std::optional<alerting::Cause> cause;
    std::optional<Labels> group;
    /// All of them, in any order.
    std::optional<std::vector<ExpectedNotifiedAlert>> alerts;
    /// Stands in the message.
    std::vector<std::string> text;
    /// Is a part of the message's JSON; null for nothing.
    const Node* payload = nullptr;
};

struct SilenceSpan {
    alerting::Silence silence;
    Location where;
};

/// What one item of `tests` says besides promtool's keys. Times are those of the test.
struct AlertingTest {
    /// Nothing: any notifications will do.
    std::optional<std::vector<ExpectedNotification>> notifications;
    /// Starts and ends counted from the epoch instead of the test's start.
    std::vector<SilenceSpan> silences;
    /// Likewise.
    std::vector<alerting::Rehearsal::Fault> faults;
    std::map<std::string, Duration, std::less<>> give_up_after;
    /// Nothing: as long as there are series or expectations.
    std::optional<Duration> run_until;

    /// The end of the last window of `notifications`.
    [[nodiscard]] Duration last_expectation() const;
};

struct AlertingTestFile {
    alerting::SharedRouting routing;
    /// By the item of `tests`, which lives as long as the document.
    std::map<const Node*, AlertingTest> tests;
};

/// The keys that read_alerting_test_file() reads, of the file and of an item of `tests`.
[[nodiscard]] const std::vector<std::string_view>& alerting_file_keys();
[[nodiscard]] const std::vector<std::string_view>& alerting_test_keys();

/// Reads them, and the alerting file that the document names, relative to the document's folder,
/// without its `*_file` secrets. Blocks on the disk. `root` outlives the result.
[[nodiscard]] Checked<AlertingTestFile> read_alerting_test_file(const Node& root);

}  // namespace pilotlight::app
