#include "exporters/health.h"

#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include "tests/exporters/made_up.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;
using made_up::calm;
using made_up::get;
using made_up::kNow;
using made_up::site_of;

namespace {

std::string trouble(const Snapshot& snapshot, std::string_view name, WallTime now = kNow) {
    for (const Check& check : check_self(snapshot, now)) {
        if (check.name == name) return check.trouble;
    }
    return "no such check";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(health)

BOOST_AUTO_TEST_CASE(finds_nothing_wrong_with_a_calm_state) {
    for (const Check& check : check_self(calm(), kNow)) {
        BOOST_TEST_INFO(check.name);
        BOOST_TEST(check.trouble == "");
    }
}

BOOST_AUTO_TEST_CASE(a_down_target_is_no_trouble_of_pilotlight) {
    Snapshot snapshot = calm();
    snapshot.targets[0].health = Health::down;
    snapshot.targets[0].reason = "refused";
    BOOST_TEST(trouble(snapshot, "probes") == "");
}

BOOST_AUTO_TEST_CASE(names_the_journal_that_cannot_be_written) {
    Snapshot snapshot = calm();
    snapshot.journal_healthy = false;
    BOOST_TEST(trouble(snapshot, "journal") == "the journal cannot be written");
}

BOOST_AUTO_TEST_CASE(a_target_is_overdue_after_two_turns_and_its_timeout) {
    Snapshot snapshot = calm();
    snapshot.targets[0].last_probe_at = kNow - 40s;
    BOOST_TEST(trouble(snapshot, "probes") == "");
    snapshot.targets[0].last_probe_at = kNow - 41s;
    BOOST_TEST(trouble(snapshot, "probes") == "lpg-api not probed on time");
    snapshot.targets[3].last_probe_at = kNow - 1h;
    BOOST_TEST(trouble(snapshot, "probes") == "lpg-api and 1 more not probed on time");
}

BOOST_AUTO_TEST_CASE(a_new_target_is_given_time_for_its_first_probe) {
    Snapshot snapshot = calm();
    snapshot.targets[0].last_probe_at.reset();
    snapshot.reload.last_success = kNow - 20s;
    BOOST_TEST(trouble(snapshot, "probes") == "");
    snapshot.reload.last_success = kNow - 1h;
    BOOST_TEST(trouble(snapshot, "probes") == "lpg-api not probed on time");
}

BOOST_AUTO_TEST_CASE(a_target_that_could_not_be_judged_is_trouble) {
    Snapshot snapshot = calm();
    snapshot.targets[2].health = Health::unknown;
    snapshot.targets[2].reason = "no_descriptors";
    BOOST_TEST(trouble(snapshot, "probes") == "app-metrics could not be judged, no_descriptors");
}

BOOST_AUTO_TEST_CASE(a_target_whose_last_judgement_stands_is_trouble_all_the_same) {
    Snapshot snapshot = calm();
    for (const std::size_t i : {1U, 2U}) {
        snapshot.targets[i].unknown_since = kNow - 1min;
        snapshot.targets[i].reason = "resolver_unreachable";
        snapshot.targets[i].detail = "no name server answers";
    }
    BOOST_TEST(trouble(snapshot, "probes") ==
               "site-certificate and 1 more could not be judged, resolver_unreachable: no name "
               "server answers");
}

BOOST_AUTO_TEST_CASE(names_the_rule_the_receiver_and_the_line_that_are_wrong) {
    Snapshot snapshot = calm();
    snapshot.rule_groups[0].rules[0].health = "err";
    snapshot.rule_groups[0].rules[0].last_error = "many-to-many";
    snapshot.receivers[1].last_error = "HTTP 500 from events.pagerduty.com";
    snapshot.reload.successful = false;
    snapshot.reload.errors = {"a.yaml:1:2: no", "a.yaml:2:2: no"};
    BOOST_TEST(trouble(snapshot, "rules") ==
               "group critical, rule DatabaseConnectionFailure: many-to-many");
    BOOST_TEST(trouble(snapshot, "delivery") ==
               "on-call (pagerduty): HTTP 500 from events.pagerduty.com");
    BOOST_TEST(trouble(snapshot, "config") == "a.yaml:1:2: no");
    snapshot.reload.errors.clear();
    BOOST_TEST(trouble(snapshot, "config") == "the last reload was refused");
}

BOOST_AUTO_TEST_CASE(an_engine_that_no_longer_turns_is_stuck) {
    const Snapshot snapshot = calm();
    BOOST_TEST(!is_stuck(snapshot, kNow + kStuckAfter));
    BOOST_TEST(is_stuck(snapshot, kNow + kStuckAfter + 1ms));
    BOOST_TEST(!is_stuck(snapshot, kNow - 1h));
    BOOST_TEST(trouble(snapshot, "rules", kNow + 90s) == "the engine has not turned for 1m30s");
    BOOST_TEST(trouble(snapshot, "probes", kNow + 90s) == "the engine has not turned for 1m30s");
}

BOOST_AUTO_TEST_CASE(the_document_is_what_applications_answer) {
    const Response response = handle(get("/api/health"), site_of(calm()), kNow);
    BOOST_TEST(response.status == 200);
    const auto json = nlohmann::json::parse(response.text());
    BOOST_TEST(json["status"] == "ok");
    BOOST_TEST(json["version"] == "0.1.0");
    BOOST_TEST(json["uptime"] == (9 * 24 + 4) * 3600);
    BOOST_TEST(json["checks"].size() == 5U);
    BOOST_TEST(json["checks"]["delivery"]["status"] == "ok");
}

BOOST_AUTO_TEST_CASE(degraded_still_answers_200_and_says_why) {
    const Response response = handle(get("/api/health"), site_of(made_up::outage()), kNow);
    BOOST_TEST(response.status == 200);
    const auto json = nlohmann::json::parse(response.text());
    BOOST_TEST(json["status"] == "degraded");
    BOOST_TEST(json["checks"]["config"]["status"] == "degraded");
    BOOST_TEST(
        json["checks"]["config"]["detail"].get<std::string>().starts_with("rules/team.yaml"));
    BOOST_TEST(json["checks"]["journal"]["status"] == "ok");
}

BOOST_AUTO_TEST_CASE(stuck_and_not_yet_begun_answer_503) {
    BOOST_TEST(handle(get("/api/health"), site_of(calm()), kNow + 31s).status == 503);
    Site starting = site_of({});
    starting.snapshot = [] { return SharedSnapshot{}; };
    const Response response = handle(get("/api/health"), starting, kNow);
    BOOST_TEST(response.status == 503);
    BOOST_TEST(nlohmann::json::parse(response.text())["status"] == "degraded");
}

BOOST_AUTO_TEST_SUITE_END()
