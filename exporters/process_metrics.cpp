#include "exporters/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

namespace pilotlight::exporters {
namespace {

std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

double number(std::string_view text) {
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} ? value : 0;
}

std::string_view next_word(std::string_view& rest) {
    const std::size_t begin = rest.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return rest = {};
    const std::size_t end = rest.find_first_of(" \n", begin);
    const std::string_view word = rest.substr(begin, end - begin);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    return word;
}

double boot_time(std::string_view system_stat) {
    constexpr std::string_view kKey = "\nbtime ";
    const std::size_t at = system_stat.find(kKey);
    if (at == std::string_view::npos) return 0;
    std::string_view rest = system_stat.substr(at + kKey.size());
    return number(next_word(rest));
}

std::uint64_t count_open_fds() {
    DIR* directory = ::opendir("/proc/self/fd");
    if (directory == nullptr) return 0;
    std::uint64_t entries = 0;
    while (::readdir(directory) != nullptr)
        ++entries;
    ::closedir(directory);
    // Not ".", "..", nor the descriptor that the listing itself needed.
    return entries > 3 ? entries - 3 : 0;
}

}  // namespace

ProcessMetrics parse_process_stat(std::string_view process_stat, std::string_view system_stat,
                                  double ticks, std::uint64_t page_bytes) {
    ProcessMetrics metrics;
    const std::size_t name_end = process_stat.rfind(')');
    if (name_end == std::string_view::npos || ticks <= 0) return metrics;
    // Fields 3 (state) to 24 (rss) of proc(5), counted from 0.
    std::array<std::string_view, 22> fields;
    std::string_view rest = process_stat.substr(name_end + 1);
    for (std::string_view& field : fields)
        field = next_word(rest);
    metrics.cpu_seconds = (number(fields[11]) + number(fields[12])) / ticks;
    metrics.threads = static_cast<std::uint64_t>(number(fields[17]));
    metrics.virtual_bytes = static_cast<std::uint64_t>(number(fields[20]));
    metrics.resident_bytes = static_cast<std::uint64_t>(number(fields[21])) * page_bytes;
    const double booted = boot_time(system_stat);
    if (booted > 0) metrics.start_time_seconds = booted + number(fields[19]) / ticks;
    return metrics;
}

ProcessMetrics read_process_metrics() {
    ProcessMetrics metrics =
        parse_process_stat(read_file("/proc/self/stat"), read_file("/proc/stat"),
                           static_cast<double>(::sysconf(_SC_CLK_TCK)),
                           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    metrics.open_fds = count_open_fds();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) metrics.max_fds = limit.rlim_cur;
    return metrics;
}

void append_process_metrics(SampleBatch& batch) {
    const ProcessMetrics process = read_process_metrics();
    const auto add = [&](const char* name, MetricType type, const char* help, double value) {
        batch.families.push_back({name, type, help});
        batch.samples.push_back({Labels{{kMetricName, name}}, value});
    };
    add("process_cpu_seconds_total", MetricType::counter,
        "Total user and system CPU time spent in seconds.", process.cpu_seconds);
    add("process_max_fds", MetricType::gauge, "Maximum number of open file descriptors.",
        static_cast<double>(process.max_fds));
    add("process_open_fds", MetricType::gauge, "Number of open file descriptors.",
        static_cast<double>(process.open_fds));
    add("process_resident_memory_bytes", MetricType::gauge, "Resident memory size in bytes.",
        static_cast<double>(process.resident_bytes));
    add("process_start_time_seconds", MetricType::gauge,
        "Start time of the process since unix epoch in seconds.", process.start_time_seconds);
    add("process_virtual_memory_bytes", MetricType::gauge, "Virtual memory size in bytes.",
        static_cast<double>(process.virtual_bytes));
}

}  // namespace pilotlight::exporters
