#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/error.h"
#include "core/evidence.h"
#include "core/labels.h"
#include "core/sample.h"
#include "core/time.h"

/// What the exporters show: plain values, copied from the engine at one moment, never changed.
namespace pilotlight::exporters {

enum class Health { up, degraded, down, unknown };

/// "up", "degraded", "down", "unknown".
[[nodiscard]] std::string_view to_string(Health health);

/// A probe that failed.
struct FailureView {
    WallTime at{};
    std::string phase;
    std::string reason;
    std::string detail;
    /// Whether the probes that were to confirm it did not: nobody was told.
    bool blip = false;
    /// Null where the prober gave none.
    SharedEvidence evidence;
};

struct TargetView {
    std::string name;
    std::string prober;
    std::string instance;
    std::string service;
    Labels labels;
    Duration interval{};
    Duration timeout{};
    Health health = Health::unknown;
    /// Since when `health` has been what it is.
    std::optional<WallTime> since;
    std::optional<WallTime> last_probe_at;
    std::chrono::duration<double> last_duration{};
    /// Why the last probe was not ok; empty when it was.
    std::string phase;
    std::string reason;
    std::string detail;
    /// Since when its probes could not judge, which leaves `health` as it was; nothing while they
    /// can. `reason` then is ours, not the target's.
    std::optional<WallTime> unknown_since;
    /// The last one, which may be over; null before the first.
    std::shared_ptr<const FailureView> last_failure;
    /// The newest samples, whole label sets; null before the first probe.
    SharedBatch newest;
    /// Of a scrape target: whether /metrics shows all of `newest`, or only what Pilotlight itself
    /// says of the scrape. Other probers are always shown whole.
    bool reexpose = false;
};

struct ServiceView {
    std::string name;
    std::string title;
    Health health = Health::unknown;
    /// Since when `health` has been what it is.
    std::optional<WallTime> since;
    std::optional<Duration> rto;
    std::optional<Duration> rpo;
    /// Names of its targets, in the file's order.
    std::vector<std::string> targets;
    /// Names of the services that it needs.
    std::vector<std::string> depends_on;
};

struct RuleView {
    std::string name;
    bool alerting = true;
    std::string expression;
    Duration hold{};
    Duration keep_firing_for{};
    Labels labels;
    Labels annotations;
    /// Its alerts, as indices into Snapshot::alerts.
    std::vector<std::size_t> alerts;
    /// "ok", "err" or "unknown" (not evaluated yet), as Prometheus's API has it.
    std::string health = "unknown";
    std::string last_error;
    /// Whether it was evaluated, and its expression has matched no series since the start.
    bool unmatched = false;
    std::optional<WallTime> last_evaluation;
    std::chrono::duration<double> evaluation_time{};
};

struct RuleGroupView {
    std::string name;
    std::string file;
    Duration interval{};
    int limit = 0;
    std::vector<RuleView> rules;
};

struct ReloadView {
    bool successful = true;
    WallTime last_attempt{};
    WallTime last_success{};
    /// What was wrong with the last attempt, each `FILE:LINE:COL: ...`.
    std::vector<std::string> errors;
};

struct ReceiverView {
    std::string name;
    std::string integration;
    std::uint64_t pending = 0;
    std::optional<WallTime> last_delivered;
    /// Empty while the last attempt was accepted. No secrets.
    std::string last_error;
    /// Notifications that were given up and are still kept.
    std::uint64_t dead = 0;
};

/// What keeps an alert from being told.
enum class Mute { none, silenced, inhibited };

/// "", "silenced", "inhibited".
[[nodiscard]] std::string_view to_string(Mute mute);

/// A silence that lasts or waits.
struct SilenceView {
    std::string id;
    /// `{alertname="Down", job=~"api.*"}`.
    std::string matchers;
    bool active = false;
    WallTime starts_at{};
    WallTime ends_at{};
    std::string created_by;
    std::string comment;
    /// How many firing alerts it hides, and the names of some.
    std::size_t hides = 0;
    std::vector<std::string> hidden;
};

struct Snapshot {
    /// When it was built. The pages call the engine stuck when this grows old (kStuckAfter), so a
    /// snapshot is published at least every few seconds, news or not.
    WallTime at{};
    WallTime started_at{};
    /// The page's heading; empty for the default.
    std::string title;
    /// "" where none is set.
    std::string external_url;
    std::vector<ServiceView> services;
    std::vector<TargetView> targets;
    /// Of the rules.
    std::vector<Alert> alerts;
    /// What mutes each of `alerts`; may be shorter: no more of them are muted.
    std::vector<Mute> mutes;
    /// Alerts that others found, all firing, and what mutes them.
    std::vector<Alert> outside_alerts;
    std::vector<Mute> outside_mutes;
    /// Active ones first, then as they end.
    std::vector<SilenceView> silences;
    std::vector<RuleGroupView> rule_groups;
    std::vector<ReceiverView> receivers;
    ReloadView reload;
    std::uint64_t series = 0;
    std::uint64_t outbox_pending = 0;
    /// Whether the journal can be written; false is degraded, not dead.
    bool journal_healthy = true;
    /// Samples that rules recorded, ALERTS and ALERTS_FOR_STATE among them.
    SharedBatch recorded;
};
using SharedSnapshot = std::shared_ptr<const Snapshot>;

/// A snapshot older than this means that the engine no longer turns.
inline constexpr Duration kStuckAfter = std::chrono::seconds(30);

}  // namespace pilotlight::exporters
