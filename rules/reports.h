#pragma once

#include <string>

#include "core/alert.h"
#include "rules/alert_record.h"
#include "rules/alert_states.h"
#include "rules/engine.h"
#include "rules/rule_set.h"

/// What the engine tells of its rules and alerts.
namespace pilotlight::rules {

/// The expression as a link, as Prometheus has it.
[[nodiscard]] std::string generator_url(const std::string& external_url,
                                        const std::string& expression);

/// Appends the change to what the evaluation brought: an alert, a record, or both.
void report(const RunningRule& rule, const StateChange& change, const std::string& external_url,
            Evaluation& evaluation);
/// The rule is gone: every alert that it had ends.
void report_end(const RunningRule& rule, WallTime now, const std::string& external_url,
                Evaluation& evaluation);
/// A record whose rule is no more: its alert ends.
void report_orphan(const AlertRecord& record, WallTime now, Evaluation& evaluation);

/// Appends the rule's pending and firing alerts.
void append_alerts(const RunningRule& rule, const std::string& external_url,
                   std::vector<Alert>& alerts);
void sort_by_labels(std::vector<Alert>& alerts);

/// Without its rules.
[[nodiscard]] GroupView view_of(const RunningGroup& group);
[[nodiscard]] RuleView view_of(const RunningRule& rule, const std::string& external_url);

}  // namespace pilotlight::rules
