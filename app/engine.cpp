#include "app/engine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "app/alert_rows.h"
#include "app/failure_words.h"
#include "app/rule_options.h"
#include "app/views.h"
#include "core/check.h"

namespace pilotlight::app {
namespace {

/// How often Pilotlight looks at itself, and forgets what nothing can see any more.
constexpr Duration kOwnInterval{5'000};
constexpr std::size_t kForgetAtOnce = 20'000;
/// The engine turns each second; one that has not for much longer was frozen.
constexpr Duration kBlindAfter{3'000};
/// From here on samples may have grown stale that nobody could renew.
constexpr Duration kMissedMuchAfter = std::chrono::minutes(1);
/// The first probes are spread over five seconds, and most answer within five more.
constexpr Duration kFirstAnswersWithin = std::chrono::seconds(10);

series::StoreOptions store_options(const config::Config& config) {
    series::StoreOptions options;
    options.series_limit = config.limits.series;
    return options;
}

void log_trouble(const rules::RuleTrouble& trouble) {
    if (trouble.error.empty()) {
        spdlog::info("rule works again file={} group={} rule={}", trouble.file, trouble.group,
                     trouble.rule);
    } else {
        spdlog::warn("rule fails, its alerts stay as they are file={} group={} rule={} error={}",
                     trouble.file, trouble.group, trouble.rule, trouble.error);
    }
}

}  // namespace

Engine::Engine(Parts parts, const Loaded& first)
    : parts_(std::move(parts)),
      store_(store_options(*first.config)),
      rules_(store_, rule_options(first, target_labels_)),
      dispatcher_(first.routing, first.config->external_url),
      commands_(dispatcher_, parts_.journal, parts_.metrics),
      heartbeats_(parts_.journal),
      blind_alarm_({[this](auto alert, WallTime now) { commands_.raise(std::move(alert), now); },
                    [this](const Labels& labels) { return commands_.fires(labels); }}),
      journal_watch_(parts_.journal, parts_.metrics),
      external_url_(first.config->external_url),
      external_labels_(first.config->external_labels),
      started_at_(wall_now()),
      timer_(parts_.loop.executor(), [this] { tick(); }),
      reader_(parts_.loop.executor(), store_) {}

Engine::~Engine() = default;

void Engine::start(const Loaded& first, alerting::JournalContents kept, alerting::Outbox& outbox) {
    outbox_ = &outbox;
    const WallTime now = wall_now();
    commands_.restore_silences(kept.silences, now);
    dispatcher_.restore(std::move(kept.told), kept.next_sequence, now);
    heartbeats_.restore(kept.heartbeats);
    put_in_force(first, *compile(first, first.rule_files), probes::shared_targets(first.targets),
                 now);
    std::vector<rules::AlertRecord> records;
    for (const alerting::AlertRow& row : kept.alerts) {
        auto record = alert_record_from(row.record);
        if (record) {
            records.push_back(std::move(*record));
        } else {
            spdlog::warn("the journal's record of an alert cannot be read: {}", row.key);
        }
    }
    take_evaluation(rules_.restore(records, now), now);
    await_targets(now);

    // Those that fired before the restart, and were perhaps never told.
    std::vector<Alert> restored = rules_.alerts();
    std::vector<Labels> known;
    for (Alert& alert : restored) {
        alert.decided_at = steady_now();
        alert.labels = outward_labels(alert.labels);
        known.push_back(alert.labels);
    }
    dispatcher_.accept(restored, now);
    commands_.restore_alerts(kept.outside_alerts, now);
    for (Labels& labels : commands_.labels())
        known.push_back(std::move(labels));
    dispatcher_.resolve_all_but(known, now);
    if (!records.empty()) spdlog::info("{} alerts restored", records.size());
    take_own_samples(now);
    hear_heartbeats();
    send_due(now);
    arm();
}

rules::SharedRules Engine::compile(const Loaded& loaded, std::vector<rules::RuleFile> files) {
    return rules::Engine::compile(std::move(files), rule_options(loaded));
}

void Engine::apply(const Loaded& loaded, rules::RuleSet& rules,
                   const std::vector<probes::SharedTarget>& targets) {
    const WallTime now = wall_now();
    put_in_force(loaded, rules, targets, now);
    dispatcher_.replace(loaded.routing, now);
    std::vector<alerting::Notification> farewells = dispatcher_.take_farewells();
    if (!farewells.empty()) outbox_->submit(std::move(farewells));
    hear_heartbeats();
    send_due(now);
    arm();
}

void Engine::retarget(const std::vector<probes::SharedTarget>& targets,
                      const std::vector<config::ServiceConfig>& services) {
    const WallTime now = wall_now();
    set_targets(targets, services, now);
    rules_.targets_changed(now);
    hear_heartbeats();
    arm();
}

void Engine::set_targets(const std::vector<probes::SharedTarget>& targets,
                         const std::vector<config::ServiceConfig>& services, WallTime now) {
    target_labels_.clear();
    for (const probes::SharedTarget& target : targets)
        target_labels_.emplace(target->config.name, target->labels);
    states_.replace(targets, services);
    heartbeats_.replace(targets, now);
    parts_.metrics.set_targets(targets.size());
    const bool waited = !unheard_.empty();
    std::erase_if(unheard_, [&](const auto& name) { return !target_labels_.contains(name); });
    if (waited && unheard_.empty()) rules_.unsettled_until(now);
}

void Engine::put_in_force(const Loaded& loaded, rules::RuleSet& rules,
                          const std::vector<probes::SharedTarget>& targets, WallTime now) {
    set_targets(targets, loaded.config->services, now);
    rules_.set_options(rule_options(loaded, target_labels_));
    external_url_ = loaded.config->external_url;
    const rules::Evaluation changed = rules_.exchange(rules, now);
    series::Retention retention = rules_.retention();
    rules_tell_of_unknown_ = retention.by_name.contains("pilotlight_probe_unknown");
    retention.everything = std::max(retention.everything, loaded.config->query_history);
    store_.set_retention(std::move(retention));
    rules_.targets_changed(now);
    parts_.pulse.expect(rules_.longest_interval(), steady_now());
    take_evaluation(changed, now);
}

void Engine::await_targets(WallTime now) {
    unheard_.clear();
    // Nobody knows when a heartbeat comes; what is known of it is told at once.
    for (const auto& [name, labels] : target_labels_) {
        if (labels.get("prober") != "heartbeat") unheard_.insert(name);
    }
    if (!unheard_.empty()) rules_.unsettled_until(now + kFirstAnswersWithin);
    settled_at_ = now + kMissedMuchAfter;
}

void Engine::stop() {
    timer_.cancel();
    reader_.stop();
}

void Engine::read(std::shared_ptr<query::Reading> reading) {
    reader_.add(std::move(reading));
}

void Engine::probe_ran(const probes::ProbeRun& run) {
    notice_blind_time();
    parts_.metrics.probe_finished(run.target->config.prober, probes::to_string(run.outcome.verdict),
                                  run.lateness);
    if (run.blip) parts_.metrics.probe_blipped(run.target->config.prober);
    const Duration unseen = states_.probed(run);
    const WallTime now = wall_now();
    rules_.could_not_see(run.target->config.name, unseen, now);
    if (unheard_.erase(run.target->config.name) > 0 && unheard_.empty()) {
        rules_.unsettled_until(now);
    }
    for (const SharedBatch& batch : run.timed)
        take(batch, run.target->config.interval);
    take(run.batch, run.target->config.interval);
    arrived(*run.batch, now);
    send_due(now);
    arm();
}

void Engine::target_gone(const probes::SharedTarget&, const SharedBatch& ends) {
    const WallTime now = wall_now();
    take(ends, Duration{0});
    arrived(*ends, now);
    send_due(now);
    arm();
}

bool Engine::heartbeat(const std::string& name, const probes::HeartbeatPing& ping,
                       Heartbeats::Done done) {
    notice_blind_time();
    const bool is_known = heartbeats_.ping(name, ping, wall_now(), std::move(done));
    hear_heartbeats();
    arm();
    return is_known;
}

void Engine::hear_heartbeats() {
    for (const auto& [target, ends] : heartbeats_.take_ends())
        target_gone(target, ends);
    for (const probes::ProbeRun& run : heartbeats_.take_runs())
        probe_ran(run);
}

void Engine::settled(const alerting::Settlement& settlement) {
    dispatcher_.settle(settlement);
    send_due(wall_now());
    arm();
}

void Engine::alerts_changed() {
    send_due(wall_now());
    arm();
}

void Engine::reload_ended(const exporters::ReloadView& reload) {
    reload_ = reload;
    const WallTime now = wall_now();
    take_own_samples(now);  // a rule may wait for this news
    send_due(now);
    arm();
}

void Engine::take(const SharedBatch& batch, Duration interval) {
    store_.append(*batch, interval);
}

void Engine::arrived(const SampleBatch& batch, WallTime now) {
    const SteadyTime decided_at = steady_now();
    const rules::Evaluation evaluation = rules_.on_arrival(batch, now, decided_at);
    take_evaluation(evaluation, now);
    count(evaluation, decided_at);
}

void Engine::count(const rules::Evaluation& evaluation, SteadyTime began) {
    if (evaluation.evaluated == 0) return;
    parts_.pulse.evaluated(steady_now());
    const auto took = (steady_now() - began) / evaluation.evaluated;
    for (std::size_t i = 0; i < evaluation.evaluated; ++i) {
        parts_.metrics.rule_evaluated(took, i >= evaluation.failed);
    }
}

void Engine::notice_blind_time() {
    const WallTime wall = wall_now();
    const SteadyTime steady = steady_now();
    // A suspended machine's steady clock stands still, a frozen process's does not.
    const auto slept =
        std::max(wall - awake_wall_, std::chrono::duration_cast<Duration>(steady - awake_steady_));
    if (awake_wall_ != WallTime{} && slept > kBlindAfter) {
        spdlog::warn(
            "nothing was seen for {}: the process was frozen, the machine suspended or "
            "the clock set; no timer of an alert has run meanwhile",
            format_duration(slept));
        rules_.was_blind(slept);
        commands_.was_blind(wall);
        heartbeats_.was_blind(wall);
        if (slept > kMissedMuchAfter) await_targets(wall);
    }
    awake_wall_ = wall;
    awake_steady_ = steady;
}

void Engine::take_evaluation(const rules::Evaluation& evaluation, WallTime now) {
    keep_records(evaluation.records);
    for (const auto& [limit, count] : evaluation.limits_reached)
        limits_reached_[limit] += count;
    for (const rules::RuleTrouble& trouble : evaluation.troubles)
        log_trouble(trouble);
    for (const Sample& sample : evaluation.recorded) {
        if (is_stale(sample.value)) {
            recorded_.erase(sample.labels);
        } else {
            recorded_[sample.labels] = sample.value;
        }
    }
    std::vector<Alert> news;
    for (const Alert& alert : evaluation.changed) {
        spdlog::info("alert {} is {}: {}", alert.labels.get(kAlertName), to_string(alert.state),
                     alert.labels.to_string());
        // A pending alert that ended was never told of.
        if (alert.state == AlertState::firing || alert.fired_at) news.push_back(alert);
    }
    news.insert(news.end(), evaluation.updated.begin(), evaluation.updated.end());
    for (Alert& alert : news) {
        add_evidence(alert, states_);
        alert.labels = outward_labels(alert.labels);
    }
    if (!news.empty()) dispatcher_.accept(news, now);
}

Labels Engine::outward_labels(const Labels& labels) const {
    if (external_labels_.empty()) return labels;
    LabelsBuilder builder(external_labels_);
    for (const Label label : labels)
        builder.set(label.name, label.value);
    return builder.build();
}

void Engine::keep_records(const std::vector<rules::AlertRecord>& records) {
    if (records.empty()) return;
    std::vector<alerting::AlertRow> written;
    std::vector<std::string> removed;
    for (const rules::AlertRecord& record : records) {
        if (record.is_spent()) {
            removed.push_back(record.key());
        } else {
            written.push_back(to_row(record));
        }
    }
    parts_.journal.write_alerts(std::move(written), std::move(removed));
}

void Engine::send_due(WallTime now) {
    PILOT_CHECK(outbox_ != nullptr);
    std::vector<alerting::Notification> due = dispatcher_.tick(now);
    if (!due.empty()) outbox_->submit(std::move(due));
    std::vector<alerting::Told> forgotten = dispatcher_.take_forgotten();
    if (!forgotten.empty()) parts_.journal.forget(std::move(forgotten));
}

void Engine::tick() {
    notice_blind_time();
    const WallTime now = wall_now();
    const SteadyTime began = steady_now();
    const rules::Evaluation evaluation = rules_.on_tick(now, began);
    take_evaluation(evaluation, now);
    commands_.tick(now);
    heartbeats_.tick(now);
    hear_heartbeats();
    count(evaluation, began);
    if (now >= next_own_samples_ || next_own_samples_ > now + kOwnInterval) {
        take_own_samples(now);
        store_.forget(now, kForgetAtOnce);
    }
    send_due(now);
    arm();
    parts_.pulse.turned(steady_now());
}

void Engine::take_own_samples(WallTime now) {
    next_own_samples_ = now + kOwnInterval;
    parts_.refresh_metrics();
    journal_watch_.look(*outbox_, external_labels_, external_url_, now);
    parts_.metrics.set_series(store_.series());
    parts_.metrics.set_rules_unmatched(rules_.unmatched_count());
    parts_.metrics.set_outbox_pending(outbox_->pending());
    commands_.look(now);
    look_at_limits();
    look_at_unknown(now);
    const SharedBatch own = parts_.metrics.collect(now);
    store_.append(*own, own_series_, kOwnInterval);
    arrived(*own, now);
}

void Engine::look_at_limits() {
    limits_reached_["series"] = store_.refusals().series_limit;
    limits_reached_["alerts"] = dispatcher_.dropped();
    for (const auto& [limit, count] : limits_reached_)
        parts_.metrics.set_limit_reached(limit, count);
    const std::uint64_t refused = store_.refusals().series_limit + dispatcher_.dropped();
    if (refused > refused_) {
        spdlog::error(
            "a limit is reached: {} samples of new series and {} alerts were refused so "
            "far; expected fewer series (limits.series) or alerts",
            store_.refusals().series_limit, dispatcher_.dropped());
    }
    refused_ = refused;
}

void Engine::look_at_unknown(WallTime now) {
    for (const auto& [reason, count] : states_.unknown())
        parts_.metrics.set_probe_unknown(reason.first, reason.second, count);
    const bool settled = unheard_.empty() || now >= settled_at_;
    blind_alarm_.look({states_, external_labels_, settled, rules_tell_of_unknown_}, now);
}

void Engine::arm() {
    WallTime next = next_own_samples_;
    for (const auto& wakeup : {rules_.next_wakeup(), dispatcher_.next_wakeup(),
                               commands_.next_wakeup(), heartbeats_.next_wakeup()}) {
        if (wakeup) next = std::min(next, *wakeup);
    }
    timer_.arm(next);
}

Result<Inquiries> Engine::inquire(const rules::ExplainQuery& query) const {
    Inquiries all;
    all.at = wall_now();
    all.rules = rules_.inquire(query, all.at);
    if (all.rules.empty()) {
        const std::string nearest = rules_.nearest_alert(query.name);
        return fail(fmt::format("no alerting rule is called \"{}\"{}", query.name,
                                nearest.empty() ? "" : ", did you mean \"" + nearest + "\"?"));
    }
    for (const rules::Inquiry& rule : all.rules) {
        auto& facts = all.facts.emplace_back();
        for (const auto& one : rule.explanation.alerts)
            facts.push_back(explain_facts(dispatcher_, outward_labels(one.alert.labels), all.at));
    }
    return all;
}

exporters::SharedSnapshot Engine::snapshot() const {
    auto snapshot = std::make_shared<exporters::Snapshot>();
    snapshot->at = wall_now();
    snapshot->started_at = started_at_;
    snapshot->external_url = external_url_;
    add_rules(*snapshot, rules_.groups());
    for (Alert& alert : snapshot->alerts)
        add_evidence(alert, states_);
    commands_.show(*snapshot, [this](const Labels& labels) { return outward_labels(labels); });
    snapshot->targets = states_.targets();
    snapshot->services = states_.services(snapshot->alerts);
    for (const alerting::ReceiverStatus& status : outbox_->status()) {
        snapshot->receivers.push_back(view_of(status));
    }
    snapshot->reload = reload_;
    snapshot->series = store_.series();
    snapshot->outbox_pending = outbox_->pending();
    snapshot->journal_healthy = parts_.journal.healthy();
    auto recorded = std::make_shared<SampleBatch>();
    recorded->at = snapshot->at;
    recorded->samples.reserve(recorded_.size());
    for (const auto& [labels, value] : recorded_)
        recorded->samples.push_back({labels, value});
    snapshot->recorded = std::move(recorded);
    return snapshot;
}

}  // namespace pilotlight::app
