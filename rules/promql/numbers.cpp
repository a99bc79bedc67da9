#include "rules/promql/numbers.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace pilotlight::promql {
namespace {

std::optional<double> parse_integer(std::string_view digits, int base) {
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value, base);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return static_cast<double>(value);
}

bool is_word(std::string_view text, std::string_view lower_case) {
    if (text.size() != lower_case.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((text[i] | 0x20) != lower_case[i]) return false;
    }
    return true;
}

std::optional<double> parse_decimal(std::string_view text) {
    if (is_word(text, "inf") || is_word(text, "infinity")) {
        return std::numeric_limits<double>::infinity();
    }
    if (is_word(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
    const bool starts_well =
        !text.empty() && (text[0] == '.' || (text[0] >= '0' && text[0] <= '9'));
    if (!starts_well) return std::nullopt;
    double value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ptr != end || read.ec == std::errc::invalid_argument) return std::nullopt;
    if (read.ec == std::errc{}) return value;
    // Too large is an error, too small is zero, as in Go.
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != text.npos && text.substr(exponent + 1).starts_with('-');
    if (!tiny) return std::nullopt;
    return 0;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c != '_') digits += c;
    }
    if (digits.size() > 1 && digits[0] == '0') {
        const bool hexadecimal = digits[1] == 'x' || digits[1] == 'X';
        if (hexadecimal) return parse_integer(std::string_view(digits).substr(2), 16);
        if (const auto octal = parse_integer(digits, 8)) return octal;
    }
    return parse_decimal(digits);
}

std::optional<double> parse_go_float(std::string_view text) {
    const bool minus = !text.empty() && text[0] == '-';
    if (minus || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
    const auto value = parse_decimal(text);
    if (!value) return std::nullopt;
    return minus ? -*value : *value;
}

}  // namespace pilotlight::promql
