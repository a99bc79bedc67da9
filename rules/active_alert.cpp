#include "rules/active_alert.h"

namespace pilotlight::rules {

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

void name_series(const Labels& labels, const std::string& name, ActiveAlert& alert) {
    LabelsBuilder series(labels);
    series.set(kAlertName, name);
    series.set(kMetricName, "ALERTS_FOR_STATE");
    alert.for_state_series = series.build();
    series.set(kMetricName, "ALERTS");
    series.set("alertstate", to_string(alert.state));
    alert.alerts_series = series.build();
}

ActiveAlert to_active(const AlertRecord& record, const std::string& name, WallTime now) {
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
    return alert;
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
