#include "alerting/time_interval.h"

#include <boost/test/unit_test.hpp>

#include "config/yaml.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace std::chrono;

namespace {

TimeInterval interval(const std::string& yaml) {
    const auto node = config::parse_yaml(yaml, "t.yaml");
    BOOST_REQUIRE(node.has_value());
    Errors errors;
    TimeInterval read = read_time_interval(*node, errors);
    for (const Error& error : errors)
        BOOST_ERROR(error.to_string());
    return read;
}

bool is_refused(const std::string& yaml) {
    const auto node = config::parse_yaml(yaml, "t.yaml");
    BOOST_REQUIRE(node.has_value());
    Errors errors;
    (void)read_time_interval(*node, errors);
    return !errors.empty();
}

WallTime at(int y, int m, int d, int hour, int minute) {
    return sys_days(year(y) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d))) +
           hours(hour) + minutes(minute);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time_interval)

BOOST_AUTO_TEST_CASE(an_empty_interval_is_always) {
    BOOST_TEST(interval("{}").contains(at(2026, 1, 1, 0, 0)));
}

BOOST_AUTO_TEST_CASE(times_include_their_begin_and_not_their_end) {
    const auto office = interval("times: [{start_time: '09:00', end_time: '17:00'}]");
    BOOST_TEST(!office.contains(at(2026, 1, 1, 8, 59)));
    BOOST_TEST(office.contains(at(2026, 1, 1, 9, 0)));
    BOOST_TEST(office.contains(at(2026, 1, 1, 16, 59)));
    BOOST_TEST(!office.contains(at(2026, 1, 1, 17, 0)));
    BOOST_TEST(interval("times: [{start_time: '23:00', end_time: '24:00'}]")
                   .contains(at(2026, 1, 1, 23, 59)));
}

BOOST_AUTO_TEST_CASE(weekdays_months_and_years_by_name_and_range) {
    const auto work = interval(
        "{weekdays: ['monday:friday'], months: ['1:3', december], years: "
        "['2026']}");
    BOOST_TEST(work.contains(at(2026, 1, 2, 0, 0)));   // a Friday
    BOOST_TEST(!work.contains(at(2026, 1, 3, 0, 0)));  // a Saturday
    BOOST_TEST(!work.contains(at(2026, 4, 1, 0, 0)));
    BOOST_TEST(work.contains(at(2026, 12, 1, 0, 0)));
    BOOST_TEST(!work.contains(at(2027, 1, 4, 0, 0)));
}

BOOST_AUTO_TEST_CASE(days_count_from_either_end_of_the_month) {
    const auto last = interval("days_of_month: ['-1']");
    BOOST_TEST(last.contains(at(2026, 2, 28, 0, 0)));
    BOOST_TEST(!last.contains(at(2024, 2, 28, 0, 0)));
    BOOST_TEST(last.contains(at(2024, 2, 29, 0, 0)));
    const auto end = interval("days_of_month: ['25:-1', '1']");
    BOOST_TEST(end.contains(at(2026, 4, 30, 0, 0)));
    BOOST_TEST(end.contains(at(2026, 4, 1, 0, 0)));
    BOOST_TEST(!end.contains(at(2026, 4, 24, 0, 0)));
    BOOST_TEST(interval("days_of_month: ['31']").contains(at(2026, 1, 31, 0, 0)));
}

BOOST_AUTO_TEST_CASE(a_location_moves_the_interval_with_its_summer_time) {
    const auto office =
        interval("{times: [{start_time: '09:00', end_time: '17:00'}], location: Europe/Berlin}");
    BOOST_TEST(!office.contains(at(2026, 1, 15, 7, 59)));
    BOOST_TEST(office.contains(at(2026, 1, 15, 8, 0)));  // CET
    BOOST_TEST(office.contains(at(2026, 7, 15, 7, 0)));  // CEST
    BOOST_TEST(!office.contains(at(2026, 7, 15, 15, 0)));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_time) {
    for (const char* text :
         {"times: [{start_time: '17:00', end_time: '09:00'}]", "times: [{start_time: '9:00'}]",
          "times: [{start_time: '00:00', end_time: '24:01'}]", "weekdays: [funday]",
          "weekdays: ['friday:monday']", "months: ['13']", "days_of_month: ['0']",
          "days_of_month: ['32']", "days_of_month: ['-1:5']", "years: ['later']",
          "location: Mars/Olympus", "location: ../../etc/passwd", "tmies: []",
          "weekdays: monday"}) {
        BOOST_TEST(is_refused(text), text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
