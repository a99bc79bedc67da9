#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sample.h"
#include "core/time.h"

namespace pilotlight::exporters {

/// A silence that ends soon and still hides something.
struct SilenceEnding {
    std::string id;
    std::string created_by;
    std::size_t hides = 0;
};

/// A source of targets.
struct DiscoverySource {
    std::string name;
    std::uint64_t targets = 0;
    std::uint64_t failures = 0;
};

/// What Pilotlight counts of itself, under the names that the contract promises. One is made at
/// start and lives as long as the process, so that counters survive reloads.
/// Thread: any, all methods.
class SelfMetrics {
  public:
    /// Converts from every std::chrono duration.
    using Seconds = std::chrono::duration<double>;

    SelfMetrics(std::string_view version, std::string_view revision);
    SelfMetrics(const SelfMetrics&) = delete;
    SelfMetrics& operator=(const SelfMetrics&) = delete;
    ~SelfMetrics();

    /// Makes the prober's counters appear at zero, so that rate() sees their first increase.
    void declare_prober(std::string_view prober);
    /// The same for a receiver. `reasons`: those that a delivery may fail for.
    void declare_receiver(std::string_view receiver, std::string_view integration,
                          std::span<const std::string_view> reasons);

    /// `result`: "ok", "failed" or "unknown". `lateness`: scheduled to started.
    void probe_finished(std::string_view prober, std::string_view result, Seconds lateness);
    /// A failure was not confirmed by the probes after it.
    void probe_blipped(std::string_view prober);
    /// Turns left out since the start for one cause ("overrun", "host_limit", ...).
    void set_probes_skipped(std::string_view cause, std::uint64_t count);
    void set_targets(std::uint64_t count);
    /// Targets that their last probe could not judge.
    void set_probe_unknown(std::string_view phase, std::string_view reason, std::uint64_t count);
    void set_series(std::uint64_t count);
    /// Rules whose expression has matched no series since the start.
    void set_rules_unmatched(std::uint64_t count);

    void rule_evaluated(Seconds took, bool succeeded);

    /// A receiver accepted. `delay`: since the sample that decided was there.
    void notification_delivered(std::string_view receiver, std::string_view integration,
                                Seconds delay);
    /// One attempt was refused or found nobody; both the total and the failures grow.
    void notification_failed(std::string_view receiver, std::string_view integration,
                             std::string_view reason);
    /// A notification was given up: it never reached its receiver.
    void notification_dead(std::string_view receiver, std::string_view integration);
    /// `failures`: of writing, since the start.
    void set_journal(bool healthy, std::uint64_t failures);
    /// How often a limit was reached since the start.
    void set_limit_reached(std::string_view limit, std::uint64_t count);
    /// Makes the heartbeat's metrics appear at zero: one is configured.
    void declare_dead_man();
    /// `result`: "sent", "failed" or "withheld".
    void dead_man_beat(std::string_view result);
    void set_outbox_pending(std::uint64_t count);
    /// `state`: "open", "acknowledged", "resolved".
    void set_incidents(std::string_view state, std::uint64_t count);

    /// `state`: "pending", "active", "expired".
    void set_silences(std::string_view state, std::uint64_t count);
    /// In place of those that ended soon before.
    void set_silences_ending(std::vector<SilenceEnding> ending);
    /// Alerts of one message from outside.
    void alerts_received(std::uint64_t firing, std::uint64_t resolved, std::uint64_t refused);
    void set_outside_alerts(std::uint64_t count);

    /// In place of the sources before; those of one name are told of together.
    void set_discovery(std::vector<DiscoverySource> sources);

    void reload_finished(bool succeeded, WallTime at);

    /// Everything at once, `process_*` read from /proc included, under label sets without `target`
    /// or `instance`: as /metrics shows it, and as the engine appends it to its own series.
    [[nodiscard]] SharedBatch collect(WallTime now) const;

  private:
    struct Registered;
    std::unique_ptr<Registered> metrics_;
};

}  // namespace pilotlight::exporters
