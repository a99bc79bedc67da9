#include "probes/host_collectors.h"
#include "probes/host_file.h"

namespace pilotlight::probes::host {

Result<void> collect_load(const Paths& paths, Findings& out) {
    const std::string path = paths.procfs + "/loadavg";
    const Result<std::string> text = read_kernel_file(path);
    if (!text) return std::unexpected(text.error());
    const std::vector<std::string_view> words = words_of(*text);
    const char* const names[] = {"node_load1", "node_load5", "node_load15"};
    for (std::size_t i = 0; i < std::size(names); ++i) {
        const std::optional<double> value = number_of(i < words.size() ? words[i] : "");
        if (!value) return fail(path + ": not three load averages");
        out.add(names[i], *value);
    }
    return {};
}

Result<void> collect_pressure(const Paths& paths, Findings& out) {
    struct Field {
        const char* file;
        std::string_view line;
        const char* name;
    };
    static constexpr Field kFields[] = {
        {"cpu", "some", "node_pressure_cpu_waiting_seconds_total"},
        {"io", "some", "node_pressure_io_waiting_seconds_total"},
        {"io", "full", "node_pressure_io_stalled_seconds_total"},
        {"memory", "some", "node_pressure_memory_waiting_seconds_total"},
        {"memory", "full", "node_pressure_memory_stalled_seconds_total"},
        {"irq", "full", "node_pressure_irq_stalled_seconds_total"}};
    const std::size_t before = out.measurements.size();
    for (const Field& field : kFields) {
        const Result<std::string> text =
            read_kernel_file(fmt::format("{}/pressure/{}", paths.procfs, field.file));
        if (!text) continue;
        for (const std::string_view line : lines_of(*text)) {
            const std::size_t total = line.rfind("total=");
            if (!line.starts_with(field.line) || total == line.npos) continue;
            const std::optional<double> microseconds = number_of(line.substr(total + 6));
            if (microseconds) out.add(field.name, *microseconds / 1e6);
        }
    }
    if (out.measurements.size() == before) {
        return fail(paths.procfs + "/pressure: this kernel keeps no account of pressure");
    }
    return {};
}

}  // namespace pilotlight::probes::host
