#include "rules/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/hash.h"
#include "core/template/functions.h"
#include "rules/dependents.h"
#include "rules/narrowed_expr.h"
#include "rules/reads.h"
#include "rules/rule_id.h"
#include "rules/running_rule.h"
#include "rules/sources.h"
#include "rules/template_functions.h"

namespace pilotlight::rules {

namespace {

/// A clock that was set back by more than this is followed; within it time is made to go on.
constexpr Duration kCatchUpMax = std::chrono::seconds(1);

constexpr std::string_view kAlerts = "ALERTS";
constexpr std::string_view kAlertsForState = "ALERTS_FOR_STATE";
/// 1 while a probe fails, absent while it does not.
constexpr std::string_view kFailureInfo = "probe_failure_info";

struct RunningGroup {
    /// Without its rules, which run.
    RuleGroup group;
    Duration interval{};
    /// Its rules: from the first, so many.
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    WallTime next_due{};
    std::optional<WallTime> last_evaluation;
};

/// The first time after `now` on the group's own grid, whose phase is a hash of its name.
WallTime next_tick(const RunningGroup& group, WallTime now) {
    const auto interval = group.interval.count();
    const auto hash = hash_bytes(group.group.name, hash_bytes(group.group.file));
    const auto phase = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval));
    const auto since = now.time_since_epoch().count() - phase;
    const auto passed = since - (since % interval + interval) % interval;
    return WallTime(Duration(passed + phase + interval));
}

std::string generator_url(const std::string& external_url, const std::string& expression) {
    return fmt::format("{}/graph?g0.expr={}&g0.tab=1", external_url,
                       tmpl::escape_query(expression));
}

void sort_by_labels(std::vector<Alert>& alerts) {
    std::ranges::sort(alerts, [](const Alert& a, const Alert& b) { return a.labels < b.labels; });
}

/// An alert whose rule is no more, as its record has it.
Alert alert_of(const AlertRecord& record) {
    Alert alert;
    alert.labels = record.labels;
    alert.annotations = record.annotations;
    alert.state = record.state;
    alert.active_at = record.active_at;
    alert.fired_at = record.fired_at;
    alert.resolved_at = record.resolved_at;
    alert.value = record.value;
    alert.generator_url = record.generator_url;
    return alert;
}

}  // namespace

