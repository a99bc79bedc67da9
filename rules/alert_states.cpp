#include "rules/alert_states.h"

#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

namespace {

void name_series(const Labels& labels, const std::string& name, ActiveAlert& alert) {
    LabelsBuilder series(labels);
    series.set(kAlertName, name);
    series.set(kMetricName, "ALERTS_FOR_STATE");
    alert.for_state_series = series.build();
    series.set(kMetricName, "ALERTS");
    series.set("alertstate", to_string(alert.state));
    alert.alerts_series = series.build();
}

void note(std::vector<StateChange>& changes, StateChange::Kind kind, const Labels& labels,
          const ActiveAlert& alert, std::optional<WallTime> resolved_at = std::nullopt) {
    changes.push_back({kind, labels, alert, resolved_at});
}

/// NaN is the same as NaN here: it is no news.
bool same_value(double a, double b) {
    return a == b || (a != a && b != b);
}

}  // namespace

void AlertStates::update(AlertRows rows, const Pass& pass, std::vector<StateChange>& changes) {
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
}

void AlertStates::seen(const Labels& labels, ActiveAlert& alert, AlertRow row, const Pass& pass,
                       std::vector<StateChange>& changes) {
    const bool new_content =
        !same_value(alert.value, row.value) || alert.annotations != row.annotations;
    alert.value = row.value;
    alert.annotations = std::move(row.annotations);
    const bool was_unsure = !alert.seen || alert.restored_at;
    alert.seen = true;
    alert.restored_at.reset();
    if (was_unsure) alert.evidence = pass.judge.evidence(alert);
    if (std::exchange(alert.keep_firing_since, std::nullopt)) {
        note(changes, StateChange::Kind::timer, labels, alert);
    }
    if (alert.state == AlertState::pending && pass.now - alert.active_at >= pass.timers.hold) {
        alert.state = AlertState::firing;
        alert.fired_at = pass.now;
        alert.decided_at = pass.decided_at;
        alert.evidence = pass.judge.evidence(alert);
        name_series(labels, pass.name, alert);
        note(changes, StateChange::Kind::state, labels, alert);
    } else if (new_content && alert.state == AlertState::firing) {
        note(changes, StateChange::Kind::content, labels, alert);
    }
}

bool AlertStates::gone(const Labels& labels, ActiveAlert& alert, const Pass& pass,
                       std::vector<StateChange>& changes) {
    alert.seen = false;
    if (!pass.judge.is_over(alert)) return false;
    if (alert.state == AlertState::firing && pass.timers.keep_firing_for > Duration{0}) {
        if (!alert.keep_firing_since) {
            alert.keep_firing_since = pass.now;
            note(changes, StateChange::Kind::timer, labels, alert);
        }
        if (pass.now - *alert.keep_firing_since < pass.timers.keep_firing_for) return false;
    }
    alert.decided_at = pass.decided_at;
    note(changes, StateChange::Kind::state, labels, alert, pass.now);
    return true;
}

void AlertStates::begin(const Labels& labels, AlertRow row, const Pass& pass,
                        std::vector<StateChange>& changes) {
    ActiveAlert alert;
    alert.annotations = std::move(row.annotations);
    alert.row = std::move(row.row);
    alert.value = row.value;
    alert.active_at = pass.now;
    alert.decided_at = pass.decided_at;
    alert.evidence = pass.judge.evidence(alert);
    if (pass.timers.hold <= Duration{0}) {
        alert.state = AlertState::firing;
        alert.fired_at = pass.now;
    }
    name_series(labels, pass.name, alert);
    note(changes, StateChange::Kind::state, labels, alert);
    active_.emplace(labels, std::move(alert));
}

void AlertStates::restore(const AlertRecord& record, const std::string& name, WallTime now) {
    ActiveAlert alert;
    alert.annotations = record.annotations;
    alert.row = record.row;
    alert.state = record.state;
    alert.active_at = record.active_at;
    alert.fired_at = record.fired_at;
    alert.keep_firing_since = record.keep_firing_since;
    alert.value = record.value;
    alert.evidence = {record.evidence, record.targets};
    alert.seen = false;
    alert.restored_at = now;
    name_series(record.labels, name, alert);
    active_.insert_or_assign(record.labels, std::move(alert));
}

void AlertStates::was_blind(Duration time) {
    for (auto& [labels, alert] : active_) {
        if (alert.state == AlertState::pending) alert.active_at += time;
        if (alert.keep_firing_since) *alert.keep_firing_since += time;
    }
}

std::optional<WallTime> AlertStates::next_timer(const Timers& timers, WallTime now) const {
    std::optional<WallTime> next;
    const auto at = [&](WallTime time) {
        if (time > now && (!next || time < *next)) next = time;
    };
    for (const auto& [labels, alert] : active_) {
        if (alert.state == AlertState::pending && alert.seen) at(alert.active_at + timers.hold);
        if (alert.keep_firing_since) at(*alert.keep_firing_since + timers.keep_firing_for);
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
