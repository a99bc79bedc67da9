#include "probes/cron.h"

#include <boost/test/unit_test.hpp>

#include "runtime/time_zone.h"

using namespace pilotlight;
using namespace std::chrono;
using probes::CronSchedule;

namespace {

WallTime at(std::string_view text) {
    return parse_time(text).value();
}

/// The next times of `cron` after `after`, each as its zone's clocks show it in UTC.
std::string times(std::string_view cron, std::string_view after, const std::string& zone = "UTC",
                  int count = 1) {
    const auto schedule = CronSchedule::parse(cron);
    BOOST_REQUIRE_MESSAGE(schedule.has_value(), cron);
    const auto loaded = runtime::TimeZone::load(zone);
    BOOST_REQUIRE(loaded.has_value());
    std::string text;
    WallTime now = at(after);
    for (int i = 0; i < count; ++i) {
        const auto next = schedule->next(now, **loaded);
        if (!next) return text + "never";
        // Without ":00.000Z".
        if (i > 0) text += ' ';
        text += format_time(*next).substr(0, 16);
        now = *next;
    }
    return text;
}

std::string error_of(std::string_view cron) {
    const auto schedule = CronSchedule::parse(cron);
    return schedule ? "" : schedule.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cron)

BOOST_AUTO_TEST_CASE(fields_say_when) {
    const char* const noon = "2026-03-10T12:00:00Z";  // a Tuesday
    constexpr std::pair<const char*, const char*> kCases[] = {
        {"0 3 * * *", "2026-03-11T03:00"},       {"* * * * *", "2026-03-10T12:01"},
        {"*/15 * * * *", "2026-03-10T12:15"},    {"7-59/20 * * * *", "2026-03-10T12:07"},
        {"50/5 * * * *", "2026-03-10T12:50"},    {"0 0 1 * *", "2026-04-01T00:00"},
        {"0 9 * * 1-5", "2026-03-11T09:00"},     {"0 9 * * MON,sat", "2026-03-14T09:00"},
        {"0 9 * * 7", "2026-03-15T09:00"},       {"0 9 * * 0", "2026-03-15T09:00"},
        {"0 9 * * SAT-SUN", "2026-03-14T09:00"}, {"0 9 * * 7-1", "2026-03-15T09:00"},
        {"0 0 29 2 *", "2028-02-29T00:00"},      {"0 12 * FEB-mar *", "2026-03-11T12:00"},
        {"30 4 1,15 * 5", "2026-03-13T04:30"},   {"30 4 */10 * 5", "2026-05-01T04:30"},
        {"0 0 29 2 */6", "2032-02-29T00:00"},    {"@hourly", "2026-03-10T13:00"},
        {"@daily", "2026-03-11T00:00"},          {"@midnight", "2026-03-11T00:00"},
        {"@Weekly", "2026-03-15T00:00"},         {"@monthly", "2026-04-01T00:00"},
        {"@yearly", "2027-01-01T00:00"},         {"@annually", "2027-01-01T00:00"},
        {" 0\t3  * * * ", "2026-03-11T03:00"},
    };
    for (const auto& [cron, next] : kCases)
        BOOST_TEST(times(cron, noon) == next, cron << ": " << times(cron, noon));
}

BOOST_AUTO_TEST_CASE(the_moment_itself_is_not_the_next) {
    BOOST_TEST(times("0 12 * * *", "2026-03-10T12:00:00.000Z") == "2026-03-11T12:00");
    BOOST_TEST(times("0 12 * * *", "2026-03-10T11:59:59.999Z") == "2026-03-10T12:00");
}

BOOST_AUTO_TEST_CASE(times_are_those_of_the_zone) {
    BOOST_TEST(times("0 3 * * *", "2026-01-10T12:00:00Z", "Europe/Berlin") == "2026-01-11T02:00");
    BOOST_TEST(times("0 3 * * *", "2026-07-10T12:00:00Z", "Europe/Berlin") == "2026-07-11T01:00");
    BOOST_TEST(times("0 3 * * *", "2026-01-10T12:00:00Z", "Asia/Kolkata") == "2026-01-10T21:30");
    // It is Sunday there while it is Saturday in Greenwich.
    BOOST_TEST(times("0 3 * * 0", "2026-01-10T12:00:00Z", "Asia/Tokyo") == "2026-01-10T18:00");
}

BOOST_AUTO_TEST_CASE(a_time_that_the_clocks_skip_counts_at_the_change) {
    // At 02:00 on 2026-03-29 it is 03:00 in Berlin: 01:00 UTC.
    BOOST_TEST(times("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin", 2) ==
               "2026-03-29T01:00 2026-03-30T00:30");
    BOOST_TEST(times("0 2 29 3 *", "2026-03-28T12:00:00Z", "Europe/Berlin") == "2026-03-29T01:00");
    BOOST_TEST(times("*/30 * * * *", "2026-03-29T00:00:00Z", "Europe/Berlin", 3) ==
               "2026-03-29T00:30 2026-03-29T01:00 2026-03-29T01:30");
    // Clocks go forward at midnight: the day has no 00:00.
    BOOST_TEST(times("0 0 * * *", "2025-09-06T12:00:00Z", "America/Santiago", 2) ==
               "2025-09-07T04:00 2025-09-08T03:00");
    // Samoa left out 2011-12-30 altogether.
    BOOST_TEST(times("0 12 30 12 *", "2011-12-29T00:00:00Z", "Pacific/Apia") == "2011-12-30T10:00");
}

BOOST_AUTO_TEST_CASE(a_time_of_many_that_the_clocks_skip_does_not_count) {
    BOOST_TEST(times("30 * * * *", "2026-03-29T00:30:00Z", "Europe/Berlin") == "2026-03-29T01:30");
    BOOST_TEST(times("30 */2 * * *", "2026-03-28T23:30:00Z", "Europe/Berlin") ==
               "2026-03-29T02:30");
    BOOST_TEST(times("*/20 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin") ==
               "2026-03-30T00:00");
}

BOOST_AUTO_TEST_CASE(a_time_that_comes_twice_counts_once) {
    // At 03:00 on 2026-10-25 it is 02:00 again in Berlin: 01:00 UTC.
    BOOST_TEST(times("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin", 2) ==
               "2026-10-25T00:30 2026-10-26T01:30");
    BOOST_TEST(times("0,30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin", 3) ==
               "2026-10-25T00:00 2026-10-25T00:30 2026-10-26T01:00");
}

BOOST_AUTO_TEST_CASE(every_hours_times_go_on_through_the_hour_that_comes_twice) {
    BOOST_TEST(times("*/30 * * * *", "2026-10-25T00:00:00Z", "Europe/Berlin", 5) ==
               "2026-10-25T00:30 2026-10-25T01:00 2026-10-25T01:30 2026-10-25T02:00 "
               "2026-10-25T02:30");
    // Half an hour, on an island.
    BOOST_TEST(times("@hourly", "2026-04-04T13:00:00Z", "Australia/Lord_Howe", 3) ==
               "2026-04-04T14:00 2026-04-04T15:30 2026-04-04T16:30");
}

BOOST_AUTO_TEST_CASE(clocks_set_back_over_midnight_keep_the_order) {
    // On 2018-02-18 at 00:00 it was 23:00 again in Sao Paulo: 02:00 UTC.
    BOOST_TEST(times("30 23,0 * * *", "2018-02-18T01:00:00Z", "America/Sao_Paulo", 3) ==
               "2018-02-18T01:30 2018-02-18T03:30 2018-02-19T02:30");
    BOOST_TEST(times("30 * * * *", "2018-02-18T01:00:00Z", "America/Sao_Paulo", 3) ==
               "2018-02-18T01:30 2018-02-18T02:30 2018-02-18T03:30");
}

BOOST_AUTO_TEST_CASE(what_is_no_schedule_is_refused) {
    constexpr std::pair<const char*, const char*> kCases[] = {
        {"", "got 0 fields"},
        {"0 3 * *", "got 4 fields"},
        {"0 0 3 * * *", "got 6 fields"},
        {"@reboot", "got \"@reboot\""},
        {"@every 5m", "got 2 fields"},
        {"60 3 * * *", "the minute \"60\""},
        {"0 24 * * *", "the hour \"24\""},
        {"0 3 0 * *", "the day of the month \"0\""},
        {"0 3 32 * *", "the day of the month \"32\""},
        {"0 3 * 13 *", "the month \"13\""},
        {"0 3 * * 8", "the day of the week \"8\""},
        {"0 3 L * *", "the day of the month \"L\""},
        {"0 3 * * 5#2", "the day of the week \"5#2\""},
        {"0 3 ? * *", "the day of the month \"?\""},
        {"-1 3 * * *", "the minute \"-1\""},
        {"+1 3 * * *", "the minute \"+1\""},
        {"1- 3 * * *", "the minute \"1-\""},
        {"1,,2 3 * * *", "the minute \"\""},
        {"*/0 3 * * *", "the minute \"*/0\""},
        {"*/ 3 * * *", "the minute \"*/\""},
        {"*/x 3 * * *", "the minute \"*/x\""},
        {"1/2/3 3 * * *", "the minute \"1/2/3\""},
        {"99999999999 3 * * *", "the minute \"99999999999\""},
        {"*-5 3 * * *", "the minute \"*-5\""},
        {"mon 3 * * *", "the minute \"mon\""},
        {"0 3 * * monday", "the day of the week \"monday\""},
        {"30-10 3 * * *", "the minute \"30-10\" of a cron expression runs backwards"},
        {"0 3 * * 5-1", "runs backwards"},
        {"0 0 30 2 *", "no day ever fits"},
        {"0 0 31 4,6 *", "no day ever fits"},
    };
    for (const auto& [cron, message] : kCases) {
        BOOST_TEST(error_of(cron).find(message) != std::string::npos,
                   cron << ": " << error_of(cron));
    }
    BOOST_TEST(error_of(std::string(100'000, '*')).find("too long") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(times_always_go_forward) {
    for (const char* const zone : {"Europe/Berlin", "America/Santiago", "Australia/Lord_Howe",
                                   "Africa/Casablanca", "Pacific/Apia", "America/Havana"}) {
        for (const char* const cron : {"*/20 * * * *", "30 0-3 * * *", "0 0 * * *"}) {
            const auto schedule = CronSchedule::parse(cron).value();
            const auto loaded = runtime::TimeZone::load(zone).value();
            WallTime now = at("2011-01-01T00:00:00Z");
            const WallTime end = at("2012-12-31T00:00:00Z");
            const Duration longest = hours(49);
            while (now < end) {
                const auto next = schedule.next(now, *loaded);
                BOOST_REQUIRE(next.has_value());
                if (*next <= now || *next - now > longest) {
                    BOOST_ERROR(zone << " " << cron << ": " << format_time(now) << ", "
                                     << format_time(*next));
                    break;
                }
                now = *next;
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
