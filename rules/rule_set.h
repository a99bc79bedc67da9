#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/time.h"
#include "rules/dependents.h"
#include "rules/reads.h"
#include "rules/rule_file.h"
#include "rules/running_rule.h"
#include "rules/sources.h"
#include "series/store.h"

namespace pilotlight::rules {

inline constexpr std::string_view kAlerts = "ALERTS";
inline constexpr std::string_view kAlertsForState = "ALERTS_FOR_STATE";

struct RunningGroup {
    /// Without its rules, which run.
    RuleGroup group;
    Duration interval{};
    /// Its rules: from the first, so many.
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    WallTime next_due{};
    std::optional<WallTime> last_evaluation;
};

/// The first time after `now` on the group's own grid, whose phase is a hash of its name.
[[nodiscard]] WallTime next_tick(const RunningGroup& group, WallTime now);

/// The rules that run, in evaluation order, with the groups that they are of and what they read.
/// A rule is known by its number.
class RuleSet {
  public:
    /// What holds for all of them.
    struct Terms {
        ReadDefaults reads;
        /// Of groups that give none.
        Duration interval{};
        /// Null is none.
        SharedPolicies policies;
    };

    RuleSet() = default;
    /// The rules of these files, which know nothing yet. Takes a while for thousands of rules; any
    /// thread may do it.
    RuleSet(std::vector<RuleFile> files, const Terms& terms);

    /// Rules that `before` has too (rule_id) go on from there; every group is due. Returns the
    /// numbers of those in `before` that are gone.
    std::vector<std::uint32_t> take_over(RuleSet& before, WallTime now);

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(rules_.size()); }
    [[nodiscard]] RunningRule& rule(std::uint32_t number) { return rules_[number]; }
    [[nodiscard]] const RunningRule& rule(std::uint32_t number) const { return rules_[number]; }
    [[nodiscard]] RunningGroup& group_of(std::uint32_t number) {
        return groups_[group_of_[number]];
    }
    [[nodiscard]] const RunningGroup& group_of(std::uint32_t number) const {
        return groups_[group_of_[number]];
    }
    [[nodiscard]] std::vector<RunningRule>& rules() { return rules_; }
    [[nodiscard]] const std::vector<RunningRule>& rules() const { return rules_; }
    [[nodiscard]] std::vector<RunningGroup>& groups() { return groups_; }
    [[nodiscard]] const std::vector<RunningGroup>& groups() const { return groups_; }
    /// The rules that read the metric name, in evaluation order.
    [[nodiscard]] const std::vector<std::uint32_t>& readers_of(std::string_view name) {
        return dependents_.of(name);
    }
    /// The rules that read a series of the batch, in evaluation order.
    [[nodiscard]] std::vector<std::uint32_t> readers_of(const SampleBatch& batch) {
        return dependents_.of(batch);
    }
    /// What the store must keep for them.
    [[nodiscard]] const series::Retention& retention() const { return retention_; }

  private:
    using ByRecord = std::map<std::string, std::vector<std::uint32_t>, std::less<>>;

    using Repeats = std::unordered_map<std::uint64_t, std::size_t>;

    void add_group(RuleGroup group, Repeats& repeats, const Terms& terms);
    void add_rule(Rule rule, std::uint64_t id, Duration query_offset, const Terms& terms);
    void find_sources();
    void add_sources(const std::vector<promql::SelectorUse>& selectors, const ByRecord& by_record,
                     std::set<std::uint32_t>& visited, std::vector<Source>& sources) const;

    std::vector<RunningGroup> groups_;
    std::vector<RunningRule> rules_;
    std::vector<std::uint32_t> group_of_;
    Dependents dependents_;
    series::Retention retention_;
};

}  // namespace pilotlight::rules
