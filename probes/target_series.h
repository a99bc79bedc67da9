#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/labels.h"
#include "core/sample.h"
#include "probes/probe.h"
#include "probes/target.h"

namespace pilotlight::probes {

/// What one probe brought, ready for the engine.
struct ProbeSamples {
    /// Everything at the probe's start; stale markers for what the last one had and this one has
    /// not. Never null.
    SharedBatch batch;
    /// Samples whose lines gave a time of their own, one batch per time. Prometheus writes no
    /// stale markers for these, nor does this.
    std::vector<SharedBatch> timed;
};

/// Turns one target's reports into samples under whole label sets.
///
/// - To each measurement come the target's labels; a label of the measurement that has the same
///   name is renamed `exported_NAME`, or wins when the report says so, as in Prometheus.
/// - probe_success, probe_duration_seconds, and while failing probe_failure_info{phase,reason}.
/// - A series that the last probe brought and this one does not ends with one stale marker.
/// - A probe that could not judge (Verdict::unknown) changes nothing: the gauges that the last
///   probe that could judge brought are said again at the new time, so that the target is neither
///   down nor absent, and everything else pauses under a stale marker, so that no counter seems to
///   stand still; before the first such probe nothing is said at all.
/// - Of the same series twice in one report the first stays.
/// - Bytes of a label's value that are no UTF-8 become U+FFFD.
///
/// Label sets are kept from probe to probe. A target that says the same in the same order costs a
/// comparison per sample, one that does not a look-up.
/// Thread: one owner.
class TargetSeries {
  public:
    explicit TargetSeries(SharedTarget target) : target_(std::move(target)) {}

    [[nodiscard]] ProbeSamples make(const Report& report, WallTime started_at,
                                    std::chrono::nanoseconds duration);

    /// A stale marker for every series that is alive: the target is gone. Never null.
    [[nodiscard]] SharedBatch end(WallTime at);

    /// Goes on with a changed description that has the same labels.
    void retarget(SharedTarget target);

    /// Label sets held.
    [[nodiscard]] std::size_t cached() const { return known_.size(); }

  private:
    struct Known {
        Labels labels;
        std::uint64_t seen = 0;
        /// Whether the last one had a time of its own.
        bool timed = false;
        /// Where it stood in its last report.
        std::size_t position = 0;
    };
    /// By name and labels, as the measurement gives them, joined.
    using KnownSeries = std::unordered_map<std::string, Known>;
    /// What make() puts together.
    struct Making {
        std::shared_ptr<SampleBatch> batch;
        std::map<WallTime, std::vector<Sample>> timed;
        std::vector<KnownSeries::value_type*> order;
    };

    [[nodiscard]] KnownSeries::value_type& find_or_make(const Measurement& measurement,
                                                        bool honor_labels);
    void add(const Measurement& measurement, bool honor_labels, Making& making);
    [[nodiscard]] Labels whole_labels(const Measurement& measurement, bool honor_labels) const;
    void end_vanished(Making& making);
    [[nodiscard]] SharedBatch repeated(WallTime at) const;

    SharedTarget target_;
    std::uint64_t run_ = 0;
    KnownSeries known_;
    /// The series of the last report, in its order, and which of them is likely next.
    std::vector<KnownSeries::value_type*> order_;
    std::size_t likely_ = 0;
    std::string key_;
    /// What an `unknown` probe says again.
    SharedBatch last_judged_;
};

}  // namespace pilotlight::probes
