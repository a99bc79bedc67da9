#include "rules/engine.h"

#include <algorithm>
#include <unordered_map>

#include "core/document.h"
#include "rules/explanation.h"
#include "rules/reports.h"
#include "rules/rounds.h"
#include "rules/rule_set.h"

namespace pilotlight::rules {

namespace {

ReadDefaults read_defaults(const EngineOptions& options) {
    return {options.lookback, options.default_interval, options.compatibility};
}

}  // namespace

Engine::Engine(series::Store& store, EngineOptions options)
    : rounds_(std::make_unique<Rounds>(store, std::move(options))) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::set_options(EngineOptions options) {
    rounds_->set_options(std::move(options));
}

SharedRules Engine::compile(std::vector<RuleFile> files, const EngineOptions& options) {
    const RuleSet::Terms terms{read_defaults(options), options.default_interval, options.policies};
    return std::make_shared<RuleSet>(std::move(files), terms);
}

Evaluation Engine::replace(std::vector<RuleFile> files, WallTime now) {
    return exchange(*compile(std::move(files), rounds_->options()), now);
}

Evaluation Engine::exchange(RuleSet& rules, WallTime now) {
    Evaluation evaluation;
    const auto gone = rules.take_over(rounds_->rules(), now);
    std::swap(rules, rounds_->rules());
    rounds_->timetable().clear();
    for (std::uint32_t i = 0; i < rounds_->rules().size(); ++i)
        rounds_->set_timer(i, now);
    for (const std::uint32_t number : gone) {
        RunningRule& rule = rules.rule(number);
        report_end(rule, now, rounds_->options().external_url, evaluation);
        rule.end_series(rounds_->store(), now, evaluation.recorded);
    }
    return evaluation;
}

Evaluation Engine::restore(std::span<const AlertRecord> records, WallTime now) {
    Evaluation evaluation;
    std::unordered_map<std::uint64_t, std::uint32_t> by_id;
    for (std::uint32_t i = 0; i < rounds_->rules().size(); ++i)
        by_id.emplace(rounds_->rules().rule(i).id(), i);
    for (const auto& record : records) {
        if (record.is_spent()) continue;
        const auto found = by_id.find(record.rule);
        if (found == by_id.end()) {
            report_orphan(record, now, evaluation);
            continue;
        }
        RunningRule& rule = rounds_->rules().rule(found->second);
        rule.restore(record, now);
        rounds_->set_timer(found->second, now);
    }
    return evaluation;
}

Evaluation Engine::on_arrival(std::span<const std::string_view> metric_names, WallTime now,
                              SteadyTime decided_at) {
    Evaluation evaluation;
    Rounds::Round round{{}, decided_at};
    for (const std::string_view name : metric_names) {
        for (const std::uint32_t reader : rounds_->rules().readers_of(name))
            rounds_->add_news(reader, now, round);
    }
    rounds_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

Evaluation Engine::on_arrival(const SampleBatch& batch, WallTime now, SteadyTime decided_at) {
    Evaluation evaluation;
    Rounds::Round round{{}, decided_at};
    const auto readers = rounds_->rules().readers_of(batch);
    if (readers.empty()) return evaluation;
    for (const std::uint32_t reader : readers)
        rounds_->add_news(reader, now, round);
    const std::string_view target = batch.samples.front().labels.get(kTargetLabel);
    const bool one_target = std::ranges::all_of(batch.samples, [&](const Sample& sample) {
        return sample.labels.get(kTargetLabel) == target;
    });
    if (one_target) round.target = target;
    rounds_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

Evaluation Engine::on_tick(WallTime now, SteadyTime decided_at) {
    Evaluation evaluation;
    if (!rounds_->timetable().is_settled(now)) return evaluation;
    Rounds::Round round{rounds_->timetable().take_due(now), decided_at};
    for (auto& group : rounds_->rules().groups()) {
        // Further away than an interval: the clock was set back.
        if (group.next_due > now && group.next_due <= now + group.interval) continue;
        group.next_due = next_tick(group, now);
        for (std::uint32_t i = 0; i < group.count; ++i) {
            rounds_->timetable().end_pause(group.first + i);
            round.due.insert(round.due.end(), group.first + i);
        }
    }
    rounds_->run_all(std::move(round), now, evaluation);
    return evaluation;
}

std::optional<WallTime> Engine::next_wakeup() const {
    std::optional<WallTime> next;
    for (const auto& group : rounds_->rules().groups()) {
        if (group.count > 0) next = std::min(next.value_or(group.next_due), group.next_due);
    }
    return rounds_->timetable().next(next);
}

void Engine::unsettled_until(WallTime at) {
    rounds_->timetable().unsettled_until(at);
}

void Engine::was_blind(Duration time) {
    for (auto& rule : rounds_->rules().rules())
        rule.was_blind(time);
    rounds_->timetable().shift_timers(time);
}

void Engine::could_not_see(std::string_view target, Duration time, WallTime now) {
    if (target.empty() || time <= Duration{0}) return;
    for (auto& rule : rounds_->rules().rules())
        rule.could_not_see(target, time, now);
}

void Engine::targets_changed(WallTime now) {
    for (std::uint32_t i = 0; i < rounds_->rules().size(); ++i) {
        if (!rounds_->rules().rule(i).alerts().active().empty()) {
            rounds_->timetable().ask(i, now);
        }
    }
}

std::vector<Alert> Engine::alerts() const {
    std::vector<Alert> all;
    for (const auto& rule : rounds_->rules().rules())
        append_alerts(rule, rounds_->options().external_url, all);
    sort_by_labels(all);
    return all;
}

std::vector<GroupView> Engine::groups() const {
    std::vector<GroupView> views;
    for (const auto& group : rounds_->rules().groups()) {
        views.push_back(view_of(group));
        for (std::uint32_t i = 0; i < group.count; ++i) {
            views.back().rules.push_back(
                view_of(rounds_->rules().rule(group.first + i), rounds_->options().external_url));
        }
    }
    return views;
}

std::vector<Inquiry> Engine::inquire(const ExplainQuery& query, WallTime now) const {
    const Sources::View view{rounds_->store(), now, rounds_->options().lookback,
                             rounds_->options().is_configured};
    std::vector<Inquiry> inquiries;
    for (std::uint32_t i = 0; i < rounds_->rules().size(); ++i) {
        const Rule& rule = rounds_->rules().rule(i).rule();
        if (!rule.is_alerting() || rule.name != query.name) continue;
        if (inquiries.size() >= ExplainQuery::kRulesMax) break;
        inquiries.push_back(rules::inquire(rounds_->rules(), i, query, rounds_->eval(), view,
                                           rounds_->options().external_url));
    }
    return inquiries;
}

std::string Engine::nearest_alert(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& rule : rounds_->rules().rules()) {
        if (rule.rule().is_alerting()) names.push_back(rule.rule().name);
    }
    return std::string(nearest_key(name, names));
}

series::Retention Engine::retention() const {
    return rounds_->rules().retention();
}

std::size_t Engine::rule_count() const {
    return rounds_->rules().size();
}

std::optional<Duration> Engine::longest_interval() const {
    std::optional<Duration> longest;
    for (const RunningGroup& group : rounds_->rules().groups()) {
        if (group.count > 0) longest = std::max(longest.value_or(group.interval), group.interval);
    }
    return longest;
}

std::size_t Engine::unmatched_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        rounds_->rules().rules(),
        [](const RunningRule& rule) { return rule.last_evaluation() && !rule.has_matched(); }));
}

}  // namespace pilotlight::rules
