#include "alerting/dispatcher.h"

#include <boost/test/unit_test.hpp>

#include <random>

#include "tests/alerting/scene.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using alerting::testing::Scene;
using namespace std::chrono_literals;

namespace {

using Outcome = Settlement::Outcome;

std::string tree(const std::string& root, const std::string& more = "",
                 const std::string& send_resolved = "true") {
    const std::string hook = "[{url: 'http://127.0.0.1:9/', send_resolved: " + send_resolved + "}]";
    return "route: {receiver: ops, group_by: [job], group_wait: 30s, group_interval: 5m, "
           "repeat_interval: 1h" +
           (root.empty() ? "" : ", " + root) + "}\nreceivers:\n" +
           "  - {name: ops, webhook_configs: " + hook + "}\n" +
           "  - {name: other, webhook_configs: " + hook + "}\n" + more;
}

const Labels kA{{"alertname", "A"}, {"job", "api"}};
const Labels kB{{"alertname", "B"}, {"job", "api"}};
const Labels kC{{"alertname", "C"}, {"job", "db"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatcher)

BOOST_AUTO_TEST_CASE(a_group_waits_for_more_and_tells_them_together) {
    Scene scene(tree(""));
    scene.fire(0s, kA).fire(10s, kB).fire(12s, kC).advance(1min);
    BOOST_TEST(scene.told() ==
               "30s ops/webhook[0] first {job=\"api\"}: +A +B\n"
               "42s ops/webhook[0] first {job=\"db\"}: +C\n");
}

BOOST_AUTO_TEST_CASE(without_group_wait_it_is_told_in_the_same_call) {
    Scene scene(tree("routes: [{matchers: [alertname=A], group_wait: 0s}]"));
    scene.fire(7s, kA);
    BOOST_TEST(scene.told() == "7s ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(news_of_a_told_group_waits_for_group_interval) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.fire(1min, kB).advance(10min);
    BOOST_TEST(scene.told() == "5m30s ops/webhook[0] changed {job=\"api\"}: +A +B\n");
}

BOOST_AUTO_TEST_CASE(ends_are_told_with_what_still_fires_and_alone) {
    Scene scene(tree(""));
    scene.fire(0s, kA).fire(0s, kB).advance(1min);
    (void)scene.told();
    scene.end(2min, kB).advance(6min);
    BOOST_TEST(scene.told() == "5m30s ops/webhook[0] changed {job=\"api\"}: +A -B\n");
    scene.end(7min, kA).advance(2h);
    BOOST_TEST(scene.told() == "10m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
    BOOST_TEST(scene.dispatcher().groups().empty());
    BOOST_TEST(scene.log_size() == 0U);
    BOOST_CHECK(!scene.dispatcher().next_wakeup().has_value());
}

BOOST_AUTO_TEST_CASE(what_began_and_ended_before_anybody_was_told_is_told_to_nobody) {
    Scene scene(tree(""));
    scene.fire(0s, kA).end(20s, kA).advance(2h);
    BOOST_TEST(scene.told() == "");
    BOOST_TEST(scene.dispatcher().groups().empty());
    scene.end(3h, kC).advance(4h);
    BOOST_TEST(scene.told() == "");
}

BOOST_AUTO_TEST_CASE(nothing_new_is_repeated_after_repeat_interval_on_the_flush) {
    Scene scene(tree(""));
    scene.delivery_takes = 3s;
    scene.fire(0s, kA).advance(2h + 1min);
    BOOST_TEST(scene.told() ==
               "30s ops/webhook[0] first {job=\"api\"}: +A\n"
               "1h30s ops/webhook[0] repeat {job=\"api\"}: +A\n"
               "2h30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(a_repeat_counts_from_a_late_success) {
    Scene scene(tree(""));
    scene.delivery_takes = 20min;
    scene.fire(0s, kA).advance(1h + 25min);
    BOOST_TEST(scene.told() ==
               "30s ops/webhook[0] first {job=\"api\"}: +A\n"
               "1h20m30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(nothing_is_repeated_while_the_first_is_still_underway) {
    Scene scene(tree(""));
    scene.outcome.reset();
    scene.fire(0s, kA).advance(5h);
    BOOST_TEST(scene.told() == "30s ops/webhook[0] first {job=\"api\"}: +A\n");
    scene.settle(scene.sent()[0], Outcome::delivered, 5h);
    scene.advance(5h + 50min);
    BOOST_TEST(scene.told() == "");
    scene.advance(6h + 5min);
    BOOST_TEST(scene.told() == "6h30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(what_failed_for_good_is_decided_again_at_the_next_flush) {
    Scene scene(tree(""));
    scene.outcome = Outcome::dead;
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.outcome = Outcome::delivered;
    scene.advance(12min);
    BOOST_TEST(scene.told() == "5m30s ops/webhook[0] changed {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(an_end_that_is_refused_is_decided_again_and_let_go_of_after_a_day) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    scene.outcome = Outcome::dead;
    scene.end(2min, kA);
    (void)scene.told();
    scene.advance(16min);
    BOOST_TEST(scene.told() ==
               "5m30s ops/webhook[0] resolved {job=\"api\"}: -A\n"
               "10m30s ops/webhook[0] resolved {job=\"api\"}: -A\n"
               "15m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
    scene.advance(25h);
    BOOST_TEST(scene.dispatcher().groups().empty());
}

BOOST_AUTO_TEST_CASE(an_alert_that_fires_again_while_its_end_is_underway_is_not_lost) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    scene.outcome.reset();
    scene.end(2min, kA).advance(6min);
    (void)scene.told();
    scene.fire(6min, kA);
    scene.settle(scene.sent().back(), Outcome::delivered, 6min);
    scene.outcome = Outcome::delivered;
    scene.advance(11min);
    BOOST_TEST(scene.told() == "10m30s ops/webhook[0] changed {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(an_alert_that_ends_and_fires_again_between_flushes_is_no_news) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.end(2min, kA).fire(3min, kA).advance(30min);
    BOOST_TEST(scene.told() == "");
}

BOOST_AUTO_TEST_CASE(a_receiver_that_wants_no_ends_hears_none_and_its_group_is_forgotten) {
    Scene scene(tree("", "", "false"));
    scene.fire(0s, kA).fire(0s, kB).advance(1min);
    (void)scene.told();
    scene.end(2min, kB).advance(6min).end(7min, kA).advance(2h);
    BOOST_TEST(scene.told() == "");
    BOOST_TEST(scene.dispatcher().groups().empty());
    BOOST_TEST(scene.log_size() == 0U);
    scene.fire(3h, kA).advance(3h + 1min);
    BOOST_TEST(scene.told() == "3h30s ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(what_still_waits_is_amended_even_where_no_ends_are_wanted) {
    Scene scene(tree("", "", "false"));
    scene.outcome.reset();
    scene.fire(0s, kA).advance(1min).end(2min, kA).advance(6min);
    BOOST_TEST(scene.told() ==
               "30s ops/webhook[0] first {job=\"api\"}: +A\n"
               "5m30s ops/webhook[0] resolved {job=\"api\"}: (amends) -A\n");
}

BOOST_AUTO_TEST_CASE(an_alert_that_has_waited_elsewhere_does_not_wait_again) {
    Scene scene(tree(""));
    scene.put(1h, {Scene::alert(kA, 10min)});
    BOOST_TEST(scene.told() == "1h ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(continue_tells_both_and_each_keeps_its_own_log) {
    Scene scene(
        tree("routes: [{matchers: [job=api], receiver: other, group_wait: 0s, continue: "
             "true}, {matchers: [job=api], group_wait: 1m}]"));
    scene.fire(0s, kA).advance(2min);
    BOOST_TEST(scene.told() ==
               "0s other/webhook[0] first {job=\"api\"}: +A\n"
               "1m ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(pending_alerts_concern_nobody) {
    Scene scene(tree(""));
    Alert alert = Scene::alert(kA, 0s);
    alert.state = AlertState::pending;
    scene.put(0s, {alert}).advance(1h);
    BOOST_TEST(scene.told() == "");
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_delays_nothing) {
    Scene scene(tree(""));
    scene.fire(100h, kA);
    Dispatcher& dispatcher = scene.dispatcher();
    BOOST_TEST(dispatcher.tick(Scene::at(1h)).empty());
    BOOST_CHECK(dispatcher.next_wakeup() == Scene::at(1h + 30s));
    BOOST_TEST(dispatcher.tick(Scene::at(1h + 30s)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_clock_set_to_and_fro_loses_nothing_and_tells_nothing_twice) {
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        std::minstd_rand random(seed);
        Scene scene(tree(""));
        Dispatcher& dispatcher = scene.dispatcher();
        std::map<Cause, std::vector<Duration>> told;
        Duration offset = 1000h;
        Duration began{};
        for (Duration passed{}; passed < 1h; passed += 1s) {
            const auto jump = static_cast<std::int64_t>(random() % 7200) - 3600;
            if (passed % 47s == 0s) offset += std::chrono::seconds(jump);
            const Duration now = passed + offset;
            std::vector<Alert> news;
            if (passed == 10s) news = {Scene::alert(kA, began = now)};
            if (passed == 30min) news = {Scene::alert(kA, began, now)};
            dispatcher.accept(news, Scene::at(now));
            for (const Notification& notification : dispatcher.tick(Scene::at(now))) {
                told[notification.cause].push_back(passed);
                scene.settle(notification, Outcome::delivered, now);
            }
        }
        BOOST_TEST_CONTEXT("seed " << seed) {
            BOOST_REQUIRE(told[Cause::first].size() == 1U);
            BOOST_TEST((told[Cause::first][0] <= 41s));
            BOOST_REQUIRE(told[Cause::resolved].size() == 1U);
            BOOST_TEST((told[Cause::resolved][0] <= 30min + 5min + 1s));
        }
    }
}

// What the receiver knows outlives routes and processes.

BOOST_AUTO_TEST_CASE(after_a_restart_nothing_is_told_twice_and_the_end_is_told) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    const std::string key = scene.sent()[0].dedup_key;
    (void)scene.told();
    scene.restart(2min).put(2min, {Scene::alert(kA, 0s)}).advance(20min);
    BOOST_TEST(scene.told() == "");
    scene.end(21min, kA).advance(30min);
    BOOST_TEST(scene.told() == "25m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
    BOOST_TEST(scene.sent().back().dedup_key == key);
    BOOST_TEST(scene.sent().back().sequence > scene.sent()[0].sequence);
}

BOOST_AUTO_TEST_CASE(what_ended_while_it_was_down_is_told_after_the_restart) {
    Scene scene(tree(""));
    scene.fire(0s, kA).fire(0s, kC).advance(1min);
    (void)scene.told();
    scene.restart(10min);
    const std::vector<Labels> known{kC};
    scene.dispatcher().resolve_all_but(known, Scene::at(10min));
    scene.advance(20min);
    BOOST_TEST(scene.told() == "10m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
}

BOOST_AUTO_TEST_CASE(a_repeat_keeps_its_time_over_a_restart) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.restart(50min).put(50min, {Scene::alert(kA, 0s)}).advance(1h + 2min);
    BOOST_TEST(scene.told() == "1h30s ops/webhook[0] repeat {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(a_refused_end_is_tried_again_after_a_restart) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    scene.outcome = Outcome::dead;
    scene.end(2min, kA).advance(6min);
    scene.outcome = Outcome::delivered;
    (void)scene.told();
    scene.restart(7min).advance(15min);
    BOOST_TEST(scene.told() == "10m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
}

BOOST_AUTO_TEST_CASE(an_edit_of_matchers_and_timers_neither_repeats_nor_forgets) {
    Scene scene(tree("routes: [{matchers: [job=api], group_wait: 0s}]"));
    scene.fire(0s, kA);
    const std::string key = scene.sent()[0].dedup_key;
    (void)scene.told();
    scene.replace(1min, tree("routes: [{matchers: ['job=~\"api|web\"'], group_interval: 1m}]"));
    scene.advance(4min);
    BOOST_TEST(scene.told() == "");
    scene.end(4min, kA).advance(10min);
    BOOST_TEST(scene.told() == "5m ops/webhook[0] resolved {job=\"api\"}: -A\n");
    BOOST_TEST(scene.sent().back().dedup_key == key);
}

BOOST_AUTO_TEST_CASE(an_edit_of_group_by_opens_no_second_incident) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    std::string regrouped = tree("");
    regrouped.replace(regrouped.find("[job]"), 5, "[job, alertname]");
    scene.replace(2min, regrouped).fire(3min, kB).advance(20min);
    BOOST_TEST(scene.told() == "3m30s ops/webhook[0] first {alertname=\"B\", job=\"api\"}: +B\n");
    scene.end(21min, kA).advance(30min);
    BOOST_TEST(scene.told() == "25m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
    BOOST_TEST(scene.sent().back().dedup_key == scene.sent()[0].dedup_key);
}

BOOST_AUTO_TEST_CASE(who_no_longer_gets_the_alert_is_told_only_of_its_end) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.replace(2min, tree("routes: [{matchers: [job=api], receiver: other}]")).advance(50min);
    BOOST_TEST(scene.told() == "2m other/webhook[0] first {job=\"api\"}: +A\n");
    scene.advance(90min);
    BOOST_TEST(scene.told() == "1h2m other/webhook[0] repeat {job=\"api\"}: +A\n");
    scene.end(90min, kA).advance(2h);
    BOOST_TEST(scene.told() ==
               "1h30m30s ops/webhook[0] resolved {job=\"api\"}: -A\n"
               "1h32m other/webhook[0] resolved {job=\"api\"}: -A\n");
}

BOOST_AUTO_TEST_CASE(a_receiver_that_is_gone_is_forgotten_and_the_new_one_told) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.replace(2min,
                  "route: {receiver: new}\nreceivers: [{name: new, webhook_configs: [{url: "
                  "'http://127.0.0.1:9/'}]}]");
    BOOST_TEST(scene.told() == "2m new/webhook[0] first {}: +A\n");
    BOOST_TEST(scene.log_size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_incident_at_a_receiver_that_is_renamed_is_closed_with_its_own_key) {
    const auto named = [](const std::string& name) {
        return "route: {receiver: " + name + "}\nreceivers: [{name: " + name +
               ", pagerduty_configs: [{routing_key: " + std::string(32, 'k') +
               "}], webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]";
    };
    Scene scene(named("old"));
    scene.fire(0s, kA).advance(1min);
    BOOST_REQUIRE(scene.sent().size() == 2U);
    scene.replace(2min, named("new"));
    const auto farewells = scene.dispatcher().take_farewells();
    BOOST_REQUIRE(farewells.size() == 1U);
    BOOST_TEST(farewells[0].to.to_string() == "old/pagerduty[0]");
    BOOST_CHECK(farewells[0].status() == Status::resolved);
    BOOST_TEST(farewells[0].dedup_key == scene.sent()[0].dedup_key);
    BOOST_TEST(farewells[0].sequence > scene.sent()[1].sequence);
    BOOST_TEST(scene.dispatcher().take_farewells().empty());
}

BOOST_AUTO_TEST_CASE(who_was_told_nothing_gets_no_farewell) {
    const std::string old =
        "route: {receiver: old}\nreceivers: [{name: old, pagerduty_configs: [{routing_key: " +
        std::string(32, 'k') + "}]}]";
    Scene scene(old);
    scene.fire(0s, kA).replace(10s, "route: {receiver: new}\nreceivers: [{name: new}]");
    BOOST_TEST(scene.dispatcher().take_farewells().empty());
    Scene ended(old);
    ended.fire(0s, kA).advance(1min).end(2min, kA).advance(10min);
    ended.replace(11min, "route: {receiver: new}\nreceivers: [{name: new}]");
    BOOST_TEST(ended.dispatcher().take_farewells().empty());
}

BOOST_AUTO_TEST_CASE(an_edit_during_a_restart_counts_as_an_edit) {
    Scene scene(tree(""));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.restart(2min, tree("routes: [{matchers: [job=api], receiver: other}]"));
    scene.put(2min, {Scene::alert(kA, 0s)}).end(8min, kA).advance(1h);
    const std::string all = scene.told();
    BOOST_TEST(all.find("ops/webhook[0] resolved {job=\"api\"}: -A") != std::string::npos);
    BOOST_TEST(all.find("ops/webhook[0] repeat") == std::string::npos);
}

// Muting.

BOOST_AUTO_TEST_CASE(what_is_decided_together_inhibits_at_once) {
    Scene scene(tree("routes: [{matchers: [job=api], group_wait: 0s}]",
                     "inhibit_rules: [{source_matchers: [alertname=A], target_matchers: "
                     "[alertname=B], equal: [job]}]\n"));
    // The inhibited one comes first: order must not matter.
    scene.put(0s, {Scene::alert(kB, 0s), Scene::alert(kA, 0s)}).advance(50min);
    BOOST_TEST(scene.told() == "0s ops/webhook[0] first {job=\"api\"}: +A\n");
    scene.end(51min, kA).advance(59min);
    BOOST_TEST(scene.told() == "55m ops/webhook[0] changed {job=\"api\"}: +B -A\n");
}

BOOST_AUTO_TEST_CASE(inhibition_needs_equal_labels) {
    Scene scene(tree("",
                     "inhibit_rules: [{source_matchers: [alertname=A], target_matchers: "
                     "['alertname=~\"B|C\"'], equal: [job]}]\n"));
    scene.fire(0s, kA);
    BOOST_TEST(scene.dispatcher().is_inhibited(kB));
    BOOST_TEST(!scene.dispatcher().is_inhibited(kC));
    scene.end(1s, kA);
    BOOST_TEST(!scene.dispatcher().is_inhibited(kB));
}

BOOST_AUTO_TEST_CASE(an_inhibited_end_is_told_to_whoever_was_told_of_the_beginning) {
    Scene scene(tree("",
                     "inhibit_rules: [{source_matchers: [alertname=C], target_matchers: "
                     "[alertname=A]}]\n"));
    scene.fire(0s, kA).advance(1min);
    (void)scene.told();
    scene.fire(2min, kC).advance(3min);
    (void)scene.told();
    scene.end(4min, kA).advance(6min);
    BOOST_TEST(scene.told() == "5m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
}

BOOST_AUTO_TEST_CASE(what_was_told_and_is_now_muted_is_neither_repeated_nor_told_as_ended) {
    Scene scene(tree("",
                     "inhibit_rules: [{source_matchers: [alertname=C], target_matchers: "
                     "[alertname=A]}]\n"));
    scene.fire(0s, kA).fire(0s, kB).advance(1min);
    scene.fire(2min, kC).advance(3min);
    (void)scene.told();
    scene.end(4min, kB).advance(6min);
    // B ended; A still fires and its receiver knows, so the group is not resolved.
    BOOST_TEST(scene.told() == "5m30s ops/webhook[0] changed {job=\"api\"}: +A -B\n");
    scene.advance(3h);
    BOOST_TEST(scene.told().find("api") == std::string::npos);
    // Unmuted, it is no news.
    scene.end(3h, kC).advance(3h + 20min);
    BOOST_TEST(scene.told().find("changed {job=\"api\"}") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_alert_that_is_source_and_target_does_not_inhibit_itself) {
    Scene scene(tree("",
                     "inhibit_rules: [{source_matchers: [job=api], target_matchers: "
                     "[job=api], equal: [job]}]\n"));
    scene.fire(0s, kA).fire(0s, kB).advance(1min);
    BOOST_TEST(scene.told() == "30s ops/webhook[0] first {job=\"api\"}: +A +B\n");
}

BOOST_AUTO_TEST_CASE(a_mute_time_keeps_beginnings_back_and_lets_ends_through) {
    // The scene's time starts at midnight UTC of some day, plus 500,000 hours: 2027-01-15 08:00.
    const std::string nights =
        "time_intervals: [{name: morning, time_intervals: [{times: [{start_time: '08:10', "
        "end_time: '09:00'}]}]}]\n";
    Scene scene(
        tree("routes: [{matchers: ['job=~\".+\"'], mute_time_intervals: [morning]}]", nights));
    scene.fire(0s, kA).fire(11min, kC).advance(12min);
    BOOST_TEST(scene.told() == "30s ops/webhook[0] first {job=\"api\"}: +A\n");
    scene.end(13min, kA).advance(59min);
    BOOST_TEST(scene.told() == "15m30s ops/webhook[0] resolved {job=\"api\"}: -A\n");
    scene.advance(1h + 2min);
    BOOST_TEST(scene.told() == "1h1m30s ops/webhook[0] first {job=\"db\"}: +C\n");
}

BOOST_AUTO_TEST_CASE(an_active_time_tells_beginnings_only_within) {
    const std::string office =
        "time_intervals: [{name: office, time_intervals: [{times: [{start_time: '08:10', "
        "end_time: '09:00'}]}]}]\n";
    Scene scene(
        tree("routes: [{matchers: ['job=~\".+\"'], active_time_intervals: [office]}]", office));
    scene.fire(0s, kA).advance(15min);
    BOOST_TEST(scene.told() == "10m30s ops/webhook[0] first {job=\"api\"}: +A\n");
}

BOOST_AUTO_TEST_CASE(annotations_without_end_are_cut) {
    Scene scene(tree(""));
    Alert alert = Scene::alert(kA, 0s);
    const std::string huge(10 << 20, 'x');
    alert.annotations = Labels{{"summary", huge}, {"short", "kept"}};
    scene.put(0s, {alert}).advance(1min);
    const Labels& told = scene.sent().at(0).alerts.at(0).annotations;
    BOOST_TEST(told.get("summary").size() < 20'000U);
    BOOST_TEST(told.get("short") == "kept");
}

BOOST_AUTO_TEST_CASE(ten_thousand_alerts_are_grouped_and_told) {
    std::string one_group = tree("");
    one_group.replace(one_group.find("[job]"), 5, "[alertname]");
    Scene scene(one_group);
    std::vector<Alert> alerts;
    for (int i = 0; i < 10'000; ++i) {
        const std::string number = std::to_string(i);
        alerts.push_back(Scene::alert(Labels{{"alertname", "Many"}, {"instance", number}}, 0s));
    }
    scene.put(0s, alerts).advance(30s);
    BOOST_REQUIRE(scene.sent().size() == 1U);
    BOOST_TEST(scene.sent()[0].alerts.size() == 10'000U);
}

BOOST_AUTO_TEST_SUITE_END()
