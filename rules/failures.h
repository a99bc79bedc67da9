#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "rules/active_alert.h"

namespace pilotlight::rules {

/// Of which targets the last that is known of a rule is that its evaluation failed. One whose data
/// fell silent since is still among them: an evaluation that does not see it says nothing of it.
class Failures {
  public:
    /// More are not remembered; they fail anew with their next news.
    static constexpr std::size_t kTargetsMax = 1000;

    /// `target`: "" for an evaluation over all. `evidence`: the data that it failed on.
    void add(std::string_view target, Evidence evidence);
    /// An evaluation for the target, or for all where it is "", has not failed. `is_silent` tells
    /// whether the data of one that failed was not seen by it.
    void succeeded(std::string_view target,
                   const std::function<bool(std::string_view, const Evidence&)>& is_silent);
    /// After a restart: an alert on an error rested on this.
    void restore(const Evidence& evidence);

    [[nodiscard]] bool empty() const { return failed_.empty(); }
    /// Whether one failed at its newest evaluation.
    [[nodiscard]] bool any_seen() const;
    /// Of all together, as far as an alert remembers targets.
    [[nodiscard]] Evidence evidence() const;

  private:
    struct Failure {
        Evidence evidence;
        bool silent = false;
    };
    std::map<std::string, Failure, std::less<>> failed_;
};

}  // namespace pilotlight::rules
