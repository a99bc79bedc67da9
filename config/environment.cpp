#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

#include "config/yaml.h"
#include "core/labels.h"

namespace pilotlight::config {
namespace {

/// One `${NAME}` or `${NAME:-default}` at the start of a text.
struct Reference {
    std::string_view name;
    std::optional<std::string_view> fallback;
    /// Bytes of the whole reference; 0 where its end is missing.
    std::size_t length = 0;
};

/// Nothing where the text is no reference to a variable.
std::optional<Reference> parse_reference(std::string_view text) {
    constexpr std::size_t kOpen = 2;
    std::size_t end = kOpen;
    while (end < text.size() &&
           (text[end] == '_' || std::isalnum(static_cast<unsigned char>(text[end])) != 0)) {
        ++end;
    }
    Reference found{.name = text.substr(kOpen, end - kOpen), .fallback = {}, .length = 0};
    if (!is_legacy_label_name(found.name)) return std::nullopt;
    std::string_view rest = text.substr(end);
    if (rest.starts_with('}')) {
        found.length = end + 1;
    } else if (rest.starts_with(":-")) {
        const std::size_t close = rest.find('}');
        if (close == std::string_view::npos) return found;
        found.fallback = rest.substr(2, close - 2);
        found.length = end + close + 1;
    }
    return found;
}

/// The variable's text, or the default; nothing, and an error, where there is neither.
std::optional<std::string> look_up(const Reference& reference, Node& node, Errors& errors) {
    const std::string name(reference.name);
    // Nobody calls setenv once threads run.
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (reference.fallback && (value == nullptr || *value == '\0')) {
        return std::string(*reference.fallback);
    }
    if (value != nullptr) {
        node.from_environment = true;
        return value;
    }
    errors.push_back(node.error(fmt::format(
        "the environment variable {} is not set, expected it or a default: ${{{}:-default}}", name,
        name)));
    return std::nullopt;
}

void expand_scalar(Node& node, Errors& errors) {
    std::string_view text = node.scalar;
    std::string out;
    for (std::size_t open = text.find("${"); open != std::string_view::npos;
         open = text.find("${")) {
        if (open > 0 && text[open - 1] == '$') {
            out += text.substr(0, open - 1);
            out += "${";
            text.remove_prefix(open + 2);
            continue;
        }
        out += text.substr(0, open);
        text.remove_prefix(open);
        const auto reference = parse_reference(text);
        if (!reference) {
            out += "${";
            text.remove_prefix(2);
            continue;
        }
        if (reference->length == 0) {
            errors.push_back(node.error(
                fmt::format("${{{} has no end, expected }} or :-default}} ($${{ stands for ${{)",
                            reference->name)));
            return;
        }
        const auto value = look_up(*reference, node, errors);
        if (!value) return;
        out += *value;
        text.remove_prefix(reference->length);
    }
    out += text;
    node.scalar = std::move(out);
}

}  // namespace

void expand_environment(Node& node, Errors& errors) {
    if (node.is_scalar() && node.scalar.contains("${")) expand_scalar(node, errors);
    for (Node& item : node.items)
        expand_environment(item, errors);
    for (Node::Entry& entry : node.entries)
        expand_environment(entry.value, errors);
}

}  // namespace pilotlight::config
