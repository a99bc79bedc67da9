#pragma once

#include <string>
#include <string_view>

#include "app/terminal.h"
#include "core/time.h"
#include "probes/runner.h"

namespace pilotlight::app {

/// One probe as `pilotlight probe` shows it to people: the outcome in plain words, its phases as
/// bars on one scale, the addresses, the certificates, what was answered, and every metric. `now`
/// is what certificates expire from. Pure.
[[nodiscard]] std::string picture_of(const probes::ProbeRun& run, WallTime now,
                                     const Terminal& terminal);

/// The colour of a verdict: green, red, yellow.
[[nodiscard]] std::string_view color_of(probes::Verdict verdict);

/// What a handshake showed: a headline, and some lines for each certificate.
[[nodiscard]] std::string certificates_in_words(const TlsEvidence& tls, WallTime now,
                                                const Terminal& terminal);

}  // namespace pilotlight::app
