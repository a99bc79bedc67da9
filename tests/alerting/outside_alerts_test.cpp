#include "alerting/outside_alerts.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTimeout = 5min;
const Labels kDown{{"alertname", "Down"}};

PostedAlert posted(std::optional<Duration> from, std::optional<Duration> to,
                   const Labels& labels = kDown) {
    PostedAlert alert;
    alert.labels = labels;
    if (from) alert.starts_at = noon(*from);
    if (to) alert.ends_at = noon(*to);
    return alert;
}

/// `+Down 0s` for one that fires since 0s, `-Down 0s..5m` for one that ended.
std::string told(const OutsideAlerts::Change& change) {
    std::string text;
    for (const Alert& alert : change.alerts) {
        const bool ended = alert.state == AlertState::resolved;
        text += ended ? "-" : "+";
        text += alert.labels.get(kAlertName);
        text += " " + format_duration(*alert.fired_at - noon());
        if (ended) text += ".." + format_duration(*alert.resolved_at - noon());
        text += ";";
    }
    for (const std::string& why : change.refused)
        text += "!" + why + ";";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outside_alerts)

BOOST_AUTO_TEST_CASE(without_an_end_it_ends_resolve_timeout_after_it_was_sent) {
    OutsideAlerts alerts;
    BOOST_TEST(told(alerts.post({posted({}, {})}, noon(), kTimeout)) == "+Down 0s;");
    BOOST_CHECK(alerts.next_wakeup() == noon(5min));
    BOOST_TEST(told(alerts.tick(noon(5min - 1ms))) == "");
    BOOST_TEST(told(alerts.tick(noon(5min))) == "-Down 0s..5m;");
    BOOST_CHECK(!alerts.next_wakeup().has_value());
    BOOST_TEST(alerts.size() == 0U);
}

BOOST_AUTO_TEST_CASE(sending_it_again_extends_it_and_keeps_its_start) {
    OutsideAlerts alerts;
    (void)alerts.post({posted({}, {})}, noon(), kTimeout);
    const auto change = alerts.post({posted({}, {})}, noon(4min), kTimeout);
    BOOST_TEST(told(change) == "+Down 0s;");
    BOOST_TEST(change.began.empty());
    BOOST_TEST(told(alerts.tick(noon(8min))) == "");
    BOOST_TEST(told(alerts.tick(noon(9min))) == "-Down 0s..9m;");
}

BOOST_AUTO_TEST_CASE(an_end_in_the_past_ends_it) {
    OutsideAlerts alerts;
    (void)alerts.post({posted(0s, 4min)}, noon(), kTimeout);
    const auto change = alerts.post({posted(0s, 2min)}, noon(3min), kTimeout);
    BOOST_TEST(told(change) == "-Down 0s..2m;");
    BOOST_TEST(change.resolved == 1U);
    BOOST_REQUIRE(change.removed.size() == 1U);
    BOOST_TEST(alerts.size() == 0U);
    BOOST_TEST(told(alerts.tick(noon(1h))) == "");
}

BOOST_AUTO_TEST_CASE(an_end_of_what_was_never_known_leaves_nothing_behind) {
    OutsideAlerts alerts;
    const auto change = alerts.post({posted({}, -1min)}, noon(), kTimeout);
    BOOST_TEST(told(change) == "-Down -1m..-1m;");
    BOOST_TEST(change.removed.empty());
    BOOST_TEST(change.written.empty());
    BOOST_TEST(alerts.size() == 0U);
}

BOOST_AUTO_TEST_CASE(the_latest_end_that_a_sender_gave_holds) {
    OutsideAlerts alerts;
    (void)alerts.post({posted(0s, 30min)}, noon(), kTimeout);
    (void)alerts.post({posted({}, {})}, noon(1min), kTimeout);
    BOOST_TEST(told(alerts.tick(noon(29min))) == "");
    BOOST_TEST(told(alerts.tick(noon(30min))) == "-Down 0s..30m;");
}

