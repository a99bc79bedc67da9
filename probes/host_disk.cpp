#include "probes/host_collectors.h"
#include "probes/host_file.h"

namespace pilotlight::probes::host {

// Source: the kernel's Documentation/admin-guide/iostats.rst.
Result<void> collect_disk(const Paths& paths, const Regexp& exclude, Findings& out) {
    struct Column {
        const char* name;
        double factor;
    };
    constexpr double kSector = 512;
    constexpr double kMillisecond = 0.001;
    static constexpr Column kColumns[] = {
        {"node_disk_reads_completed_total", 1},
        {"node_disk_reads_merged_total", 1},
        {"node_disk_read_bytes_total", kSector},
        {"node_disk_read_time_seconds_total", kMillisecond},
        {"node_disk_writes_completed_total", 1},
        {"node_disk_writes_merged_total", 1},
        {"node_disk_written_bytes_total", kSector},
        {"node_disk_write_time_seconds_total", kMillisecond},
        {"node_disk_io_now", 1},
        {"node_disk_io_time_seconds_total", kMillisecond},
        {"node_disk_io_time_weighted_seconds_total", kMillisecond}};
    const Result<std::string> text = read_kernel_file(paths.procfs + "/diskstats");
    if (!text) return std::unexpected(text.error());
    for (const std::string_view line : lines_of(*text)) {
        const std::vector<std::string_view> words = words_of(line);
        constexpr std::size_t kFirst = 3;
        if (words.size() < kFirst + std::size(kColumns)) continue;
        const std::string device(words[2]);
        if (exclude.matches(device)) continue;
        for (std::size_t i = 0; i < std::size(kColumns); ++i) {
            const std::optional<double> value = number_of(words[kFirst + i]);
            if (!value) continue;
            out.add(kColumns[i].name, *value * kColumns[i].factor, {{"device", device}});
        }
    }
    return {};
}

}  // namespace pilotlight::probes::host
