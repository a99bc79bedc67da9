#include "exporters/query/parameters.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "rules/promql/numbers.h"

namespace pilotlight::query {
namespace {

// How Prometheus writes the first and the last time that it knows (minTime, maxTime).
constexpr std::string_view kFirstTimeText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kLastTimeText = "292277025-08-18T07:12:54.999999999Z";

}  // namespace

ApiError bad_data(std::string message) {
    return {400, "bad_data", std::move(message)};
}

ApiError invalid_parameter(std::string_view name, std::string_view message) {
    return bad_data(fmt::format("invalid parameter \"{}\": {}", name, message));
}

ApiError execution(std::string message) {
    return {422, "execution", std::move(message)};
}

ApiError timeout(std::string message) {
    return {503, "timeout", std::move(message)};
}

ApiError canceled(std::string message) {
    return {503, "canceled", std::move(message)};
}

ApiError unavailable(std::string message) {
    return {503, "unavailable", std::move(message)};
}

exporters::Response to_response(const ApiError& error) {
    return exporters::error_response(error.status, error.type, error.message);
}

std::expected<WallTime, std::string> read_time(std::string_view text) {
    if (const auto seconds = promql::parse_go_float(text)) {
        const double milliseconds = std::round(*seconds * 1000);
        const auto last = static_cast<double>(kLastTime.time_since_epoch().count());
        if (std::abs(milliseconds) <= last) {
            return WallTime(Duration(static_cast<std::int64_t>(milliseconds)));
        }
    } else if (const auto time = parse_time(text)) {
        return *time;
    }
    if (text == kFirstTimeText) return kFirstTime;
    if (text == kLastTimeText) return kLastTime;
    return std::unexpected(fmt::format("cannot parse \"{}\" to a valid timestamp", text));
}

std::expected<Duration, std::string> read_duration(std::string_view text) {
    if (const auto seconds = promql::parse_go_float(text)) {
        // Go's durations are nanoseconds in 63 bits.
        constexpr double kSecondsMax = 9'223'372'036;
        if (std::abs(*seconds) > kSecondsMax) {
            return std::unexpected(
                fmt::format("cannot parse \"{}\" to a valid duration. It overflows int64", text));
        }
        if (std::isnan(*seconds)) return Duration{0};
        return Duration(static_cast<std::int64_t>(*seconds * 1000));
    }
    if (const auto duration = parse_duration(text)) return *duration;
    return std::unexpected(fmt::format("cannot parse \"{}\" to a valid duration", text));
}

std::expected<std::size_t, std::string> read_limit(std::string_view text) {
    if (text.empty()) return 0;
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::unexpected(fmt::format("cannot parse \"{}\" to a whole number", text));
    }
    if (value < 0) return std::unexpected("limit must be non-negative");
    return static_cast<std::size_t>(value);
}

Answer<WallTime> required_time(const exporters::Request& request, std::string_view name) {
    const auto time = read_time(request.parameter(name));
    if (!time) return std::unexpected(invalid_parameter(name, time.error()));
    return *time;
}

Answer<WallTime> optional_time(const exporters::Request& request, std::string_view name,
                               WallTime otherwise) {
    const std::string_view text = request.parameter(name);
    if (text.empty()) return otherwise;
    const auto time = read_time(text);
    if (!time) {
        return std::unexpected(invalid_parameter(
            name, fmt::format("Invalid time value for '{}': {}", name, time.error())));
    }
    return *time;
}

Answer<Duration> optional_duration(const exporters::Request& request, std::string_view name,
                                   Duration otherwise) {
    const std::string_view text = request.parameter(name);
    if (text.empty()) return otherwise;
    const auto duration = read_duration(text);
    if (!duration) return std::unexpected(invalid_parameter(name, duration.error()));
    return *duration;
}

Answer<std::size_t> limit_of(const exporters::Request& request) {
    const auto limit = read_limit(request.parameter("limit"));
    if (!limit) return std::unexpected(invalid_parameter("limit", limit.error()));
    return *limit;
}

}  // namespace pilotlight::query
