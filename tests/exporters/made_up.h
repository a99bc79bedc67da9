#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporters/site.h"
#include "exporters/snapshot.h"

/// Snapshots as an engine would build them, for tests and for the preview of the status page.
namespace pilotlight::exporters::made_up {

/// 2026-03-01T12:00:00Z
inline constexpr WallTime kNow{std::chrono::seconds(1'772'366'400)};

struct Series {
    std::string name;
    double value = 0;
    std::vector<std::pair<std::string, std::string>> labels;
};

[[nodiscard]] SharedBatch batch(const std::vector<Series>& series,
                                std::vector<MetricFamily> families = {});

/// A target that was probed a moment before kNow and is up.
[[nodiscard]] TargetView target(std::string name, std::string prober, std::string service = {});

[[nodiscard]] Alert firing(std::string name, std::string severity, std::string service,
                           std::string summary, Duration ago);

/// The example of the contract, everything up.
[[nodiscard]] Snapshot calm(WallTime now = kNow);
/// The same with PostgreSQL down, the application slow, a certificate near its end, a receiver that
/// refuses, and a reload that was refused.
[[nodiscard]] Snapshot outage(WallTime now = kNow);

/// A site that shows `snapshot`, without callbacks.
[[nodiscard]] Site site_of(Snapshot snapshot);

[[nodiscard]] Request get(std::string path, std::vector<Header> headers = {});
[[nodiscard]] Request post(std::string path, std::vector<Header> headers = {});

/// The value of the response's header, "" where it has none.
[[nodiscard]] std::string header_of(const Response& response, std::string_view name);

}  // namespace pilotlight::exporters::made_up
