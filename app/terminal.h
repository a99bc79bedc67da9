#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pilotlight::app {

/// How text may look where it is written.
struct Terminal {
    /// Whether colours are shown.
    bool has_color = false;
    /// Characters in a line.
    std::size_t columns = 80;

    /// Standard output's: colours on a terminal only, and not where NO_COLOR (no-color.org) or
    /// TERM=dumb forbids them.
    [[nodiscard]] static Terminal of_stdout();

    /// `text` in a colour, as a number of ANSI's SGR ("31" is red); as it is where there are none.
    [[nodiscard]] std::string colored(std::string_view text, std::string_view color) const;
};

}  // namespace pilotlight::app
