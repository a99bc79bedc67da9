#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/time.h"
#include "rules/engine.h"
#include "rules/rule_set.h"
#include "rules/template_functions.h"
#include "rules/time_limit.h"
#include "rules/timetable.h"
#include "series/store.h"

namespace pilotlight::rules {

/// Evaluates rules in order: those that are due, and those that read what these record. What the
/// engine has of rules, of time and of texts. Thread: the store's owner.
class Rounds {
  public:
    Rounds(series::Store& store, EngineOptions options);
    Rounds(const Rounds&) = delete;
    Rounds& operator=(const Rounds&) = delete;

    void set_options(EngineOptions options);
    [[nodiscard]] const EngineOptions& options() const { return options_; }
    [[nodiscard]] const promql::EvalOptions& eval() const { return texts_.eval; }
    [[nodiscard]] series::Store& store() const { return store_; }

    [[nodiscard]] RuleSet& rules() { return rules_; }
    [[nodiscard]] const RuleSet& rules() const { return rules_; }
    [[nodiscard]] Timetable& timetable() { return timetable_; }
    [[nodiscard]] const Timetable& timetable() const { return timetable_; }
    /// Sets the timer of the rule's next `for` or `keep_firing_for`.
    void set_timer(std::uint32_t rule, WallTime now);

    /// What one call of the engine evaluates.
    struct Round {
        std::set<std::uint32_t> due{};
        SteadyTime decided_at;
        /// Where not empty, the target that all news is of.
        std::string_view target{};
        /// Rules that read what another one recorded for all targets.
        std::set<std::uint32_t> wide{};
    };
    /// The rule has news: due now, or once its group looks at what came now.
    void add_news(std::uint32_t rule, WallTime now, Round& round);
    void run_all(Round round, WallTime now, Evaluation& evaluation);

  private:
    WallTime time_for(WallTime now);
    /// Whether the rule has to wait; it is on the timetable then.
    bool put_off(std::uint32_t rule, WallTime now, const Round& round);
    [[nodiscard]] std::string_view target_of(const Round& round, std::uint32_t rule) const;
    void run(std::uint32_t rule, WallTime at, const Round& round, Evaluation& evaluation,
             std::set<std::string>& recorded);

    series::Store& store_;
    EngineOptions options_;
    TemplateContext texts_;
    tmpl::Functions functions_;
    TimeLimit time_;
    RuleSet rules_;
    Timetable timetable_;
    WallTime last_at_{};
};

}  // namespace pilotlight::rules
