#include "app/views.h"

#include <iterator>
#include <utility>

#include "core/annotations.h"

namespace pilotlight::app {
namespace {

template <class Builder>
Labels read_from(const std::vector<std::pair<std::string, std::string>>& pairs) {
    Builder builder;
    for (const auto& [name, value] : pairs)
        builder.set(name, value);
    return builder.build();
}

exporters::RuleView view_of(rules::RuleView rule, std::vector<Alert>& alerts) {
    exporters::RuleView view;
    view.name = std::move(rule.name);
    view.alerting = rule.alerting;
    view.expression = std::move(rule.expression);
    view.hold = rule.hold;
    view.keep_firing_for = rule.keep_firing_for;
    view.labels = read_from<LabelsBuilder>(rule.labels);
    view.annotations = read_from<AnnotationsBuilder>(rule.annotations);
    view.health = std::string(rule.health);
    view.last_error = std::move(rule.last_error);
    view.last_evaluation = rule.last_evaluation;
    view.evaluation_time = rule.evaluation_time;
    view.unmatched = rule.last_evaluation && !rule.has_matched;
    for (Alert& alert : rule.alerts) {
        view.alerts.push_back(alerts.size());
        alerts.push_back(std::move(alert));
    }
    return view;
}

}  // namespace

void add_rules(exporters::Snapshot& snapshot, std::vector<rules::GroupView> groups) {
    for (rules::GroupView& group : groups) {
        exporters::RuleGroupView view;
        view.name = std::move(group.name);
        view.file = std::move(group.file);
        view.interval = group.interval;
        view.limit = static_cast<int>(group.limit);
        for (rules::RuleView& rule : group.rules) {
            view.rules.push_back(view_of(std::move(rule), snapshot.alerts));
        }
        snapshot.rule_groups.push_back(std::move(view));
    }
}

exporters::ReceiverView view_of(const alerting::ReceiverStatus& status) {
    return {.name = status.address.receiver,
            .integration = status.address.integration,
            .pending = status.pending,
            .last_delivered = status.last_delivered,
            .last_error = status.last_error,
            .dead = status.dead};
}

}  // namespace pilotlight::app
