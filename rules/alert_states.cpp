#include "rules/alert_states.h"

#include <fmt/format.h>

#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

namespace {

constexpr std::string_view kFlappingAnnotation = "flapping";

void name_series(const Labels& labels, const std::string& name, ActiveAlert& alert) {
    LabelsBuilder series(labels);
    series.set(kAlertName, name);
    series.set(kMetricName, "ALERTS_FOR_STATE");
    alert.for_state_series = series.build();
    series.set(kMetricName, "ALERTS");
    series.set("alertstate", to_string(alert.state));
    alert.alerts_series = series.build();
}

/// NaN is the same as NaN here: it is no news.
bool same_value(double a, double b) {
    return a == b || (a != a && b != b);
}

Labels with_flapping(const Labels& annotations, const FlapPolicy& policy) {
    LabelsBuilder builder(annotations);
    builder.set(kFlappingAnnotation,
                fmt::format("began or ended {} times within {}: stays firing until it has not "
                            "changed for {}",
                            policy.changes, format_duration(policy.within),
                            format_duration(policy.settle)));
    return builder.build();
}

Labels without_flapping(const Labels& annotations) {
    LabelsBuilder builder(annotations);
    builder.remove(kFlappingAnnotation);
    return builder.build();
}

/// Whether data that is silent may only not have come yet: nobody could see it for a while.
bool may_come_yet(ActiveAlert& alert, WallTime now) {
    constexpr Duration kValidAtLeast = std::chrono::minutes(5);
    if (!alert.unsure_since) return false;
    if (now - *alert.unsure_since <= std::max(kValidAtLeast, alert.evidence.valid_for)) return true;
    alert.unsure_since.reset();
    return false;
}

}  // namespace

std::string_view to_string(Waiting waiting) {
    switch (waiting) {
        case Waiting::nothing:
            return "";
        case Waiting::data:
            return "data";
        case Waiting::resolve_when:
            return "resolve_when";
        case Waiting::settle:
            return "settle";
        case Waiting::keep_firing_for:
            return "keep_firing_for";
    }
    return "";
}

void AlertStates::note(StateChange::Kind kind, const Labels& labels, const ActiveAlert& alert,
                       Changes& changes, std::optional<WallTime> resolved_at) const {
    changes.push_back({kind, labels, alert, resolved_at, flaps_.of(labels)});
}

void AlertStates::update(AlertRows rows, const Pass& pass, std::vector<StateChange>& changes) {
    if (std::exchange(was_blind_, false)) {
        for (auto& [labels, alert] : active_)
            alert.unsure_since = pass.now;
    }
    for (auto alert = active_.begin(); alert != active_.end();) {
        if (!pass.target.empty() && alert->second.row.get(kTargetLabel) != pass.target) {
            ++alert;
            continue;
        }
        const auto row = rows.find(alert->first);
        if (row != rows.end()) {
            seen(alert->first, alert->second, std::move(row->second), pass, changes);
            rows.erase(row);
            ++alert;
        } else if (gone(alert->first, alert->second, pass, changes)) {
            alert = active_.erase(alert);
        } else {
            ++alert;
        }
    }
    for (auto& [labels, row] : rows)
        begin(labels, std::move(row), pass, changes);
    if (!pass.target.empty()) return;
    for (const Labels& labels : flaps_.forget(pass.policies, pass.now)) {
        if (!active_.contains(labels)) {
            note(StateChange::Kind::forgotten, labels, {}, changes, pass.now);
        }
    }
}

void AlertStates::fail(const Labels& labels, AlertRow row, const Pass& pass,
                       std::vector<StateChange>& changes) {
    const auto known = active_.find(labels);
    if (known == active_.end()) return begin(labels, std::move(row), pass, changes);
    if (known->second.cause != AlertCause::error) return;
    seen(labels, known->second, std::move(row), pass, changes);
}

void AlertStates::end_failure(const Pass& pass, std::vector<StateChange>& changes) {
    for (auto alert = active_.begin(); alert != active_.end();) {
        const bool ended = alert->second.cause == AlertCause::error &&
                           gone(alert->first, alert->second, pass, changes);
        alert = ended ? active_.erase(alert) : std::next(alert);
    }
}