struct Engine::State {
    State(series::Store& given, EngineOptions chosen) : store(given) {
        set_options(std::move(chosen));
        functions = make_template_functions(texts);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // What is configured.
    series::Store& store;
    EngineOptions options;
    TemplateContext texts;
    tmpl::Functions functions;

    // The rules.
    std::vector<RunningGroup> groups;
    std::vector<RunningRule> rules;
    std::vector<std::uint32_t> group_of;
    Dependents dependents;

    // When rules run.
    WallTime last_at{};
    std::map<std::uint32_t, WallTime> timers;
    std::set<std::uint32_t> asked;
    WallTime asked_at{};

    void set_options(EngineOptions chosen);
    [[nodiscard]] ReadDefaults read_defaults() const {
        return {options.lookback, options.default_interval, options.compatibility};
    }

    std::unordered_map<std::uint64_t, RunningRule> take_rules();
    void add_group(RuleGroup group, std::unordered_map<std::uint64_t, RunningRule>& old,
                   std::map<std::uint64_t, std::size_t>& repeats, WallTime now);
    void find_sources();
    void add_sources(
        const std::vector<promql::SelectorUse>& selectors,
        const std::map<std::string, std::vector<std::uint32_t>, std::less<>>& by_record,
        std::set<std::uint32_t>& visited, std::vector<Source>& sources) const;

    WallTime time_for(WallTime now);
    /// What one call of the engine evaluates.
    struct Round {
        std::set<std::uint32_t> due;
        SteadyTime decided_at;
        /// Where not empty, the target that all news is of.
        std::string_view target{};
        /// Rules that read what another one recorded for all targets.
        std::set<std::uint32_t> wide{};
    };
    [[nodiscard]] std::string_view target_of(const Round& round, std::uint32_t rule) const;
    void run_all(Round round, WallTime now, Evaluation& evaluation);
    void run(std::uint32_t rule, WallTime at, const Round& round, Evaluation& evaluation,
             std::set<std::string>& recorded);
    void report(const RunningRule& rule, const StateChange& change, Evaluation& evaluation) const;
    void report_end(const RunningRule& rule, WallTime now, Evaluation& evaluation) const;
    [[nodiscard]] AlertRecord record_of(const RunningRule& rule, const StateChange& change) const;
    [[nodiscard]] RuleView view_of(const RunningRule& rule) const;
};

void Engine::State::set_options(EngineOptions chosen) {
    options = std::move(chosen);
    texts.store = &store;
    texts.external_url = options.external_url;
    texts.external_labels = options.external_labels;
    texts.eval = {.at = {},
                  .lookback = options.lookback,
                  .series_lookback = true,
                  .subquery_step = options.default_interval,
                  .compatibility = options.compatibility,
                  .sample_limit = options.samples_per_evaluation,
                  .warnings = nullptr};
}

std::unordered_map<std::uint64_t, RunningRule> Engine::State::take_rules() {
    std::unordered_map<std::uint64_t, RunningRule> old;
    for (auto& rule : rules) {
        const std::uint64_t id = rule.id();
        old.emplace(id, std::move(rule));
    }
    groups.clear();
    rules.clear();
    group_of.clear();
    timers.clear();
    asked.clear();
    dependents = {};
    return old;
}

void Engine::State::add_group(RuleGroup group, std::unordered_map<std::uint64_t, RunningRule>& old,
                              std::map<std::uint64_t, std::size_t>& repeats, WallTime now) {
    RunningGroup running;
    running.interval = std::max(group.interval.value_or(options.default_interval), Duration{1});
    running.first = static_cast<std::uint32_t>(rules.size());
    running.count = static_cast<std::uint32_t>(group.rules.size());
    running.next_due = now;
    for (auto& rule : group.rules) {
        const std::size_t repeat = repeats[rule_id(group, rule, 0)]++;
        const std::uint64_t id = rule_id(group, rule, repeat);
        auto known = old.extract(id);
        if (known.empty()) {
            rules.emplace_back(std::move(rule), id);
        } else {
            rules.push_back(std::move(known.mapped()));
            rules.back().set_rule(std::move(rule));
        }
        const auto number = static_cast<std::uint32_t>(rules.size() - 1);
        group_of.push_back(static_cast<std::uint32_t>(groups.size()));
        auto selectors = selectors_of(rules.back().rule(), read_defaults());
        dependents.add(number, selectors);
        rules.back().set_selectors(std::move(selectors));
        const auto timer = rules.back().alerts().next_timer(rules.back().timers(), now);
        if (timer) timers[number] = *timer;
    }
    group.rules.clear();
    running.group = std::move(group);
    groups.push_back(std::move(running));
}

void Engine::State::find_sources() {
    std::map<std::string, std::vector<std::uint32_t>, std::less<>> by_record;
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        if (!rules[i].rule().is_alerting()) by_record[rules[i].rule().name].push_back(i);
    }
    for (auto& rule : rules) {
        if (!rule.rule().is_alerting()) continue;
        std::vector<Source> sources;
        std::set<std::uint32_t> visited;
        add_sources(rule.selectors(), by_record, visited, sources);
        rule.set_sources(Sources(std::move(sources)));
    }
}

