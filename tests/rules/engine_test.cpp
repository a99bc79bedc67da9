#include "rules/engine.h"

#include <boost/test/unit_test.hpp>

#include "core/sample.h"
#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::at;
using rules::EngineOptions;
using rules::labels_of;
using rules::shown;
using rules::World;

namespace {

constexpr const char* kDown = R"(groups:
- name: g
  interval: 1m
  rules:
  - alert: Down
    expr: up == 0
    for: 10s
    labels: {severity: critical}
    annotations: {summary: '{{ $labels.target }} is down: {{ $value }}'}
)";

constexpr const char* kA = R"(up{target="a"})";
constexpr const char* kFiringA = R"(Down{severity="critical", target="a"}=firing)";
constexpr const char* kPendingA = R"(Down{severity="critical", target="a"}=pending)";

double value_of(const series::Store& store, std::string_view series) {
    for (const auto* one : store.select({})) {
        if (one->labels() == labels_of(series)) return one->newest().value;
    }
    return stale_marker();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_engine)

BOOST_AUTO_TEST_CASE(an_alert_is_pending_then_firing_then_resolved) {
    World world(kDown);
    const auto began = world.arrive(1, {{kA, 0}});
    BOOST_TEST(shown(began.changed) == kPendingA);
    BOOST_TEST(world.arrive(6, {{kA, 0}}).changed.empty());
    const auto fired = world.arrive(11, {{kA, 0}});
    BOOST_TEST(shown(fired.changed) == kFiringA);
    BOOST_CHECK(fired.changed[0].active_at == at(1));
    BOOST_CHECK(fired.changed[0].fired_at == at(11));
    BOOST_TEST(fired.changed[0].annotations.get("summary") == "a is down: 0");
    BOOST_TEST(fired.changed[0].generator_url == "/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
    const auto ended = world.arrive(16, {{kA, 1}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].state == AlertState::resolved);
    BOOST_CHECK(ended.changed[0].resolved_at == at(16));
    BOOST_TEST(world.alerts() == "");
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(for_ends_on_its_own_timer) {
    World world(kDown);
    world.arrive(1, {{kA, 0}});
    BOOST_CHECK(world.engine.next_wakeup() <= at(11));
    const auto changed = world.run_until(11);
    BOOST_TEST(shown(changed) == kFiringA);
    BOOST_CHECK(changed[0].fired_at == at(11));
}

BOOST_AUTO_TEST_CASE(a_blip_shorter_than_for_is_told_to_nobody) {
    World world(kDown);
    world.arrive(1, {{kA, 0}});
    const auto ended = world.arrive(8, {{kA, 1}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].state == AlertState::resolved);
    BOOST_CHECK(!ended.changed[0].fired_at);
    BOOST_TEST(world.run_until(30).empty());
    // The next one starts anew.
    world.arrive(31, {{kA, 0}});
    BOOST_TEST(world.alerts() == kPendingA);
}

BOOST_AUTO_TEST_CASE(only_rules_that_read_the_name_are_evaluated) {
    World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: A, expr: up == 0}
  - {alert: B, expr: 'queue > 5 and up == 1'}
  - {alert: C, expr: '{__name__=~"que.+"} > 9'}
  - {alert: D, expr: 'vector(1)'}
)");
    world.tick(0);
    BOOST_TEST(world.arrive(1, {{"up", 1}}).evaluated == 2U);
    BOOST_TEST(world.arrive(2, {{"queue", 1}}).evaluated == 2U);
    BOOST_TEST(world.arrive(3, {{"other", 1}}).evaluated == 0U);
    BOOST_TEST(world.arrive(4, {{"up", 1}, {"queue", 1}}).evaluated == 3U);
}

BOOST_AUTO_TEST_CASE(groups_run_on_their_interval) {
    World world(R"(groups:
- name: minute
  interval: 1m
  rules: [{record: t, expr: vector(1)}]
- name: default
  rules: [{record: u, expr: vector(1)}]
)",
                {.default_interval = 15s});
    std::size_t evaluated = 0;
    for (int second = 1; second <= 120; ++second)
        evaluated += world.tick(second).evaluated;
    BOOST_TEST(evaluated == 2U + 8U);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_does_not_stop_groups) {
    World world(kDown);
    world.tick(7200);
    BOOST_TEST(world.tick(0).evaluated == 1U);
    BOOST_CHECK(world.engine.next_wakeup() <= at(60));
}

