#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/file_name.h"

namespace pilotlight {

/// A place in a file that a user wrote. `line` and `column` count from 1; 0 means unknown.
struct Location {
    FileName file;
    int line = 0;
    int column = 0;

    bool operator==(const Location&) const = default;
};

/// Why *we* could not do our job: what was attempted, on what, what happened, what was expected.
/// Lower case, one line, no secrets. A target that is down is data (probes/probe.h), not an Error.
struct Error {
    std::string message;
    Location where;

    explicit Error(std::string text, Location place = {})
        : message(std::move(text)), where(std::move(place)) {}

    /// `FILE:LINE:COL: message`, leaving out what is unknown of the place.
    [[nodiscard]] std::string to_string() const;

    bool operator==(const Error&) const = default;
};

/// All that is wrong with an input, in the order in which it was found. Never empty as an error.
using Errors = std::vector<Error>;

template <class T>
using Result = std::expected<T, Error>;

/// For whatever reads a file that a user wrote: every mistake in it is told at once.
template <class T>
using Checked = std::expected<T, Errors>;

/// `return fail("...")` from any function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(std::string message, Location where = {}) {
    return std::unexpected(Error(std::move(message), std::move(where)));
}

}  // namespace pilotlight
