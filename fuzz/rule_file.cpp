// A file of rules: YAML, then rules of both generations.
#include "rules/rule_file.h"

#include "core/check.h"
#include "fuzz/texts.h"

namespace pilotlight::fuzz {

void rule_file(std::string_view input) {
    const auto root = read_yaml(input);
    if (!root) return;
    for (const bool utf8_names : {false, true}) {
        rules::ReadOptions options;
        options.utf8_names = utf8_names;
        if (!utf8_names) options.compatibility = promql::Compatibility::prometheus2;
        const auto file = rules::read_rule_file(*root, options);
        if (file) {
            PILOT_CHECK(rules::lint(*file).size() <= file->rule_count());
        } else {
            PILOT_CHECK(!file.error().empty());
        }
    }
}

}  // namespace pilotlight::fuzz
