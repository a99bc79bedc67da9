"""Alerts keep their states and times across kill -9 and reload, for short timers too."""

import time
import unittest

from support import App, EndToEndTest, http_target, main_file, rule, rule_file, wait_until


class AlertStates(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())

    def watch(self, hold="0s", **more):
        rules = rule_file({**rule("AppDown", "probe_success == 0", hold), **more})
        configuration = main_file(http_target("api", self.app.health_url))
        del configuration["alerting_file"]
        daemon = self.daemon(configuration, rules=rules)
        daemon.wait_for_value(1, "probe_success", target="api")
        return daemon

    def alerts(self, daemon):
        return daemon.get("/api/v1/alerts").json()["data"]["alerts"]

    def alert(self, daemon):
        found = self.alerts(daemon)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def active_at(self, daemon, state):
        daemon.wait_for_alert("AppDown", state)
        return self.alert(daemon)["activeAt"]

    def restarted(self, daemon, how):
        """Ends the daemon's life without warning, or reloads an unchanged configuration."""
        if how == "kill":
            daemon.kill()
            daemon.start()
        else:
            self.assertEqual(daemon.post("/-/reload").status, 200)

    def test_a_pending_alert_fires_at_its_original_time(self):
        for how in ("kill", "reload"):
            with self.subTest(how):
                daemon = self.watch(hold="5s")
                self.app.down()
                began = self.active_at(daemon, "pending")
                seen = time.monotonic()
                self.restarted(daemon, how)
                self.assertEqual(self.active_at(daemon, "pending"), began)
                daemon.wait_for_alert("AppDown", "firing")
                self.assertLess(time.monotonic() - seen, 7, "`for` began anew")
                self.assertEqual(self.alert(daemon)["activeAt"], began)
                daemon.stop()
                self.app.up()

    def test_a_for_that_passed_while_it_was_dead_fires_with_the_first_probe(self):
        daemon = self.watch(hold="2s")
        self.app.down()
        began = self.active_at(daemon, "pending")
        daemon.kill()
        passed = time.monotonic() + 2.5
        wait_until(lambda: time.monotonic() > passed, 5, "`for` to pass")
        daemon.start()
        started = time.monotonic()
        daemon.wait_for_alert("AppDown", "firing")
        self.assertLess(time.monotonic() - started, 2)
        self.assertEqual(self.alert(daemon)["activeAt"], began)

    def test_a_firing_alert_without_for_goes_on_with_its_time(self):
        for how in ("kill", "reload"):
            with self.subTest(how):
                daemon = self.watch()
                self.app.down()
                began = self.active_at(daemon, "firing")
                self.restarted(daemon, how)
                self.assertEqual(self.active_at(daemon, "firing"), began)
                self.app.up()
                daemon.wait_for_no_alert("AppDown")
                daemon.stop()

    def test_keep_firing_for_ends_at_its_original_time(self):
        for how in ("kill", "reload"):
            with self.subTest(how):
                daemon = self.watch(keep_firing_for="5s")
                self.app.down()
                began = self.active_at(daemon, "firing")
                self.app.up()
                daemon.wait_for_value(1, "probe_success", target="api")
                recovered = time.monotonic()
                wait_until(lambda: self.waits_for(daemon) == "keep_firing_for", 5,
                           "keep_firing_for to begin")
                self.restarted(daemon, how)
                self.assertEqual(self.active_at(daemon, "firing"), began)
                daemon.wait_for_no_alert("AppDown")
                took = time.monotonic() - recovered
                self.assertGreater(took, 4)
                self.assertLess(took, 7.5, "keep_firing_for began anew")
                daemon.stop()

    def waits_for(self, daemon):
        rules = daemon.get("/api/explain?alert=AppDown").json()["rules"]
        return [alert["waiting_for"] for rule in rules for alert in rule["alerts"]][0]


if __name__ == "__main__":
    unittest.main()
