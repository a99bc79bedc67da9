#include "app/target_states.h"

#include <boost/test/unit_test.hpp>

#include "app/blind_alarm.h"
#include "app/failure_words.h"

using namespace pilotlight;
using namespace pilotlight::app;
using namespace std::chrono_literals;
using exporters::Health;
using probes::Outcome;

namespace {

constexpr WallTime kThen{1'767'355'200'000ms};

probes::SharedTarget target(const std::string& name, const std::string& prober = "http") {
    auto made = std::make_shared<probes::Target>();
    made->config.name = name;
    made->config.prober = prober;
    made->labels = Labels{{"target", name}};
    return made;
}

SharedEvidence seen(const std::string& body, WallTime at) {
    auto evidence = std::make_shared<Evidence>();
    evidence->body = body;
    evidence->at = at;
    return evidence;
}

struct World {
    std::vector<probes::SharedTarget> targets{target("a"), target("b"), target("c"), target("d")};
    TargetStates states;

    explicit World(std::size_t limit = 1 << 20) : states(limit) { states.replace(targets, {}); }

    Duration probe(std::size_t index, Outcome outcome, Duration after,
                   const std::string& body = "") {
        probes::ProbeRun run;
        run.target = targets.at(index);
        run.outcome = std::move(outcome);
        run.started_at = kThen + after;
        run.batch = std::make_shared<SampleBatch>();
        if (!body.empty()) run.evidence = seen(body, run.started_at);
        return states.probed(run);
    }
    exporters::TargetView view(std::size_t index) { return states.targets().at(index); }
    std::string evidence(std::size_t index) {
        const auto failure = view(index).last_failure;
        return failure == nullptr || failure->evidence == nullptr ? "(none)"
                                                                  : failure->evidence->body;
    }
};

Outcome refused() {
    return Outcome::failed("connect", "refused", "192.0.2.1:80: Connection refused");
}
Outcome no_descriptors() {
    return Outcome::unknown("connect", "no_descriptors", "too many open files");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(target_states)

BOOST_AUTO_TEST_CASE(the_last_failure_stays_when_it_is_over) {
    World world;
    world.probe(0, refused(), 0s, "first");
    world.probe(0, refused(), 15s, "second");
    world.probe(0, Outcome::ok(), 30s);
    BOOST_CHECK(world.view(0).health == Health::up);
    BOOST_TEST(world.evidence(0) == "second");
    BOOST_CHECK(world.view(0).last_failure->at == kThen + 15s);
    BOOST_TEST(world.view(0).last_failure->reason == "refused");
    BOOST_TEST(world.evidence(1) == "(none)");
}

BOOST_AUTO_TEST_CASE(a_blip_is_kept_as_such_and_changes_no_health) {
    World world;
    world.probe(0, Outcome::ok(), 0s);
    probes::ProbeRun run;
    run.target = world.targets[0];
    run.started_at = kThen + 16s;
    run.batch = std::make_shared<SampleBatch>();
    run.blip = probes::Blip{refused(), seen("blip", kThen + 15s), kThen + 15s};
    world.states.probed(run);
    const exporters::TargetView view = world.view(0);
    BOOST_CHECK(view.health == Health::up);
    BOOST_CHECK(view.since == kThen);
    BOOST_TEST(view.reason == "");
    BOOST_TEST(view.last_failure->blip);
    BOOST_CHECK(view.last_failure->at == kThen + 15s);
    BOOST_TEST(world.evidence(0) == "blip");
    world.probe(0, refused(), 30s, "real");
    BOOST_TEST(!world.view(0).last_failure->blip);
}

BOOST_AUTO_TEST_CASE(a_confirmed_failure_lasts_since_the_first_one) {
    World world;
    world.probe(0, Outcome::ok(), 0s);
    probes::ProbeRun run;
    run.target = world.targets[0];
    run.outcome = refused();
    run.started_at = kThen + 20s;
    run.failing_since = kThen + 15s;
    run.batch = std::make_shared<SampleBatch>();
    world.states.probed(run);
    BOOST_CHECK(world.view(0).since == kThen + 15s);
}

BOOST_AUTO_TEST_CASE(the_last_failure_survives_a_reload_and_goes_with_its_target) {
    World world;
    world.probe(0, refused(), 0s, "kept");
    world.probe(1, refused(), 0s, "dropped");
    world.states.replace({target("a"), target("b", "tcp"), target("x")}, {});
    BOOST_TEST(world.evidence(0) == "kept");
    BOOST_TEST(world.evidence(1) == "(none)");
}

BOOST_AUTO_TEST_CASE(beyond_the_limit_the_oldest_evidence_goes_and_its_reason_stays) {
    const std::string large(1'000, 'x');
    World world(2 * size_of(*seen(large, kThen)) + 100);
    for (const std::size_t i : {0U, 1U, 2U})
        world.probe(i, refused(), std::chrono::seconds(i), large);
    BOOST_TEST(world.evidence(0) == "(none)");
    BOOST_TEST(world.view(0).last_failure->reason == "refused");
    BOOST_TEST(world.evidence(1) == large);
    BOOST_TEST(world.evidence(2) == large);
    world.probe(0, refused(), 10s, large);
    BOOST_TEST(world.evidence(0) == large);
    BOOST_TEST(world.evidence(1) == "(none)");
}

BOOST_AUTO_TEST_CASE(a_reload_counts_the_evidence_anew) {
    const std::string large(1'000, 'x');
    World world(2 * size_of(*seen(large, kThen)) + 100);
    world.probe(0, refused(), 0s, large);
    world.probe(1, refused(), 1s, large);
    world.states.replace({world.targets[1], world.targets[2]}, {});
    world.probe(2, refused(), 2s, large);
    BOOST_TEST(world.evidence(0) == large);
    BOOST_TEST(world.evidence(1) == large);
}

BOOST_AUTO_TEST_CASE(unknown_changes_no_health_and_says_why) {
    World world;
    world.probe(0, refused(), 0s, "down");
    BOOST_CHECK(world.probe(0, no_descriptors(), 15s) == 15s);
    BOOST_CHECK(world.probe(0, no_descriptors(), 30s) == 15s);
    BOOST_CHECK(world.view(0).health == Health::down);
    BOOST_TEST(world.view(0).reason == "no_descriptors");
    BOOST_CHECK(world.view(0).unknown_since == kThen + 15s);
    BOOST_TEST(world.evidence(0) == "down");
    BOOST_CHECK(world.probe(0, Outcome::ok(), 45s) == 0s);
    BOOST_TEST(!world.view(0).unknown_since);
}

BOOST_AUTO_TEST_CASE(a_first_probe_that_cannot_judge_leaves_nothing_known) {
    World world;
    BOOST_CHECK(world.probe(0, no_descriptors(), 0s) == 0s);
    BOOST_CHECK(world.view(0).health == Health::unknown);
    BOOST_TEST(world.states.first_unknown() == "a");
}

BOOST_AUTO_TEST_CASE(counts_what_is_unknown_by_its_reason) {
    World world;
    world.probe(0, no_descriptors(), 0s);
    world.probe(1, no_descriptors(), 0s);
    world.probe(2, Outcome::unknown("resolve", "resolver_unreachable", ""), 0s);
    BOOST_TEST(unknown_in_words(world.states.unknown()) ==
               "no_descriptors of 2 targets, resolver_unreachable of 1");
    world.probe(0, no_descriptors(), 15s);
    world.probe(1, refused(), 15s);
    BOOST_TEST((world.states.unknown().at({"connect", "no_descriptors"}) == 1U));
    world.states.replace({world.targets[2]}, {});
    BOOST_TEST((world.states.unknown().at({"connect", "no_descriptors"}) == 0U));
    BOOST_TEST((world.states.unknown().at({"resolve", "resolver_unreachable"}) == 1U));
}

BOOST_AUTO_TEST_CASE(an_alert_of_a_target_that_is_down_says_what_was_seen) {
    World world;
    world.probe(0, refused(), 0s);
    Alert alert;
    alert.labels = Labels{{"alertname", "Down"}, {"target", "a"}};
    alert.annotations = Labels{{"summary", "a is down"}};
    alert.state = AlertState::firing;
    const Labels labels = alert.labels;
    add_evidence(alert, world.states);
    BOOST_TEST(alert.annotations.get("evidence") ==
               "connect: refused: 192.0.2.1:80: Connection refused");
    BOOST_TEST(alert.annotations.get("summary") == "a is down");
    BOOST_CHECK(alert.labels == labels);
}

BOOST_AUTO_TEST_CASE(other_alerts_say_nothing_of_it) {
    World world;
    world.probe(0, refused(), 0s);
    world.probe(1, refused(), 0s);
    world.probe(1, Outcome::ok(), 15s);
    const auto evidence_of = [&](const Labels& labels, AlertState state) {
        Alert alert;
        alert.labels = labels;
        alert.state = state;
        add_evidence(alert, world.states);
        return std::string(alert.annotations.get("evidence"));
    };
    BOOST_TEST(evidence_of(Labels{{"target", "b"}}, AlertState::firing) == "");
    BOOST_TEST(evidence_of(Labels{{"target", "a"}}, AlertState::resolved) == "");
    BOOST_TEST(evidence_of(Labels{{"target", "nobody"}}, AlertState::firing) == "");
    BOOST_TEST(evidence_of(Labels{{"job", "a"}}, AlertState::firing) == "");
}

BOOST_AUTO_TEST_CASE(an_annotation_of_the_rules_own_stays) {
    World world;
    world.probe(0, refused(), 0s);
    Alert alert;
    alert.labels = Labels{{"target", "a"}};
    alert.annotations = Labels{{"evidence", "mine"}};
    alert.state = AlertState::firing;
    add_evidence(alert, world.states);
    BOOST_TEST(alert.annotations.get("evidence") == "mine");
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// What was raised and not ended, as AlertCommands keeps it.
struct Alarms : World {
    std::map<Labels, alerting::PostedAlert> firing;
    int told = 0;
    Labels external{{"region", "eu"}};
    BlindAlarm alarm{{[this](alerting::PostedAlert alert, WallTime now) {
                          ++told;
                          if (alert.ends_at <= now) {
                              firing.erase(alert.labels);
                          } else {
                              firing[alert.labels] = std::move(alert);
                          }
                      },
                      [this](const Labels& labels) { return firing.contains(labels); }}};

    void look(Duration after, bool settled = true, bool left_to_rules = false) {
        alarm.look({states, external, settled, left_to_rules}, kThen + after);
    }
    std::string names() {
        std::string all;
        for (const auto& [labels, alert] : firing)
            all += (all.empty() ? "" : " ") + labels.to_string();
        return all;
    }
};

constexpr const char* kWarning = R"({alertname="TargetsUnknown", region="eu", severity="warning"})";
constexpr const char* kCritical =
    R"({alertname="MonitoringBlind", region="eu", severity="critical"})";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(blind_alarm, Alarms)

BOOST_AUTO_TEST_CASE(begins_after_a_minute_and_ends_when_all_is_seen_again) {
    probe(0, no_descriptors(), 0s);
    look(0s);
    look(55s);
    BOOST_TEST(names() == "");
    look(60s);
    BOOST_TEST(names() == kWarning);
    const Labels annotations = firing.begin()->second.annotations;
    BOOST_TEST(annotations.get("summary") == "Pilotlight cannot judge 1 of 4 targets");
    BOOST_TEST(annotations.get("description").starts_with("no_descriptors of 1 target; a is one."));
    BOOST_CHECK(firing.begin()->second.starts_at == kThen);
    probe(0, Outcome::ok(), 61s);
    look(65s);
    BOOST_TEST(names() == "");
}

BOOST_AUTO_TEST_CASE(a_blink_is_no_alarm) {
    probe(0, no_descriptors(), 0s);
    look(0s);
    probe(0, Outcome::ok(), 30s);
    look(35s);
    probe(0, no_descriptors(), 50s);
    look(65s);
    BOOST_TEST(told == 0);
}

BOOST_AUTO_TEST_CASE(a_flood_is_one_alarm_and_critical) {
    for (const std::size_t i : {0U, 1U, 2U, 3U})
        probe(i, no_descriptors(), 0s);
    look(0s);
    look(60s);
    BOOST_TEST(names() == kCritical);
    look(65s);
    look(70s);
    BOOST_TEST(told == 1);
    look(121s);
    BOOST_TEST(told == 2);
}

BOOST_AUTO_TEST_CASE(there_is_one_alarm_when_it_gets_worse_and_better) {
    probe(0, no_descriptors(), 0s);
    look(0s);
    look(60s);
    probe(1, no_descriptors(), 61s);
    look(65s);
    BOOST_TEST(names() == kCritical);
    probe(1, Outcome::ok(), 66s);
    look(70s);
    BOOST_TEST(names() == kWarning);
}

BOOST_AUTO_TEST_CASE(rules_that_read_the_metric_say_it_instead) {
    probe(0, no_descriptors(), 0s);
    look(0s);
    look(60s);
    look(65s, true, true);
    BOOST_TEST(names() == "");
    look(200s, true, true);
    BOOST_TEST(names() == "");
}

BOOST_AUTO_TEST_CASE(what_an_earlier_run_raised_ends_once_all_was_asked) {
    alerting::PostedAlert earlier;
    earlier.labels =
        Labels{{"alertname", "MonitoringBlind"}, {"region", "eu"}, {"severity", "critical"}};
    firing[earlier.labels] = earlier;
    look(0s, false);
    BOOST_TEST(names() == kCritical);
    look(10s);
    BOOST_TEST(names() == "");
}

BOOST_AUTO_TEST_SUITE_END()
