#include "exporters/self_metrics.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "exporters/text_writer.h"
#include "tests/exporters/promtool.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNow{1'772'366'400s};

/// The value of the series, as in `pilotlight_targets` or `x{a="b"}`; NaN where it is absent.
double value(const SharedBatch& batch, std::string_view series) {
    for (const Sample& sample : batch->samples) {
        if (sample.labels.to_string() == series) return sample.value;
    }
    return std::nan("");
}

double value(const SelfMetrics& metrics, std::string_view series) {
    return value(metrics.collect(kNow), series);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(self_metrics)

BOOST_AUTO_TEST_CASE(are_the_names_types_and_words_of_the_catalogue) {
    std::string catalogue;
    SelfMetrics metrics("1.2.3", "abc");
    metrics.declare_prober("http");
    metrics.declare_receiver("team", "slack", std::array<std::string_view, 1>{"timeout"});
    metrics.declare_dead_man();
    metrics.set_probe_unknown("connect", "no_descriptors", 3);
    const SharedBatch batch = metrics.collect(kNow);
    std::map<std::string, const MetricFamily*> sorted;
    for (const MetricFamily& family : batch->families)
        sorted.emplace(family.name, &family);
    for (const auto& [name, family] : sorted) {
        catalogue += name + ' ' + std::string(to_string(family->type)) + ' ' + family->help + '\n';
    }
    std::ifstream golden("tests/exporters/self_metrics.golden");
    const std::string expected{std::istreambuf_iterator<char>(golden), {}};
    BOOST_TEST(catalogue == expected);
}

BOOST_AUTO_TEST_CASE(promtool_finds_nothing_to_say) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.probe_finished("http", "ok", 2ms);
    metrics.notification_failed("team \"a\"\n", "slack", "429");
    metrics.notification_delivered("team", "slack", 20ms);
    metrics.rule_evaluated(30us, false);
    const SharedBatch own = metrics.collect(kNow);
    const Verdict verdict =
        promtool_check_metrics(write_metrics(Snapshot{}, own.get(), {}, {})->text());
    BOOST_TEST(verdict.said == "");
    BOOST_TEST(verdict.exit_code == 0);
}

BOOST_AUTO_TEST_CASE(what_is_counted_elsewhere_is_taken_over_and_never_falls) {
    SelfMetrics metrics("1.2.3", "abc");
    BOOST_TEST(value(metrics, "pilotlight_journal_healthy") == 1);
    metrics.set_journal(false, 3);
    metrics.set_journal(true, 5);
    metrics.set_journal(true, 4);
    BOOST_TEST(value(metrics, "pilotlight_journal_healthy") == 1);
    BOOST_TEST(value(metrics, "pilotlight_journal_failures_total") == 5);
    BOOST_TEST(value(metrics, "pilotlight_limit_reached_total{limit=\"series\"}") == 0);
    metrics.set_limit_reached("series", 100);
    BOOST_TEST(value(metrics, "pilotlight_limit_reached_total{limit=\"series\"}") == 100);
}

BOOST_AUTO_TEST_CASE(a_source_of_targets_that_is_removed_is_gone_and_those_of_one_name_are_one) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.set_discovery({{"http_sd a", 3, 1}, {"dns_sd b", 1, 0}, {"http_sd a", 4, 2}});
    BOOST_TEST(value(metrics, "pilotlight_discovered_targets{source=\"http_sd a\"}") == 7);
    BOOST_TEST(value(metrics, "pilotlight_discovery_failures_total{source=\"http_sd a\"}") == 3);
    BOOST_TEST(value(metrics, "pilotlight_discovered_targets{source=\"dns_sd b\"}") == 1);
    metrics.set_discovery({});
    BOOST_TEST(std::isnan(value(metrics, "pilotlight_discovered_targets{source=\"dns_sd b\"}")));
}

BOOST_AUTO_TEST_CASE(begin_at_zero_where_a_rate_is_taken) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.declare_prober("tcp");
    const std::array<std::string_view, 2> reasons{"timeout", "status"};
    metrics.declare_receiver("team", "slack", reasons);
    const SharedBatch batch = metrics.collect(kNow);
    for (const char* series :
         {"pilotlight_probes_total{prober=\"tcp\", result=\"failed\"}",
          "pilotlight_probes_total{prober=\"tcp\", result=\"unknown\"}",
          "pilotlight_probes_skipped_total{cause=\"overrun\"}",
          "pilotlight_probes_skipped_total{cause=\"host_limit\"}",
          "pilotlight_probe_blips_total{prober=\"tcp\"}",
          "pilotlight_notifications_total{integration=\"slack\", receiver=\"team\"}",
          "pilotlight_notifications_failed_total{integration=\"slack\", reason=\"timeout\", "
          "receiver=\"team\"}",
          "pilotlight_rule_evaluation_failures_total", "pilotlight_outbox_pending",
          "pilotlight_incidents{state=\"open\"}"}) {
        BOOST_TEST_INFO(series);
        BOOST_TEST(value(batch, series) == 0);
    }
}

