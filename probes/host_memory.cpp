#include "probes/host_collectors.h"
#include "probes/host_file.h"

namespace pilotlight::probes::host {
namespace {

/// `Active(anon)` is `Active_anon`.
std::string field_name(std::string_view key) {
    std::string name;
    for (const char c : key) {
        if (c == '(' || c == ':') {
            if (c == '(') name += '_';
        } else if (c != ')') {
            name += c;
        }
    }
    return name;
}

}  // namespace

Result<void> collect_memory(const Paths& paths, Findings& out) {
    const std::string path = paths.procfs + "/meminfo";
    const Result<std::string> text = read_kernel_file(path);
    if (!text) return std::unexpected(text.error());
    const std::size_t before = out.measurements.size();
    for (const std::string_view line : lines_of(*text)) {
        const std::vector<std::string_view> words = words_of(line);
        if (words.size() < 2 || !words[0].ends_with(':')) continue;
        const std::optional<double> value = number_of(words[1]);
        if (!value) continue;
        std::string field = field_name(words[0]);
        const bool kilobytes = words.size() > 2 && words[2] == "kB";
        if (kilobytes) field += "_bytes";
        std::string name = "node_memory_" + field;
        out.families.push_back(
            {name, MetricType::gauge, fmt::format("Memory information field {}.", field)});
        out.add(std::move(name), kilobytes ? *value * 1024 : *value);
    }
    if (out.measurements.size() == before) return fail(path + ": no known line");
    return {};
}

Result<void> collect_vmstat(const Paths& paths, Findings& out) {
    const std::string path = paths.procfs + "/vmstat";
    const Result<std::string> text = read_kernel_file(path);
    if (!text) return std::unexpected(text.error());
    const std::size_t before = out.measurements.size();
    for (const std::string_view line : lines_of(*text)) {
        const std::vector<std::string_view> words = words_of(line);
        if (words.size() != 2) continue;
        const std::string_view key = words[0];
        // node_exporter's default choice.
        const bool wanted = key.starts_with("oom_kill") || key.starts_with("pgpg") ||
                            key.starts_with("pswp") ||
                            (key.starts_with("pg") && key.find("fault") != key.npos);
        const std::optional<double> value = number_of(words[1]);
        if (!wanted || !value) continue;
        std::string name = fmt::format("node_vmstat_{}", key);
        out.families.push_back(
            {name, MetricType::unknown, fmt::format("/proc/vmstat information field {}.", key)});
        out.add(std::move(name), *value);
    }
    if (out.measurements.size() == before) return fail(path + ": no known line");
    return {};
}

}  // namespace pilotlight::probes::host
