#pragma once

namespace pilotlight::promql {

/// Whose answers are given where the two differ. Prometheus 3: ranges and lookback open on the
/// left, names dropped at the end of the evaluation, UTF-8 names, `.` matching newlines; 2: as
/// 2.42, ranges closed on both sides.
enum class Compatibility { prometheus2 = 2, prometheus3 = 3 };

}  // namespace pilotlight::promql
