#include <boost/test/unit_test.hpp>

#include "alerting/dispatcher.h"
#include "tests/alerting/scene.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using alerting::testing::Scene;
using namespace std::chrono_literals;

namespace {

std::string tree(const std::string& more = "") {
    return "route: {receiver: ops, group_by: [job], group_wait: 30s, group_interval: 5m, "
           "repeat_interval: 4h}\nreceivers:\n"
           "  - {name: ops, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}\n" +
           more;
}

const Labels kA{{"alertname", "A"}, {"job", "api"}};
const Labels kB{{"alertname", "B"}, {"job", "api"}};

std::string silence(Scene& scene, std::string_view matchers, Duration from, Duration to) {
    scene.advance(from);
    Silence wanted;
    wanted.matchers = parse_matchers(matchers).value();
    wanted.starts_at = Scene::at(from);
    wanted.ends_at = Scene::at(to);
    wanted.created_by = "ada";
    wanted.comment = "because";
    return scene.dispatcher().silences().put(wanted, Scene::at(from)).value().silence.id;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatcher_silences)

BOOST_AUTO_TEST_CASE(an_alert_decided_in_the_moment_of_the_silence_is_muted) {
    Scene scene(
        "route: {receiver: ops, group_by: [job], group_wait: 0s, group_interval: 5m}\n"
        "receivers: [{name: ops, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]");
    silence(scene, "alertname=A", 10s, 20min);
    scene.fire(10s, kA).advance(19min);
    BOOST_TEST(scene.told() == "");
}

BOOST_AUTO_TEST_CASE(others_of_the_group_are_told_without_it) {
    Scene scene(tree());
    silence(scene, "alertname=A", 0s, 1h);
    scene.fire(0s, kA).fire(0s, kB).advance(10min);
    BOOST_TEST(scene.told() == "30s ops/webhook[0] first {job=\"api\"}: +B\n");
}

BOOST_AUTO_TEST_CASE(what_still_fires_at_its_end_is_told_at_the_next_flush) {
    Scene scene(tree());
    silence(scene, "alertname=A", 0s, 12min);
    scene.fire(1min, kA).advance(12min);
    BOOST_TEST(scene.told() == "");
    scene.advance(1h);
    BOOST_TEST(scene.told() == "16m30s ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(what_was_told_before_is_announced_again_when_its_silence_ends) {
    Scene scene(tree());
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    silence(scene, "alertname=A", 2min, 12min);
    scene.advance(3h);
    BOOST_TEST(scene.told() == "15m30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(ending_it_by_hand_is_an_end) {
    Scene scene(tree());
    const std::string id = silence(scene, "alertname=A", 0s, 12h);
    scene.fire(0s, kA).advance(7min);
    BOOST_TEST(scene.dispatcher().silences().expire(id, Scene::at(7min)).has_value());
    scene.advance(1h);
    BOOST_TEST(scene.told() == "10m30s ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(what_was_told_gets_its_end_though_it_is_silenced) {
    Scene scene(tree());
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    silence(scene, "alertname=A", 2min, 12h);
    scene.end(20min, kA).advance(13h);
    BOOST_TEST(scene.told() == "20m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
    BOOST_TEST(scene.dispatcher().groups().empty());
}

BOOST_AUTO_TEST_CASE(what_began_and_ended_under_a_silence_is_told_to_nobody) {
    Scene scene(tree());
    silence(scene, "alertname=A", 0s, 1h);
    scene.fire(0s, kA).end(30min, kA).advance(2h);
    BOOST_TEST(scene.told() == "");
    BOOST_TEST(scene.dispatcher().groups().empty());
}

BOOST_AUTO_TEST_CASE(a_told_alert_is_not_repeated_while_it_is_silenced) {
    Scene scene(tree());
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    silence(scene, "alertname=A", 2min, 24h);
    scene.advance(23h);
    BOOST_TEST(scene.told() == "");
}

BOOST_AUTO_TEST_CASE(a_longer_silence_in_place_of_one_that_ends_keeps_it_quiet) {
    Scene scene(tree());
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    silence(scene, "alertname=A", 2min, 12min);
    silence(scene, "job=api", 11min, 1h);
    scene.advance(59min);
    BOOST_TEST(scene.told() == "");
    scene.advance(2h);
    BOOST_TEST(scene.told() == "1h30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(an_inhibited_alert_is_not_announced_by_its_silence_ending) {
    Scene scene(
        tree("inhibit_rules: [{source_matchers: [alertname=B], target_matchers: "
             "[alertname=A], equal: [job]}]\n"));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    silence(scene, "alertname=A", 2min, 12min);
    silence(scene, "alertname=B", 2min, 24h);
    scene.fire(3min, kB).advance(40min);
    BOOST_TEST(scene.told() == "");
    scene.end(41min, kB).advance(1h);
    BOOST_TEST(scene.told() == "45m30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(a_silence_that_ended_during_a_restart_announces_too) {
    Scene scene(tree());
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    silence(scene, "alertname=A", 2min, 12min);
    scene.advance(6min);
    const auto kept = scene.dispatcher().silences().all();
    scene.restart(13min, "", [&](Dispatcher& fresh) {
        std::vector<Silence> silences;
        for (const auto& [id, one] : kept)
            silences.push_back(one);
        fresh.silences().restore(silences, Scene::at(13min));
    });
    scene.fire(13min, kA).advance(1h);
    BOOST_TEST(scene.told() == "15m30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(says_what_mutes_an_alert) {
    Scene scene(
        tree("inhibit_rules: [{source_matchers: [alertname=B], target_matchers: "
             "[alertname=A], equal: [job]}]\n"));
    scene.fire(0s, kB).fire(0s, kA);
    const std::string id = silence(scene, "alertname=A", 10s, 12min);
    const Muting muting = scene.dispatcher().muting(kA, Scene::at(11s));
    BOOST_REQUIRE(muting.silenced_by.size() == 1U);
    BOOST_TEST(muting.silenced_by[0] == id);
    BOOST_REQUIRE(muting.inhibited_by.size() == 1U);
    BOOST_CHECK(muting.inhibited_by[0] == kB);
    BOOST_TEST(!scene.dispatcher().muting(kB, Scene::at(11s)).is_muted());
    BOOST_TEST(scene.dispatcher().muting(kA, Scene::at(12min)).silenced_by.empty());
}

BOOST_AUTO_TEST_CASE(shows_what_fires_who_is_told_and_what_mutes_it) {
    Scene scene(
        "route: {receiver: ops, group_by: [job], routes: [{matchers: [alertname=B], receiver: "
        "night, active_time_intervals: [never], continue: true}, {matchers: [alertname=B], "
        "receiver: ops}]}\n"
        "receivers: [{name: ops}, {name: night}]\n"
        "time_intervals: [{name: never, time_intervals: [{years: ['1990']}]}]\n");
    scene.fire(0s, kA).fire(1s, kB).fire(2s, Labels{{"alertname", "C"}}).end(3s, kA);
    silence(scene, "alertname=C", 4s, 1h);
    const AlertingView view = scene.dispatcher().view(Scene::at(5s));
    BOOST_REQUIRE(view.alerts.size() == 2U);
    BOOST_CHECK(view.alerts[0].alert.labels == kB);
    BOOST_TEST(view.alerts[0].receivers == (std::vector<std::string>{"night", "ops"}),
               boost::test_tools::per_element());
    BOOST_CHECK(view.alerts[0].updated_at == Scene::at(1s));
    BOOST_TEST(view.alerts[1].muting.is_muted());
    std::string groups;
    for (const auto& group : view.groups) {
        groups += group.receiver + group.labels.to_string();
        for (const std::size_t index : group.alerts)
            groups += std::to_string(index);
        for (const std::string& name : group.muted_by)
            groups += "/" + name;
        groups += " ";
    }
    BOOST_TEST(groups == "ops{}1 night{job=\"api\"}0/never ops{job=\"api\"}0 ");
    BOOST_TEST(view.silences.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_alert_that_both_a_rule_and_somebody_outside_see_fires_while_either_does) {
    using Origin = Dispatcher::Origin;
    Scene scene(tree());
    scene.fire(0s, kA);
    const auto outside = [&](Duration when, std::optional<Duration> ended) {
        scene.advance(when);
        const std::vector<Alert> alerts{Scene::alert(kA, 5s, ended)};
        scene.dispatcher().accept(alerts, Scene::at(when), Origin::outside);
    };
    outside(10s, {});
    scene.advance(1min);
    BOOST_TEST(scene.told() == "30s ops/webhook[0] first {job=\"api\"}: +A\n");
    outside(2min, 2min);
    scene.advance(20min);
    BOOST_TEST(scene.told() == "");
    outside(21min, {});
    scene.end(22min, kA).advance(30min);
    BOOST_TEST(scene.told() == "");
    outside(31min, 31min);
    scene.advance(1h);
    BOOST_TEST(scene.told() == "35m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
}

BOOST_AUTO_TEST_SUITE_END()