/// What rules record counts as the series that it is made from.
void Engine::State::add_sources(
    const std::vector<promql::SelectorUse>& selectors,
    const std::map<std::string, std::vector<std::uint32_t>, std::less<>>& by_record,
    std::set<std::uint32_t>& visited, std::vector<Source>& sources) const {
    for (const auto& selector : selectors) {
        if (sources.size() >= Sources::kSourcesMax) return;
        if (selector.metric_name == kAlerts || selector.metric_name == kAlertsForState) continue;
        const auto recorders = by_record.find(selector.metric_name);
        if (selector.metric_name.empty() || recorders == by_record.end()) {
            sources.push_back(
                {selector.matchers, selector.reach, selector.metric_name == kFailureInfo});
            continue;
        }
        for (const std::uint32_t recorder : recorders->second) {
            if (!visited.insert(recorder).second) continue;
            add_sources(rules[recorder].selectors(), by_record, visited, sources);
        }
    }
}

/// A series has one sample a millisecond: what runs again within one runs in the next.
WallTime Engine::State::time_for(WallTime now) {
    if (now <= last_at && last_at - now < kCatchUpMax) now = last_at + Duration{1};
    last_at = now;
    return now;
}

void Engine::State::run_all(Round round, WallTime now, Evaluation& evaluation) {
    if (round.due.empty()) return;
    const WallTime at = time_for(now);
    std::set<std::uint32_t> done;
    while (!round.due.empty()) {
        const std::uint32_t rule = *round.due.begin();
        round.due.erase(round.due.begin());
        done.insert(rule);
        std::set<std::string> recorded;
        run(rule, at, round, evaluation, recorded);
        const bool for_all = target_of(round, rule).empty();
        for (const auto& name : recorded) {
            for (const std::uint32_t reader : dependents.of(name)) {
                if (done.contains(reader)) continue;
                round.due.insert(reader);
                if (for_all) round.wide.insert(reader);
            }
        }
    }
}

/// The target that the rule is evaluated for; empty for all. A group's limit is one over all rows.
std::string_view Engine::State::target_of(const Round& round, std::uint32_t rule) const {
    const bool narrow = rules[rule].narrows() && groups[group_of[rule]].group.limit == 0;
    return narrow && !round.wide.contains(rule) ? round.target : std::string_view();
}

void Engine::State::run(std::uint32_t number, WallTime at, const Round& round,
                        Evaluation& evaluation, std::set<std::string>& recorded) {
    RunningRule& rule = rules[number];
    RunningGroup& group = groups[group_of[number]];
    const Sources::View live{store, at, options.lookback, options.is_configured};
    const RunContext context{.store = store,
                             .texts = texts,
                             .functions = functions,
                             .now = at,
                             .decided_at = round.decided_at,
                             .query_offset = group.group.query_offset,
                             .limit = group.group.limit,
                             .alerts_max = options.alerts_per_rule,
                             .interval = group.interval,
                             .live = &live,
                             .target = target_of(round, number)};
    RunResult result;
    if (!rule.run(context, result)) ++evaluation.failed;
    group.last_evaluation = at;
    ++evaluation.evaluated;
    for (const auto& change : result.changes)
        report(rule, change, evaluation);
    // What records is news to its readers even where it gave nothing; alerts that stay as they are
    // are none.
    if (!rule.rule().is_alerting()) recorded.insert(rule.rule().name);
    if (rule.rule().is_alerting() && !result.changes.empty()) {
        recorded.emplace(kAlerts);
        recorded.emplace(kAlertsForState);
    }
    std::ranges::move(result.recorded, std::back_inserter(evaluation.recorded));
    timers.erase(number);
    asked.erase(number);
    const auto timer = rule.alerts().next_timer(rule.timers(), at);
    if (timer) timers[number] = *timer;
}

AlertRecord Engine::State::record_of(const RunningRule& rule, const StateChange& change) const {
    const ActiveAlert& alert = change.alert;
    AlertRecord record;
    record.rule = rule.id();
    record.rule_name = rule.rule().name;
    record.labels = change.labels;
    record.annotations = alert.annotations;
    record.row = alert.row;
    record.state = change.resolved_at ? AlertState::resolved : alert.state;
    record.active_at = alert.active_at;
    record.fired_at = alert.fired_at;
    record.keep_firing_since = alert.keep_firing_since;
    record.resolved_at = change.resolved_at;
    record.value = alert.value;
    record.generator_url = generator_url(options.external_url, rule.rule().expression);
    record.evidence = alert.evidence.selectors;
    record.targets = alert.evidence.targets;
    return record;
}

