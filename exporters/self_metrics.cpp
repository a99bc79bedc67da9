#include "exporters/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exporters/library_samples.h"
#include "exporters/process_metrics.h"

namespace pilotlight::exporters {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// A timer is off by fractions of a millisecond, an overloaded loop by seconds.
const Buckets kLatenessBuckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                               0.1,    0.25,  0.5,    1,     2.5,  5,     10};
// A rule costs microseconds; one over a second holds up the engine.
const Buckets kEvaluationBuckets{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001,
                                 0.0025,  0.005,    0.01,    0.025,  0.05,    0.1,    1};
// From the commit's few milliseconds over group_wait's half minute to hours of a receiver's outage.
const Buckets kDelayBuckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,    2.5,
                            5,     10,   30,    60,   120, 300,  600, 1800, 3600};

template <class Metric>
prometheus::Family<Metric>& family(prometheus::Registry& registry, const char* name,
                                   const char* help);

template <>
prometheus::Family<prometheus::Counter>& family(prometheus::Registry& registry, const char* name,
                                                const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
template <>
prometheus::Family<prometheus::Gauge>& family(prometheus::Registry& registry, const char* name,
                                              const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
template <>
prometheus::Family<prometheus::Histogram>& family(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

/// The members of a family by their label values. The library's own look-up builds a map of
/// strings each time; this one allocates only for a label set that is new.
template <class Metric>
class Labelled {
  public:
    Labelled(prometheus::Registry& registry, const char* name, const char* help,
             std::vector<std::string> label_names)
        : family_(family<Metric>(registry, name, help)), label_names_(std::move(label_names)) {}

    Metric& at(std::initializer_list<std::string_view> values) {
        const std::lock_guard lock(mutex_);
        const auto known = known_.find(values);
        if (known != known_.end()) return *known->second;
        std::vector<std::string> owned(values.begin(), values.end());
        prometheus::Labels labels;
        for (std::size_t i = 0; i < owned.size(); ++i)
            labels[label_names_[i]] = owned[i];
        Metric& made = family_.Add(labels);
        known_.emplace(std::move(owned), &made);
        return made;
    }

  private:
    struct Less {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            return std::lexicographical_compare(
                a.begin(), a.end(), b.begin(), b.end(),
                [](std::string_view x, std::string_view y) { return x < y; });
        }
    };

    prometheus::Family<Metric>& family_;
    std::vector<std::string> label_names_;
    std::mutex mutex_;
    std::map<std::vector<std::string>, Metric*, Less> known_;
};

/// To what has been counted elsewhere.
void raise(prometheus::Counter& counter, std::uint64_t total) {
    const double more = static_cast<double>(total) - counter.Value();
    if (more > 0) counter.Increment(more);
}

/// Those that are over are gone from the page at once, which a gauge of the library is not.
void add_silences_ending(const std::vector<SilenceEnding>& ending, SampleBatch& batch) {
    constexpr const char* kName = "pilotlight_silence_ends_soon";
    batch.families.push_back({kName, MetricType::gauge,
                              "Firing alerts that a silence hides which ends within 15 minutes."});
    for (const SilenceEnding& one : ending) {
        batch.samples.push_back(
            {Labels{{kMetricName, kName}, {"silence", one.id}, {"created_by", one.created_by}},
             static_cast<double>(one.hides)});
    }
}

/// A source that a reload has removed is gone from the page.
void add_discovery(const std::vector<DiscoverySource>& sources, SampleBatch& batch) {
    std::map<std::string_view, DiscoverySource> sums;
    for (const DiscoverySource& source : sources) {
        DiscoverySource& sum = sums[source.name];
        sum.targets += source.targets;
        sum.failures += source.failures;
    }
    const auto add = [&](const char* name, MetricType type, const char* help,
                         std::uint64_t DiscoverySource::* value) {
        batch.families.push_back({name, type, help});
        for (const auto& [source, sum] : sums) {
            batch.samples.push_back(
                {Labels{{kMetricName, name}, {"source", source}}, static_cast<double>(sum.*value)});
        }
    };
    add("pilotlight_discovered_targets", MetricType::gauge,
        "Targets that a source of dns_sd or http_sd named last, before relabelling.",
        &DiscoverySource::targets);
    add("pilotlight_discovery_failures_total", MetricType::counter,
        "Times that a source of targets did not answer; what it named before is kept.",
        &DiscoverySource::failures);
}

}  // namespace

struct SelfMetrics::Registered {
    template <class Metric>
    using Family = Labelled<Metric>;
    using Counter = prometheus::Counter;
    using Gauge = prometheus::Gauge;
    using Histogram = prometheus::Histogram;

    prometheus::Registry registry;

    Labelled<Gauge> build_info{registry,
                               "pilotlight_build_info",
                               "The version and revision that run; always 1.",
                               {"version", "revision"}};
    Labelled<Counter> probes{registry,
                             "pilotlight_probes_total",
                             "Probes told, by prober and result (ok, failed, or unknown where the "
                             "prober itself could not judge); those that confirm another are part "
                             "of it.",
                             {"prober", "result"}};
    Labelled<Counter> blips{registry,
                            "pilotlight_probe_blips_total",
                            "Failures that the probes after them did not confirm, by prober.",
                            {"prober"}};
    Labelled<Counter> skipped{registry,
                              "pilotlight_probes_skipped_total",
                              "Turns of targets left out: the probe before was in flight "
                              "(overrun) or waited for a limit, or nobody looked (missed).",
                              {"cause"}};
    Histogram& lateness = family<Histogram>(registry, "pilotlight_probe_lateness_seconds",
                                            "How long after its scheduled time a probe started.")
                              .Add({}, kLatenessBuckets);
    Gauge& targets =
        family<Gauge>(registry, "pilotlight_targets", "Targets that are probed.").Add({});
    Gauge& series =
        family<Gauge>(registry, "pilotlight_series", "Series that are held in memory.").Add({});
    Counter& evaluations = family<Counter>(registry, "pilotlight_rule_evaluations_total",
                                           "Evaluations of rules, failed ones included.")
                               .Add({});
    Counter& evaluation_failures =
        family<Counter>(registry, "pilotlight_rule_evaluation_failures_total",
                        "Evaluations of rules that failed.")
            .Add({});
    Histogram& evaluation_seconds =
        family<Histogram>(registry, "pilotlight_rule_evaluation_seconds",
                          "How long one evaluation of a rule took.")
            .Add({}, kEvaluationBuckets);
    Labelled<Counter> notifications{registry,
                                    "pilotlight_notifications_total",
                                    "Attempts to deliver a notification, failed ones included.",
                                    {"receiver", "integration"}};
    Labelled<Counter> notification_failures{registry,
                                            "pilotlight_notifications_failed_total",
                                            "Attempts to deliver a notification that failed.",
                                            {"receiver", "integration", "reason"}};
    Histogram& delay = family<Histogram>(registry, "pilotlight_notification_delay_seconds",
                                         "From the arrival of the sample that decided to the "
                                         "receiver's acceptance.")
                           .Add({}, kDelayBuckets);
    Labelled<Counter> dead{registry,
                           "pilotlight_notifications_dead_total",
                           "Notifications that were given up: refused for good, or too old.",
                           {"receiver", "integration"}};
    Gauge& journal_healthy =
        family<Gauge>(registry, "pilotlight_journal_healthy",
                      "Whether the journal can be written; while it cannot, notifications are sent "
                      "from memory.")
            .Add({});
    Counter& journal_failures =
        family<Counter>(registry, "pilotlight_journal_failures_total",
                        "Commits to the journal that failed, and requests that it refused.")
            .Add({});
    Labelled<Gauge> probe_unknown{
        registry,
        "pilotlight_probe_unknown",
        "Targets that their last probe could not judge, by why: their last judgement stands.",
        {"phase", "reason"}};
    Labelled<Counter> limits{registry,
                             "pilotlight_limit_reached_total",
                             "What was refused or dropped because a limit was reached.",
                             {"limit"}};
    Labelled<Counter> beats{registry,
                            "pilotlight_dead_man_beats_total",
                            "Turns of the outbound heartbeat: sent, failed, or withheld because "
                            "evaluation or delivery does not work.",
                            {"result"}};
    Gauge& outbox_pending = family<Gauge>(registry, "pilotlight_outbox_pending",
                                          "Notifications recorded and not yet delivered.")
                                .Add({});
    Gauge& rules_unmatched =
        family<Gauge>(registry, "pilotlight_rules_unmatched",
                      "Rules whose expression has matched no series since the start.")
            .Add({});
    Labelled<Gauge> incidents{registry, "pilotlight_incidents", "Incidents by state.", {"state"}};
    Labelled<Gauge> silences{registry, "pilotlight_silences", "Silences by state.", {"state"}};
    Labelled<Counter> received{registry,
                               "pilotlight_alerts_received_total",
                               "Alerts that others sent, by what they say.",
                               {"status"}};
    Counter& refused = family<Counter>(registry, "pilotlight_alerts_refused_total",
                                       "Alerts that others sent and that could not be taken.")
                           .Add({});
    Gauge& outside_alerts = family<Gauge>(registry, "pilotlight_outside_alerts",
                                          "Alerts that fire because others say so.")
                                .Add({});
    std::mutex listed_mutex;
    std::vector<SilenceEnding> ending;
    std::vector<DiscoverySource> discovery;
    Gauge& reload_successful = family<Gauge>(registry, "pilotlight_config_last_reload_successful",
                                             "Whether the newest configuration is live.")
                                   .Add({});
    Gauge& reload_success_time =
        family<Gauge>(registry, "pilotlight_config_last_reload_success_timestamp_seconds",
                      "When a configuration last became live.")
            .Add({});
};

SelfMetrics::SelfMetrics(std::string_view version, std::string_view revision)
    : metrics_(std::make_unique<Registered>()) {
    metrics_->build_info.at({version, revision}).Set(1);
    for (const std::string_view state : {"open", "acknowledged"})
        metrics_->incidents.at({state});
    for (const std::string_view cause :
         {"overrun", "missed", "in_flight_limit", "host_limit", "prober_limit"}) {
        metrics_->skipped.at({cause});
    }
    for (const std::string_view state : {"pending", "active", "expired"})
        metrics_->silences.at({state});
    for (const std::string_view status : {"firing", "resolved"})
        metrics_->received.at({status});
    metrics_->journal_healthy.Set(1);
    for (const std::string_view limit : {"series", "alerts", "journal_backlog", "probe_endpoint"})
        metrics_->limits.at({limit});
}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::declare_prober(std::string_view prober) {
    for (const std::string_view result : {"ok", "failed", "unknown"}) {
        metrics_->probes.at({prober, result});
    }
    metrics_->blips.at({prober});
}

void SelfMetrics::declare_receiver(std::string_view receiver, std::string_view integration,
                                   std::span<const std::string_view> reasons) {
    metrics_->notifications.at({receiver, integration});
    metrics_->dead.at({receiver, integration});
    for (const std::string_view reason : reasons) {
        metrics_->notification_failures.at({receiver, integration, reason});
    }
}

void SelfMetrics::probe_finished(std::string_view prober, std::string_view result,
                                 Seconds lateness) {
    metrics_->probes.at({prober, result}).Increment();
    metrics_->lateness.Observe(lateness.count());
}

void SelfMetrics::probe_blipped(std::string_view prober) {
    metrics_->blips.at({prober}).Increment();
}

void SelfMetrics::set_probes_skipped(std::string_view cause, std::uint64_t count) {
    raise(metrics_->skipped.at({cause}), count);
}

void SelfMetrics::set_targets(std::uint64_t count) {
    metrics_->targets.Set(static_cast<double>(count));
}

void SelfMetrics::set_series(std::uint64_t count) {
    metrics_->series.Set(static_cast<double>(count));
}

void SelfMetrics::set_rules_unmatched(std::uint64_t count) {
    metrics_->rules_unmatched.Set(static_cast<double>(count));
}

void SelfMetrics::rule_evaluated(Seconds took, bool succeeded) {
    metrics_->evaluations.Increment();
    if (!succeeded) metrics_->evaluation_failures.Increment();
    metrics_->evaluation_seconds.Observe(took.count());
}

void SelfMetrics::notification_delivered(std::string_view receiver, std::string_view integration,
                                         Seconds delay) {
    metrics_->notifications.at({receiver, integration}).Increment();
    metrics_->delay.Observe(delay.count());
}

void SelfMetrics::notification_failed(std::string_view receiver, std::string_view integration,
                                      std::string_view reason) {
    metrics_->notifications.at({receiver, integration}).Increment();
    metrics_->notification_failures.at({receiver, integration, reason}).Increment();
}

void SelfMetrics::notification_dead(std::string_view receiver, std::string_view integration) {
    metrics_->dead.at({receiver, integration}).Increment();
}

void SelfMetrics::set_journal(bool healthy, std::uint64_t failures) {
    metrics_->journal_healthy.Set(healthy ? 1 : 0);
    raise(metrics_->journal_failures, failures);
}

void SelfMetrics::set_probe_unknown(std::string_view phase, std::string_view reason,
                                    std::uint64_t count) {
    metrics_->probe_unknown.at({phase, reason}).Set(static_cast<double>(count));
}

void SelfMetrics::set_limit_reached(std::string_view limit, std::uint64_t count) {
    raise(metrics_->limits.at({limit}), count);
}

void SelfMetrics::declare_dead_man() {
    for (const std::string_view result : {"sent", "failed", "withheld"})
        metrics_->beats.at({result});
}

void SelfMetrics::dead_man_beat(std::string_view result) {
    metrics_->beats.at({result}).Increment();
}

void SelfMetrics::set_outbox_pending(std::uint64_t count) {
    metrics_->outbox_pending.Set(static_cast<double>(count));
}

void SelfMetrics::set_incidents(std::string_view state, std::uint64_t count) {
    metrics_->incidents.at({state}).Set(static_cast<double>(count));
}

void SelfMetrics::set_silences(std::string_view state, std::uint64_t count) {
    metrics_->silences.at({state}).Set(static_cast<double>(count));
}

void SelfMetrics::set_silences_ending(std::vector<SilenceEnding> ending) {
    const std::lock_guard lock(metrics_->listed_mutex);
    metrics_->ending = std::move(ending);
}

void SelfMetrics::set_discovery(std::vector<DiscoverySource> sources) {
    const std::lock_guard lock(metrics_->listed_mutex);
    metrics_->discovery = std::move(sources);
}

void SelfMetrics::alerts_received(std::uint64_t firing, std::uint64_t resolved,
                                  std::uint64_t refused) {
    metrics_->received.at({"firing"}).Increment(static_cast<double>(firing));
    metrics_->received.at({"resolved"}).Increment(static_cast<double>(resolved));
    metrics_->refused.Increment(static_cast<double>(refused));
}

void SelfMetrics::set_outside_alerts(std::uint64_t count) {
    metrics_->outside_alerts.Set(static_cast<double>(count));
}

void SelfMetrics::reload_finished(bool succeeded, WallTime at) {
    metrics_->reload_successful.Set(succeeded ? 1 : 0);
    if (succeeded) metrics_->reload_success_time.Set(to_unix_seconds(at));
}

SharedBatch SelfMetrics::collect(WallTime now) const {
    auto batch = std::make_shared<SampleBatch>();
    batch->at = now;
    for (const prometheus::MetricFamily& family : metrics_->registry.Collect())
        append_family(family, *batch);
    {
        const std::lock_guard lock(metrics_->listed_mutex);
        add_silences_ending(metrics_->ending, *batch);
        add_discovery(metrics_->discovery, *batch);
    }
    append_process_metrics(*batch);
    return batch;
}

}  // namespace pilotlight::exporters
