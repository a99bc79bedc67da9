#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/labels.h"
#include "core/matcher.h"
#include "core/time.h"
#include "rules/promql/ast.h"
#include "rules/promql/selectors.h"
#include "rules/rule_file.h"

/// What a portable rule file cannot say of its alerts. Live evaluation follows it; unit tests of
/// rules do as Prometheus does.
namespace pilotlight::rules {

/// What becomes of an alert whose data is gone while its target is still configured.
enum class OnNoData {
    /// It stays as it is until there is news.
    keep,
    /// It resolves, as in Prometheus. After a restart or a freeze only once its data has had the
    /// time to come back.
    resolve,
    /// It stays, and the silence is an alert of the rule's name itself: one for each silent target,
    /// with the target's and the rule's labels; one for the rule where series carry no target.
    /// `for` holds for it. It ends when data is back or the target is removed.
    alert,
};

/// What an evaluation that fails does besides leaving all alerts as they are.
enum class OnError {
    keep,
    /// An alert of the rule's name with the rule's own labels, and the error as annotation. `for`
    /// holds for it; it ends with the next evaluation that succeeds.
    alert,
};

/// Hysteresis: once firing, an alert whose condition is false goes on until this gives a row that
/// shares the alert row's labels, as far as it has them.
struct ResolveWhen {
    std::string expression;
    std::shared_ptr<const promql::Expr> expr;
};

/// Damping. Each time that an alert begins to fire or resolves is a change. An alert that fires
/// with the `changes`-th of them `within` that time is flapping: it says so in the annotation
/// `flapping` of that one message, and from then on stays firing, however often its condition comes
/// and goes, until that has not changed for `settle`. Then it resolves where the condition is
/// false, and is an ordinary firing alert where it is true.
struct FlapPolicy {
    static constexpr std::uint64_t kChangesMin = 3;
    static constexpr std::uint64_t kChangesMax = 50;

    /// 0 means none: for alerts that a later policy would damp.
    std::uint64_t changes = 6;
    Duration within = std::chrono::minutes(30);
    Duration settle = std::chrono::minutes(10);

    bool operator==(const FlapPolicy&) const = default;
};

/// One entry of `alert_policies`. Keys that are not set are left to the entries behind it.
struct AlertPolicy {
    /// Over the alert's labels, `alertname` among them and external labels not; none match all.
    Matchers matchers;
    std::optional<OnNoData> on_no_data;
    std::optional<OnError> on_error;
    std::optional<ResolveWhen> resolve_when;
    std::optional<FlapPolicy> flap;
    Location where;
};
using SharedPolicies = std::shared_ptr<const std::vector<AlertPolicy>>;

/// "keep", "resolve", "alert".
[[nodiscard]] std::string_view to_string(OnNoData choice);
[[nodiscard]] std::string_view to_string(OnError choice);

/// What holds for one alert: of each key what the first policy says that matches the alert and sets
/// the key. Pointers are null where none does.
struct PolicyInForce {
    OnNoData on_no_data = OnNoData::keep;
    OnError on_error = OnError::keep;
    const ResolveWhen* resolve_when = nullptr;
    const FlapPolicy* flap = nullptr;
};

/// The policies that can match alerts of one rule: those that its name and the labels that it sets
/// itself do not rule out.
class RulePolicies {
  public:
    RulePolicies() = default;
    RulePolicies(SharedPolicies all, const Rule& rule);

    /// What is pointed to lives as long as this.
    [[nodiscard]] PolicyInForce of(const Labels& alert) const;
    [[nodiscard]] bool empty() const { return matching_.empty(); }
    /// Whether an alert of the rule can be one on its data's silence, or on an error.
    [[nodiscard]] bool alerts_on_no_data() const;
    [[nodiscard]] bool alerts_on_error() const;
    /// Whether every `resolve_when` can be evaluated for one target at a time.
    [[nodiscard]] bool narrows() const;

    /// What the `resolve_when` of all read.
    [[nodiscard]] std::vector<promql::SelectorUse> selectors(Duration lookback) const;

  private:
    SharedPolicies all_;
    std::vector<const AlertPolicy*> matching_;
    std::vector<const ResolveWhen*> ends_;
};

}  // namespace pilotlight::rules
