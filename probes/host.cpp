#include <unistd.h>

#include "core/time.h"
#include "probes/host_collectors.h"
#include "probes/probers.h"
#include "runtime/services.h"

namespace pilotlight::probes {
namespace {

using host::Findings;

// node_exporter's defaults.
constexpr const char* kPointsLeftOut =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
constexpr const char* kTypesLeftOut =
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|erofs|fusectl|hugetlbfs|"
    "iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|"
    "tracefs)$";
constexpr const char* kDisksLeftOut = "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$";

Regexp compiled(const char* pattern) {
    return Regexp::compile(pattern).value();
}

struct HostOptions {
    std::string procfs = "/proc";
    std::string sysfs = "/sys";
    std::string rootfs = "/";
    Regexp mount_points_exclude = compiled(kPointsLeftOut);
    Regexp fs_types_exclude = compiled(kTypesLeftOut);
    Regexp disks_exclude = compiled(kDisksLeftOut);
    std::optional<Regexp> network_exclude;
};

constexpr config::Option<HostOptions> kOptions[] = {
    config::option<&HostOptions::procfs>("procfs", "/proc",
                                         "where the host's /proc is seen, in a container"),
    config::option<&HostOptions::sysfs>("sysfs", "/sys", "where the host's /sys is seen"),
    config::option<&HostOptions::rootfs>("rootfs", "/", "where the host's root is seen"),
    config::option<&HostOptions::mount_points_exclude>("mount_points_exclude", kPointsLeftOut,
                                                       "mount points that are left out"),
    config::option<&HostOptions::fs_types_exclude>(
        "fs_types_exclude", kTypesLeftOut,
        "types of file systems that are left out; the root is kept whatever its type"),
    config::option<&HostOptions::disks_exclude>("disks_exclude", kDisksLeftOut,
                                                "block devices that are left out"),
    config::option<&HostOptions::network_exclude>("network_exclude", "",
                                                  "network devices that are left out"),
};

/// What the job on the spare thread needs; it may outlive the prober.
struct HostState {
    host::Paths paths;
    HostOptions options;
    host::CpuCounters cpu_counters;
};

/// What the kernel's own files say, and the mounts that are still to be asked.
struct KernelLook {
    Findings findings;
    Result<std::vector<host::Mount>> mounts;
    std::size_t collected = 0;
    std::string first_error;
};

void add_collector(std::string_view name, bool success, SteadyTime began, Findings& out) {
    const std::chrono::duration<double> took = steady_now() - began;
    out.add("node_scrape_collector_success", success ? 1 : 0, {{"collector", std::string(name)}});
    out.add("node_scrape_collector_duration_seconds", took.count(),
            {{"collector", std::string(name)}});
}

struct Collector {
    std::string_view name;
    Result<void> (*collect)(HostState&, Findings&);
};

constexpr Collector kCollectors[] = {
    {"cpu", [](HostState& s, Findings& out) { return collect_cpu(s.paths, s.cpu_counters, out); }},
    {"diskstats",
     [](HostState& s, Findings& out) {
         return collect_disk(s.paths, s.options.disks_exclude, out);
     }},
    {"filefd", [](HostState& s, Findings& out) { return collect_file_descriptors(s.paths, out); }},
    {"loadavg", [](HostState& s, Findings& out) { return collect_load(s.paths, out); }},
    {"meminfo", [](HostState& s, Findings& out) { return collect_memory(s.paths, out); }},
    {"netdev",
     [](HostState& s, Findings& out) {
         return collect_network(s.paths, s.options.network_exclude, out);
     }},
    {"pressure", [](HostState& s, Findings& out) { return collect_pressure(s.paths, out); }},
    {"stat", [](HostState& s, Findings& out) { return collect_stat(s.paths, out); }},
    {"uname", [](HostState&, Findings& out) { return host::collect_uname(out); }},
    {"vmstat", [](HostState& s, Findings& out) { return collect_vmstat(s.paths, out); }},
};

KernelLook look_at_kernel(HostState& state) {
    KernelLook look;
    for (const Collector& collector : kCollectors) {
        const SteadyTime began = steady_now();
        const Result<void> collected = collector.collect(state, look.findings);
        add_collector(collector.name, collected.has_value(), began, look.findings);
        if (collected) {
            ++look.collected;
        } else if (look.first_error.empty()) {
            look.first_error = collected.error().message;
        }
    }
    look.mounts = read_mounts(state.paths, state.options.mount_points_exclude,
                              state.options.fs_types_exclude);
    return look;
}

class HostProber : public Prober {
  public:
    explicit HostProber(std::shared_ptr<HostState> state) : state_(std::move(state)) {}

    boost::asio::awaitable<Report> run(runtime::Services& services,
                                       runtime::Deadline deadline) override {
        std::shared_ptr<HostState> state = state_;
        std::function<KernelLook()> call = [state] { return look_at_kernel(*state); };
        auto look = co_await flight_.run(services.blocking(), deadline, std::move(call));
        if (!look) {
            const bool no_threads = look.error() == NoAnswer::not_begun;
            co_return Report{Outcome::unknown(
                "read", no_threads ? "no_threads" : "timeout",
                no_threads ? "no spare thread was free in time" : "the kernel did not answer")};
        }
        // uname always answers.
        if (look->collected <= 1) {
            co_return Report{Outcome::unknown("read", "unreadable", look->first_error)};
        }
        Findings& findings = look->findings;
        const SteadyTime began = steady_now();
        if (look->mounts) {
            std::vector<host::Mount> mounts = std::move(*look->mounts);
            co_await filesystems_.collect(services.blocking(), deadline, state->paths.rootfs,
                                          std::move(mounts), findings);
        }
        add_collector("filesystem", look->mounts.has_value(), began, findings);
        findings.add("node_time_seconds", to_unix_seconds(wall_now()));
        co_return Report{Outcome::ok(), std::move(findings.measurements),
                         std::move(findings.families)};
    }

  private:
    std::shared_ptr<HostState> state_;
    SingleFlight flight_;
    host::Filesystems filesystems_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_host(const config::TargetConfig& target) {
    Errors errors;
    auto state = std::make_shared<HostState>();
    config::read_options(target.options, kOptions, state->options, errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    state->paths = {state->options.procfs, state->options.sysfs, state->options.rootfs};
    return std::make_unique<HostProber>(std::move(state));
}

std::vector<config::OptionDoc> host_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