BOOST_AUTO_TEST_CASE(a_timeout_gives_way_to_an_end_that_a_sender_gave) {
    OutsideAlerts alerts;
    (void)alerts.post({posted(0s, {})}, noon(), kTimeout);
    (void)alerts.post({posted(0s, 2min)}, noon(1min), kTimeout);
    BOOST_TEST(told(alerts.tick(noon(2min))) == "-Down 0s..2m;");
}

BOOST_AUTO_TEST_CASE(after_its_end_it_begins_anew) {
    OutsideAlerts alerts;
    (void)alerts.post({posted({}, {})}, noon(), kTimeout);
    (void)alerts.tick(noon(5min));
    const auto change = alerts.post({posted({}, {})}, noon(6min), kTimeout);
    BOOST_TEST(told(change) == "+Down 6m;");
    BOOST_TEST(change.began.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_good_ones_of_a_message_are_taken_and_the_bad_ones_told) {
    OutsideAlerts alerts;
    PostedAlert nameless = posted({}, {});
    nameless.labels = Labels();
    PostedAlert huge = posted({}, {}, Labels{{"alertname", "Huge"}});
    huge.annotations = Labels{{"text", std::string(300'000, 'x')}};
    const auto change = alerts.post({nameless, posted({}, {}), posted(1h, 1min),
                                     posted(2h, {}, Labels{{"alertname", "Later"}}), huge},
                                    noon(), kTimeout);
    BOOST_TEST(told(change) ==
               "+Down 0s;"
               "!at least one label pair required;!start time must be before end time;"
               "!start time must be before end time;"
               "!alert exceeded maximum size: 300017 bytes (limit: 262144 bytes);");
    BOOST_TEST(change.firing == 1U);
}

BOOST_AUTO_TEST_CASE(too_many_are_refused_but_known_ones_go_on) {
    OutsideAlerts alerts({.count_max = 1});
    (void)alerts.post({posted({}, {})}, noon(), kTimeout);
    const auto change = alerts.post(
        {posted({}, {}, Labels{{"alertname", "Other"}}), posted({}, {})}, noon(1min), kTimeout);
    BOOST_TEST(told(change) == "+Down 0s;!exceeded maximum number of alerts: 1 (limit: 1);");
}

BOOST_AUTO_TEST_CASE(a_restart_gives_senders_time_to_speak_again) {
    OutsideAlerts before;
    const auto written = before.post({posted(0s, 4min)}, noon(), kTimeout).written;
    BOOST_REQUIRE(written.size() == 1U);
    const auto read = outside_alert_from_json(to_json(written[0]));
    BOOST_REQUIRE(read.has_value());
    BOOST_CHECK(*read == written[0]);

    OutsideAlerts after;
    BOOST_TEST(told(after.restore({*read}, noon(1h), kTimeout)) == "+Down 0s;");
    BOOST_TEST(told(after.tick(noon(64min))) == "");
    BOOST_TEST(told(after.tick(noon(65min))) == "-Down 0s..1h5m;");
}

BOOST_AUTO_TEST_CASE(a_time_in_which_nothing_was_heard_ends_nothing) {
    OutsideAlerts alerts;
    (void)alerts.post({posted({}, {}), posted(0s, 3h, Labels{{"alertname", "Long"}})}, noon(),
                      kTimeout);
    alerts.was_blind(noon(20min), kTimeout);
    BOOST_TEST(told(alerts.tick(noon(24min))) == "");
    BOOST_TEST(told(alerts.tick(noon(25min))) == "-Down 0s..25m;");
    BOOST_CHECK(alerts.next_wakeup() == noon(3h));
}

BOOST_AUTO_TEST_CASE(what_is_no_record_is_not_read) {
    for (const char* bad : {"", "[]", "{}", R"({"labels":{}})", "\xff"})
        BOOST_TEST(!outside_alert_from_json(bad).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
