// What a target sends, with a secret of its own in it: the first line is the secret.
#include <algorithm>

#include "core/check.h"
#include "core/utf8.h"
#include "probes/redaction.h"

namespace pilotlight::fuzz {

void redaction(std::string_view input) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view secret = input.substr(0, end);
    const std::string_view text = input.substr(std::min(end + 1, input.size()));
    probes::Redaction redaction;
    redaction.hide(secret);
    redaction.hide_body(secret);
    redaction.hide_url(secret);
    for (const std::size_t limit : {std::size_t{17}, text.size() * 9 + 9}) {
        const std::string shown = redaction.shown(text, limit);
        PILOT_CHECK(shown.size() <= limit);
        PILOT_CHECK(is_valid_utf8(shown));
        // What hides it may spell it: a secret of its letters proves nothing.
        const bool spelled = std::ranges::any_of(
            secret, [](char c) { return std::string_view("<secrt>").contains(c); });
        if (secret.size() >= 4 && !spelled) PILOT_CHECK(!shown.contains(secret));
    }
}

}  // namespace pilotlight::fuzz
