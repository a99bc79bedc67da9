#include "rules/running_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>

#include "core/annotations.h"
#include "core/check.h"
#include "core/utf8.h"
#include "rules/promql/evaluate.h"
#include "rules/row_match.h"
#include "rules/vector_of.h"

namespace pilotlight::rules {

namespace {

/// Warnings kept of one evaluation.
constexpr std::size_t kWarningsMax = 10;

/// Errors that follow each other faster are told of together.
constexpr Duration kTellEvery = std::chrono::seconds(15);

/// Whether a text would speak of a row's value: there is none.
bool speaks_of_value(const Text& text) {
    if (text.plain) return false;
    return std::ranges::any_of(std::array{"$value", ".Value", "query"}, [&](const char* word) {
        return text.source.find(word) != std::string::npos;
    });
}

bool ran_too_long(const RunContext& context) {
    return context.time != nullptr && context.time->is_over();
}

/// What selectors are kept to; nothing for all targets.
std::optional<Matcher> only_target(std::string_view target) {
    if (target.empty()) return std::nullopt;
    auto matcher =
        Matcher::make(std::string(kTargetLabel), Matcher::Op::equal, std::string(target));
    PILOT_CHECK(matcher.has_value());
    return std::move(*matcher);
}

}  // namespace

RunningRule::RunningRule(Rule rule, std::uint64_t id) : rule_(std::move(rule)), id_(id) {
    const bool moves_target = std::ranges::any_of(
        rule_.labels, [](const Text& label) { return label.name == kTargetLabel; });
    narrows_ = !moves_target && rests_on_one_target(*rule_.expr);
}

void RunningRule::set_selectors(std::vector<promql::SelectorUse> selectors) {
    selectors_ = std::move(selectors);
    has_matched_ = selectors_.empty();
}

void RunningRule::take_over(RunningRule& before) {
    alerts_ = std::exchange(before.alerts_, {});
    alerts_.timers_changed();
    // What was seen is known by the selectors' places.
    if (sources_ == before.sources_) watch_ = std::move(before.watch_);
    silent_ = std::move(before.silent_);
    warnings_ = std::move(before.warnings_);
    recorded_ = std::exchange(before.recorded_, {});
    last_error_ = std::move(before.last_error_);
    failures_ = std::exchange(before.failures_, {});
    last_evaluation_ = before.last_evaluation_;
    evaluation_time_ = before.evaluation_time_;
    told_error_ = std::move(before.told_error_);
    told_at_ = before.told_at_;
    has_matched_ = has_matched_ || before.has_matched_;
}

void RunningRule::restore(const AlertRecord& record, WallTime now) {
    alerts_.restore(record, rule_.name, now);
    if (!record.ended() && record.cause == AlertCause::no_data) {
        watch_.restore({record.evidence, record.targets, record.data_valid_for}, record.active_at);
    }
    if (!record.ended() && record.cause == AlertCause::error) {
        failures_.restore({record.evidence, record.targets, record.data_valid_for});
    }
}

void RunningRule::was_blind(Duration time) {
    alerts_.was_blind(time);
    watch_.was_blind();
}

bool RunningRule::run(const RunContext& context, RunResult& result) {
    PILOT_CHECK(context.target.empty() || narrows_);
    last_evaluation_ = context.now;
    // Looking for it costs a look at all series of a name: not for the news of each target.
    if (!has_matched_ && context.target.empty()) {
        has_matched_ = std::ranges::any_of(selectors_, [&](const auto& selector) {
            return !context.store.select(selector.matchers).empty();
        });
    }
    warnings_.clear();
    ends_.clear();
    const bool failed_before = !failures_.empty();
    Result<void> done = evaluate(context, result);
    const bool too_long = context.time != nullptr && context.time->was_reached();
    if (too_long) result.limit = "rule_timeout";
    if (!done && too_long) {
        done = fail(fmt::format("the evaluation took longer than rule_timeout allows ({})",
                                format_duration(context.time->limit())));
    }
    remember(context, done);
    if (rule_.is_alerting() && context.live != nullptr) {
        follow_failure(context, failed_before, result);
    }
    if (rule_.is_alerting() && (done || context.live != nullptr)) record_alerts(context, result);
    return done.has_value();
}

Result<void> RunningRule::evaluate(const RunContext& context, RunResult& result) {
    auto found = rows(context);
    if (!found) return std::unexpected(std::move(found.error()));
    if (!rule_.is_alerting()) return run_recording(context, std::move(*found), result);
    auto done = run_alerting(context, std::move(*found), result);
    for (const Ends& ends : ends_) {
        if (!done || ends.rows) continue;
        done = fail(fmt::format("resolve_when: {}", ends.rows.error().message));
    }
    return done;
}

Result<promql::Vector> RunningRule::rows(const RunContext& context) {
    promql::EvalOptions options = context.texts.eval;
    options.at = context.now - context.query_offset;
    options.warnings = context.live == nullptr ? nullptr : &warnings_;
    const auto only = only_target(context.target);
    options.only = only ? &*only : nullptr;
    auto value = promql::evaluate(*rule_.expr, context.store, options);
    if (warnings_.size() > kWarningsMax) warnings_.resize(kWarningsMax);
    if (!value) return std::unexpected(std::move(value.error()));
    return vector_of(std::move(*value));
}

bool RunningRule::resolves(const RunContext& context, const ResolveWhen& end, const Labels& row) {
    auto known = std::ranges::find(ends_, &end, &Ends::end);
    if (known == ends_.end()) {
        promql::EvalOptions options = context.texts.eval;
        options.at = context.now - context.query_offset;
        const auto only = only_target(context.target);
        options.only = only ? &*only : nullptr;
        auto value = promql::evaluate(*end.expr, context.store, options);
        ends_.push_back({&end, value ? vector_of(std::move(*value))
                                     : std::unexpected(std::move(value.error()))});
        known = std::prev(ends_.end());
    }
    return known->rows && std::ranges::any_of(*known->rows, [&](const auto& sample) {
               return shares_labels(sample.labels, row);
           });
}

/// That one target's rows are well says nothing of another's that failed.
void RunningRule::remember(const RunContext& context, const Result<void>& done) {
    if (!done) {
        last_error_ = done.error().message;
        Evidence evidence;
        if (context.live != nullptr && policies_.alerts_on_error()) {
            const Labels row =
                context.target.empty() ? Labels{} : Labels{{kTargetLabel, context.target}};
            evidence = sources_.evidence(row, *context.live);
        }
        failures_.add(context.target, std::move(evidence));
        return;
    }
    failures_.succeeded(context.target, [&](std::string_view target, const Evidence& evidence) {
        return context.live != nullptr && sources_.is_silent(target, evidence, *context.live);
    });
    if (!failures_.any_seen()) last_error_.clear();
}

std::optional<std::string> RunningRule::news_of_health(WallTime now) {
    if (last_error_ == told_error_) return std::nullopt;
    if (told_at_ && now >= *told_at_ && now - *told_at_ < kTellEvery) return std::nullopt;
    told_at_ = now;
    told_error_ = last_error_;
    return told_error_;
}

Labels RunningRule::alert_labels(const RunContext& context, const Labels& row,
                                 const tmpl::Value& data) const {
    LabelsBuilder labels(row);
    labels.remove(kMetricName);
    for (const auto& label : rule_.labels) {
        labels.set(label.name, expand(label, rule_.name, data, context.texts, context.functions));
    }
    labels.set(kAlertName, rule_.name);
    const Labels built = labels.build();
    for (const Label label : built) {
        if (!is_valid_utf8(label.value)) labels.set(label.name, to_valid_utf8(label.value));
    }
    return labels.build();
}

/// That a text takes too long costs no alert, but labels say which alert it is: they are all made
/// first.
Result<AlertRows> RunningRule::alert_rows(const RunContext& context, promql::Vector rows) const {
    AlertRows alerts;
    std::vector<std::pair<AlertRow*, tmpl::Value>> made;
    context.texts.eval.at = context.now;
    for (auto& row : rows) {
        tmpl::Value data = text_data(context.texts, row.labels, row.value);
        Labels labels = alert_labels(context, row.labels, data);
        if (ran_too_long(context)) return fail("the labels of its alerts take too long");
        const auto [alert, is_new] =
            alerts.try_emplace(std::move(labels), AlertRow{{}, std::move(row.labels), row.value});
        if (!is_new) {
            return fail(
                "vector contains metrics with the same labelset after applying alert labels");
        }
        if (!rule_.annotations.empty()) made.emplace_back(&alert->second, std::move(data));
    }
    for (const auto& [alert, data] : made)
        alert->annotations = annotations_of(context, data);
    return alerts;
}

Labels RunningRule::annotations_of(const RunContext& context, const tmpl::Value& data) const {
    AnnotationsBuilder annotations;
    for (const auto& text : rule_.annotations) {
        annotations.set(text.name,
                        ran_too_long(context)
                            ? "<error expanding template: too slow>"
                            : expand(text, rule_.name, data, context.texts, context.functions));
    }
    return annotations.build();
}

Result<void> RunningRule::run_alerting(const RunContext& context, promql::Vector rows,
                                       RunResult& result) {
    const auto known = check_limits(context, rows.size(), result);
    if (!known) return known;
    auto alerts = alert_rows(context, std::move(rows));
    if (!alerts) return std::unexpected(std::move(alerts.error()));
    const auto judge = judge_of(context);
    const auto pass = pass_of(context, judge);
    auto within = check_limits(context, alerts_.count_with(*alerts, pass), result);
    if (!within) {
        alerts_.begin_keeping(*alerts, pass, result.changes);
        return within;
    }
    if (context.live != nullptr) add_silent(context, *alerts);
    alerts_.update(std::move(*alerts), pass, result.changes);
    return {};
}

Result<void> RunningRule::check_limits(const RunContext& context, std::size_t count,
                                       RunResult& result) {
    if (context.alerts_max > 0 && count > context.alerts_max) {
        result.limit = "alerts_per_rule";
        return fail(fmt::format("{} alerts are more than alerts_per_rule allows ({})", count,
                                context.alerts_max));
    }
    if (context.limit > 0 && count > context.limit) {
        return fail(fmt::format("exceeded limit of {} with {} alerts", context.limit, count));
    }
    return {};
}

AlertStates::Judge RunningRule::judge_of(const RunContext& context) {
    if (context.live == nullptr) {
        return {[](const ActiveAlert&) { return Ending::over; },
                [](const ActiveAlert&) { return Evidence(); },
                [](const ResolveWhen&, const Labels&) { return true; }};
    }
    return {[this, &context](const ActiveAlert& alert) {
                if (alert.cause == AlertCause::error) {
                    return failures_.empty() ? Ending::over : Ending::silent;
                }
                return sources_.ending(alert, *context.live);
            },
            [this, &context](const ActiveAlert& alert) {
                return sources_.evidence(alert.row, *context.live);
            },
            [this, &context](const ResolveWhen& end, const Labels& row) {
                return resolves(context, end, row);
            }};
}

AlertStates::Pass RunningRule::pass_of(const RunContext& context,
                                       const AlertStates::Judge& judge) const {
    return {rule_.name,  timers(),           judge,         policies_,
            context.now, context.decided_at, context.target};
}

std::pair<Labels, AlertRow> RunningRule::row_instead(const RunContext& context, const Labels& row,
                                                     std::string_view key,
                                                     const std::string& text) const {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    context.texts.eval.at = context.now;
    const tmpl::Value data = text_data(context.texts, row, kNone);
    AnnotationsBuilder annotations;
    for (const auto& annotation : rule_.annotations) {
        if (speaks_of_value(annotation)) continue;
        annotations.set(annotation.name,
                        expand(annotation, rule_.name, data, context.texts, context.functions));
    }
    annotations.set("summary", text);
    annotations.set(key, text);
    return {alert_labels(context, row, data), AlertRow{annotations.build(), row, kNone}};
}

void RunningRule::add_silent(const RunContext& context, AlertRows& rows) {
    if (!policies_.alerts_on_no_data()) {
        silent_.clear();
        return;
    }
    auto silent = watch_.look(sources_, *context.live, context.target);
    for (const auto& one : silent) {
        Labels row;
        if (!one.target.empty()) {
            row = context.target_labels != nullptr && *context.target_labels
                      ? (*context.target_labels)(one.target)
                      : Labels{{kTargetLabel, one.target}};
        }
        auto [labels, instead] = row_instead(
            context, row, "no_data",
            one.target.empty() ? fmt::format("no data: what {} reads is silent since {}",
                                             rule_.name, format_time(one.last_data))
                               : fmt::format("no data: what {} reads of {} is silent since {}",
                                             rule_.name, one.target, format_time(one.last_data)));
        if (policies_.of(labels).on_no_data != OnNoData::alert) continue;
        instead.cause = AlertCause::no_data;
        instead.evidence = one.evidence;
        // Where the condition holds as well, that is what the alert is about.
        rows.emplace(std::move(labels), std::move(instead));
    }
    if (context.target.empty()) silent_ = std::move(silent);
}

/// Begins and ends the alert on an evaluation that fails.
void RunningRule::follow_failure(const RunContext& context, bool failed_before, RunResult& result) {
    if (failures_.empty() && !failed_before) return;
    const auto judge = judge_of(context);
    if (!failures_.any_seen()) {
        alerts_.end_failure(pass_of(context, judge), result.changes);
    } else if (policies_.alerts_on_error()) {
        auto [labels, row] =
            row_instead(context, {}, "error",
                        fmt::format("{} cannot be evaluated: {}", rule_.name, last_error_));
        row.cause = AlertCause::error;
        row.evidence = failures_.evidence();
        if (policies_.of(labels).on_error == OnError::alert) {
            alerts_.fail(labels, std::move(row), pass_of(context, judge), result.changes);
        }
    }
}

/// ALERTS and ALERTS_FOR_STATE of all alerts, or of those of the context's target and of none: an
/// alert on an error is of none.
void RunningRule::record_alerts(const RunContext& context, RunResult& result) {
    if (context.target.empty()) return record_part(context, std::nullopt, result);
    record_part(context, context.target, result);
    record_part(context, std::string_view(), result);
}

void RunningRule::record_part(const RunContext& context, Part part, RunResult& result) {
    std::vector<Sample> samples;
    const auto add = [&](const ActiveAlert& alert) {
        samples.push_back({alert.alerts_series, 1});
        const auto since = std::chrono::floor<std::chrono::seconds>(alert.active_at);
        samples.push_back(
            {alert.for_state_series, static_cast<double>(since.time_since_epoch().count())});
    };
    if (part) {
        for (const auto* entry : alerts_.of(*part))
            add(entry->second);
    } else {
        samples.reserve(2 * alerts_.active().size());
        for (const auto& [labels, alert] : alerts_.active())
            add(alert);
    }
    recorded_.append(into(context), part, std::move(samples), result.recorded);
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
    const Part part = context.target.empty() ? Part() : Part(context.target);
    recorded_.append(into(context), part, std::move(samples), result.recorded);
    return {};
}

RecordedSeries::Into RunningRule::into(const RunContext& context) {
    return {context.store, context.now - context.query_offset, context.interval};
}

}  // namespace pilotlight::rules