BOOST_AUTO_TEST_CASE(what_a_rule_records_is_read_by_others_at_once) {
    World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Early, expr: 'down:count > 1'}
  - {record: down:count, expr: count(up == 0)}
  - {alert: Late, expr: 'down:count > 1'}
  - {alert: Page, expr: 'ALERTS{alertname="Late", alertstate="firing"} == 1'}
)");
    const auto evaluation = world.arrive(1, {{kA, 0}, {"up{target=\"b\"}", 0}});
    BOOST_TEST(world.alerts() ==
               "Early{}=firing; Late{}=firing; "
               "Page{alertstate=\"firing\"}=firing");
    BOOST_TEST(value_of(world.store, "down:count") == 2);
    BOOST_TEST(evaluation.recorded.size() == 7U);
    world.arrive(2, {{kA, 1}, {"up{target=\"b\"}", 1}});
    BOOST_TEST(world.alerts() == "");
    BOOST_CHECK(is_stale(value_of(world.store, "down:count")));
}

BOOST_AUTO_TEST_CASE(alerts_are_series_too) {
    World world(kDown);
    world.arrive(1, {{kA, 0}});
    BOOST_TEST(value_of(world.store, R"(ALERTS{alertname="Down", alertstate="pending",)"
                                     R"( severity="critical", target="a"})") == 1);
    BOOST_TEST(value_of(world.store, R"(ALERTS_FOR_STATE{alertname="Down", severity="critical",)"
                                     R"( target="a"})") == 1'700'006'461);
    const auto fired = world.arrive(11, {{kA, 0}});
    BOOST_CHECK(is_stale(value_of(world.store, R"(ALERTS{alertname="Down", alertstate="pending",)"
                                               R"( severity="critical", target="a"})")));
    BOOST_REQUIRE_EQUAL(fired.recorded.size(), 3U);
    BOOST_CHECK(is_stale(fired.recorded[2].value));
}

BOOST_AUTO_TEST_CASE(keep_firing_for_outlasts_the_condition) {
    World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Down, expr: up == 0, keep_firing_for: 20s}
)");
    world.arrive(1, {{kA, 0}});
    BOOST_TEST(world.arrive(5, {{kA, 1}}).changed.empty());
    BOOST_CHECK(world.journal.begin()->second.keep_firing_since == at(5));
    // True again: the time starts over when it ends once more.
    world.arrive(10, {{kA, 0}});
    BOOST_CHECK(!world.journal.begin()->second.keep_firing_since);
    world.arrive(15, {{kA, 1}});
    BOOST_TEST(world.run_until(34).empty());
    const auto ended = world.run_until(35);
    BOOST_REQUIRE_EQUAL(ended.size(), 1U);
    BOOST_CHECK(ended[0].resolved_at == at(35));
}

BOOST_AUTO_TEST_CASE(a_rule_that_fails_keeps_its_alerts) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Wrong, expr: 'up * on (job) group_left () owner == 0'}
)");
    world.arrive(1, {{R"(up{job="x", target="a"})", 0}, {R"(owner{job="x", who="1"})", 1}});
    BOOST_TEST(world.alerts() == R"(Wrong{job="x", target="a"}=firing)");
    const auto failed = world.arrive(2, {{R"(owner{job="x", who="2"})", 1}});
    BOOST_TEST(failed.failed == 1U);
    BOOST_TEST(failed.changed.empty());
    BOOST_TEST(world.alerts() == R"(Wrong{job="x", target="a"}=firing)");
    const auto view = world.engine.groups().at(0).rules.at(0);
    BOOST_TEST(view.health == "err");
    BOOST_TEST(view.last_error.find("duplicate series") != std::string::npos, view.last_error);
}

BOOST_AUTO_TEST_CASE(a_timer_whose_rule_fails_does_not_spin) {
    World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Wrong, expr: 'up * on (job) group_left () owner == 0', for: 10s}
)");
    world.tick(0);
    world.arrive(1, {{R"(up{job="x", target="a"})", 0}, {R"(owner{job="x", who="1"})", 1}});
    world.arrive(2, {{R"(owner{job="x", who="2"})", 1}});
    world.run_until(60);
    BOOST_CHECK(world.engine.next_wakeup() > at(60));
}

