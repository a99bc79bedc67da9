#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>

#include "probes/catalogue.h"
#include "probes/host_collectors.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/run_coroutine_test.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_host;
using probes::Report;
using probes::host::Filesystems;
using probes::host::Findings;
using probes::host::Mount;
using std::chrono::milliseconds;

namespace {

const std::string kFolder = "tests/probes/fixtures/host/";
const std::string kFixture =
    "{procfs: " + kFolder + "proc, sysfs: " + kFolder + "sys, rootfs: " + kFolder + "root}";

Report fixture_host() {
    return probe_now(&make_host, "", kFixture);
}

/// The value under the name and all of the labels.
std::optional<double> sample(const std::vector<probes::Measurement>& measurements,
                             std::string_view name,
                             std::vector<std::pair<std::string, std::string>> labels = {}) {
    for (const probes::Measurement& each : measurements) {
        if (each.name == name && each.labels == labels) return each.value;
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> mount_labels(std::string device, std::string point,
                                                              std::string type) {
    return {{"device", std::move(device)},
            {"mountpoint", std::move(point)},
            {"fstype", std::move(type)}};
}

/// What a dead server's mount does, until it is let go.
struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int inside = 0;

    void pass() {
        std::unique_lock lock(mutex);
        ++inside;
        changed.wait(lock, [&] { return open; });
        --inside;
    }
    void let_go() {
        const std::scoped_lock lock(mutex);
        open = true;
        changed.notify_all();
    }
    int hanging() {
        const std::scoped_lock lock(mutex);
        return inside;
    }
};

/// Mounts under /dead hang at the gate, others are 100 bytes large.
struct DeadServer {
    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    Filesystems filesystems;

    DeadServer() {
        filesystems.ask = [gate = gate](const std::string& path) {
            if (path.starts_with("/dead")) gate->pass();
            return Filesystems::Room{.size = 100};
        };
    }
    ~DeadServer() { gate->let_go(); }
    DeadServer(const DeadServer&) = delete;
    DeadServer& operator=(const DeadServer&) = delete;

    asio::awaitable<Findings> look(runtime::Services& services, std::vector<Mount> mounts) {
        Findings found;
        co_await filesystems.collect(services.blocking(), runtime::Deadline::in(milliseconds(500)),
                                     "/", std::move(mounts), found);
        co_return found;
    }
};

Mount mount(std::string point) {
    return {"server:/export", std::move(point), "nfs4"};
}

std::optional<double> error_of(const Findings& found, const std::string& point) {
    return sample(found.measurements, "node_filesystem_device_error",
                  mount_labels("server:/export", point, "nfs4"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

BOOST_AUTO_TEST_CASE(reads_processors_in_seconds) {
    const auto found = fixture_host().measurements;
    BOOST_TEST(sample(found, "node_cpu_seconds_total", {{"cpu", "0"}, {"mode", "idle"}}).value() ==
               450.0);
    BOOST_TEST(sample(found, "node_cpu_seconds_total", {{"cpu", "1"}, {"mode", "user"}}).value() ==
               20.0);
    BOOST_TEST(
        sample(found, "node_cpu_guest_seconds_total", {{"cpu", "1"}, {"mode", "nice"}}).value() ==
        0.05);
    // The sum of all is no processor.
    BOOST_TEST(!sample(found, "node_cpu_seconds_total", {{"cpu", ""}, {"mode", "idle"}}));
}

BOOST_AUTO_TEST_CASE(reads_the_rest_of_the_kernel) {
    const Report report = fixture_host();
    BOOST_TEST(verdict_of(report) == "");
    const auto& found = report.measurements;
    BOOST_TEST(sample(found, "node_boot_time_seconds").value() == 1.7e9);
    BOOST_TEST(sample(found, "node_context_switches_total").value() == 987654.0);
    BOOST_TEST(sample(found, "node_procs_running").value() == 3.0);
    BOOST_TEST(sample(found, "node_load5").value() == 1.04);
    BOOST_TEST(sample(found, "node_memory_MemAvailable_bytes").value() == 8192000.0 * 1024);
    BOOST_TEST(sample(found, "node_memory_Active_anon_bytes").value() == 102400.0 * 1024);
    BOOST_TEST(sample(found, "node_memory_HugePages_Total").value() == 4.0);
    BOOST_TEST(sample(found, "node_vmstat_pgmajfault").value() == 42.0);
    BOOST_TEST(!sample(found, "node_vmstat_nr_free_pages"));
    BOOST_TEST(sample(found, "node_filefd_allocated").value() == 2048.0);
    BOOST_TEST(sample(found, "node_filefd_maximum").value() == 65536.0);
    BOOST_TEST(sample(found, "node_pressure_cpu_waiting_seconds_total").value() == 1.5);
    BOOST_TEST(sample(found, "node_pressure_io_stalled_seconds_total").value() == 0.5);
    BOOST_TEST(value_of(report, "node_uname_info").value() == 1.0);
    BOOST_TEST(sample(found, "node_time_seconds").value() > 1.7e9);
    BOOST_TEST(sample(found, "node_scrape_collector_success", {{"collector", "meminfo"}}).value() ==
               1.0);
}

BOOST_AUTO_TEST_CASE(reads_disks_without_partitions_and_loops) {
    const auto found = fixture_host().measurements;
    BOOST_TEST(sample(found, "node_disk_read_bytes_total", {{"device", "sda"}}).value() ==
               2000.0 * 512);
    BOOST_TEST(sample(found, "node_disk_io_time_seconds_total", {{"device", "sda"}}).value() ==
               0.5);
    BOOST_TEST(sample(found, "node_disk_io_now", {{"device", "sda"}}).value() == 2.0);
    BOOST_TEST(sample(found, "node_disk_reads_completed_total", {{"device", "nvme0n1"}}).value() ==
               10.0);
    BOOST_TEST(!sample(found, "node_disk_io_now", {{"device", "sda1"}}));
    BOOST_TEST(!sample(found, "node_disk_io_now", {{"device", "loop0"}}));
}

BOOST_AUTO_TEST_CASE(reads_network_devices) {
    const auto found = fixture_host().measurements;
    const std::vector<std::pair<std::string, std::string>> eth0{{"device", "eth0"}};
    BOOST_TEST(sample(found, "node_network_receive_bytes_total", eth0).value() == 4294967296.0);
    BOOST_TEST(sample(found, "node_network_receive_errs_total", eth0).value() == 3.0);
    BOOST_TEST(sample(found, "node_network_transmit_drop_total", eth0).value() == 10.0);
    BOOST_TEST(sample(found, "node_network_transmit_compressed_total", eth0).value() == 14.0);
    BOOST_TEST(sample(found, "node_network_up", eth0).value() == 1.0);
    BOOST_TEST(sample(found, "node_network_up", {{"device", "lo"}}).value() == 0.0);
}

BOOST_AUTO_TEST_CASE(reads_mounts_with_their_blanks_and_what_covers_what) {
    const auto found = fixture_host().measurements;
    BOOST_TEST(
        sample(found, "node_filesystem_size_bytes", mount_labels("/dev/sda1", "/data", "ext4"))
            .value() > 0.0);
    const auto spaced = mount_labels("/dev/sda2", "/with space", "xfs");
    BOOST_TEST(sample(found, "node_filesystem_readonly", spaced).value() == 1.0);
    BOOST_TEST(sample(found, "node_filesystem_device_error", spaced).value() == 0.0);
    // The root counts whatever its type; what the defaults leave out is not there.
    BOOST_TEST(sample(found, "node_filesystem_avail_bytes", mount_labels("overlay", "/", "overlay"))
                   .has_value());
    for (const probes::Measurement& each : found) {
        if (!each.name.starts_with("node_filesystem_")) continue;
        BOOST_TEST(each.labels[1].second != "/proc");
        BOOST_TEST(!each.labels[1].second.starts_with("/var/lib/docker"));
    }
    const auto covering = mount_labels("server:/export", "/mnt/old", "nfs4");
    // There is no such folder under the fixture's root.
    BOOST_TEST(sample(found, "node_filesystem_device_error", covering).value() == 1.0);
    BOOST_TEST(!sample(found, "node_filesystem_size_bytes", covering));
    BOOST_TEST(!sample(found, "node_filesystem_device_error",
                       mount_labels("/dev/sdc", "/mnt/old", "ext4")));
}

BOOST_AUTO_TEST_CASE(every_name_has_a_type_and_a_help) {
    for (const Report& report : {fixture_host(), probe_now(&make_host, "")}) {
        for (const probes::Measurement& each : report.measurements) {
            const bool declared = std::ranges::find(report.families, each.name,
                                                    &MetricFamily::name) != report.families.end();
            BOOST_TEST((declared || probes::find_metric(each.name) != nullptr), each.name);
        }
    }
}

BOOST_AUTO_TEST_CASE(this_machine_can_be_read) {
    const Report report = probe_now(&make_host, "");
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "node_memory_MemTotal_bytes").value() > 0.0);
    BOOST_TEST(value_of(report, "node_load1").has_value());
}

BOOST_AUTO_TEST_CASE(a_proc_that_is_not_there_says_nothing_of_the_machine) {
    const Report report = probe_now(&make_host, "", "{procfs: /nonexistent}");
    BOOST_TEST(verdict_of(report) == "unknown: read/unreadable");
    BOOST_TEST(report.outcome.detail.find("/nonexistent") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(refuses_unknown_options) {
    BOOST_TEST(refusal_of(&make_host, "", "{procsf: /proc}").find("procfs") != std::string::npos);
    BOOST_TEST(refusal_of(&make_host, "", "{disks_exclude: '('}").find("1:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_counter_that_goes_back_a_little_stands_still) {
    probes::host::CpuCounters counters;
    BOOST_TEST(counters.forward("0", "iowait", 100) == 100.0);
    BOOST_TEST(counters.forward("0", "iowait", 99.5) == 100.0);
    BOOST_TEST(counters.forward("0", "iowait", 101) == 101.0);
    BOOST_TEST(counters.forward("1", "iowait", 5) == 5.0);
    // A processor that was taken out and put in again begins anew.
    BOOST_TEST(counters.forward("0", "iowait", 2) == 2.0);
}

BOOST_AUTO_TEST_CASE(a_mount_that_hangs_is_told_and_not_asked_again_until_it_returns) {
    run_coroutine_test([](runtime::Services& services) -> asio::awaitable<void> {
        DeadServer server;
        const std::vector<Mount> mounts{mount("/dead"), mount("/alive")};
        for (int i = 0; i < 3; ++i) {
            const Findings found = co_await server.look(services, mounts);
            BOOST_TEST(error_of(found, "/dead").value() == 1.0);
            BOOST_TEST(error_of(found, "/alive").value() == 0.0);
            BOOST_TEST(server.gate->hanging() == 1);
        }
        server.gate->let_go();
        double error = 1;
        for (const SteadyTime end = steady_now() + std::chrono::seconds(10);
             error != 0 && steady_now() < end;) {
            const Findings found = co_await server.look(services, mounts);
            error = error_of(found, "/dead").value();
        }
        BOOST_TEST(error == 0.0);
    });
}

BOOST_AUTO_TEST_CASE(a_server_with_many_mounts_does_not_take_all_threads) {
    run_coroutine_test([](runtime::Services& services) -> asio::awaitable<void> {
        DeadServer server;
        std::vector<Mount> mounts;
        for (int i = 0; i < 20; ++i)
            mounts.push_back(mount("/dead/" + std::to_string(i)));
        for (int i = 0; i < 2; ++i) {
            const SteadyTime began = steady_now();
            const Findings found = co_await server.look(services, mounts);
            BOOST_TEST((steady_now() - began < std::chrono::seconds(2)));
            BOOST_TEST(found.measurements.size() == 40U);
            BOOST_TEST(error_of(found, "/dead/19").value() == 1.0);
            BOOST_TEST(server.gate->hanging() == 8);
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()
