#include "app/matcher_words.h"

#include <fmt/format.h>

#include "app/http_call.h"
#include "core/labels.h"

namespace pilotlight::app {

Result<Matchers> read_matcher_words(const std::vector<std::string>& words) {
    Matchers matchers;
    for (const std::string& word : words) {
        if (word.find_first_of("=~!") == word.npos) {
            auto name = Matcher::make(std::string(kAlertName), Matcher::Op::equal, word);
            if (!name) return std::unexpected(std::move(name.error()));
            matchers.push_back(std::move(*name));
            continue;
        }
        auto read = parse_matchers(word);
        if (!read) {
            return fail(fmt::format("{}: {}, expected a form such as job=api or 'job=~\"a.*\"'",
                                    word, read.error().message));
        }
        matchers.insert(matchers.end(), read->begin(), read->end());
    }
    return matchers;
}

std::string filter_of(const Matchers& matchers) {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const Matcher& matcher : matchers)
        fields.emplace_back("filter", matcher.to_string());
    return form_of(fields);
}

}  // namespace pilotlight::app