void Engine::State::report(const RunningRule& rule, const StateChange& change,
                           Evaluation& evaluation) const {
    const std::string url = generator_url(options.external_url, rule.rule().expression);
    Alert alert = to_alert(change.labels, change.alert, change.resolved_at, url);
    switch (change.kind) {
        case StateChange::Kind::state:
            evaluation.changed.push_back(std::move(alert));
            break;
        case StateChange::Kind::content:
            evaluation.updated.push_back(std::move(alert));
            return;
        case StateChange::Kind::timer:
            break;
    }
    evaluation.records.push_back(record_of(rule, change));
}

void Engine::State::report_end(const RunningRule& rule, WallTime now,
                               Evaluation& evaluation) const {
    for (const auto& [labels, alert] : rule.alerts().active()) {
        report(rule, {StateChange::Kind::state, labels, alert, now}, evaluation);
    }
}

RuleView Engine::State::view_of(const RunningRule& running) const {
    const Rule& rule = running.rule();
    RuleView view;
    view.name = rule.name;
    view.alerting = rule.is_alerting();
    view.expression = rule.expression;
    view.hold = rule.hold;
    view.keep_firing_for = rule.keep_firing_for;
    for (const auto& label : rule.labels)
        view.labels.emplace_back(label.name, label.source);
    for (const auto& text : rule.annotations)
        view.annotations.emplace_back(text.name, text.source);
    view.last_error = running.last_error();
    view.last_evaluation = running.last_evaluation();
    if (view.last_evaluation) view.health = view.last_error.empty() ? "ok" : "err";
    view.has_matched = running.has_matched();
    const std::string url = generator_url(options.external_url, rule.expression);
    for (const auto& [labels, alert] : running.alerts().active()) {
        view.alerts.push_back(to_alert(labels, alert, std::nullopt, url));
    }
    sort_by_labels(view.alerts);
    return view;
}

