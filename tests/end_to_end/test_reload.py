"""Edits of running configuration: good ones are live at once, bad ones change nothing."""

import time
import unittest

from support import (App, EndToEndTest, PagerDuty, alerting, http_target, main_file, rule,
                     rule_file, wait_until)

SUCCESSFUL = "pilotlight_config_last_reload_successful"
SUCCESS_TIME = "pilotlight_config_last_reload_success_timestamp_seconds"

BAD_RULES = """\
groups:
  - name: test
    rules:
      - alert: Broken
        expr: sum(probe_success
"""


class Reload(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)
        self.configuration = main_file(http_target("api", self.app.health_url))
        self.rules = [rule("AppDown", "probe_success == 0")]

    def watch(self):
        daemon = self.daemon(self.configuration, rules=rule_file(*self.rules),
                             alerting=alerting(pagerduty=self.pagerduty))
        daemon.wait_for_value(1, "probe_success", target="api")
        self.assertEqual(daemon.metrics().value(SUCCESSFUL), 1)
        return daemon

    def wait_for_refusal(self, daemon):
        daemon.wait_for_value(0, SUCCESSFUL)

    def wait_for_reload(self, daemon, since):
        """Waits for a reload that succeeded after `since`; returns how long it took."""
        def done():
            page = daemon.metrics()
            # The metric has whole milliseconds: a quick reload may fall into that of `since`.
            return page.value(SUCCESSFUL) == 1 and page.value(SUCCESS_TIME) > since - 0.001
        wait_until(done, 10, "the reload", every=0.05)
        return daemon.metrics().value(SUCCESS_TIME) - since

    def test_pagerduty_is_told_of_what_a_reload_changed_and_of_nothing_else(self):
        self.configuration["receivers"] = {"team": {"change_events": True}}
        self.configuration["external_url"] = "https://pilotlight.example"
        self.configuration["targets"][0]["target"] = self.app.health_url.replace(
            "http://", "http://user:open-sesame@")
        daemon = self.watch()
        since = time.time()
        daemon.write("rules/test.yaml", rule_file(*self.rules))  # as it was
        self.wait_for_reload(daemon, since)
        daemon.write("rules/test.yaml", BAD_RULES)
        self.wait_for_refusal(daemon)
        since = time.time()
        daemon.write("rules/test.yaml", rule_file(*self.rules, rule("Added", "vector(0) > 1")))
        self.wait_for_reload(daemon, since)
        change = wait_until(self.pagerduty.changes, 10, "the change event")[0]
        self.assertEqual(change["payload"]["summary"], "Pilotlight configuration reloaded: "
                         "1 rule added; 1 file changed")
        details = change["payload"]["custom_details"]
        self.assertEqual(details["rules added"], "test/Added")
        self.assert_contains("rules/test.yaml", details["files changed"])
        self.assertEqual(change["links"][0]["href"], "https://pilotlight.example")

        since = time.time()
        self.configuration["targets"].append(
            http_target("other", self.app.health_url.replace("http://", "http://user:hush@")))
        daemon.write("pilotlight.yaml", self.configuration)
        self.wait_for_reload(daemon, since)
        wait_until(lambda: len(self.pagerduty.changes()) >= 2, 10, "the next change event")
        self.assertEqual(len(self.pagerduty.changes()), 2)
        second = self.pagerduty.changes()[1]["payload"]
        self.assertEqual(second["custom_details"]["targets added"], "other")
        for secret in ("open-sesame", "hush"):
            self.assertNotIn(secret, str(self.pagerduty.changes()))

    def test_a_bad_rule_edit_changes_nothing_and_is_shown_with_its_place(self):
        daemon = self.watch()
        daemon.write("rules/test.yaml", BAD_RULES)
        self.wait_for_refusal(daemon)
        health = daemon.get("/api/health").text
        self.assert_contains("rules/test.yaml:5:", daemon.log())
        self.assert_contains("rules/test.yaml:5:", health)
        self.assertRegex(daemon.log(), r"rules/test\.yaml:5:\d+: ")
        self.assertEqual(daemon.get("/-/ready").status, 200)

        # The old rules still judge.
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page)

        since = time.time()
        daemon.write("rules/test.yaml", rule_file(*self.rules))
        self.wait_for_reload(daemon, since)
        self.assertNotIn("rules/test.yaml:5:", daemon.get("/api/health").text)

    def test_a_good_rule_edit_is_live_within_a_second(self):
        daemon = self.watch()
        self.rules.append(rule("Always", 'probe_success{target="api"} == 1'))
        written, wrote = time.monotonic(), time.time()
        daemon.write("rules/test.yaml", rule_file(*self.rules))
        page = self.pagerduty.wait_for_event("trigger", "Always")
        self.assertLess(page.at - written, 1.5)
        self.assertLess(self.wait_for_reload(daemon, wrote), 1.0)

    def test_a_file_written_in_place_is_read_too(self):
        daemon = self.watch()
        since = time.time()
        path = daemon.folder / "rules/test.yaml"
        path.write_text(path.read_text().replace("AppDown", "AppGone"))
        self.wait_for_reload(daemon, since)
        self.app.down()
        self.pagerduty.wait_for_event("trigger", "AppGone")

    def test_a_new_rule_file_is_found_and_a_removed_one_forgotten(self):
        daemon = self.watch()
        daemon.write("rules/more.yaml", rule_file(rule("Always", "probe_success == 1"), group="b"))
        page = self.pagerduty.wait_for_event("trigger", "Always")
        (daemon.folder / "rules/more.yaml").unlink()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_a_target_is_added_and_removed_by_editing_the_main_file(self):
        daemon = self.watch()
        other = self.start(App())
        other.down()
        with_other = main_file(*self.configuration["targets"],
                               http_target("other", other.health_url))
        daemon.write("pilotlight.yaml", with_other)
        page = self.pagerduty.wait_for_event("trigger", "AppDown on other")
        daemon.write("pilotlight.yaml", self.configuration)
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertEqual(daemon.metrics().find("probe_success", target="other"), [])

    def test_a_bad_main_file_changes_nothing(self):
        daemon = self.watch()
        daemon.write("pilotlight.yaml", {**self.configuration, "tragets": []})
        self.wait_for_refusal(daemon)
        self.assertRegex(daemon.log(), r"pilotlight\.yaml:\d+:\d+: .*tragets.*targets")
        self.app.down()
        self.pagerduty.wait_for_event("trigger", "AppDown")

    def test_a_bad_alerting_file_changes_nothing(self):
        daemon = self.watch()
        bad = alerting(pagerduty=self.pagerduty, receiver="nobody")
        daemon.write("alerting.yaml", bad)
        self.wait_for_refusal(daemon)
        self.assertRegex(daemon.log(), r"alerting\.yaml:\d+:\d+: .*nobody")
        self.app.down()
        self.pagerduty.wait_for_event("trigger", "AppDown")

    def test_sighup_and_post_reload_and_get_does_not(self):
        daemon = self.watch()
        for reload in (daemon.reload, lambda: daemon.post("/-/reload")):
            since = time.time()
            reload()
            self.wait_for_reload(daemon, since)
        self.assertIn(daemon.get("/-/reload").status, (404, 405))

    def test_post_reload_answers_with_what_is_wrong(self):
        daemon = self.watch()
        self.assertEqual(daemon.post("/-/reload").status, 200)
        daemon.write("rules/test.yaml", BAD_RULES)
        answer = daemon.post("/-/reload")
        self.assertGreaterEqual(answer.status, 400)
        self.assert_contains("rules/test.yaml:5:", answer.text)

    def test_reload_from_another_sites_page_is_refused(self):
        daemon = self.watch()
        answer = daemon.post("/-/reload", Origin="https://evil.example.com")
        self.assertEqual(answer.status, 403)

    def test_a_pending_alert_keeps_its_start(self):
        self.rules = [rule("AppDown", "probe_success == 0", hold="4s")]
        daemon = self.watch()
        went_down = time.monotonic()
        self.app.down()
        daemon.wait_for_alert("AppDown", "pending")
        since = time.time()
        daemon.write("rules/test.yaml", rule_file(*self.rules, rule("Never", "vector(0) > 1")))
        self.wait_for_reload(daemon, since)
        self.assertTrue(daemon.metrics().alerts("AppDown", "pending"))
        waited = self.pagerduty.wait_for_event("trigger", "AppDown").at - went_down
        self.assertGreaterEqual(waited, 4.0)
        self.assertLess(waited, 5.5)

    def test_a_firing_alert_is_neither_resolved_nor_paged_again(self):
        daemon = self.watch()
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        since = time.time()
        daemon.write("rules/test.yaml", rule_file(*self.rules, rule("Always", "vector(1)")))
        self.wait_for_reload(daemon, since)
        self.pagerduty.wait_for_event("trigger", "Always")
        self.assertEqual(len([one for one in self.pagerduty.deliveries
                              if one.event["dedup_key"] == page.event["dedup_key"]]), 1)

    def test_a_receiver_that_is_renamed_while_it_fires_leaves_no_incident_open(self):
        daemon = self.watch()
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        # The last words wait for the service like any others.
        self.pagerduty.fail(503, times=2)
        routes = alerting(pagerduty=self.pagerduty)
        routes["route"]["receiver"] = routes["receivers"][0]["name"] = "crew"
        daemon.write("alerting.yaml", routes)
        self.pagerduty.wait_for_event("resolve", after=page, limit=20)
        wait_until(lambda: sorted(self.pagerduty.incidents().values()) == ["resolved", "triggered"],
                   20, "the incident of the new receiver", self.pagerduty.incidents)
        self.app.up()
        wait_until(lambda: set(self.pagerduty.incidents().values()) == {"resolved"}, 20,
                   "both to be closed", self.pagerduty.incidents)


if __name__ == "__main__":
    unittest.main()
