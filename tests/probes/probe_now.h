#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "probes/probe.h"

namespace pilotlight::testing {

using MakeProber = Checked<std::unique_ptr<probes::Prober>> (*)(const config::TargetConfig&);

/// A target as pilotlight.yaml would give it; `options` is the prober's own section in YAML.
[[nodiscard]] config::TargetConfig make_target(const std::string& address,
                                               const std::string& options = "{}");

/// One probe on a loop of its own. Fails the test when the options are refused, or when the
/// answer comes later than a second after the deadline.
[[nodiscard]] probes::Report probe_now(MakeProber make, const std::string& address,
                                       const std::string& options = "{}",
                                       Duration limit = std::chrono::seconds(5));

/// Several probes by the same prober, one after the other, each within `limit`.
[[nodiscard]] std::vector<probes::Report> probe_times(int times, MakeProber make,
                                                      const std::string& address,
                                                      const std::string& options = "{}",
                                                      Duration limit = std::chrono::seconds(20));

/// `phase/reason` of a failure, `unknown: phase/reason` of ours, "" when ok.
[[nodiscard]] std::string verdict_of(const probes::Report& report);

/// The only sample of the name (with the label value, where one is given); nothing where there is
/// none.
[[nodiscard]] std::optional<double> value_of(const probes::Report& report, const std::string& name,
                                             const std::string& label_value = "");
[[nodiscard]] std::string label_of(const probes::Report& report, const std::string& name,
                                   const std::string& label);

/// Every error's text, joined; "" when the options are accepted.
[[nodiscard]] std::string refusal_of(MakeProber make, const std::string& address,
                                     const std::string& options);

}  // namespace pilotlight::testing
