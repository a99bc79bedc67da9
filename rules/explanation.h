#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/alert.h"
#include "core/error.h"
#include "core/matcher.h"
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

/// An explanation but for its steps, with what these are made from: plain values, for any thread.
struct Inquiry {
    struct Part {
        /// Null where there are no steps to make.
        std::shared_ptr<const promql::Expr> expr;
        /// What `expr` was parsed from.
        std::string text;
    };
    Explanation explanation;
    Part condition;
    /// The row of each of the explanation's alerts; what is asked for where it has none.
    std::vector<Labels> rows;
    /// `resolve_when` of each of the explanation's alerts that waits for it.
    std::vector<Part> ends;
    promql::EvalOptions eval;

    /// What the steps read of a store, at any time.
    [[nodiscard]] std::vector<Matchers> reads() const;
};

/// What is known of rule `number` at `view.now`. Cost: a look at the rule's alerts, and at a few
/// series of the targets that those rest on which are explained.
[[nodiscard]] Inquiry inquire(const RuleSet& rules, std::uint32_t number, const ExplainQuery& query,
                              const promql::EvalOptions& eval, const Sources::View& view,
                              const std::string& external_url);

/// Where steps are evaluated.
struct StepsStore {
    /// Has everything that the inquiry reads().
    const series::Store& store;
    /// Has every series, if only its labels: where a selector finds nothing, this says what is
    /// near.
    const series::Store& known;
};

/// Evaluates the steps, each of the expression once. `interrupted` is asked now and then; true ends
/// it with steps that say so.
[[nodiscard]] Explanation explain(Inquiry inquiry, const StepsStore& in,
                                  const std::function<bool()>& interrupted = {});

}  // namespace pilotlight::rules
