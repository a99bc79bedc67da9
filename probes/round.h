#pragma once

#include <optional>

#include "probes/confirmation.h"
#include "probes/runner.h"

namespace pilotlight::probes {

/// A probe that has ended, with what its samples are made of.
struct Asked {
    ProbeRun run;
    Report report;
    SteadyTime started;
};

/// The probes of one turn of a target: mostly one, and more where a failure is to be confirmed or
/// an end of failing. Thread: one owner.
class Round {
  public:
    /// What is told of the turn, once it is settled.
    [[nodiscard]] std::optional<Asked> take(Asked asked, const Judged& judged);

    /// The first failure, where there was one and it was to be confirmed.
    [[nodiscard]] const std::optional<Blip>& first_failure() const { return first_; }

  private:
    std::optional<Blip> first_;
    std::optional<Asked> newest_failure_;
};

}  // namespace pilotlight::probes
