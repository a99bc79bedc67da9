#include "core/template/humanize.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/template/functions.h"

namespace pilotlight::tmpl {

namespace {

constexpr std::array<std::string_view, 8> kThousands = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<std::string_view, 8> kThousandths = {"m", "u", "n", "p", "f", "a", "z", "y"};
constexpr std::array<std::string_view, 8> kKibis = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};

std::string four_digits(double value) {
    return format_real(value, 'g', 4);
}

/// `value` with four digits and the prefix that brings it below `base`.
std::string scaled_down(double value, double base, std::span<const std::string_view> prefixes) {
    std::string_view prefix;
    for (const auto next : prefixes) {
        if (std::abs(value) < base) break;
        prefix = next;
        value /= base;
    }
    return fmt::format("{}{}", four_digits(value), prefix);
}

std::string scaled_up(double value) {
    std::string_view prefix;
    for (const auto next : kThousandths) {
        if (std::abs(value) >= 1) break;
        prefix = next;
        value *= 1000;
    }
    return fmt::format("{}{}", four_digits(value), prefix);
}

/// Whole seconds, held within what an int64 takes.
std::int64_t whole(double seconds) {
    constexpr double kMost = 9.2e18;
    return static_cast<std::int64_t>(std::min(seconds, kMost));
}

}  // namespace

std::string humanize(double value) {
    if (value == 0 || !std::isfinite(value)) return four_digits(value);
    return std::abs(value) >= 1 ? scaled_down(value, 1000, kThousands) : scaled_up(value);
}

std::string humanize_1024(double value) {
    if (std::abs(value) <= 1 || !std::isfinite(value)) return four_digits(value);
    return scaled_down(value, 1024, kKibis);
}

std::string humanize_duration(double seconds) {
    if (!std::isfinite(seconds)) return four_digits(seconds);
    if (seconds == 0) return four_digits(seconds) + 's';
    if (std::abs(seconds) < 1) return scaled_up(seconds) + 's';
    const std::string_view sign = seconds < 0 ? "-" : "";
    const double size = std::abs(seconds);
    const std::int64_t total = whole(size);
    const std::int64_t minutes = total / 60 % 60;
    const std::int64_t hours = total / 3600 % 24;
    const std::int64_t days = total / 86400;
    if (days != 0) return fmt::format("{}{}d {}h {}m {}s", sign, days, hours, minutes, total % 60);
    if (hours != 0) return fmt::format("{}{}h {}m {}s", sign, hours, minutes, total % 60);
    if (minutes != 0) return fmt::format("{}{}m {}s", sign, minutes, total % 60);
    return fmt::format("{}{}s", sign, four_digits(size));
}

std::string humanize_percentage(double ratio) {
    return four_digits(ratio * 100) + '%';
}

}  // namespace pilotlight::tmpl
