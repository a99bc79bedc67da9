#include "rules/policy.h"

#include <boost/test/unit_test.hpp>

#include "core/sample.h"
#include "tests/rules/policies.h"
#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::AlertPolicy;
using rules::at;
using rules::EngineOptions;
using rules::OnError;
using rules::OnNoData;
using rules::shown;
using rules::with;
using rules::World;

namespace {

const double kStale = stale_marker();

constexpr const char* kQueue = R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Long, expr: queue > 5, labels: {severity: page}}
)";
constexpr const char* kQueueFor = R"(groups:
- name: g
  interval: 15s
  rules:
  - alert: Long
    expr: queue > 5
    for: 60s
    labels: {severity: page}
    annotations: {summary: 'queue of {{ $labels.target }} is {{ $value }}', runbook: Long.md}
)";
constexpr const char* kQueueA = R"(queue{target="a"})";
constexpr const char* kQueueB = R"(queue{target="b"})";
constexpr const char* kUpA = R"(up{target="a"})";
constexpr const char* kLongA = R"(Long{severity="page", target="a"}=firing)";
constexpr const char* kPendingA = R"(Long{severity="page", target="a"}=pending)";

/// Two series of one label set at a side of an operator: the evaluation fails.
constexpr const char* kMismatch = R"(groups:
- name: g
  interval: 15s
  rules:
  - alert: Ratio
    expr: done / on (job) all > 0.5
    labels: {severity: page}
    annotations: {summary: 'ratio is {{ $value }}'}
)";
constexpr const char* kRatioError = R"(Ratio{severity="page"}=firing)";

/// The same for each target of its own.
constexpr const char* kOfTargets = R"(groups:
- name: g
  interval: 15s
  rules: [{alert: Ratio, expr: 'done / on (job, target) all > 9'}]
)";
constexpr const char* kDoneA = R"(done{job="j", target="a"})";
constexpr const char* kAllA = R"(all{job="j", n="1", target="a"})";
constexpr const char* kAllA2 = R"(all{job="j", n="2", target="a"})";

std::string annotation(const World& world, std::string_view name) {
    const auto alerts = world.engine.alerts();
    return alerts.empty() ? "no alert" : std::string(alerts.front().annotations.get(name));
}

void fail_ratio(World& world, double seconds) {
    world.arrive(
        seconds,
        {{R"(done{job="j"})", 1}, {R"(all{job="j", n="1"})", 1}, {R"(all{job="j", n="2"})", 1}});
}

