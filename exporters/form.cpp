#include "exporters/form.h"

#include <algorithm>

namespace pilotlight::exporters {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// -1 for what is no hexadecimal digit.
int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string decode(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && text.size() - i > 2 && digit(text[i + 1]) >= 0 &&
                            digit(text[i + 2]) >= 0;
        if (escape) {
            plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            plain += text[i] == '+' ? ' ' : text[i];
        }
    }
    return plain;
}

}  // namespace

bool is_form(std::string_view content_type) {
    const std::string_view type = content_type.substr(0, content_type.find(';'));
    const std::string_view bare = type.substr(0, type.find_last_not_of(" \t") + 1);
    return std::ranges::equal(bare, kFormType, {}, lower);
}

std::vector<std::pair<std::string, std::string>> read_form(std::string_view body) {
    std::vector<std::pair<std::string, std::string>> fields;
    while (!body.empty()) {
        const std::string_view field = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(field.size() + 1, body.size()));
        if (field.empty()) continue;
        const std::size_t equals = field.find('=');
        const std::string_view name = field.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1);
        fields.emplace_back(decode(name), decode(value));
    }
    return fields;
}

}  // namespace pilotlight::exporters