BOOST_AUTO_TEST_CASE(two_alerts_of_one_name_and_labels_are_an_error) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Same, expr: up == 0, labels: {target: all}}
)");
    BOOST_TEST(world.arrive(1, {{kA, 0}, {"up{target=\"b\"}", 0}}).failed == 1U);
    BOOST_TEST(world.engine.groups()[0].rules[0].last_error ==
               "vector contains metrics with the same labelset after applying alert labels");
}

BOOST_AUTO_TEST_CASE(limits_hold) {
    World world(R"(groups:
- name: limited
  limit: 1
  rules:
  - {alert: Many, expr: up == 0}
  - {record: many, expr: up}
)",
                {.alerts_per_rule = 1});
    BOOST_TEST(world.arrive(1, {{kA, 0}, {"up{target=\"b\"}", 0}}).failed == 2U);
    const auto group = world.engine.groups().at(0);
    BOOST_TEST(group.rules[0].last_error == "2 alerts are more than alerts_per_rule allows (1)");
    BOOST_TEST(group.rules[1].last_error == "exceeded limit of 1 with 2 series");
}

BOOST_AUTO_TEST_CASE(what_keep_firing_for_keeps_counts_to_a_groups_limit) {
    World world(R"(groups:
- name: limited
  limit: 1
  rules:
  - {alert: Many, expr: up == 0, keep_firing_for: 1m}
)");
    world.arrive(1, {{kA, 0}});
    BOOST_TEST(world.arrive(2, {{kA, 1}}).failed == 0U);
    const auto failed = world.arrive(3, {{"up{target=\"b\"}", 0}});
    BOOST_TEST(failed.failed == 1U);
    BOOST_TEST(world.engine.groups()[0].rules[0].last_error == "exceeded limit of 1 with 2 alerts");
    BOOST_TEST(world.alerts() == R"(Many{target="a"}=firing)");
    // It is kept for a minute, whether the rule fails meanwhile or not.
    world.tick(63);
    BOOST_TEST(world.alerts() == R"(Many{target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(a_limit_that_what_is_kept_exceeds_is_not_exceeded_for_ever) {
    World world(R"(groups:
- name: limited
  limit: 1
  rules:
  - {alert: Many, expr: up == 0, keep_firing_for: 1m}
)");
    world.arrive(1, {{kA, 0}});
    // One ends and another begins at once: the first begins to be kept all the same.
    BOOST_TEST(world.arrive(2, {{kA, 1}, {"up{target=\"b\"}", 0}}).failed == 1U);
    world.tick(30);
    BOOST_TEST(world.alerts() == R"(Many{target="a"}=firing)");
    world.tick(63);
    BOOST_TEST(world.alerts() == R"(Many{target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(an_annotation_that_is_empty_stays) {
    World world(R"(groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    labels: {none: ''}
    annotations: {a: '', b: '{{ if false }}x{{ end }}', c: y}
)");
    const auto fired = world.arrive(1, {{kA, 0}});
    BOOST_REQUIRE_EQUAL(fired.changed.size(), 1U);
    BOOST_TEST(fired.changed[0].annotations.to_string() == R"({a="", b="", c="y"})");
    BOOST_TEST(fired.changed[0].labels.to_string() == R"({alertname="Down", target="a"})");
    BOOST_TEST(world.arrive(2, {{kA, 0}}).updated.empty());
}

BOOST_AUTO_TEST_CASE(labels_of_alerts_are_utf8_whatever_texts_cut) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Down, expr: up == 0, labels: {cut: '{{ slice "caf\u00e9" 0 4 }}'}}
)");
    world.arrive(1, {{kA, 0}});
    BOOST_TEST(world.alerts() == "Down{cut=\"caf\xef\xbf\xbd\", target=\"a\"}=firing");
}

BOOST_AUTO_TEST_CASE(new_values_of_firing_alerts_are_told_apart_from_new_states) {
    World world(R"(groups:
- name: g
  rules:
  - alert: Long
    expr: queue > 5
    annotations: {summary: '{{ $value }} wait'}
)");
    BOOST_TEST(world.arrive(1, {{"queue", 6}}).updated.empty());
    const auto more = world.arrive(2, {{"queue", 7}});
    BOOST_TEST(more.changed.empty());
    BOOST_TEST(more.records.empty());
    BOOST_REQUIRE_EQUAL(more.updated.size(), 1U);
    BOOST_TEST(more.updated[0].annotations.get("summary") == "7 wait");
    BOOST_TEST(world.arrive(3, {{"queue", 7}}).updated.empty());
}