void AlertStates::end_all(WallTime now, std::vector<StateChange>& changes) const {
    for (const auto& [labels, alert] : active_)
        changes.push_back({StateChange::Kind::state, labels, alert, now, {}});
    for (const Labels& labels : flaps_.alerts()) {
        if (!active_.contains(labels)) {
            changes.push_back({StateChange::Kind::forgotten, labels, {}, now, {}});
        }
    }
}

void AlertStates::fire(const Labels& labels, ActiveAlert& alert, const Pass& pass) {
    alert.state = AlertState::firing;
    alert.fired_at = pass.now;
    alert.decided_at = pass.decided_at;
    const FlapPolicy* flap = pass.policies.of(labels).flap;
    if (flap == nullptr || !flaps_.note(labels, *flap, pass.now)) return;
    alert.flapping_since = alert.flipped_at = pass.now;
    alert.annotations = with_flapping(alert.annotations, *flap);
}

void AlertStates::seen(const Labels& labels, ActiveAlert& alert, AlertRow row, const Pass& pass,
                       Changes& changes) {
    if (alert.flapping_since) {
        if (alert.keep_firing_since) alert.flipped_at = pass.now;
        const FlapPolicy* flap = pass.policies.of(labels).flap;
        if (flap != nullptr) row.annotations = with_flapping(row.annotations, *flap);
    }
    const bool new_content =
        !same_value(alert.value, row.value) || alert.annotations != row.annotations;
    const bool by_condition = row.cause == AlertCause::condition;
    const bool was_unsure = !alert.seen || alert.unsure_since;
    alert.value = row.value;
    alert.annotations = std::move(row.annotations);
    alert.seen = true;
    alert.waiting = Waiting::nothing;
    if (by_condition) {
        alert.cause = AlertCause::condition;
        alert.restored_at.reset();
        alert.unsure_since.reset();
        if (was_unsure) alert.evidence = pass.judge.evidence(alert);
    }
    if (std::exchange(alert.keep_firing_since, std::nullopt)) {
        note(StateChange::Kind::timer, labels, alert, changes);
    }
    if (alert.state == AlertState::pending && pass.now - alert.active_at >= pass.timers.hold) {
        fire(labels, alert, pass);
        if (by_condition) alert.evidence = pass.judge.evidence(alert);
        name_series(labels, pass.name, alert);
        note(StateChange::Kind::state, labels, alert, changes);
    } else if (calm_down(labels, alert, pass)) {
        note(StateChange::Kind::timer, labels, alert, changes);
        note(StateChange::Kind::content, labels, alert, changes);
    } else if (new_content && alert.state == AlertState::firing) {
        note(StateChange::Kind::content, labels, alert, changes);
    }
}

bool AlertStates::calm_down(const Labels& labels, ActiveAlert& alert, const Pass& pass) {
    if (!alert.flapping_since) return false;
    const FlapPolicy* flap = pass.policies.of(labels).flap;
    if (flap != nullptr && pass.now - alert.flipped_at < flap->settle) return false;
    alert.flapping_since.reset();
    alert.annotations = without_flapping(alert.annotations);
    return true;
}

bool AlertStates::gone(const Labels& labels, ActiveAlert& alert, const Pass& pass,
                       Changes& changes) {
    alert.seen = false;
    const Ending ending = pass.judge.ending(alert);
    alert.waiting = ending == Ending::removed ? Waiting::nothing
                                              : waits_for(labels, alert, ending, pass, changes);
    if (alert.waiting != Waiting::nothing) return false;
    end(labels, alert, pass, changes);
    return true;
}

Waiting AlertStates::waits_for(const Labels& labels, ActiveAlert& alert, Ending ending,
                               const Pass& pass, Changes& changes) {
    const PolicyInForce policy = pass.policies.of(labels);
    const bool by_condition = alert.cause == AlertCause::condition;
    if (by_condition && ending == Ending::unready) return Waiting::data;
    if (by_condition && ending == Ending::silent) {
        if (policy.on_no_data != OnNoData::resolve) return Waiting::data;
        if (may_come_yet(alert, pass.now)) return Waiting::data;
    }
    if (alert.state != AlertState::firing) return Waiting::nothing;
    // What began to be kept had seen its end: the band in between does not call that off.
    if (by_condition && ending == Ending::over && policy.resolve_when != nullptr &&
        !alert.keep_firing_since && !pass.judge.resolves(*policy.resolve_when, alert.row)) {
        return Waiting::resolve_when;
    }
    const Duration settle =
        alert.flapping_since && policy.flap != nullptr ? policy.flap->settle : Duration{0};
    const Duration kept_for = std::max(settle, pass.timers.keep_firing_for);
    if (kept_for <= Duration{0}) return Waiting::nothing;
    if (!alert.keep_firing_since) {
        alert.keep_firing_since = alert.flipped_at = pass.now;
        note(StateChange::Kind::timer, labels, alert, changes);
    }
    const Duration kept = pass.now - *alert.keep_firing_since;
    if (kept < settle) return Waiting::settle;
    return kept < kept_for ? Waiting::keep_firing_for : Waiting::nothing;
}

