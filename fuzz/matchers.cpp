// Matchers as Alertmanager writes them: what is read can be printed and read again.
#include "core/matcher.h"

#include "core/check.h"

namespace pilotlight::fuzz {

void matchers(std::string_view input) {
    const Labels labels{{"alertname", "Up"}, {"severity", "critical"}};
    const auto utf8 = parse_utf8_matchers(input);
    const auto either = parse_matchers(input);
    PILOT_CHECK(either || !utf8);
    if (!either) return;
    static_cast<void>(all_match(*either, labels));
    for (const auto& matcher : *either)
        PILOT_CHECK(!matcher.to_string().empty());
}

}  // namespace pilotlight::fuzz
