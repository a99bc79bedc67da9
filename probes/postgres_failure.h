#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "probes/probe.h"

/// Why a dialogue with PostgreSQL broke off.
namespace pilotlight::probes {

/// An outcome with the server's SQLSTATE, where it gave one.
struct PostgresFailure {
    Outcome outcome;
    std::string sqlstate;
};
template <class T>
using PostgresAttempt = std::expected<T, PostgresFailure>;

/// What an SQLSTATE means for a probe. Source: PostgreSQL's appendix A.
[[nodiscard]] PostgresFailure failure_of_sqlstate(std::string_view phase, std::string_view sqlstate,
                                                  std::string_view message);

/// What libpq's words about a connection mean: that is all it gives. They must come from a
/// connection whose verbosity is PQERRORS_SQLSTATE, so that a server's refusal is its SQLSTATE.
[[nodiscard]] PostgresFailure failure_of_message(std::string_view message);

}  // namespace pilotlight::probes
