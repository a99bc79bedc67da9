#include "app/heartbeat_record.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using namespace pilotlight::app;
using namespace std::chrono_literals;

namespace {

const WallTime kNoon = parse_time("2026-03-10T12:00:00Z").value();

}  // namespace

BOOST_AUTO_TEST_SUITE(heartbeat_records)

BOOST_AUTO_TEST_CASE(a_record_is_read_as_it_was_written) {
    HeartbeatRecord record;
    BOOST_TEST((heartbeat_record_from(to_json(record)).value() == record));
    record.state.first_seen = kNoon;
    record.state.last_ping = kNoon + 1s;
    record.state.last_end = kNoon + 2s;
    record.state.last_success = kNoon + 3s;
    record.state.last_duration = 4s;
    record.state.last_exit_code = 5;
    record.state.runs = {{"a", kNoon + 6s}, {"", kNoon + 7s}};
    record.state.trouble = {{.reason = "failed", .detail = "d", .at = kNoon, .run = "r"}};
    record.state.late_since = kNoon + 8s;
    record.state.excuse = {{.expected = kNoon, .until = kNoon + 9s}};
    record.state.body = "line\nline";
    record.gone_since = kNoon + 10s;
    BOOST_TEST((heartbeat_record_from(to_json(record)).value() == record));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_kept_as_far_as_they_can_be) {
    HeartbeatRecord record;
    record.state.body = "a\xff";
    const auto read = heartbeat_record_from(to_json(record));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->state.body == "a\ufffd");
}

BOOST_AUTO_TEST_CASE(what_is_no_record_is_refused) {
    for (const char* const text :
         {"", "[]", "5", "{\"first_seen\": \"noon\"}", "{\"runs\": 5}", "{\"runs\": [5]}",
          "{\"trouble\": []}", "{\"excuse\": 5}", "{\"last_exit_code\": {}}"}) {
        BOOST_TEST(!heartbeat_record_from(text).has_value(), text);
    }
    BOOST_TEST(heartbeat_record_from("{}").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
