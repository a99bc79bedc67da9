#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pilotlight::config {
namespace {

bool holds(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

/// A number stands without quotes, as in YAML; but `"${PORT}"` needs them.
bool may_be_number(const Node& node) {
    return node.is_scalar() && (!node.quoted || node.from_environment);
}

template <class Number>
bool parse_whole(std::string_view text, Number& out) {
    const char* end = text.data() + text.size();
    Number value{};
    const auto parsed = std::from_chars(text.data(), end, value);
    if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return false;
    out = value;
    return true;
}

/// YAML 1.1 reads 010 as eight, YAML 1.2 as ten: neither is guessed.
bool has_leading_zero(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return text.size() > 1 && text[0] == '0';
}

template <class Integer>
void read_integer(const Node& node, std::string_view what, Integer& out, Errors& errors) {
    Integer value{};
    if (may_be_number(node) && !has_leading_zero(node.scalar) && parse_whole(node.scalar, value)) {
        out = value;
    } else {
        expected_value(node, what, errors);
    }
}

struct SizeUnit {
    std::string_view name;
    int shift;
};
constexpr std::array<SizeUnit, 10> kSizeUnits{{{"", 0},
                                               {"B", 0},
                                               {"KB", 10},
                                               {"KiB", 10},
                                               {"MB", 20},
                                               {"MiB", 20},
                                               {"GB", 30},
                                               {"GiB", 30},
                                               {"TB", 40},
                                               {"TiB", 40}}};

std::optional<Bytes> parse_bytes(std::string_view text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    if (!parse_whole(text.substr(0, digits), number)) return std::nullopt;
    const auto unit = std::ranges::find(kSizeUnits, text.substr(digits), &SizeUnit::name);
    if (unit == kSizeUnits.end()) return std::nullopt;
    // Up to here a double counts every byte.
    constexpr double kExactMax = 9007199254740992.0;
    const double count = std::ldexp(number, unit->shift);
    if (count > kExactMax || count != std::floor(count)) return std::nullopt;
    return Bytes{static_cast<std::uint64_t>(count)};
}

/// Calls `read(name, value)` for each entry.
template <class Read>
void read_entries(const Node& node, std::string_view what, Errors& errors, Read read) {
    if (!node.is_mapping()) return expected_value(node, what, errors);
    for (const Node::Entry& entry : node.entries)
        read(entry);
}

template <class Value>
void read_map(const Node& node, std::map<std::string, Value>& out, Errors& errors) {
    std::map<std::string, Value> read;
    const std::size_t before = errors.size();
    read_entries(node, "a mapping of names to texts", errors, [&](const Node::Entry& entry) {
        read_value(entry.value, read[entry.key], errors);
    });
    if (errors.size() == before) out = std::move(read);
}

}  // namespace

void expected_value(const Node& node, std::string_view what, Errors& errors) {
    errors.push_back(node.error(fmt::format("expected {}, got {}", what, node.shown())));
}

void read_value(const Node& node, bool& out, Errors& errors) {
    // Go's YAML library, and so Prometheus, takes the words of YAML 1.1 where a boolean is due.
    constexpr std::array<std::string_view, 5> kTrue{"true", "True", "TRUE", "yes", "on"};
    constexpr std::array<std::string_view, 5> kFalse{"false", "False", "FALSE", "no", "off"};
    const bool plain = may_be_number(node);
    if (plain && holds(kTrue, node.scalar)) {
        out = true;
    } else if (plain && holds(kFalse, node.scalar)) {
        out = false;
    } else {
        expected_value(node, "true or false", errors);
    }
}

void read_value(const Node& node, int& out, Errors& errors) {
    read_integer(node, "an integer", out, errors);
}

void read_value(const Node& node, std::uint64_t& out, Errors& errors) {
    read_integer(node, "an integer of 0 or more", out, errors);
}

void read_value(const Node& node, double& out, Errors& errors) {
    double value = 0;
    if (may_be_number(node) && parse_whole(node.scalar, value) && std::isfinite(value)) {
        out = value;
    } else {
        expected_value(node, "a number", errors);
    }
}

void read_value(const Node& node, std::string& out, Errors& errors) {
    if (!node.is_scalar()) return expected_value(node, "a text", errors);
    out = node.scalar;
}

void read_value(const Node& node, Secret& out, Errors& errors) {
    if (!node.is_scalar()) return expected_value(node, "a text", errors);
    out = Secret(node.scalar);
}

void read_value(const Node& node, Duration& out, Errors& errors) {
    const auto parsed = node.is_scalar() ? parse_duration(node.scalar) : fail("");
    if (!parsed) return expected_value(node, "a duration such as 15s or 1h30m", errors);
    out = *parsed;
}

void read_value(const Node& node, Bytes& out, Errors& errors) {
    const auto parsed = node.is_scalar() ? parse_bytes(node.scalar) : std::nullopt;
    if (!parsed) return expected_value(node, "a size such as 512, 10KB or 2MiB", errors);
    out = *parsed;
}

void read_value(const Node& node, std::optional<Regexp>& out, Errors& errors) {
    if (!node.is_scalar()) return expected_value(node, "a regular expression", errors);
    auto compiled = Regexp::compile(node.scalar);
    if (compiled) {
        out = std::move(*compiled);
    } else if (node.from_environment) {
        expected_value(node, "a regular expression in RE2's syntax", errors);
    } else {
        errors.push_back(node.error(compiled.error().message));
    }
}

void read_value(const Node& node, Regexp& out, Errors& errors) {
    std::optional<Regexp> read;
    read_value(node, read, errors);
    if (read) out = std::move(*read);
}

void read_value(const Node& node, std::vector<Regexp>& out, Errors& errors) {
    if (!node.is_sequence()) return expected_value(node, "a list", errors);
    out.clear();
    for (const Node& item : node.items) {
        std::optional<Regexp> read;
        read_value(item, read, errors);
        if (read) out.push_back(std::move(*read));
    }
}

void read_value(const Node& node, Labels& out, Errors& errors) {
    LabelsBuilder read;
    const std::size_t before = errors.size();
    read_entries(node, "a mapping of label names to texts", errors, [&](const Node::Entry& entry) {
        std::string value;
        read_value(entry.value, value, errors);
        if (is_legacy_label_name(entry.key)) {
            read.set(entry.key, value);
        } else {
            errors.emplace_back(
                fmt::format("\"{}\" is no label name, expected letters, digits and _", entry.key),
                entry.key_where);
        }
    });
    if (errors.size() == before) out = read.build();
}

void read_value(const Node& node, Matchers& out, Errors& errors) {
    if (!node.is_sequence()) return expected_value(node, "a list of matchers", errors);
    out.clear();
    for (const Node& item : node.items) {
        if (!item.is_scalar()) {
            expected_value(item, "a matcher such as severity=\"critical\"", errors);
            continue;
        }
        auto matchers = parse_matchers(item.scalar);
        if (matchers) {
            out.insert(out.end(), matchers->begin(), matchers->end());
        } else if (item.from_environment) {
            expected_value(item, "a matcher such as severity=\"critical\"", errors);
        } else {
            errors.push_back(item.error(matchers.error().message));
        }
    }
}

void read_value(const Node& node, std::map<std::string, std::string>& out, Errors& errors) {
    read_map(node, out, errors);
}

void read_value(const Node& node, std::map<std::string, Secret>& out, Errors& errors) {
    read_map(node, out, errors);
}

void read_value(const Node& node, Node& out, Errors&) {
    out = node;
}

void check_keys(const Node& node, const std::vector<std::string_view>& known, Errors& errors) {
    if (node.is_null()) return;
    read_entries(node, "a mapping", errors, [&](const Node::Entry& entry) {
        if (holds(known, entry.key)) return;
        errors.emplace_back(unknown_key_message(entry.key, known), entry.key_where);
    });
}

void missing_key(const Node& node, std::string_view key, Errors& errors) {
    errors.push_back(node.error(fmt::format("missing key \"{}\"", key)));
}

}  // namespace pilotlight::config
