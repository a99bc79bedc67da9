#include "core/sample.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "core/check.h"

namespace pilotlight {
namespace {

// Prometheus, model/value: StaleNaN.
constexpr std::uint64_t kStaleBits = 0x7ff0000000000002U;

}  // namespace

std::string_view to_string(MetricType type) {
    switch (type) {
        case MetricType::unknown:
            return "untyped";
        case MetricType::counter:
            return "counter";
        case MetricType::gauge:
            return "gauge";
        case MetricType::histogram:
            return "histogram";
        case MetricType::summary:
            return "summary";
    }
    PILOT_CHECK(false);
}

double stale_marker() {
    return std::bit_cast<double>(kStaleBits);
}

bool is_stale(double value) {
    return std::bit_cast<std::uint64_t>(value) == kStaleBits;
}

void append_value(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        char buffer[32];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
        out.append(buffer, end.ptr);
    }
}

std::string format_value(double value) {
    std::string text;
    append_value(text, value);
    return text;
}

}  // namespace pilotlight
