#include "rules/yaml_float.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace pilotlight::rules {

namespace {

std::optional<double> read_integer(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value, base);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return static_cast<double>(value);
}

std::optional<double> read_unsigned(std::string_view text) {
    if (text == ".inf" || text == ".Inf" || text == ".INF") {
        return std::numeric_limits<double>::infinity();
    }
    if (text.starts_with("0x")) return read_integer(text.substr(2), 16);
    if (text.starts_with("0o")) return read_integer(text.substr(2), 8);
    if (text.starts_with("0b")) return read_integer(text.substr(2), 2);
    // What a number may consist of: neither `nan` nor `inf`, which from_chars would take.
    if (text.empty() || text.find_first_not_of("0123456789.eE+-") != text.npos) {
        return std::nullopt;
    }
    if (text.front() == '+' || text.front() == '-') return std::nullopt;
    double value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ptr != end || read.ec == std::errc::invalid_argument) return std::nullopt;
    if (read.ec == std::errc{}) return value;
    // Too large is no number, too small is zero.
    if (text.find("e-") == text.npos && text.find("E-") == text.npos) return std::nullopt;
    return 0;
}

}  // namespace

std::optional<double> read_yaml_float(std::string_view text) {
    if (text == ".nan" || text == ".NaN" || text == ".NAN") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    std::string digits;
    for (const char c : text) {
        if (c != '_') digits += c;
    }
    std::string_view rest = digits;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    const auto value = read_unsigned(rest);
    if (!value) return std::nullopt;
    return negative ? -*value : *value;
}

}  // namespace pilotlight::rules