void mend_ratio(World& world, double seconds) {
    world.arrive(seconds, {{R"(done{job="j"})", 1}, {R"(all{job="j", n="2"})", kStale}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(which_policy)

BOOST_AUTO_TEST_CASE(the_first_that_matches_and_sets_the_key_wins) {
    auto first = rules::on_no_data(OnNoData::resolve, R"(severity="page")");
    auto second = rules::on_no_data(OnNoData::alert);
    second.on_error = OnError::alert;
    const auto all =
        std::make_shared<const std::vector<AlertPolicy>>(std::vector<AlertPolicy>{first, second});
    const auto file = rules::rules_from(kQueue);
    const rules::RulePolicies policies(all, file.groups[0].rules[0]);
    const auto page = policies.of(rules::labels_of(R"(Long{alertname="Long", severity="page"})"));
    BOOST_CHECK(page.on_no_data == OnNoData::resolve);
    BOOST_CHECK(page.on_error == OnError::alert);
    const auto ticket = policies.of(rules::labels_of(R"(Long{alertname="Long"})"));
    BOOST_CHECK(ticket.on_no_data == OnNoData::alert);
}

BOOST_AUTO_TEST_CASE(labels_that_the_rule_sets_rule_a_policy_out) {
    const auto file = rules::rules_from(kQueue);
    const auto candidates = [&](std::string_view matchers) {
        const auto all = std::make_shared<const std::vector<AlertPolicy>>(
            std::vector<AlertPolicy>{rules::on_error(OnError::alert, matchers)});
        return !rules::RulePolicies(all, file.groups[0].rules[0]).empty();
    };
    BOOST_TEST(candidates(R"(alertname="Long")"));
    BOOST_TEST(!candidates(R"(alertname="Short")"));
    BOOST_TEST(!candidates(R"(severity="ticket")"));
    BOOST_TEST(candidates(R"(target="a")"));
}

BOOST_AUTO_TEST_CASE(recording_rules_have_none) {
    const auto file = rules::rules_from(R"(groups:
- name: g
  rules: [{record: "a:b", expr: queue}]
)");
    const auto all = std::make_shared<const std::vector<AlertPolicy>>(
        std::vector<AlertPolicy>{rules::on_error(OnError::alert)});
    BOOST_TEST(rules::RulePolicies(all, file.groups[0].rules[0]).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(policy_on_no_data)

BOOST_AUTO_TEST_CASE(resolve_ends_an_alert_whose_row_vanished) {
    World world(kQueue, with({rules::on_no_data(OnNoData::resolve)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    const auto ended = world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].resolved_at == at(16));
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(resolve_holds_for_alerts_that_match_only) {
    World world(kQueue, with({rules::on_no_data(OnNoData::resolve, R"(target="b")")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}, {kQueueB, 9}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}, {kQueueB, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(resolve_does_not_end_after_a_restart_what_had_no_time_to_come) {
    World world(kQueue, with({rules::on_no_data(OnNoData::resolve)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.crash(100, kQueue);
    BOOST_TEST(world.run_until(390).empty());
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(world.run_until(430).size() == 1U);
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(resolve_waits_after_a_restart_for_a_target_that_is_asked_each_hour) {
    World world(kQueue, with({rules::on_no_data(OnNoData::resolve)}));
    world.store.append(rules::labels_of(kQueueA), at(1), 9, 1h);
    world.run_until(16);
    BOOST_TEST(world.alerts() == kLongA);
    world.crash(100, kQueue);
    BOOST_TEST(world.run_until(3600).empty());
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(resolve_does_not_end_what_a_frozen_process_could_not_see) {
    World world(kQueue, with({rules::on_no_data(OnNoData::resolve)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.engine.was_blind(1h);
    BOOST_TEST(world.tick(3602).changed.empty());
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(alert_tells_of_a_silent_target) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.alerts() == "");
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(annotation(world, "no_data").starts_with("no data: what Long reads of a is silent"));
    const double value = world.engine.alerts().front().value;
    BOOST_TEST(value != value);
    const auto ended = world.arrive(31, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(ended.changed.size() == 1U);
    BOOST_TEST(world.alerts() == "");
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(alert_respects_for) {
    World world(kQueueFor, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kPendingA);
    BOOST_TEST(shown(world.run_until(76)) == kLongA);
    // What would speak of a value is left out, the rest stays.
    BOOST_TEST(annotation(world, "summary").starts_with("no data: "));
    BOOST_TEST(annotation(world, "runbook") == "Long.md");
}

BOOST_AUTO_TEST_CASE(alert_notices_a_target_that_just_stops) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.run_until(300).empty());
    BOOST_TEST(shown(world.run_until(330)) == kLongA);
}

BOOST_AUTO_TEST_CASE(alert_notices_that_a_target_that_answers_brings_nothing_any_more) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    world.arrive(16, {{kUpA, 1}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_part_that_a_target_that_answers_no_longer_brings_is_no_silence) {
    World world(R"(groups:
- name: g
  rules: [{alert: Errors, expr: errors / requests > 0.5}]
)",
                with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {R"(errors{target="a"})", 1}, {R"(requests{target="a"})", 9}});
    world.arrive(16,
                 {{kUpA, 1}, {R"(errors{target="a"})", kStale}, {R"(requests{target="a"})", 9}});
    BOOST_TEST(world.alerts() == "");
    // Nor later, when the target does not answer but brings what it brought last.
    world.arrive(31, {{kUpA, 0}, {R"(requests{target="a"})", 9}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(a_firing_alert_that_falls_silent_stays_one_alert) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    const auto silent = world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(silent.changed.empty());
    BOOST_TEST(silent.updated.size() == 1U);
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(!annotation(world, "no_data").empty());
    world.arrive(31, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(annotation(world, "no_data") == "");
    BOOST_CHECK(world.engine.alerts()[0].fired_at == at(1));
}

BOOST_AUTO_TEST_CASE(a_silence_ends_with_its_target) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    world.targets.erase("a");
    world.engine.targets_changed(at(20));
    BOOST_TEST(world.run_until(20).size() == 1U);
    BOOST_TEST(world.alerts() == "");
    BOOST_TEST(world.run_until(1000).empty());
}

BOOST_AUTO_TEST_CASE(each_silent_target_is_an_alert_with_the_targets_labels) {
    EngineOptions options = with({rules::on_no_data(OnNoData::alert)});
    options.target_labels = [](std::string_view target) {
        return Labels{{"target", target}, {"instance", std::string(target) + ":80"}};
    };
    World world(kQueue, options);
    world.arrive(1, {{kQueueA, 1}, {kQueueB, 1}});
    world.arrive(16, {{kQueueA, kStale}, {kQueueB, kStale}});
    BOOST_TEST(world.alerts() == R"(Long{instance="a:80", severity="page", target="a"}=firing; )"
                                 R"(Long{instance="b:80", severity="page", target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(series_without_a_target_are_one_alert_for_the_rule) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{R"(queue{shard="1"})", 1}, {R"(queue{shard="2"})", 1}});
    world.arrive(16, {{R"(queue{shard="1"})", kStale}});
    BOOST_TEST(world.alerts() == "");
    world.arrive(31, {{R"(queue{shard="2"})", kStale}});
    BOOST_TEST(world.alerts() == R"(Long{severity="page"}=firing)");
}

BOOST_AUTO_TEST_CASE(what_never_came_is_not_missed) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 0}});
    BOOST_TEST(world.run_until(3600).empty());
}

BOOST_AUTO_TEST_CASE(a_frozen_process_misses_nothing_until_it_had_time_to_come) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    world.engine.was_blind(1h);
    BOOST_TEST(world.tick(3602).changed.empty());
    BOOST_TEST(world.run_until(3890).empty());
    BOOST_TEST(shown(world.run_until(3930)) == kLongA);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_misses_nothing) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(3600, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.tick(60).changed.empty());
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(a_silence_survives_a_crash_with_its_times_until_data_is_back) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 1}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    world.crash(100, kQueue);
    BOOST_TEST(world.run_until(1000).empty());
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_CHECK(world.engine.alerts()[0].fired_at == at(16));
    world.arrive(1001, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(news_of_one_target_ends_its_own_silence) {
    World world(kQueue, with({rules::on_no_data(OnNoData::alert)}));
    world.arrive(1, {{kQueueA, 1}, {kQueueB, 1}});
    world.arrive(16, {{kQueueA, kStale}, {kQueueB, kStale}});
    world.store.append(rules::labels_of(kQueueA), at(20), 1);
    SampleBatch batch;
    batch.at = at(20);
    batch.samples = {{rules::labels_of(kQueueA), 1}};
    const auto ended = world.engine.on_arrival(batch, at(20));
    BOOST_TEST(ended.changed.size() == 1U);
    BOOST_TEST(world.alerts() == R"(Long{severity="page", target="b"}=firing)");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(policy_on_error)

BOOST_AUTO_TEST_CASE(keep_makes_no_alert) {
    World world(kMismatch);
    fail_ratio(world, 1);
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(alert_says_the_error_until_the_next_good_evaluation) {
    World world(kMismatch, with({rules::on_error(OnError::alert, R"(alertname="Ratio")")}));
    fail_ratio(world, 1);
    BOOST_TEST(world.alerts() == kRatioError);
    BOOST_TEST(
        annotation(world, "error").starts_with("Ratio cannot be evaluated: found duplicate"));
    BOOST_TEST(annotation(world, "summary") == annotation(world, "error"));
    BOOST_TEST(world.run_until(60).empty());
    world.arrive(61, {{R"(done{job="j"})", 0}, {R"(all{job="j", n="2"})", kStale}});
    BOOST_TEST(world.alerts() == "");
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(an_alert_on_an_error_becomes_the_one_on_the_condition_of_the_same_labels) {
    World world(R"(groups:
- name: g
  rules: [{alert: Ratio, expr: sum(done / on (job) all) > 0.5, labels: {severity: page}}]
)",
                with({rules::on_error(OnError::alert)}));
    fail_ratio(world, 1);
    BOOST_TEST(world.alerts() == kRatioError);
    mend_ratio(world, 16);
    BOOST_TEST(world.alerts() == kRatioError);
    BOOST_TEST(annotation(world, "error") == "");
    BOOST_CHECK(world.engine.alerts()[0].fired_at == at(1));
    // And a condition that fires is not told anew as an error.
    fail_ratio(world, 31);
    BOOST_TEST(annotation(world, "error") == "");
}

BOOST_AUTO_TEST_CASE(alerts_of_rows_stay_as_they_are_beside_it) {
    World world(kMismatch, with({rules::on_error(OnError::alert)}));
    world.arrive(1, {{R"(done{job="j"})", 1}, {R"(all{job="j", n="1"})", 1}});
    BOOST_TEST(world.alerts() == R"(Ratio{job="j", severity="page"}=firing)");
    fail_ratio(world, 16);
    BOOST_TEST(world.alerts() ==
               std::string(R"(Ratio{job="j", severity="page"}=firing; )") + kRatioError);
    mend_ratio(world, 31);
    BOOST_TEST(world.alerts() == R"(Ratio{job="j", severity="page"}=firing)");
}

BOOST_AUTO_TEST_CASE(a_target_that_falls_silent_does_not_end_the_alert_on_its_error) {
    World world(kOfTargets, with({rules::on_error(OnError::alert)}));
    world.arrive(1, {{kUpA, 1}, {kDoneA, 1}, {kAllA, 1}, {kAllA2, 1}});
    BOOST_TEST(world.alerts() == "Ratio{}=firing");
    // The probe fails: what it brought ends.
    world.arrive(16, {{kUpA, 0}, {kDoneA, kStale}, {kAllA, kStale}, {kAllA2, kStale}});
    BOOST_TEST(world.alerts() == "Ratio{}=firing");
    BOOST_TEST(world.engine.groups()[0].rules[0].health == "ok");
    BOOST_TEST(world.run_until(600).empty());
    // Other targets are well, which says nothing of it.
    world.arrive(601, {{R"(up{target="b"})", 1},
                       {R"(done{job="j", target="b"})", 1},
                       {R"(all{job="j", n="1", target="b"})", 1}});
    BOOST_TEST(world.alerts() == "Ratio{}=firing");
    world.arrive(616, {{kUpA, 1}, {kDoneA, 1}, {kAllA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(an_error_ends_with_its_target) {
    World world(kOfTargets, with({rules::on_error(OnError::alert)}));
    world.arrive(1, {{kUpA, 1}, {kDoneA, 1}, {kAllA, 1}, {kAllA2, 1}});
    world.arrive(16, {{kUpA, 0}, {kDoneA, kStale}, {kAllA, kStale}, {kAllA2, kStale}});
    world.targets.erase("a");
    world.engine.targets_changed(at(20));
    BOOST_TEST(shown(world.run_until(20)) == "Ratio{}=resolved");
}

BOOST_AUTO_TEST_CASE(an_error_survives_a_crash_until_there_is_news_of_its_target) {
    World world(kOfTargets, with({rules::on_error(OnError::alert)}));
    world.arrive(1, {{kUpA, 1}, {kDoneA, 1}, {kAllA, 1}, {kAllA2, 1}});
    world.crash(30, kOfTargets);
    BOOST_TEST(world.alerts() == "Ratio{}=firing");
    world.arrive(31, {{kUpA, 1}, {kDoneA, 1}, {kAllA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(the_error_of_one_target_outlives_that_of_another) {
    World world(kOfTargets, with({rules::on_error(OnError::alert)}));
    const auto news = [&](double seconds, const std::string& target, double second_part) {
        SampleBatch batch;
        batch.at = at(seconds);
        const std::string of = ", target=\"" + target + "\"}";
        batch.samples = {{rules::labels_of("up{target=\"" + target + "\"}"), 1},
                         {rules::labels_of("done{job=\"j\"" + of), 1},
                         {rules::labels_of("all{job=\"j\", n=\"1\"" + of), 1},
                         {rules::labels_of("all{job=\"j\", n=\"2\"" + of), second_part}};
        world.store.append(batch);
        return world.engine.on_arrival(batch, batch.at);
    };
    news(1, "a", 1);
    news(2, "b", 1);
    news(16, "b", kStale);
    BOOST_TEST(world.alerts() == "Ratio{}=firing");
    news(17, "a", kStale);
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(a_silent_error_ends_where_silence_resolves) {
    World world(kOfTargets,
                with({rules::on_error(OnError::alert), rules::on_no_data(OnNoData::resolve)}));
    world.arrive(1, {{kUpA, 1}, {kDoneA, 1}, {kAllA, 1}, {kAllA2, 1}});
    world.arrive(16, {{kUpA, 0}, {kDoneA, kStale}, {kAllA, kStale}, {kAllA2, kStale}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(it_survives_a_crash_and_ends_with_a_good_evaluation) {
    World world(kMismatch, with({rules::on_error(OnError::alert)}));
    fail_ratio(world, 1);
    world.crash(30, kMismatch);
    // Nothing is there to fail on: that is a good evaluation.
    BOOST_TEST(world.alerts() == "");
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(policy_resolve_when)

BOOST_AUTO_TEST_CASE(a_firing_alert_goes_on_in_the_band_between) {
    World world(kQueue, with({rules::resolve_when("queue < 2")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.arrive(16, {{kUpA, 1}, {kQueueA, 4}}).changed.empty());
    BOOST_TEST(world.run_until(60).empty());
    BOOST_TEST(world.alerts() == kLongA);
    const auto ended = world.arrive(61, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].resolved_at == at(61));
}

BOOST_AUTO_TEST_CASE(the_condition_keeps_it_firing_whatever_the_expression_says) {
    World world(kQueue, with({rules::resolve_when("queue > 0")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.run_until(60).empty());
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_row_of_another_target_resolves_nothing) {
    World world(kQueue, with({rules::resolve_when("queue < 2")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}, {kQueueB, 9}});
    world.arrive(16, {{kUpA, 1}, {kQueueA, 4}, {kQueueB, 1}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_row_without_labels_is_for_all) {
    World world(kQueue, with({rules::resolve_when("sum(load) < 1")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}, {"load", 5}});
    world.arrive(16, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.alerts() == kLongA);
    // What it reads wakes the rule.
    BOOST_TEST(world.arrive(17, {{"load", 0}}).changed.size() == 1U);
}

BOOST_AUTO_TEST_CASE(pending_alerts_need_no_other_condition_to_end) {
    World world(kQueueFor, with({rules::resolve_when("queue < 2")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 1}, {kQueueA, 4}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(silence_resolves_nothing_with_it_either) {
    World world(kQueue, with({rules::resolve_when("vector(1)")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_removed_target_ends_what_it_would_hold) {
    World world(kQueue, with({rules::resolve_when("queue < 2")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.targets.erase("a");
    world.arrive(16, {{kUpA, kStale}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(an_expression_that_fails_resolves_nothing_and_is_the_rules_failure) {
    World world(kQueue, with({rules::resolve_when("load / on (job) all > 0")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(
        10,
        {{R"(load{job="j"})", 1}, {R"(all{job="j", n="1"})", 1}, {R"(all{job="j", n="2"})", 1}});
    const auto evaluation = world.arrive(16, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(evaluation.failed == 1U);
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(world.engine.groups()[0].rules[0].last_error.starts_with("resolve_when: found "));
}

BOOST_AUTO_TEST_CASE(what_it_reads_is_kept) {
    World world(kQueue,
                with({rules::resolve_when("max_over_time(load[7m]) < 2"),
                      rules::resolve_when("max_over_time(idle[3h]) > 0", R"(alertname="Other")")}));
    BOOST_CHECK(world.engine.retention().of("load") == 7min);
    BOOST_CHECK(world.engine.retention().of("idle") == 0min);
}

BOOST_AUTO_TEST_CASE(the_band_holds_across_a_crash) {
    World world(kQueue, with({rules::resolve_when("queue < 2")}));
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 1}, {kQueueA, 4}});
    world.crash(30, kQueue);
    world.arrive(31, {{kUpA, 1}, {kQueueA, 4}});
    BOOST_TEST(world.alerts() == kLongA);
    world.arrive(46, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_SUITE_END()