BOOST_AUTO_TEST_CASE(a_broken_text_never_costs_an_alert) {
    World world(R"(groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    annotations: {summary: '{{ query "nothing" | first | value }}'}
)");
    const auto fired = world.arrive(1, {{kA, 0}});
    BOOST_REQUIRE_EQUAL(fired.changed.size(), 1U);
    BOOST_TEST(fired.changed[0].annotations.get("summary") ==
               "<error expanding template: error executing template __alert_Down: template: "
               "__alert_Down:1:133: executing \"__alert_Down\" at <first>: error calling first: "
               "first() called on vector with no elements>");
}

BOOST_AUTO_TEST_CASE(texts_know_labels_external_labels_and_series) {
    World world(
        R"(groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    labels: {where: '{{ $externalLabels.region }}', gone: '{{ $labels.none }}'}
    annotations:
      all: '{{ $externalURL }} {{ .Value }} {{ with query "up" | sortByLabel "target" }}{{ range . }}{{ .Labels.target }}{{ .Value }} {{ end }}{{ end }}{{ now }}'
)",
        {.external_labels = labels_of(R"({region="eu"})"), .external_url = "https://p.example/x"});
    const auto fired = world.arrive(1, {{kA, 0}, {"up{target=\"b\"}", 1}});
    BOOST_TEST(world.alerts() == R"(Down{target="a", where="eu"}=firing)");
    BOOST_TEST(fired.changed[0].annotations.get("all") ==
               "https://p.example/x 0 a0 b1 1.700006461e+09");
}

BOOST_AUTO_TEST_CASE(a_reload_keeps_what_did_not_change) {
    World world(kDown);
    world.arrive(1, {{kA, 0}});
    const std::string with_another = std::string(kDown) + "  - {alert: Other, expr: up == 1}\n";
    BOOST_TEST(world.reload(5, with_another).changed.empty());
    BOOST_TEST(world.alerts() == kPendingA);
    const auto fired = world.run_until(11);
    BOOST_TEST(shown(fired) == kFiringA);
    BOOST_CHECK(fired[0].active_at == at(1));
}

BOOST_AUTO_TEST_CASE(a_reload_gives_new_texts_to_alerts_that_stay) {
    World world(kDown);
    world.arrive(1, {{kA, 0}});
    world.run_until(11);
    std::string text = kDown;
    text.replace(text.find("is down"), 7, "has gone");
    world.reload(12, text);
    const auto next = world.tick(12);
    BOOST_REQUIRE_EQUAL(next.updated.size(), 1U);
    BOOST_TEST(next.updated[0].annotations.get("summary") == "a has gone: 0");
}

BOOST_AUTO_TEST_CASE(a_rule_that_is_gone_resolves_its_alerts_and_ends_its_series) {
    World world(kDown);
    world.arrive(1, {{kA, 0}});
    world.run_until(11);
    const auto gone = world.reload(20, "groups: []");
    BOOST_REQUIRE_EQUAL(gone.changed.size(), 1U);
    BOOST_CHECK(gone.changed[0].resolved_at == at(20));
    BOOST_TEST(gone.recorded.size() == 2U);
    BOOST_TEST(world.journal.empty());
    BOOST_CHECK(!world.engine.next_wakeup());
}

BOOST_AUTO_TEST_CASE(rules_that_are_the_same_twice_keep_their_own_state) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Twin, expr: up == 0}
  - {alert: Twin, expr: up == 0}
)");
    world.arrive(1, {{kA, 0}});
    BOOST_TEST(world.engine.alerts().size() == 2U);
    BOOST_TEST(world.journal.size() == 2U);
}

BOOST_AUTO_TEST_CASE(it_says_how_far_back_rules_read) {
    World world(R"yaml(groups:
- name: g
  rules:
  - {record: a, expr: 'rate(x[10m]) + x'}
  - {record: b, expr: y}
  - alert: C
    expr: z == 0
    annotations: {s: '{{ query "max_over_time(w[1h])" | first | value }}'}
- name: late
  query_offset: 2m
  rules: [{record: d, expr: v}]
)yaml");
    const auto retention = world.engine.retention();
    BOOST_CHECK(retention.of("x") >= Duration(10min));
    BOOST_CHECK(retention.of("y") == Duration(0));
    BOOST_CHECK(retention.of("w") >= Duration(1h));
    BOOST_CHECK(retention.of("v") >= Duration(7min));
}

