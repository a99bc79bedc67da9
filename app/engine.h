#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alerting/dispatcher.h"
#include "alerting/journal.h"
#include "alerting/outbox.h"
#include "app/alert_commands.h"
#include "app/blind_alarm.h"
#include "app/explain_facts.h"
#include "app/heartbeats.h"
#include "app/journal_watch.h"
#include "app/load.h"
#include "app/pulse.h"
#include "app/rule_options.h"
#include "app/series_reader.h"
#include "app/target_states.h"
#include "app/wake_timer.h"
#include "exporters/self_metrics.h"
#include "exporters/snapshot.h"
#include "probes/runner.h"
#include "rules/engine.h"
#include "rules/explanation.h"
#include "runtime/loop.h"
#include "series/store.h"

namespace pilotlight::app {

/// What the engine says of the alerts of one name.
struct Inquiries {
    WallTime at{};
    /// One for each rule.
    std::vector<rules::Inquiry> rules;
    /// For each rule, one for each of its alerts that is explained.
    std::vector<std::vector<ExplainFacts>> facts;
};

/// The one owner of series, rules, alerts and routing: samples come in, notifications go out.
/// Nothing here waits for a disk, a name server or a peer.
/// Thread: its loop's for every method but the constructor and the destructor.
class Engine {
  public:
    struct Parts {
        runtime::Loop& loop;
        exporters::SelfMetrics& metrics;
        alerting::Journal& journal;
        /// Told of every turn, for the heartbeat.
        Pulse& pulse;
        /// Called before Pilotlight looks at its own metrics: what is counted elsewhere is put in.
        std::function<void()> refresh_metrics;
    };

    /// What `parts` refers to outlives this. `first` is what will be put in force first.
    Engine(Parts parts, const Loaded& first);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    /// The loop must have stopped.
    ~Engine();

    /// Takes up what the journal held and puts `first` in force. `outbox` outlives this.
    void start(const Loaded& first, alerting::JournalContents kept, alerting::Outbox& outbox);
    /// Puts another configuration in force: series, states of unchanged rules, groups and what was
    /// told are kept. `targets`: those of `loaded`, whose probers are the probe loops' already.
    /// `rules`: what compile() made of `loaded`; afterwards the rules before, to be freed
    /// elsewhere.
    void apply(const Loaded& loaded, rules::RuleSet& rules,
               const std::vector<probes::SharedTarget>& targets);
    /// Makes these all targets; everything else stays as it is. Their probers are the probe loops'
    /// already, or will be.
    void retarget(const std::vector<probes::SharedTarget>& targets,
                  const std::vector<config::ServiceConfig>& services);
    /// Makes the rules ready to run, which takes a while for thousands. Any thread.
    [[nodiscard]] static rules::SharedRules compile(const Loaded& loaded,
                                                    std::vector<rules::RuleFile> files);
    /// No timer runs any more.
    void stop();

    void probe_ran(const probes::ProbeRun& run);
    /// The target is gone; `ends` has a stale marker for each of its series.
    void target_gone(const probes::SharedTarget& target, const SharedBatch& ends);
    void settled(const alerting::Settlement& settlement);
    /// A heartbeat's job has told something; as Heartbeats::ping().
    bool heartbeat(const std::string& name, const probes::HeartbeatPing& ping,
                   Heartbeats::Done done);
    /// Thread: any.
    [[nodiscard]] HeartbeatDoors& heartbeat_doors() { return heartbeats_.doors(); }
    /// For the alert API; after a change call alerts_changed().
    [[nodiscard]] AlertCommands& alerts() { return commands_; }
    void alerts_changed();
    void reload_ended(const exporters::ReloadView& reload);
    /// Copies for a query what it reads, in slices, without holding up anything else.
    void read(std::shared_ptr<query::Reading> reading);

    [[nodiscard]] exporters::SharedSnapshot snapshot() const;
    /// Why the alerts of one name are in their states, but for the steps; an error where no rule
    /// has that name.
    [[nodiscard]] Result<Inquiries> inquire(const rules::ExplainQuery& query) const;

  private:
    void set_targets(const std::vector<probes::SharedTarget>& targets,
                     const std::vector<config::ServiceConfig>& services, WallTime now);
    /// Rules over several targets wait until each was asked once, though not for long.
    void await_targets(WallTime now);
    void put_in_force(const Loaded& loaded, rules::RuleSet& rules,
                      const std::vector<probes::SharedTarget>& targets, WallTime now);
    /// Takes from the heartbeats what probes would tell.
    void hear_heartbeats();
    void take(const SharedBatch& batch, Duration interval);
    void arrived(const SampleBatch& batch, WallTime now);
    void count(const rules::Evaluation& evaluation, SteadyTime began);
    void take_evaluation(const rules::Evaluation& evaluation, WallTime now);
    /// The alert's labels and, where it has not set them, the external ones: what receivers see.
    [[nodiscard]] Labels outward_labels(const Labels& labels) const;
    void look_at_limits();
    void look_at_unknown(WallTime now);
    void keep_records(const std::vector<rules::AlertRecord>& records);
    void send_due(WallTime now);
    void notice_blind_time();
    void tick();
    void take_own_samples(WallTime now);
    void arm();

    Parts parts_;
    series::Store store_;
    rules::Engine rules_;
    alerting::Dispatcher dispatcher_;
    AlertCommands commands_;
    alerting::Outbox* outbox_ = nullptr;
    TargetLabels target_labels_;
    /// Targets that have not been asked since the start, or since a long freeze.
    std::set<std::string, std::less<>> unheard_;
    /// From then on the alarm of what is unknown waits for them no longer: some are asked each
    /// hour.
    WallTime settled_at_{};
    TargetStates states_;
    Heartbeats heartbeats_;
    BlindAlarm blind_alarm_;
    /// A rule reads how many targets are unknown.
    bool rules_tell_of_unknown_ = false;
    exporters::ReloadView reload_;
    JournalWatch journal_watch_;
    std::string external_url_;
    /// Of the start: an alert's labels are its identity, and must not change while it fires.
    Labels external_labels_;
    std::uint64_t refused_ = 0;
    /// How often, by the limit's name.
    std::map<std::string_view, std::uint64_t> limits_reached_{{"rule_timeout", 0},
                                                              {"alerts_per_rule", 0}};
    WallTime started_at_;
    WallTime next_own_samples_{};
    /// When the engine last turned, on both clocks.
    WallTime awake_wall_{};
    SteadyTime awake_steady_{};
    series::Origin own_series_;
    /// What rules recorded last, ALERTS among it, for /metrics.
    std::unordered_map<Labels, double> recorded_;
    WakeTimer timer_;
    SeriesReader reader_;
};

}  // namespace pilotlight::app
