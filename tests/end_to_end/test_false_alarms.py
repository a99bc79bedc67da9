"""What must not page, and what must not go on firing."""

import signal
import time
import unittest

from support import (App, EndToEndTest, PagerDuty, alerting, http_target, main_file, rule,
                     rule_file, wait_until)


class FalseAlarms(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def watch(self, address, hold="0s"):
        return self.daemon(main_file(http_target("api", address)),
                           rules=rule_file(rule("AppDown", "probe_success == 0", hold=hold)),
                           alerting=alerting(pagerduty=self.pagerduty))

    def test_an_edited_address_ends_the_alert_of_the_old_one(self):
        daemon = self.watch("http://127.0.0.1:1/")
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        daemon.write("pilotlight.yaml", main_file(http_target("api", self.app.health_url)))
        daemon.wait_for_value(1, "probe_success", target="api")
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_time_spent_frozen_is_not_time_spent_pending(self):
        hold = 4
        daemon = self.watch(self.app.health_url, hold=f"{hold}s")
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.down()
        daemon.wait_for_alert("AppDown", state="pending")
        daemon.send(signal.SIGSTOP)
        self.app.up()
        thaw = time.monotonic() + hold + 1
        wait_until(lambda: time.monotonic() > thaw, hold + 5, "the hold to pass, frozen")
        daemon.send(signal.SIGCONT)
        daemon.wait_for_no_alert("AppDown")
        self.assert_contains("nothing was seen for", daemon.log())
        self.assertEqual(self.pagerduty.deliveries, [])

    def test_a_restart_is_no_absence(self):
        rules = rule_file(rule("Gone", 'absent(probe_success{target="late"})'),
                          rule("Few", "count(probe_success) < 2"))
        targets = [http_target("api", self.app.health_url),
                   {**http_target("late", self.app.health_url), "interval": "1h"}]
        daemon = self.daemon(main_file(*targets), rules=rules,
                             alerting=alerting(pagerduty=self.pagerduty))
        for restart in (False, True):
            if restart:
                daemon.kill()
                daemon.start()
            daemon.wait_for_value(1, "probe_success", target="late")
            evaluated = daemon.metrics().value("pilotlight_rule_evaluations_total")
            daemon.wait_for_metric(
                lambda m: m.value("pilotlight_rule_evaluations_total") > evaluated + 2,
                "the rules to be evaluated")
        self.assertNotIn("alert Gone", daemon.log())
        self.assertNotIn("alert Few", daemon.log())


if __name__ == "__main__":
    unittest.main()
