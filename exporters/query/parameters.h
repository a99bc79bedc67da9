#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "core/time.h"
#include "exporters/http.h"

/// Prometheus's query API over the live series: exporters/query/service.h.
namespace pilotlight::query {

/// Why a request is not answered, with the HTTP code and the type that Prometheus's API gives it
/// (web/api/v1/api.go, respondError).
struct ApiError {
    int status = 500;
    std::string_view type;
    std::string message;
};

/// 400.
[[nodiscard]] ApiError bad_data(std::string message);
/// 400, `invalid parameter "NAME": MESSAGE`.
[[nodiscard]] ApiError invalid_parameter(std::string_view name, std::string_view message);
/// 422: the expression cannot be evaluated over these series.
[[nodiscard]] ApiError execution(std::string message);
/// 503.
[[nodiscard]] ApiError timeout(std::string message);
[[nodiscard]] ApiError canceled(std::string message);
[[nodiscard]] ApiError unavailable(std::string message);

[[nodiscard]] exporters::Response to_response(const ApiError& error);

template <class T>
using Answer = std::expected<T, ApiError>;

/// The first and the last time that a request may name: whole milliseconds far from overflow.
inline constexpr WallTime kFirstTime{Duration{-(1LL << 53)}};
inline constexpr WallTime kLastTime{Duration{1LL << 53}};

/// Unix seconds as a float, RFC 3339, or how Prometheus writes its first and last time; the error
/// is Prometheus's text.
[[nodiscard]] std::expected<WallTime, std::string> read_time(std::string_view text);
/// Seconds as a float, or a duration such as 1h30m.
[[nodiscard]] std::expected<Duration, std::string> read_duration(std::string_view text);
/// A whole number, 0 or absent for no limit.
[[nodiscard]] std::expected<std::size_t, std::string> read_limit(std::string_view text);

/// The request's parameters, with Prometheus's errors.
[[nodiscard]] Answer<WallTime> required_time(const exporters::Request& request,
                                             std::string_view name);
[[nodiscard]] Answer<WallTime> optional_time(const exporters::Request& request,
                                             std::string_view name, WallTime otherwise);
[[nodiscard]] Answer<Duration> optional_duration(const exporters::Request& request,
                                                 std::string_view name, Duration otherwise);
[[nodiscard]] Answer<std::size_t> limit_of(const exporters::Request& request);

}  // namespace pilotlight::query
