#pragma once

#include <string>
#include <string_view>

#include "core/time.h"
#include "probes/probe.h"

/// Outcomes and times in plain words, for people who do not know Pilotlight's. Pure.
namespace pilotlight::app {

/// What a reason of probe_failure_info means: "nothing listens at that port". Of one that it does
/// not know, the reason itself with spaces.
[[nodiscard]] std::string reason_in_words(std::string_view reason);

/// One sentence: where the probe broke off, and why. Empty for a probe that is ok.
[[nodiscard]] std::string outcome_in_words(const probes::Outcome& outcome);

/// "3 days", "1 hour", "40 seconds": in the largest unit that it has two of, rounded down; without
/// a sign.
[[nodiscard]] std::string span_in_words(Duration span);

}  // namespace pilotlight::app
