#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/regexp.h"
#include "core/time.h"
#include "probes/probe.h"
#include "probes/single_flight.h"

/// What the host prober is made of: one collector per part of the machine, in node_exporter's
/// names and labels. Source: node_exporter 1.12, collector/*_linux.go; proc(5).
namespace pilotlight::probes::host {

/// Where the kernel's files are: elsewhere than here in a container and in tests.
struct Paths {
    std::string procfs = "/proc";
    std::string sysfs = "/sys";
    std::string rootfs = "/";
};

/// What a collector adds to.
struct Findings {
    std::vector<Measurement> measurements;
    /// Of the names that the kernel makes up.
    std::vector<MetricFamily> families;

    void add(std::string name, double value) { measurements.push_back({std::move(name), value}); }
    void add(std::string name, double value,
             std::vector<std::pair<std::string, std::string>> labels) {
        measurements.push_back({std::move(name), value, std::move(labels)});
    }
};

/// What must be remembered from look to look: the kernel's idle and iowait counters go back a
/// little now and then, which would read as a reset.
class CpuCounters {
  public:
    /// `seconds`, or the last value while the counter is less than 3 s behind it.
    double forward(const std::string& cpu, std::string_view mode, double seconds);

  private:
    std::map<std::pair<std::string, std::string>, double, std::less<>> last_;
};

// Each reads its files and appends; fails when they cannot be read or hold nothing of use. They
// block no longer than the kernel takes to make up the text.
[[nodiscard]] Result<void> collect_cpu(const Paths& paths, CpuCounters& counters, Findings& out);
[[nodiscard]] Result<void> collect_stat(const Paths& paths, Findings& out);
[[nodiscard]] Result<void> collect_load(const Paths& paths, Findings& out);
[[nodiscard]] Result<void> collect_memory(const Paths& paths, Findings& out);
[[nodiscard]] Result<void> collect_vmstat(const Paths& paths, Findings& out);
[[nodiscard]] Result<void> collect_pressure(const Paths& paths, Findings& out);
[[nodiscard]] Result<void> collect_disk(const Paths& paths, const Regexp& exclude, Findings& out);
[[nodiscard]] Result<void> collect_network(const Paths& paths, const std::optional<Regexp>& exclude,
                                           Findings& out);
[[nodiscard]] Result<void> collect_file_descriptors(const Paths& paths, Findings& out);
[[nodiscard]] Result<void> collect_uname(Findings& out);

/// A line of mountinfo.
struct Mount {
    std::string device;
    std::string mount_point;
    std::string type;
    bool read_only = false;
};

/// The mounts of the first process (of our own, where that may not be read), those that the two
/// expressions match left out; the root is kept whatever its type. Of several on one mount point
/// the last, which covers the others, is taken.
[[nodiscard]] Result<std::vector<Mount>> read_mounts(const Paths& paths,
                                                     const Regexp& exclude_points,
                                                     const Regexp& exclude_types);

/// Asks each mount for its room. A mount that hangs costs one spare thread until it comes back; as
/// long as it does, it is reported with node_filesystem_device_error 1 and not asked again.
/// Thread: a probe loop.
class Filesystems {
  public:
    [[nodiscard]] boost::asio::awaitable<void> collect(runtime::BlockingPool& pool,
                                                       runtime::Deadline deadline,
                                                       std::string rootfs,
                                                       std::vector<Mount> mounts, Findings& out);

    /// How a mount is asked; tests put a hanging one in its place.
    struct Room {
        double size = 0, free = 0, available = 0, files = 0, files_free = 0;
        bool read_only = false;
        /// errno, 0 when all went well.
        int error = 0;
    };
    std::function<Room(const std::string& path)> ask = ask_kernel;

    [[nodiscard]] static Room ask_kernel(const std::string& path);

  private:
    /// Mounts that may hang at the same time; beyond it none is asked any more.
    static constexpr std::size_t kMostHanging = 8;

    /// By mount point.
    std::map<std::string, std::pair<SingleFlight, bool>> flights_;
};

}  // namespace pilotlight::probes::host
