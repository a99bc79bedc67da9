#include <unistd.h>

#include "probes/host_collectors.h"
#include "probes/host_file.h"

namespace pilotlight::probes::host {
namespace {

/// The order of the columns in /proc/stat; guest time is in user's too.
constexpr std::string_view kModes[] = {"user",   "nice", "system",  "idle",
                                       "iowait", "irq",  "softirq", "steal"};
constexpr std::string_view kGuestModes[] = {"user", "nice"};

void add_cpu(std::span<const std::string_view> words, double ticks_per_second,
             CpuCounters& counters, Findings& out) {
    const std::string cpu(words[0].substr(3));
    const auto seconds = [&](std::size_t column) {
        if (column >= words.size()) return 0.0;
        return number_of(words[column]).value_or(0) / ticks_per_second;
    };
    std::size_t column = 1;
    for (const std::string_view mode : kModes) {
        const double forward = counters.forward(cpu, mode, seconds(column++));
        out.add("node_cpu_seconds_total", forward, {{"cpu", cpu}, {"mode", std::string(mode)}});
    }
    for (const std::string_view mode : kGuestModes) {
        out.add("node_cpu_guest_seconds_total", seconds(column++),
                {{"cpu", cpu}, {"mode", std::string(mode)}});
    }
}

}  // namespace

double CpuCounters::forward(const std::string& cpu, std::string_view mode, double seconds) {
    constexpr double kMostBackwards = 3;
    double& last = last_.try_emplace({cpu, std::string(mode)}, seconds).first->second;
    if (seconds >= last || last - seconds >= kMostBackwards) last = seconds;
    return last;
}

Result<void> collect_cpu(const Paths& paths, CpuCounters& counters, Findings& out) {
    const Result<std::string> text = read_kernel_file(paths.procfs + "/stat");
    if (!text) return std::unexpected(text.error());
    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    bool any = false;
    for (const std::string_view line : lines_of(*text)) {
        // "cpu " is the sum of all.
        if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
        add_cpu(words_of(line), ticks_per_second, counters, out);
        any = true;
    }
    if (!any) return fail(paths.procfs + "/stat: no cpu lines");
    return {};
}

Result<void> collect_stat(const Paths& paths, Findings& out) {
    struct Field {
        std::string_view key;
        const char* name;
    };
    static constexpr Field kFields[] = {{"btime", "node_boot_time_seconds"},
                                        {"ctxt", "node_context_switches_total"},
                                        {"intr", "node_intr_total"},
                                        {"processes", "node_forks_total"},
                                        {"procs_running", "node_procs_running"},
                                        {"procs_blocked", "node_procs_blocked"}};
    const Result<std::string> text = read_kernel_file(paths.procfs + "/stat");
    if (!text) return std::unexpected(text.error());
    const std::size_t before = out.measurements.size();
    for (const std::string_view line : lines_of(*text)) {
        const std::string_view key = line.substr(0, line.find(' '));
        const auto* const field = std::ranges::find(kFields, key, &Field::key);
        if (field == std::end(kFields)) continue;
        const std::vector<std::string_view> words = words_of(line);
        const std::optional<double> value = number_of(words.size() > 1 ? words[1] : "");
        if (value) out.add(field->name, *value);
    }
    if (out.measurements.size() == before) return fail(paths.procfs + "/stat: no known line");
    return {};
}

}  // namespace pilotlight::probes::host
