#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine.h"
#include "series/store.h"

namespace pilotlight::rules {

/// A rule file from its text; a test that gives a bad one is wrong.
[[nodiscard]] RuleFile rules_from(std::string_view text, const std::string& file = "rules.yaml");

/// `series` is `m{a="b"}`.
[[nodiscard]] Labels labels_of(std::string_view series);

/// Seconds of virtual time: 0 is a minute past midnight of some day.
[[nodiscard]] WallTime at(double seconds);

/// A store, an engine, and samples that arrive in virtual time.
class World {
  public:
    explicit World(std::string_view rules, EngineOptions options = {});

    /// Appends one batch and lets the engine see it. `{"up{target=\"a\"}", 1}`; stale_marker()
    /// ends.
    Evaluation arrive(double seconds, const std::map<std::string, double>& samples);
    Evaluation tick(double seconds);
    /// Lets the engine have every wake-up that it asks for up to then; returns what changed.
    std::vector<Alert> run_until(double seconds);
    Evaluation reload(double seconds, std::string_view rules);

    /// `NAME{labels without alertname}=state`, sorted, joined by `; `: pending and firing ones.
    [[nodiscard]] std::string alerts() const;

    /// A new engine over an empty store with what the journal had, and its first tick.
    void crash(double seconds, std::string_view rules);

    /// Newest record of each alert, as a journal keeps them.
    std::map<std::string, AlertRecord> journal;
    std::set<std::string, std::less<>> targets = {"a", "b"};
    series::Store store;
    Engine engine;

  private:
    Evaluation note(Evaluation evaluation);
    [[nodiscard]] EngineOptions with_targets(EngineOptions options);

    EngineOptions options_;
};

/// `alerts()`'s notation for a list of changes.
[[nodiscard]] std::string shown(const std::vector<Alert>& alerts);

}  // namespace pilotlight::rules