BOOST_AUTO_TEST_CASE(a_rule_that_never_found_a_series_is_known) {
    World world(kDown);
    world.tick(0);
    BOOST_TEST(!world.engine.groups()[0].rules[0].has_matched);
    world.arrive(1, {{kA, 1}});
    BOOST_TEST(world.engine.groups()[0].rules[0].has_matched);
}

BOOST_AUTO_TEST_CASE(two_arrivals_in_one_millisecond_are_both_judged) {
    World world(R"(groups:
- name: g
  rules: [{record: copy, expr: queue}, {alert: Long, expr: copy > 5}]
)");
    world.arrive(1, {{R"(queue{target="a"})", 1}});
    world.arrive(1, {{R"(queue{target="b"})", 9}});
    BOOST_TEST(world.alerts() == R"(Long{target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(what_texts_put_together_for_queries_is_kept_too) {
    const auto kept = [](const std::string& text, std::string_view name) {
        World world(
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n"
            "    annotations:\n      s: '{{ with query (" +
            text + ") }}{{ end }}'\n");
        return world.engine.retention().of(name);
    };
    BOOST_CHECK(kept("printf \"sum(rate(w{a=%q}[1h]))\" $labels.a", "w") >= Duration(1h));
    BOOST_CHECK(kept("printf \"max_over_time(w{a=`%s`,b=`%s`}[2h]) > %.2f\" 1 2 3", "w") >=
                Duration(2h));
    BOOST_CHECK(kept("print \"delta(w{a=`\" $labels.a \"`}[3h])\"", "w") >= Duration(3h));
    BOOST_CHECK(kept("printf \"w offset %dm\" 5", "w") > Duration(0));
    BOOST_CHECK(kept("print \"100%\"", "w") == Duration(0));
    // Whose name is put in may be any.
    BOOST_CHECK(kept("printf \"rate(%s[1h])\" $labels.of", "other") >= Duration(1h));
    BOOST_CHECK(kept("print \"w\"", "w") == Duration(0));
}

BOOST_AUTO_TEST_CASE(a_query_offset_looks_back) {
    World world(R"(groups:
- name: g
  query_offset: 30s
  rules: [{alert: Long, expr: queue > 5}]
)");
    world.arrive(1, {{"queue", 9}});
    BOOST_TEST(world.alerts() == "");
    world.arrive(20, {{"queue", 1}});
    world.tick(35);
    BOOST_TEST(world.alerts() == "Long{}=firing");
}

BOOST_AUTO_TEST_CASE(with_a_query_offset_a_rule_runs_when_what_arrived_is_that_old) {
    World world(R"(groups:
- name: g
  interval: 1h
  query_offset: 30s
  rules: [{alert: Long, expr: queue > 5}]
)");
    world.run_until(0.5);
    // Now there is nothing to see.
    BOOST_TEST(world.arrive(1, {{"queue", 9}}).evaluated == 0U);
    BOOST_TEST(world.arrive(20, {{"queue", 1}}).evaluated == 0U);
    BOOST_CHECK(world.engine.next_wakeup() >= at(31));
    BOOST_CHECK(world.engine.next_wakeup() <= at(33));
    BOOST_TEST(shown(world.run_until(45)) == "Long{}=firing");
    BOOST_TEST(shown(world.run_until(52)) == "Long{}=resolved");
    BOOST_CHECK(world.engine.next_wakeup() > at(60));
}

BOOST_AUTO_TEST_CASE(arrivals_of_one_second_are_one_run_under_a_query_offset) {
    World world(R"(groups:
- name: g
  interval: 1h
  query_offset: 1m
  rules: [{record: long, expr: queue > 5}]
)");
    for (int i = 0; i < 100; ++i)
        world.arrive(1 + i * 0.1, {{"queue", 9}});
    std::size_t evaluated = 0;
    while (world.engine.next_wakeup() <= at(80))
        evaluated += world.engine.on_tick(*world.engine.next_wakeup()).evaluated;
    BOOST_TEST(evaluated >= 3U);
    BOOST_TEST(evaluated <= 11U);
}

BOOST_AUTO_TEST_SUITE_END()