BOOST_AUTO_TEST_CASE(declaring_twice_resets_nothing) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.probe_finished("tcp", "ok", 0s);
    metrics.declare_prober("tcp");
    BOOST_TEST(value(metrics, "pilotlight_probes_total{prober=\"tcp\", result=\"ok\"}") == 1);
}

BOOST_AUTO_TEST_CASE(count_probes_and_how_late_they_started) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.probe_finished("http", "ok", 300us);
    metrics.probe_finished("http", "failed", 40ms);
    metrics.probe_finished("http", "ok", 20s);
    metrics.set_probes_skipped("overrun", 1);
    metrics.set_probes_skipped("overrun", 1);
    metrics.probe_blipped("http");
    const SharedBatch batch = metrics.collect(kNow);
    BOOST_TEST(value(batch, "pilotlight_probes_total{prober=\"http\", result=\"ok\"}") == 2);
    BOOST_TEST(value(batch, "pilotlight_probes_total{prober=\"http\", result=\"failed\"}") == 1);
    BOOST_TEST(value(batch, "pilotlight_probe_lateness_seconds_bucket{le=\"0.0005\"}") == 1);
    BOOST_TEST(value(batch, "pilotlight_probe_lateness_seconds_bucket{le=\"0.05\"}") == 2);
    BOOST_TEST(value(batch, "pilotlight_probe_lateness_seconds_bucket{le=\"10\"}") == 2);
    BOOST_TEST(value(batch, "pilotlight_probe_lateness_seconds_bucket{le=\"+Inf\"}") == 3);
    BOOST_TEST(value(batch, "pilotlight_probe_lateness_seconds_count") == 3);
    BOOST_TEST(value(batch, "pilotlight_probes_skipped_total{cause=\"overrun\"}") == 1);
    BOOST_TEST(value(batch, "pilotlight_probe_blips_total{prober=\"http\"}") == 1);
}

BOOST_AUTO_TEST_CASE(a_failed_notification_counts_as_an_attempt_without_a_delay) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.notification_failed("team", "slack", "429");
    metrics.notification_delivered("team", "slack", 1500ms);
    const SharedBatch batch = metrics.collect(kNow);
    BOOST_TEST(
        value(batch, "pilotlight_notifications_total{integration=\"slack\", receiver=\"team\"}") ==
        2);
    BOOST_TEST(value(batch,
                     "pilotlight_notifications_failed_total{integration=\"slack\", reason=\"429\", "
                     "receiver=\"team\"}") == 1);
    BOOST_TEST(value(batch, "pilotlight_notification_delay_seconds_count") == 1);
    BOOST_TEST(value(batch, "pilotlight_notification_delay_seconds_sum") == 1.5);
}

BOOST_AUTO_TEST_CASE(a_refused_reload_keeps_the_time_of_the_last_good_one) {
    SelfMetrics metrics("1.2.3", "abc");
    metrics.reload_finished(true, kNow);
    metrics.reload_finished(false, kNow + 60s);
    BOOST_TEST(value(metrics, "pilotlight_config_last_reload_successful") == 0);
    BOOST_TEST(value(metrics, "pilotlight_config_last_reload_success_timestamp_seconds") ==
               1'772'366'400);
}

BOOST_AUTO_TEST_CASE(tell_of_the_process) {
    const SharedBatch batch = SelfMetrics("1.2.3", "abc").collect(wall_now());
    BOOST_TEST(value(batch, "process_resident_memory_bytes") > 1e6);
    BOOST_TEST(value(batch, "process_open_fds") >= 3);
    BOOST_TEST(value(batch, "process_max_fds") >= value(batch, "process_open_fds"));
    const double age = to_unix_seconds(wall_now()) - value(batch, "process_start_time_seconds");
    BOOST_TEST(age > -2);
    BOOST_TEST(age < 600);
    BOOST_TEST(value(batch, "pilotlight_build_info{revision=\"abc\", version=\"1.2.3\"}") == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_among_threads) {
    SelfMetrics metrics("1.2.3", "abc");
    const auto work = [&](int number) {
        for (int i = 0; i < 1000; ++i) {
            metrics.probe_finished(i % 2 == 0 ? "http" : "tcp", "ok", 1ms);
            metrics.notification_failed("r" + std::to_string(number), "slack", "429");
            if (i % 100 == 0) (void)metrics.collect(kNow);
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back(work, i);
    for (std::thread& thread : threads)
        thread.join();
    const SharedBatch batch = metrics.collect(kNow);
    BOOST_TEST(value(batch, "pilotlight_probes_total{prober=\"http\", result=\"ok\"}") == 2000);
    BOOST_TEST(value(batch, "pilotlight_probe_lateness_seconds_count") == 4000);
}

BOOST_AUTO_TEST_SUITE_END()
