#include "core/time.h"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using pilotlight::Duration;
using pilotlight::format_duration;
using pilotlight::format_time;
using pilotlight::parse_duration;
using pilotlight::parse_time;
using pilotlight::WallTime;

BOOST_AUTO_TEST_SUITE(time_values)

BOOST_AUTO_TEST_CASE(durations_are_read_as_prometheus_reads_them) {
    const std::pair<const char*, Duration> kCases[] = {
        {"0", 0ms},    {"0s", 0ms},
        {"1ms", 1ms},  {"15s", 15s},
        {"5m", 5min},  {"1h30m", 90min},
        {"1d", 24h},   {"1w", 168h},
        {"1y", 8760h}, {"1y1w1d1h1m1s1ms", 8760h + 168h + 24h + 1h + 1min + 1s + 1ms},
        {"90s", 90s},  {"007s", 7s},
    };
    for (const auto& [text, duration] : kCases) {
        const auto parsed = parse_duration(text);
        BOOST_TEST_REQUIRE(parsed.has_value(), text);
        BOOST_TEST((*parsed == duration), text);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_duration_is_refused) {
    for (const char* text : {"", "1", "s", "1.5s", "-1s", "+1s", "1s1m", "1s1s", "1h 5m", " 1s",
                             "1s ", "1S", "1sec", "1m5", "0x1s", "00", "1µs", "1ms1s"}) {
        const auto parsed = parse_duration(text);
        BOOST_TEST(!parsed.has_value(), text);
        if (!parsed) BOOST_TEST(parsed.error().message.contains("expected"), text);
    }
}

BOOST_AUTO_TEST_CASE(overflow_is_refused) {
    for (const char* text : {"9223372036854775808ms", "999999999999999999999s", "300000000y",
                             "1s9223372036854775807ms"}) {
        const auto parsed = parse_duration(text);
        BOOST_TEST_REQUIRE(!parsed.has_value(), text);
        BOOST_TEST(parsed.error().message.contains("out of range"), text);
    }
    // 64 bits of nanoseconds, as in Prometheus.
    BOOST_TEST(parse_duration("9223372036s854ms").has_value());
    BOOST_TEST(!parse_duration("9223372036s855ms").has_value());
    BOOST_TEST(parse_duration("292y").has_value());
    BOOST_TEST(!parse_duration("293y").has_value());
}

BOOST_AUTO_TEST_CASE(durations_are_written_as_prometheus_writes_them) {
    const std::pair<Duration, const char*> kCases[] = {
        {0ms, "0s"},   {1ms, "1ms"},  {1500ms, "1s500ms"}, {90s, "1m30s"},
        {60min, "1h"}, {24h, "1d"},   {25h, "1d1h"},       {168h, "1w"},
        {192h, "8d"},  {8760h, "1y"}, {8784h, "366d"},     {-90s, "-1m30s"},
    };
    for (const auto& [duration, text] : kCases)
        BOOST_TEST(format_duration(duration) == text);
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back) {
    for (std::int64_t ms = 1; ms < 100'000'000'000; ms = ms * 7 + 3) {
        BOOST_TEST((parse_duration(format_duration(Duration{ms})) == Duration{ms}));
    }
}

BOOST_AUTO_TEST_CASE(times_are_rfc_3339_in_utc) {
    BOOST_TEST(format_time(WallTime{0ms}) == "1970-01-01T00:00:00.000Z");
    BOOST_TEST(format_time(WallTime{1'767'323'045'678ms}) == "2026-01-02T03:04:05.678Z");
    BOOST_TEST(format_time(WallTime{-1ms}) == "1969-12-31T23:59:59.999Z");
}

BOOST_AUTO_TEST_CASE(seconds_keep_the_milliseconds) {
    BOOST_TEST(pilotlight::to_seconds(1500ms) == 1.5);
    BOOST_TEST(pilotlight::to_unix_seconds(WallTime{1500ms}) == 1.5);
}

BOOST_AUTO_TEST_CASE(rfc_3339_reads_back) {
    const auto time = parse_time("2026-01-02T03:04:05.678Z");
    BOOST_REQUIRE(time);
    BOOST_TEST(format_time(*time) == "2026-01-02T03:04:05.678Z");
    BOOST_TEST(format_time(*parse_time("2026-01-02T03:04:05+01:30")) == "2026-01-02T01:34:05.000Z");
    BOOST_TEST(format_time(*parse_time("2026-01-02T03:04:05.1239-00:15")) ==
               "2026-01-02T03:19:05.123Z");
}

BOOST_AUTO_TEST_CASE(what_is_not_rfc_3339_is_refused) {
    for (const char* text :
         {"", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z",
          "2026-01-02T24:04:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+1:00",
          "2026-01-02T03:04:05Zx"}) {
        BOOST_TEST(!parse_time(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
