// What parses is printed; what is printed parses, and prints alike.
#include "rules/promql/parser.h"

#include "core/check.h"
#include "rules/promql/printer.h"

namespace pilotlight::fuzz {

namespace {

void parse_and_print(std::string_view text, promql::Compatibility compatibility) {
    const promql::ParseOptions options{.compatibility = compatibility};
    const auto parsed = promql::parse(text, options);
    if (!parsed) {
        PILOT_CHECK(parsed.error().offset <= text.size());
        PILOT_CHECK(!promql::describe(parsed.error(), text).empty());
        return;
    }
    const std::string printed = promql::to_string(**parsed);
    const auto again = promql::parse(printed, options);
    // Printing may add what the text left out, and so come over the limits.
    if (!again) {
        PILOT_CHECK(printed.size() > options.text_limit);
        return;
    }
    PILOT_CHECK(promql::to_string(**again) == printed);
}

}  // namespace

void promql_parser(std::string_view input) {
    parse_and_print(input, promql::Compatibility::prometheus2);
    parse_and_print(input, promql::Compatibility::prometheus3);
}

}  // namespace pilotlight::fuzz