Engine::Engine(series::Store& store, EngineOptions options)
    : state_(std::make_unique<State>(store, std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::set_options(EngineOptions options) {
    state_->set_options(std::move(options));
}

Evaluation Engine::replace(std::vector<RuleFile> files, WallTime now) {
    Evaluation evaluation;
    auto old = state_->take_rules();
    std::map<std::uint64_t, std::size_t> repeats;
    for (auto& file : files) {
        for (auto& group : file.groups)
            state_->add_group(std::move(group), old, repeats, now);
    }
    state_->find_sources();
    for (auto& [id, rule] : old) {
        state_->report_end(rule, now, evaluation);
        rule.end_series(state_->store, now, evaluation.recorded);
    }
    return evaluation;
}

Evaluation Engine::restore(std::span<const AlertRecord> records, WallTime now) {
    Evaluation evaluation;
    std::unordered_map<std::uint64_t, std::uint32_t> by_id;
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i)
        by_id.emplace(state_->rules[i].id(), i);
    for (const auto& record : records) {
        if (record.ended()) continue;
        const auto found = by_id.find(record.rule);
        if (found != by_id.end()) {
            RunningRule& rule = state_->rules[found->second];
            rule.alerts().restore(record, rule.rule().name, now);
            const auto timer = rule.alerts().next_timer(rule.timers(), now);
            if (timer) state_->timers[found->second] = *timer;
            continue;
        }
        AlertRecord ended = record;
        ended.state = AlertState::resolved;
        ended.resolved_at = now;
        evaluation.changed.push_back(alert_of(ended));
        evaluation.records.push_back(std::move(ended));
    }
    return evaluation;
}

Evaluation Engine::on_arrival(std::span<const std::string_view> metric_names, WallTime now,
                              SteadyTime decided_at) {
    Evaluation evaluation;
    State::Round round{{}, decided_at};
    for (const std::string_view name : metric_names) {
        const auto& readers = state_->dependents.of(name);
        round.due.insert(readers.begin(), readers.end());
    }
    state_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

Evaluation Engine::on_arrival(const SampleBatch& batch, WallTime now, SteadyTime decided_at) {
    Evaluation evaluation;
    State::Round round{{}, decided_at};
    std::string_view last;
    bool one_target = true;
    for (const auto& sample : batch.samples) {
        const std::string_view target = sample.labels.get(kTargetLabel);
        if (&sample == &batch.samples.front()) round.target = target;
        one_target = one_target && target == round.target;
        const std::string_view name = sample.labels.metric_name();
        // Batches come family by family: most repeats stand side by side.
        if (name == last) continue;
        last = name;
        const auto& readers = state_->dependents.of(name);
        round.due.insert(readers.begin(), readers.end());
    }
    if (!one_target) round.target = {};
    state_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

Evaluation Engine::on_tick(WallTime now, SteadyTime decided_at) {
    Evaluation evaluation;
    State::Round round{state_->asked, decided_at};
    for (const auto& [rule, at] : state_->timers) {
        if (at <= now) round.due.insert(rule);
    }
    for (auto& group : state_->groups) {
        // Further away than an interval: the clock was set back.
        if (group.next_due > now && group.next_due <= now + group.interval) continue;
        group.next_due = next_tick(group, now);
        for (std::uint32_t i = 0; i < group.count; ++i)
            round.due.insert(round.due.end(), group.first + i);
    }
    state_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

std::optional<WallTime> Engine::next_wakeup() const {
    std::optional<WallTime> next;
    const auto at = [&](WallTime time) {
        if (!next || time < *next) next = time;
    };
    for (const auto& group : state_->groups) {
        if (group.count > 0) at(group.next_due);
    }
    for (const auto& [rule, time] : state_->timers)
        at(time);
    if (!state_->asked.empty()) at(state_->asked_at);
    return next;
}

void Engine::was_blind(Duration time) {
    for (auto& rule : state_->rules)
        rule.alerts().was_blind(time);
    for (auto& [rule, at] : state_->timers)
        at += time;
}

void Engine::targets_changed(WallTime now) {
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i) {
        if (!state_->rules[i].alerts().active().empty()) state_->asked.insert(i);
    }
    state_->asked_at = now;
}

std::vector<Alert> Engine::alerts() const {
    std::vector<Alert> all;
    for (const auto& rule : state_->rules) {
        const std::string url = generator_url(state_->options.external_url, rule.rule().expression);
        for (const auto& [labels, alert] : rule.alerts().active()) {
            all.push_back(to_alert(labels, alert, std::nullopt, url));
        }
    }
    sort_by_labels(all);
    return all;
}

std::vector<GroupView> Engine::groups() const {
    std::vector<GroupView> views;
    for (const auto& group : state_->groups) {
        GroupView view;
        view.name = group.group.name;
        view.file = group.group.file;
        view.interval = group.interval;
        view.limit = group.group.limit;
        view.last_evaluation = group.last_evaluation;
        for (std::uint32_t i = 0; i < group.count; ++i) {
            view.rules.push_back(state_->view_of(state_->rules[group.first + i]));
        }
        views.push_back(std::move(view));
    }
    return views;
}

series::Retention Engine::retention() const {
    series::Retention retention;
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i) {
        const auto& group = state_->groups[state_->group_of[i]];
        add_needs(state_->rules[i].rule(), group.group.query_offset, state_->read_defaults(),
                  retention);
    }
    return retention;
}

std::size_t Engine::rule_count() const {
    return state_->rules.size();
}

}  // namespace pilotlight::rules
