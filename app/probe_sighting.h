#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "core/time.h"
#include "probes/runner.h"

/// What one probe after another showed, a line each. Pure.
namespace pilotlight::app {

struct Sighting {
    WallTime at{};
    std::chrono::nanoseconds took{};
    probes::Outcome outcome;
    /// Of HTTP; "" where there was none.
    std::string status;
    /// That was connected to; "" where it is not known.
    std::string address;
    /// The fingerprint of the server's certificate; "" where none was seen.
    std::string certificate;
};

[[nodiscard]] Sighting sighting_of(const probes::ProbeRun& run);

/// What is other than before, each in a few words: "was ok", "status was 200". How long it took
/// is no news, nor is what was not seen.
[[nodiscard]] std::vector<std::string> changes_between(const Sighting& before, const Sighting& now);

/// One line without its end; a `*` stands before one with changes.
[[nodiscard]] std::string line_of(const Sighting& sighting, const std::vector<std::string>& changes,
                                  const Terminal& terminal);

/// How many there were of each verdict.
struct SightingCounts {
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t unknown = 0;
    std::uint64_t changed = 0;

    void add(const Sighting& sighting, bool has_changes);
    [[nodiscard]] std::uint64_t all() const { return ok + failed + unknown; }
};

/// "12 probes: 11 ok, 1 failed; 2 changes".
[[nodiscard]] std::string counts_in_words(const SightingCounts& counts);

}  // namespace pilotlight::app
