#include "rules/rounds.h"

#include <algorithm>
#include <iterator>

#include "rules/reports.h"

namespace pilotlight::rules {

namespace {

/// A clock that was set back by more than this is followed; within it time is made to go on.
constexpr Duration kCatchUpMax = std::chrono::seconds(1);

/// News that comes within a second, or within a small part of the group's offset, is one run.
Duration slot_of(Duration query_offset) {
    constexpr Duration kSlotMin = std::chrono::seconds(1);
    return std::max(kSlotMin, query_offset / 16);
}

}  // namespace

Rounds::Rounds(series::Store& store, EngineOptions options) : store_(store) {
    set_options(std::move(options));
    functions_ = make_template_functions(texts_);
}

void Rounds::set_options(EngineOptions options) {
    options_ = std::move(options);
    time_ = TimeLimit(options_.clocks, options_.rule_timeout);
    texts_.store = &store_;
    texts_.external_url = options_.external_url;
    texts_.external_labels = options_.external_labels;
    texts_.eval = {.at = {},
                   .lookback = options_.lookback,
                   .series_lookback = true,
                   .subquery_step = options_.default_interval,
                   .compatibility = options_.compatibility,
                   .sample_limit = options_.samples_per_evaluation,
                   .warnings = nullptr,
                   .interrupted = [this] { return time_.is_over(); },
                   .only = nullptr};
}

void Rounds::set_timer(std::uint32_t number, WallTime now) {
    timetable_.set_timer(number, rules_.rule(number).next_timer(now));
}

/// A series has one sample a millisecond: what runs again within one runs in the next.
WallTime Rounds::time_for(WallTime now) {
    if (now <= last_at_ && last_at_ - now < kCatchUpMax) now = last_at_ + Duration{1};
    last_at_ = now;
    return now;
}

void Rounds::add_news(std::uint32_t rule, WallTime now, Round& round) {
    const Duration offset = rules_.group_of(rule).group.query_offset;
    if (offset <= Duration{0}) {
        round.due.insert(rule);
    } else {
        timetable_.plan(rule, now + offset, slot_of(offset));
    }
}

bool Rounds::put_off(std::uint32_t rule, WallTime now, const Round& round) {
    const bool for_all = target_of(round, rule).empty();
    if (!timetable_.is_settled(now) && for_all) {
        timetable_.ask_when_settled(rule);
        return true;
    }
    const auto rested = timetable_.rests_until(rule, now, for_all);
    if (rested) timetable_.plan(rule, *rested, Duration{1});
    return rested.has_value();
}

void Rounds::run_all(Round round, WallTime now, Evaluation& evaluation) {
    if (round.due.empty()) return;
    const WallTime at = time_for(now);
    std::set<std::uint32_t> done;
    while (!round.due.empty()) {
        const std::uint32_t rule = *round.due.begin();
        round.due.erase(round.due.begin());
        done.insert(rule);
        if (put_off(rule, now, round)) continue;
        std::set<std::string> recorded;
        run(rule, at, round, evaluation, recorded);
        const bool for_all = target_of(round, rule).empty();
        for (const auto& name : recorded) {
            for (const std::uint32_t reader : rules_.readers_of(name)) {
                if (done.contains(reader)) continue;
                add_news(reader, at, round);
                if (for_all) round.wide.insert(reader);
            }
        }
    }
}

/// The target that the rule is evaluated for; empty for all. A group's limit is one over all rows.
std::string_view Rounds::target_of(const Round& round, std::uint32_t rule) const {
    const bool narrow = rules_.rule(rule).narrows() && rules_.group_of(rule).group.limit == 0;
    return narrow && !round.wide.contains(rule) ? round.target : std::string_view();
}

void Rounds::run(std::uint32_t number, WallTime at, const Round& round, Evaluation& evaluation,
                 std::set<std::string>& recorded) {
    RunningRule& rule = rules_.rule(number);
    RunningGroup& group = rules_.group_of(number);
    const Sources::View live{store_, at, options_.lookback, options_.is_configured};
    const RunContext context{.store = store_,
                             .texts = texts_,
                             .functions = functions_,
                             .now = at,
                             .decided_at = round.decided_at,
                             .query_offset = group.group.query_offset,
                             .limit = group.group.limit,
                             .alerts_max = options_.alerts_per_rule,
                             .interval = group.interval,
                             .live = &live,
                             .target_labels = &options_.target_labels,
                             .target = target_of(round, number),
                             .time = &time_};
    time_.begin();
    RunResult result;
    if (!rule.run(context, result)) ++evaluation.failed;
    const TimeLimit::Length length = time_.end();
    rule.set_evaluation_time(length.passed);
    timetable_.ran(number, at, length.own, time_.was_reached());
    if (context.target.empty()) timetable_.ran_for_all(number, at, length.passed);
    group.last_evaluation = at;
    ++evaluation.evaluated;
    if (!result.limit.empty()) ++evaluation.limits_reached[result.limit];
    if (auto error = rule.news_of_health(at)) {
        evaluation.troubles.push_back(
            {group.group.file, group.group.name, rule.rule().name, std::move(*error)});
    }
    for (const auto& change : result.changes)
        report(rule, change, options_.external_url, evaluation);
    // What records is news to its readers even where it gave nothing; alerts that stay as they are
    // are none.
    if (!rule.rule().is_alerting()) recorded.insert(rule.rule().name);
    if (rule.rule().is_alerting() && !result.changes.empty()) {
        recorded.emplace(kAlerts);
        recorded.emplace(kAlertsForState);
    }
    std::ranges::move(result.recorded, std::back_inserter(evaluation.recorded));
    if (context.target.empty()) timetable_.answered(number);
    set_timer(number, at);
}

}  // namespace pilotlight::rules
