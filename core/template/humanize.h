#pragma once

#include <string>

/// Numbers for people, as Prometheus's and Alertmanager's templates write them.
namespace pilotlight::tmpl {

/// 1234567 is "1.235M".
[[nodiscard]] std::string humanize(double value);
/// 1048576 is "1Mi".
[[nodiscard]] std::string humanize_1024(double value);
/// Seconds: 3661 is "1h 1m 1s", 0.5 is "500ms".
[[nodiscard]] std::string humanize_duration(double seconds);
/// A ratio: 0.25 is "25%".
[[nodiscard]] std::string humanize_percentage(double ratio);

}  // namespace pilotlight::tmpl
