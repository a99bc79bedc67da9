#include "runtime/time_zone.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using namespace std::chrono;
using runtime::TimeZone;

namespace {

WallTime at(int y, int m, int d, int hour, int minute) {
    return sys_days(year(y) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d))) +
           hours(hour) + minutes(minute);
}

int offset(const std::string& zone, WallTime time) {
    const auto loaded = TimeZone::load(zone);
    BOOST_REQUIRE_MESSAGE(loaded.has_value(), zone);
    return static_cast<int>(duration_cast<minutes>((*loaded)->offset_at(time)).count());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time_zone)

BOOST_AUTO_TEST_CASE(zones_agree_with_the_database_on_both_sides_of_a_change) {
    // Summer time in the EU begins on 2026-03-29 at 01:00 UTC and ends on 2026-10-25 at 01:00.
    BOOST_TEST(offset("Europe/Berlin", at(2026, 3, 29, 0, 59)) == 60);
    BOOST_TEST(offset("Europe/Berlin", at(2026, 3, 29, 1, 0)) == 120);
    BOOST_TEST(offset("Europe/Berlin", at(2026, 10, 25, 0, 59)) == 120);
    BOOST_TEST(offset("Europe/Berlin", at(2026, 10, 25, 1, 0)) == 60);
    BOOST_TEST(offset("America/New_York", at(2026, 7, 1, 0, 0)) == -240);
    BOOST_TEST(offset("Asia/Kolkata", at(2026, 7, 1, 0, 0)) == 330);
    BOOST_TEST(offset("UTC", at(2026, 7, 1, 0, 0)) == 0);
}

BOOST_AUTO_TEST_CASE(zones_go_on_by_rule_beyond_their_last_entry) {
    BOOST_TEST(offset("Europe/Berlin", at(2090, 1, 15, 0, 0)) == 60);
    BOOST_TEST(offset("Europe/Berlin", at(2090, 7, 15, 0, 0)) == 120);
    // South of the equator summer spans the new year.
    BOOST_TEST(offset("Australia/Sydney", at(2090, 1, 15, 0, 0)) == 660);
    BOOST_TEST(offset("Australia/Sydney", at(2090, 7, 15, 0, 0)) == 600);
    BOOST_TEST(offset("Asia/Tokyo", at(2090, 7, 15, 0, 0)) == 540);
}

BOOST_AUTO_TEST_CASE(zone_files_that_are_cut_or_garbage_are_refused) {
    BOOST_TEST(!TimeZone::parse("").has_value());
    BOOST_TEST(!TimeZone::parse("TZif2").has_value());
    BOOST_TEST(!TimeZone::parse(std::string(200, 'x')).has_value());
    BOOST_TEST(
        !TimeZone::parse("TZif2" + std::string(15, '\0') + std::string(24, '\xff')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
