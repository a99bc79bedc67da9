"""Rules that fail or take too long in a running daemon: what is shown, counted and logged."""

import unittest

from support import App, EndToEndTest, http_target, main_file, rule, rule_file, wait_until


class RuleHealth(EndToEndTest):
    def watch(self, *rules, **more):
        self.app = self.start(App())
        configuration = main_file(http_target("api", self.app.health_url), **more)
        del configuration["alerting_file"]
        daemon = self.daemon(configuration, rules=rule_file(*rules))
        daemon.wait_for_value(1, "probe_success", target="api")
        return daemon

    def shown(self, daemon, name):
        groups = daemon.get("/api/v1/rules").json()["data"]["groups"]
        return next(r for group in groups for r in group["rules"] if r["name"] == name)

    def group(self, daemon):
        return daemon.get("/api/v1/rules").json()["data"]["groups"][0]

    def test_a_rule_that_takes_too_long_fails_and_holds_up_nobody(self):
        daemon = self.watch(rule("Costly", "count_over_time(vector(1)[1d:1ms]) < 0"),
                            rule("AppDown", "probe_success == 0"),
                            limits={"rule_timeout": "100ms"})
        wait_until(lambda: self.shown(daemon, "Costly")["health"] == "err", 15, "it to fail",
                   lambda: self.shown(daemon, "Costly"))
        self.assertEqual(self.shown(daemon, "Costly")["lastError"],
                         "the evaluation took longer than rule_timeout allows (100ms)")
        self.assertGreater(self.shown(daemon, "Costly")["evaluationTime"], 0.09)
        daemon.wait_for_metric(
            lambda metrics: metrics.value("pilotlight_limit_reached_total",
                                          limit="rule_timeout") >= 1, "the limit to be counted")
        self.assertGreaterEqual(
            daemon.metrics().value("pilotlight_rule_evaluation_failures_total"), 1)
        self.app.down()
        daemon.wait_for_alert("AppDown")

    def test_how_long_rules_take_and_when_they_ran_is_shown(self):
        daemon = self.watch(rule("AppDown", "probe_success == 0"))
        wait_until(lambda: self.shown(daemon, "AppDown")["evaluationTime"] > 0, 10,
                   "it to be evaluated")
        group = self.group(daemon)
        self.assertGreater(group["evaluationTime"], 0)
        self.assertLess(group["evaluationTime"], 1)
        before = group["lastEvaluation"]
        wait_until(lambda: self.group(daemon)["lastEvaluation"] > before, 10,
                   "the next evaluation")

    def test_a_failure_is_logged_once_and_its_end_too(self):
        rules = [rule("Wrong", "probe_success * on () group_left () probe_success > 9")]
        self.app = self.start(App())
        configuration = main_file(http_target("api", self.app.health_url),
                                  http_target("again", self.app.health_url))
        del configuration["alerting_file"]
        daemon = self.daemon(configuration, rules=rule_file(*rules))
        wait_until(lambda: "rule fails" in daemon.log(), 15, "a line about it", daemon.log)
        failures = lambda: daemon.metrics().value("pilotlight_rule_evaluation_failures_total")
        seen = failures()
        wait_until(lambda: failures() >= seen + 4, 15, "it to fail again")
        lines = [line for line in daemon.log().splitlines() if "rule fails" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assert_contains("group=test rule=Wrong error=found duplicate series", lines[0])


if __name__ == "__main__":
    unittest.main()
