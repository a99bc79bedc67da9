#pragma once

#include <cstdint>
#include <string_view>

#include "core/sample.h"

namespace pilotlight::exporters {

/// What the kernel says of a process: the values of the `process_*` metrics that every exporter
/// has. A value that could not be read is 0.
struct ProcessMetrics {
    double cpu_seconds = 0;
    double start_time_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_fds = 0;
    std::uint64_t max_fds = 0;
    std::uint64_t threads = 0;
};

/// Reads /proc/self. Thread: any.
[[nodiscard]] ProcessMetrics read_process_metrics();

/// Appends them under those names.
void append_process_metrics(SampleBatch& batch);

/// The figures in /proc/PID/stat and /proc/stat (proc(5)), for `ticks` a second and pages of
/// `page_bytes`. Tells a name with spaces and brackets from the fields behind it.
[[nodiscard]] ProcessMetrics parse_process_stat(std::string_view process_stat,
                                                std::string_view system_stat, double ticks,
                                                std::uint64_t page_bytes);

}  // namespace pilotlight::exporters
