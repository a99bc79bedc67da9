#include "rules/alert_states.h"

#include <fmt/format.h>

#include "core/annotations.h"
#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

namespace {

constexpr std::string_view kFlappingAnnotation = "flapping";

/// NaN is the same as NaN here: it is no news.
bool same_value(double a, double b) {
    return a == b || (a != a && b != b);
}

Labels with_flapping(const Labels& annotations, const FlapPolicy& policy) {
    AnnotationsBuilder builder(annotations);
    builder.set(kFlappingAnnotation,
                fmt::format("began or ended {} times within {}: stays firing until it has not "
                            "changed for {}",
                            policy.changes, format_duration(policy.within),
                            format_duration(policy.settle)));
    return builder.build();
}

Labels without_flapping(const Labels& annotations) {
    AnnotationsBuilder builder(annotations);
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

void AlertStates::note(StateChange::Kind kind, const Labels& labels, const ActiveAlert& alert,
                       Changes& changes, std::optional<WallTime> resolved_at) const {
    changes.push_back({kind, labels, alert, resolved_at, flaps_.of(labels)});
}

std::vector<AlertStates::Entry*> AlertStates::entries(const Pass& pass) {
    return pass.target.empty() ? active_.entries() : active_.of(pass.target);
}

std::size_t AlertStates::count_with(const AlertRows& rows, const Pass& pass) {
    std::size_t count = rows.size();
    if (!pass.target.empty()) count += active_.size() - active_.count(pass.target);
    if (pass.timers.keep_firing_for <= Duration{0}) return count;
    for (const Entry* entry : entries(pass)) {
        const auto& [labels, alert] = *entry;
        const bool fires =
            alert.state == AlertState::firing && alert.cause == AlertCause::condition;
        if (!fires || rows.contains(labels)) continue;
        const WallTime since = alert.keep_firing_since.value_or(pass.now);
        if (pass.now - since < pass.timers.keep_firing_for) ++count;
    }
    return count;
}

void AlertStates::begin_keeping(const AlertRows& rows, const Pass& pass, Changes& changes) {
    for (Entry* entry : entries(pass)) {
        auto& [labels, alert] = *entry;
        const bool fires =
            alert.state == AlertState::firing && alert.cause == AlertCause::condition;
        if (!fires || alert.keep_firing_since || rows.contains(labels)) continue;
        if (pass.judge.ending(alert) != Ending::over) continue;
        alert.keep_firing_since = alert.flipped_at = pass.now;
        changed_.emplace(alert.row.get(kTargetLabel));
        note(StateChange::Kind::timer, labels, alert, changes);
    }
}

void AlertStates::update(AlertRows rows, const Pass& pass, std::vector<StateChange>& changes) {
    if (pass.target.empty()) {
        all_changed_ = true;
    } else {
        changed_.emplace(pass.target);
    }
    if (std::exchange(was_blind_, false)) {
        for (Entry* entry : active_.entries())
            entry->second.unsure_since = pass.now;
    }
    for (Entry* entry : entries(pass)) {
        auto& [labels, alert] = *entry;
        const auto row = rows.find(labels);
        if (row != rows.end()) {
            seen(labels, alert, std::move(row->second), pass, changes);
            rows.erase(row);
        } else if (alert.cause != AlertCause::error && gone(labels, alert, pass, changes)) {
            active_.erase(*entry);
        }
    }
    for (auto& [labels, row] : rows)
        begin(labels, std::move(row), pass, changes);
    if (!pass.target.empty()) return;
    for (const Labels& labels : flaps_.forget(pass.policies, pass.now)) {
        if (active_.find(labels) == nullptr) {
            note(StateChange::Kind::forgotten, labels, {}, changes, pass.now);
        }
    }
}

void AlertStates::fail(const Labels& labels, AlertRow row, const Pass& pass,
                       std::vector<StateChange>& changes) {
    changed_.emplace(row.row.get(kTargetLabel));
    Entry* const known = active_.find(labels);
    if (known == nullptr) return begin(labels, std::move(row), pass, changes);
    if (known->second.cause != AlertCause::error) return;
    known->second.evidence = row.evidence;
    seen(labels, known->second, std::move(row), pass, changes);
}

void AlertStates::end_failure(const Pass& pass, std::vector<StateChange>& changes) {
    for (Entry* entry : active_.entries()) {
        auto& [labels, alert] = *entry;
        if (alert.cause != AlertCause::error) continue;
        changed_.emplace(alert.row.get(kTargetLabel));
        if (gone(labels, alert, pass, changes)) active_.erase(*entry);
    }
}

void AlertStates::end_all(WallTime now, std::vector<StateChange>& changes) const {
    for (const auto& [labels, alert] : active_.all())
        changes.push_back({StateChange::Kind::state, labels, alert, now, {}});
    for (const Labels& labels : flaps_.alerts()) {
        if (!active_.all().contains(labels)) {
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
    // The silence of what an evaluation failed on says nothing of whether it would fail still.
    const bool rests_on_data = by_condition || alert.cause == AlertCause::error;
    if (rests_on_data && ending == Ending::silent) {
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
    active_.put(labels, std::move(alert));
}

void AlertStates::restore(const AlertRecord& record, const std::string& name, WallTime now) {
    flaps_.restore(record.labels, record.changes);
    if (record.ended()) return;
    changed_.emplace(record.row.get(kTargetLabel));
    active_.put(record.labels, to_active(record, name, now));
}

void AlertStates::was_blind(Duration time) {
    was_blind_ = true;
    all_changed_ = true;
    for (Entry* entry : active_.entries()) {
        ActiveAlert& alert = entry->second;
        if (alert.state == AlertState::pending) alert.active_at += time;
        if (alert.keep_firing_since) *alert.keep_firing_since += time;
        if (alert.flapping_since) alert.flipped_at += time;
    }
}

void AlertStates::could_not_see(std::string_view target, Duration time, WallTime now) {
    for (Entry* entry : active_.of(target)) {
        ActiveAlert& alert = entry->second;
        const auto later = [&](WallTime& at) { at = std::max(at, std::min(at + time, now)); };
        if (alert.state == AlertState::pending) later(alert.active_at);
        if (alert.keep_firing_since) later(*alert.keep_firing_since);
        if (alert.flapping_since) later(alert.flipped_at);
        changed_.emplace(target);
    }
}

void AlertStates::set_alarm(const std::string& target, const Timers& timers,
                            const RulePolicies& policies, WallTime now) {
    std::optional<WallTime> next;
    const auto at = [&](WallTime time) {
        if (time > now && (!next || time < *next)) next = time;
    };
    for (const Entry* entry : active_.of(target)) {
        const auto& [labels, alert] = *entry;
        if (alert.state == AlertState::pending && alert.seen) at(alert.active_at + timers.hold);
        if (alert.keep_firing_since) at(*alert.keep_firing_since + timers.keep_firing_for);
        if (!alert.flapping_since) continue;
        if (const FlapPolicy* flap = policies.of(labels).flap) at(alert.flipped_at + flap->settle);
    }
    alarms_.set(target, next);
}

std::optional<WallTime> AlertStates::next_timer(const Timers& timers, const RulePolicies& policies,
                                                WallTime now) {
    if (std::exchange(all_changed_, false)) {
        alarms_.clear();
        for (const std::string& target : active_.targets())
            set_alarm(target, timers, policies, now);
    } else {
        for (const std::string& target : changed_)
            set_alarm(target, timers, policies, now);
    }
    changed_.clear();
    while (alarms_.first() != nullptr && alarms_.first()->first <= now) {
        const std::string target = alarms_.first()->second;
        set_alarm(target, timers, policies, now);
    }
    if (alarms_.first() == nullptr) return std::nullopt;
    return alarms_.first()->first;
}

}  // namespace pilotlight::rules
