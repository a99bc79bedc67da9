#include "rules/running_rule.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"
#include "rules/promql/evaluate.h"
#include "rules/vector_of.h"

namespace pilotlight::rules {

namespace {

AlertStates::Judge judge_of(const Sources& sources, const Sources::View* live) {
    if (live == nullptr) {
        return {[](const ActiveAlert&) { return true; },
                [](const ActiveAlert&) { return Evidence(); }};
    }
    return {
        [&sources, live](const ActiveAlert& alert) { return sources.is_over(alert, *live); },
        [&sources, live](const ActiveAlert& alert) { return sources.evidence(alert.row, *live); }};
}

}  // namespace

RunningRule::RunningRule(Rule rule, std::uint64_t id) : id_(id) {
    set_rule(std::move(rule));
}

void RunningRule::set_rule(Rule rule) {
    rule_ = std::move(rule);
    const bool moves_target = std::ranges::any_of(
        rule_.labels, [](const Text& label) { return label.name == kTargetLabel; });
    narrowed_ = moves_target ? std::nullopt : NarrowedExpr::make(*rule_.expr);
}

void RunningRule::set_selectors(std::vector<promql::SelectorUse> selectors) {
    selectors_ = std::move(selectors);
    has_matched_ = has_matched_ || selectors_.empty();
}

bool RunningRule::run(const RunContext& context, RunResult& result) {
    PILOT_CHECK(context.target.empty() || narrowed_);
    last_evaluation_ = context.now;
    // Looking for it costs a look at all series of a name: not for the news of each target.
    if (!has_matched_ && context.target.empty()) {
        has_matched_ = std::ranges::any_of(selectors_, [&](const auto& selector) {
            return !context.store.select(selector.matchers).empty();
        });
    }
    auto found = rows(context);
    if (!found) return remember(context, std::unexpected(std::move(found.error())));
    return remember(context, rule_.is_alerting()
                                 ? run_alerting(context, std::move(*found), result)
                                 : run_recording(context, std::move(*found), result));
}

Result<promql::Vector> RunningRule::rows(const RunContext& context) {
    promql::EvalOptions options = context.texts.eval;
    options.at = context.now - context.query_offset;
    const promql::Expr& expr =
        context.target.empty() ? *rule_.expr : narrowed_->for_target(context.target);
    auto value = promql::evaluate(expr, context.store, options);
    if (!value) return std::unexpected(std::move(value.error()));
    return vector_of(std::move(*value));
}

/// That one target's rows are well says nothing of another's that failed.
bool RunningRule::remember(const RunContext& context, const Result<void>& done) {
    if (!done) {
        last_error_ = done.error().message;
        failed_target_ = context.target;
    } else if (context.target.empty() || context.target == failed_target_) {
        last_error_.clear();
    }
    return done.has_value();
}

Labels RunningRule::alert_labels(const RunContext& context, const Labels& row,
                                 const tmpl::Value& data) const {
    LabelsBuilder labels(row);
    labels.remove(kMetricName);
    for (const auto& label : rule_.labels) {
        labels.set(label.name, expand(label, rule_.name, data, context.texts, context.functions));
    }
    labels.set(kAlertName, rule_.name);
    return labels.build();
}

Result<AlertRows> RunningRule::alert_rows(const RunContext& context, promql::Vector rows) const {
    AlertRows alerts;
    context.texts.eval.at = context.now;
    for (auto& row : rows) {
        const tmpl::Value data = text_data(context.texts, row.labels, row.value);
        Labels labels = alert_labels(context, row.labels, data);
        if (alerts.contains(labels)) {
            return fail(
                "vector contains metrics with the same labelset after applying alert labels");
        }
        LabelsBuilder annotations;
        for (const auto& text : rule_.annotations) {
            annotations.set(text.name,
                            expand(text, rule_.name, data, context.texts, context.functions));
        }
        alerts.emplace(std::move(labels),
                       AlertRow{annotations.build(), std::move(row.labels), row.value});
    }
    return alerts;
}

Result<void> RunningRule::run_alerting(const RunContext& context, promql::Vector rows,
                                       RunResult& result) {
    std::size_t found = rows.size();
    if (!context.target.empty()) found += alerts_.active().size();
    if (context.alerts_max > 0 && found > context.alerts_max) {
        return fail(fmt::format("{} alerts are more than alerts_per_rule allows ({})", found,
                                context.alerts_max));
    }
    if (context.limit > 0 && found > context.limit) {
        return fail(fmt::format("exceeded limit of {} with {} alerts", context.limit, found));
    }
    auto alerts = alert_rows(context, std::move(rows));
    if (!alerts) return std::unexpected(std::move(alerts.error()));
    const auto judge = judge_of(sources_, context.live);
    alerts_.update(std::move(*alerts),
                   {rule_.name, timers(), judge, context.now, context.decided_at, context.target},
                   result.changes);
    std::vector<Sample> samples;
    samples.reserve(2 * alerts_.active().size());
    for (const auto& [labels, alert] : alerts_.active()) {
        if (!context.target.empty() && labels.get(kTargetLabel) != context.target) continue;
        samples.push_back({alert.alerts_series, 1});
        const auto since = std::chrono::floor<std::chrono::seconds>(alert.active_at);
        samples.push_back(
            {alert.for_state_series, static_cast<double>(since.time_since_epoch().count())});
    }
    append(context, std::move(samples), result);
    return {};
}

Result<void> RunningRule::run_recording(const RunContext& context, promql::Vector rows,
                                        RunResult& result) {
    std::vector<Sample> samples;
    std::unordered_set<Labels> unique;
    samples.reserve(rows.size());
    for (const auto& row : rows) {
        LabelsBuilder labels(row.labels);
        labels.set(kMetricName, rule_.name);
        for (const auto& label : rule_.labels)
            labels.set(label.name, label.source);
        samples.push_back({labels.build(), row.value});
        if (!unique.insert(samples.back().labels).second) {
            return fail(
                "vector contains metrics with the same labelset after applying rule labels");
        }
    }
    if (context.limit > 0 && samples.size() > context.limit) {
        return fail(
            fmt::format("exceeded limit of {} with {} series", context.limit, samples.size()));
    }
    append(context, std::move(samples), result);
    return {};
}

void RunningRule::append(const RunContext& context, std::vector<Sample> samples,
                         RunResult& result) {
    const WallTime at = context.now - context.query_offset;
    std::unordered_map<std::string, std::unordered_set<Labels>> before;
    if (context.target.empty()) {
        before.swap(series_);
    } else if (auto own = series_.extract(std::string(context.target))) {
        before.insert(std::move(own));
    }
    for (const auto& sample : samples) {
        context.store.append(sample.labels, at, sample.value, context.interval);
        const std::string target(sample.labels.get(kTargetLabel));
        if (const auto own = before.find(target); own != before.end()) {
            own->second.erase(sample.labels);
        }
        series_[target].insert(sample.labels);
    }
    for (const auto& [target, gone] : before) {
        for (const auto& labels : gone) {
            context.store.append(labels, at, stale_marker(), context.interval);
            samples.push_back({labels, stale_marker()});
        }
    }
    result.recorded.insert(result.recorded.end(), std::make_move_iterator(samples.begin()),
                           std::make_move_iterator(samples.end()));
}

void RunningRule::end_series(series::Store& store, WallTime now, std::vector<Sample>& recorded) {
    for (const auto& [target, series] : series_) {
        for (const auto& labels : series) {
            store.append(labels, now, stale_marker());
            recorded.push_back({labels, stale_marker()});
        }
    }
    series_.clear();
}

}  // namespace pilotlight::rules
