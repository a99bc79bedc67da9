#include "exporters/process_metrics.h"

#include <boost/test/unit_test.hpp>

using pilotlight::exporters::parse_process_stat;
using pilotlight::exporters::ProcessMetrics;

namespace {

constexpr std::string_view kStat =
    "42 (odd (name) x) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 8 0 4500 1000000 250 "
    "18446744073709551615 0 0";
constexpr std::string_view kSystem = "cpu  1 2 3\nbtime 1700000000\nprocesses 7\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(process_metrics)

BOOST_AUTO_TEST_CASE(reads_the_fields_behind_a_name_with_brackets) {
    const ProcessMetrics metrics = parse_process_stat(kStat, kSystem, 100, 4096);
    BOOST_TEST(metrics.cpu_seconds == 2);
    BOOST_TEST(metrics.start_time_seconds == 1700000045);
    BOOST_TEST(metrics.threads == 8U);
    BOOST_TEST(metrics.virtual_bytes == 1000000U);
    BOOST_TEST(metrics.resident_bytes == 250U * 4096);
}

BOOST_AUTO_TEST_CASE(knows_no_start_without_the_time_of_boot) {
    BOOST_TEST(parse_process_stat(kStat, "", 100, 4096).start_time_seconds == 0);
    BOOST_TEST(parse_process_stat(kStat, "cpu 1\nbtime x\n", 100, 4096).start_time_seconds == 0);
}

BOOST_AUTO_TEST_CASE(what_is_cut_short_reads_as_zeros) {
    for (const std::string_view text : {"", "42", "42 (x", "42 (x) S 1 2", "42 (x)"}) {
        const ProcessMetrics metrics = parse_process_stat(text, kSystem, 100, 4096);
        BOOST_TEST(metrics.cpu_seconds == 0);
        BOOST_TEST(metrics.resident_bytes == 0U);
    }
    BOOST_TEST(parse_process_stat(kStat, kSystem, 0, 4096).cpu_seconds == 0);
}

BOOST_AUTO_TEST_SUITE_END()
