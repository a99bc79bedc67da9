#include "rules/engine.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/document.h"
#include "rules/explanation.h"
#include "rules/narrowed_expr.h"
#include "rules/reports.h"
#include "rules/rule_set.h"
#include "rules/template_functions.h"

namespace pilotlight::rules {

namespace {

/// A clock that was set back by more than this is followed; within it time is made to go on.
constexpr Duration kCatchUpMax = std::chrono::seconds(1);
constexpr Duration kUnsettledMax = std::chrono::minutes(1);
/// How long a rule that ran too long is left alone: the first time, and at most.
constexpr Duration kFirstRest = std::chrono::seconds(10);
constexpr Duration kLongestRest = std::chrono::minutes(5);

ReadDefaults read_defaults(const EngineOptions& options) {
    return {options.lookback, options.default_interval, options.compatibility};
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

    RuleSet rules;

    // When rules run.
    WallTime last_at{};
    std::map<std::uint32_t, WallTime> timers;
    std::set<std::uint32_t> asked;
    WallTime asked_at{};
    WallTime settled_at{};
    struct Rest {
        WallTime until{};
        Duration length{};
    };
    /// Rules whose last run took too long.
    std::map<std::uint32_t, Rest> resting;

    void set_options(EngineOptions chosen);
    /// Further away than anybody waits: the clock was set back.
    [[nodiscard]] bool is_settled(WallTime now) const {
        return now >= settled_at || settled_at - now > kUnsettledMax;
    }

    /// When the rule's next `for` or `keep_firing_for` ends.
    void set_timer(std::uint32_t rule, WallTime now);
    /// Whether the rule must wait still; then it runs when it need no longer.
    bool must_rest(std::uint32_t rule, WallTime now);
    /// After a run.
    void remember_length(std::uint32_t rule, WallTime at, bool too_long);
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
                  .warnings = nullptr,
                  .interrupted = {},
                  .only = nullptr};
}

void Engine::State::set_timer(std::uint32_t number, WallTime now) {
    const RunningRule& rule = rules.rule(number);
    const auto timer = rule.next_timer(now);
    if (timer) {
        timers[number] = *timer;
    } else {
        timers.erase(number);
    }
}

bool Engine::State::must_rest(std::uint32_t rule, WallTime now) {
    const auto found = resting.find(rule);
    if (found == resting.end()) return false;
    const Rest& rest = found->second;
    // Further away than it rests: the clock was set back.
    if (rest.until <= now || rest.until > now + rest.length) return false;
    timers[rule] = rest.until;
    asked.erase(rule);
    return true;
}

void Engine::State::remember_length(std::uint32_t rule, WallTime at, bool too_long) {
    if (!too_long) {
        if (!resting.empty()) resting.erase(rule);
        return;
    }
    Rest& rest = resting[rule];
    rest.length = std::clamp(2 * rest.length, kFirstRest, kLongestRest);
    rest.until = at + rest.length;
    timers[rule] = rest.until;
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
        if (must_rest(rule, now)) continue;
        if (!is_settled(now) && target_of(round, rule).empty()) {
            asked.insert(rule);
            asked_at = settled_at;
            continue;
        }
        std::set<std::string> recorded;
        run(rule, at, round, evaluation, recorded);
        const bool for_all = target_of(round, rule).empty();
        for (const auto& name : recorded) {
            for (const std::uint32_t reader : rules.readers_of(name)) {
                if (done.contains(reader)) continue;
                round.due.insert(reader);
                if (for_all) round.wide.insert(reader);
            }
        }
    }
}

/// The target that the rule is evaluated for; empty for all. A group's limit is one over all rows.
std::string_view Engine::State::target_of(const Round& round, std::uint32_t rule) const {
    const bool narrow = rules.rule(rule).narrows() && rules.group_of(rule).group.limit == 0;
    return narrow && !round.wide.contains(rule) ? round.target : std::string_view();
}

void Engine::State::run(std::uint32_t number, WallTime at, const Round& round,
                        Evaluation& evaluation, std::set<std::string>& recorded) {
    RunningRule& rule = rules.rule(number);
    RunningGroup& group = rules.group_of(number);
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
                             .target_labels = &options.target_labels,
                             .target = target_of(round, number)};
    RunResult result;
    texts.eval.interrupted = options.patience ? options.patience() : nullptr;
    if (!rule.run(context, result)) ++evaluation.failed;
    const auto interrupted = std::exchange(texts.eval.interrupted, nullptr);
    group.last_evaluation = at;
    ++evaluation.evaluated;
    for (const auto& change : result.changes)
        report(rule, change, options.external_url, evaluation);
    // What records is news to its readers even where it gave nothing; alerts that stay as they are
    // are none.
    if (!rule.rule().is_alerting()) recorded.insert(rule.rule().name);
    if (rule.rule().is_alerting() && !result.changes.empty()) {
        recorded.emplace(kAlerts);
        recorded.emplace(kAlertsForState);
    }
    std::ranges::move(result.recorded, std::back_inserter(evaluation.recorded));
    asked.erase(number);
    set_timer(number, at);
    remember_length(number, at, interrupted && interrupted());
}

