#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "rules/sources.h"

namespace pilotlight::rules {

/// Which data a rule has read of each target, so that its silence is noticed. A target is silent
/// where an alert that rested on it would be kept for want of news (see Engine): one of the rule's
/// selectors had data of it and has none now though the target does not answer, or none of them has
/// any left. Data that a target never brought since the start is not missed; nor are names whose
/// absence says that all is well.
class DataWatch {
  public:
    /// Targets remembered for one rule.
    static constexpr std::size_t kTargetsMax = 10'000;

    struct Silent {
        /// Empty for series that carry no target.
        std::string target;
        /// When the newest of what is missing was taken.
        WallTime last_data{};
        /// The selectors that are missed, and how long their data stays valid.
        Evidence evidence;
    };

    /// Looks at the store. `only`: where not empty, at this target's data alone. Returns the silent
    /// targets that are configured, by name.
    std::vector<Silent> look(const Sources& sources, const Sources::View& view,
                             std::string_view only);

    /// After a restart: this data had been missed already.
    void restore(const Evidence& evidence, WallTime now);
    /// Nobody looked for a while: data gets the time to come again.
    void was_blind() { was_blind_ = true; }
    void clear() { seen_.clear(); }

  private:
    struct Seen {
        std::uint64_t selectors = 0;
        WallTime last_data{};
        Duration valid_for{};
        /// Among what is looked at now.
        std::uint64_t fresh = 0;
    };
    void note_fresh(const Sources& sources, const Sources::View& view, std::string_view only);
    [[nodiscard]] std::uint64_t missing(const std::string& target, Seen& seen,
                                        const Sources::View& view);

    std::map<std::string, Seen, std::less<>> seen_;
    bool was_blind_ = false;
    /// No silence counts that is not older than this by as long as data stays valid.
    WallTime looking_since_{};
};

}  // namespace pilotlight::rules
