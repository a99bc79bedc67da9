#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/alert.h"
#include "core/error.h"
#include "rules/alert_record.h"
#include "rules/alert_states.h"
#include "rules/policy.h"
#include "rules/rule_set.h"
#include "rules/steps.h"

/// Why the alerts of a rule are in their states: plain values for people and scripts.
namespace pilotlight::rules {

struct ExplainQuery {
    /// The most rules of one name, and alerts of one rule, that are explained; more are counted.
    static constexpr std::size_t kRulesMax = 20;
    static constexpr std::size_t kAlertsMax = 10;

    /// The alert's name.
    std::string name;
    /// Only alerts with these labels; where there is none, what there would be for them.
    Labels labels{};
    /// Samples that one step may read.
    std::uint64_t samples_per_step = 2'000'000;
    /// Asked now and then; true ends it with steps that say so.
    std::function<bool()> interrupted{};
};

struct Explanation {
    /// What policies say for an alert.
    struct Policies {
        OnNoData on_no_data = OnNoData::keep;
        OnError on_error = OnError::keep;
        /// "" for none.
        std::string resolve_when;
        std::optional<FlapPolicy> flap;
    };
    struct OneAlert {
        Alert alert;
        AlertCause cause = AlertCause::condition;
        /// Whether the condition held at the last evaluation; where not, what the alert waits for.
        bool condition_holds = true;
        Waiting waiting = Waiting::nothing;
        /// When `for` ends, where it is pending.
        std::optional<WallTime> fires_at;
        /// When `keep_firing_for` or damping lets it end, where its condition has ended.
        std::optional<WallTime> kept_until;
        std::optional<WallTime> flapping_since;
        /// Beginnings and ends that damping counts now.
        std::size_t flap_changes = 0;
        /// The configured targets whose data it rests on, and those of them that do not answer.
        std::vector<std::string> targets;
        std::vector<std::string> silent_targets;
        Policies policies;
        std::vector<Step> steps;
        /// Of `resolve_when`, where it waits for that.
        std::vector<Step> end_steps;
    };

    std::string name;
    std::string expression;
    std::string file;
    int line = 0;
    std::string group;
    Duration interval{};
    Duration query_offset{};
    Duration hold{};
    Duration keep_firing_for{};
    /// "ok", "err" or "unknown".
    std::string_view health = "unknown";
    std::string last_error;
    std::optional<WallTime> last_evaluation;
    std::vector<std::string> warnings;
    bool has_matched = false;
    /// As many as are explained, and all that match the query.
    std::vector<OneAlert> alerts;
    std::size_t alert_count = 0;
    /// Where there is no alert: what holds for one with the query's labels, and the steps.
    Policies policies;
    std::vector<Step> steps;
};

/// Explains rule `number` at `now`. Cost: an evaluation of each step of its expression, once.
[[nodiscard]] Explanation explain(const RuleSet& rules, std::uint32_t number,
                                  const ExplainQuery& query, const promql::EvalOptions& eval,
                                  const Sources::View& view, const std::string& external_url);

}  // namespace pilotlight::rules
