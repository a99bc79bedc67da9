#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pilotlight::probes {

/// Why a turn of a target was left out.
enum class SkipCause {
    /// Its earlier probe, or what confirms that, was still in flight.
    overrun,
    /// Nobody looked in time: the loop, the process or the machine stood still.
    missed,
    /// Its earlier turn still waited for a place among the probes of its loop, ...
    in_flight_limit,
    /// ... of its host, ...
    host_limit,
    /// ... or of its prober.
    prober_limit,
};
inline constexpr std::array kSkipCauses{SkipCause::overrun, SkipCause::missed,
                                        SkipCause::in_flight_limit, SkipCause::host_limit,
                                        SkipCause::prober_limit};

/// The label `cause` of pilotlight_probes_skipped_total.
[[nodiscard]] constexpr std::string_view to_string(SkipCause cause) {
    constexpr std::array<std::string_view, kSkipCauses.size()> kNames{
        "overrun", "missed", "in_flight_limit", "host_limit", "prober_limit"};
    return kNames.at(static_cast<std::size_t>(cause));
}

/// How many turns were left out for each cause.
class SkipCounts {
  public:
    [[nodiscard]] std::uint64_t& operator[](SkipCause cause) {
        return counts_.at(static_cast<std::size_t>(cause));
    }
    [[nodiscard]] std::uint64_t operator[](SkipCause cause) const {
        return counts_.at(static_cast<std::size_t>(cause));
    }
    SkipCounts& operator+=(const SkipCounts& other) {
        for (const SkipCause cause : kSkipCauses)
            (*this)[cause] += other[cause];
        return *this;
    }

  private:
    std::array<std::uint64_t, kSkipCauses.size()> counts_{};
};

}  // namespace pilotlight::probes