Engine::Engine(series::Store& store, EngineOptions options)
    : state_(std::make_unique<State>(store, std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::set_options(EngineOptions options) {
    state_->set_options(std::move(options));
}

SharedRules Engine::compile(std::vector<RuleFile> files, const EngineOptions& options) {
    const RuleSet::Terms terms{read_defaults(options), options.default_interval, options.policies};
    return std::make_shared<RuleSet>(std::move(files), terms);
}

Evaluation Engine::replace(std::vector<RuleFile> files, WallTime now) {
    return exchange(*compile(std::move(files), state_->options), now);
}

Evaluation Engine::exchange(RuleSet& rules, WallTime now) {
    Evaluation evaluation;
    const auto gone = rules.take_over(state_->rules, now);
    std::swap(rules, state_->rules);
    state_->timers.clear();
    state_->asked.clear();
    state_->resting.clear();
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i)
        state_->set_timer(i, now);
    for (const std::uint32_t number : gone) {
        RunningRule& rule = rules.rule(number);
        report_end(rule, now, state_->options.external_url, evaluation);
        rule.end_series(state_->store, now, evaluation.recorded);
    }
    return evaluation;
}

Evaluation Engine::restore(std::span<const AlertRecord> records, WallTime now) {
    Evaluation evaluation;
    std::unordered_map<std::uint64_t, std::uint32_t> by_id;
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i)
        by_id.emplace(state_->rules.rule(i).id(), i);
    for (const auto& record : records) {
        if (record.is_spent()) continue;
        const auto found = by_id.find(record.rule);
        if (found == by_id.end()) {
            report_orphan(record, now, evaluation);
            continue;
        }
        RunningRule& rule = state_->rules.rule(found->second);
        rule.restore(record, now);
        state_->set_timer(found->second, now);
    }
    return evaluation;
}

Evaluation Engine::on_arrival(std::span<const std::string_view> metric_names, WallTime now,
                              SteadyTime decided_at) {
    Evaluation evaluation;
    State::Round round{{}, decided_at};
    for (const std::string_view name : metric_names) {
        const auto& readers = state_->rules.readers_of(name);
        round.due.insert(readers.begin(), readers.end());
    }
    state_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

Evaluation Engine::on_arrival(const SampleBatch& batch, WallTime now, SteadyTime decided_at) {
    Evaluation evaluation;
    State::Round round{{}, decided_at};
    const auto readers = state_->rules.readers_of(batch);
    if (readers.empty()) return evaluation;
    round.due = {readers.begin(), readers.end()};
    const std::string_view target = batch.samples.front().labels.get(kTargetLabel);
    const bool one_target = std::ranges::all_of(batch.samples, [&](const Sample& sample) {
        return sample.labels.get(kTargetLabel) == target;
    });
    if (one_target) round.target = target;
    state_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

Evaluation Engine::on_tick(WallTime now, SteadyTime decided_at) {
    Evaluation evaluation;
    if (!state_->is_settled(now)) return evaluation;
    State::Round round{state_->asked, decided_at};
    for (const auto& [rule, at] : state_->timers) {
        if (at <= now) round.due.insert(rule);
    }
    for (auto& group : state_->rules.groups()) {
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
    for (const auto& group : state_->rules.groups()) {
        if (group.count > 0) at(group.next_due);
    }
    for (const auto& [rule, time] : state_->timers)
        at(time);
    if (!state_->asked.empty()) at(state_->asked_at);
    if (next) *next = std::max(*next, state_->settled_at);
    return next;
}

void Engine::unsettled_until(WallTime at) {
    state_->settled_at = at;
    state_->asked_at = std::min(state_->asked_at, at);
}

void Engine::was_blind(Duration time) {
    for (auto& rule : state_->rules.rules())
        rule.was_blind(time);
    for (auto& [rule, at] : state_->timers)
        at += time;
}

void Engine::targets_changed(WallTime now) {
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i) {
        if (!state_->rules.rule(i).alerts().active().empty()) state_->asked.insert(i);
    }
    state_->asked_at = now;
}

std::vector<Alert> Engine::alerts() const {
    std::vector<Alert> all;
    for (const auto& rule : state_->rules.rules())
        append_alerts(rule, state_->options.external_url, all);
    sort_by_labels(all);
    return all;
}

std::vector<GroupView> Engine::groups() const {
    std::vector<GroupView> views;
    for (const auto& group : state_->rules.groups()) {
        views.push_back(view_of(group));
        for (std::uint32_t i = 0; i < group.count; ++i) {
            views.back().rules.push_back(
                view_of(state_->rules.rule(group.first + i), state_->options.external_url));
        }
    }
    return views;
}

std::vector<Explanation> Engine::explain(const ExplainQuery& query, WallTime now) const {
    const Sources::View view{state_->store, now, state_->options.lookback,
                             state_->options.is_configured};
    std::vector<Explanation> explanations;
    for (std::uint32_t i = 0; i < state_->rules.size(); ++i) {
        const Rule& rule = state_->rules.rule(i).rule();
        if (!rule.is_alerting() || rule.name != query.name) continue;
        if (explanations.size() >= ExplainQuery::kRulesMax) break;
        explanations.push_back(rules::explain(state_->rules, i, query, state_->texts.eval, view,
                                              state_->options.external_url));
    }
    return explanations;
}

std::string Engine::nearest_alert(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& rule : state_->rules.rules()) {
        if (rule.rule().is_alerting()) names.push_back(rule.rule().name);
    }
    return std::string(nearest_key(name, names));
}

series::Retention Engine::retention() const {
    return state_->rules.retention();
}

std::size_t Engine::rule_count() const {
    return state_->rules.size();
}

std::optional<Duration> Engine::longest_interval() const {
    std::optional<Duration> longest;
    for (const RunningGroup& group : state_->rules.groups()) {
        if (group.count > 0) longest = std::max(longest.value_or(group.interval), group.interval);
    }
    return longest;
}

std::size_t Engine::unmatched_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        state_->rules.rules(),
        [](const RunningRule& rule) { return rule.last_evaluation() && !rule.has_matched(); }));
}

}  // namespace pilotlight::rules