void AlertStates::end(const Labels& labels, ActiveAlert& alert, const Pass& pass,
                      Changes& changes) {
    alert.decided_at = pass.decided_at;
    const FlapPolicy* flap = pass.policies.of(labels).flap;
    // A flapping alert had its end put off: the change that it makes is not counted against it.
    const bool counts = alert.state == AlertState::firing && !alert.flapping_since;
    if (flap != nullptr && counts) flaps_.note(labels, *flap, pass.now);
    alert.flapping_since.reset();
    note(StateChange::Kind::state, labels, alert, changes, pass.now);
}

void AlertStates::begin(const Labels& labels, AlertRow row, const Pass& pass, Changes& changes) {
    ActiveAlert alert;
    alert.annotations = std::move(row.annotations);
    alert.row = std::move(row.row);
    alert.value = row.value;
    alert.active_at = pass.now;
    alert.decided_at = pass.decided_at;
    alert.cause = row.cause;
    alert.evidence =
        row.cause == AlertCause::condition ? pass.judge.evidence(alert) : std::move(row.evidence);
    if (pass.timers.hold <= Duration{0}) fire(labels, alert, pass);
    name_series(labels, pass.name, alert);
    note(StateChange::Kind::state, labels, alert, changes);
    active_.emplace(labels, std::move(alert));
}

void AlertStates::restore(const AlertRecord& record, const std::string& name, WallTime now) {
    flaps_.restore(record.labels, record.changes);
    if (record.ended()) return;
    ActiveAlert alert;
    alert.annotations = record.annotations;
    alert.row = record.row;
    alert.state = record.state;
    alert.active_at = record.active_at;
    alert.fired_at = record.fired_at;
    alert.keep_firing_since = record.keep_firing_since;
    alert.value = record.value;
    alert.cause = record.cause;
    alert.evidence = {record.evidence, record.targets, record.data_valid_for};
    alert.flapping_since = record.flapping_since;
    alert.flipped_at = record.flipped_at.value_or(now);
    alert.seen = false;
    alert.waiting = Waiting::data;
    alert.restored_at = alert.unsure_since = now;
    name_series(record.labels, name, alert);
    active_.insert_or_assign(record.labels, std::move(alert));
}

void AlertStates::was_blind(Duration time) {
    was_blind_ = true;
    for (auto& [labels, alert] : active_) {
        if (alert.state == AlertState::pending) alert.active_at += time;
        if (alert.keep_firing_since) *alert.keep_firing_since += time;
        if (alert.flapping_since) alert.flipped_at += time;
    }
}

std::optional<WallTime> AlertStates::next_timer(const Timers& timers, const RulePolicies& policies,
                                                WallTime now) const {
    std::optional<WallTime> next;
    const auto at = [&](WallTime time) {
        if (time > now && (!next || time < *next)) next = time;
    };
    for (const auto& [labels, alert] : active_) {
        if (alert.state == AlertState::pending && alert.seen) at(alert.active_at + timers.hold);
        if (alert.keep_firing_since) at(*alert.keep_firing_since + timers.keep_firing_for);
        if (!alert.flapping_since) continue;
        if (const FlapPolicy* flap = policies.of(labels).flap) at(alert.flipped_at + flap->settle);
    }
    return next;
}

Alert to_alert(const Labels& labels, const ActiveAlert& alert, std::optional<WallTime> resolved_at,
               const std::string& generator_url) {
    Alert shown;
    shown.labels = labels;
    shown.annotations = alert.annotations;
    shown.state = resolved_at ? AlertState::resolved : alert.state;
    shown.active_at = alert.active_at;
    shown.fired_at = alert.fired_at;
    shown.resolved_at = resolved_at;
    shown.value = alert.value;
    shown.generator_url = generator_url;
    shown.decided_at = alert.decided_at;
    return shown;
}

}  // namespace pilotlight::rules
