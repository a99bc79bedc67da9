"""kill -9 at the worst moments: what was to be sent is sent, once, with the same key."""

import unittest

from support import (App, EndToEndTest, PagerDuty, Slack, alerting, http_target, main_file, rule,
                     rule_file, wait_until)


class Crash(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)

    def watch(self, hold="500ms"):
        daemon = self.daemon(main_file(http_target("api", self.app.health_url)),
                             rules=rule_file(rule("AppDown", "probe_success == 0", hold)),
                             alerting=alerting(self.slack, self.pagerduty))
        daemon.wait_for_value(1, "probe_success", target="api")
        return daemon

    def fail_receivers(self):
        self.slack.fail(503)
        self.pagerduty.fail(503)

    def accept(self):
        self.slack.accept()
        self.pagerduty.accept()

    def wait_for_attempt(self):
        """The key that PagerDuty was offered and did not take."""
        wait_until(lambda: self.pagerduty.failed() and self.slack.failed(), 15, "an attempt")
        return self.pagerduty.failed()[0].event["dedup_key"]

    def test_a_page_that_waited_goes_out_after_the_restart(self):
        daemon = self.watch()
        self.fail_receivers()
        self.app.down()
        key = self.wait_for_attempt()
        daemon.kill()
        self.accept()
        self.assertEqual(self.pagerduty.incidents(), {})

        daemon.start()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=40)
        self.slack.wait_for_text("AppDown", limit=40)
        self.assertEqual(page.event["dedup_key"], key)
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertEqual(self.pagerduty.incidents(), {key: "resolved"})

    def test_a_page_goes_out_after_the_restart_when_receivers_were_unreachable(self):
        daemon = self.watch()
        self.slack.refuse()
        self.pagerduty.refuse()
        self.app.down()
        daemon.wait_for_metric(lambda page: page.value("pilotlight_outbox_pending") == 2,
                               "both messages to wait")
        daemon.kill()
        daemon.start()
        self.slack.listen()
        self.pagerduty.listen()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=40)
        self.slack.wait_for_text("AppDown", limit=40)
        self.assertEqual(self.pagerduty.incidents(), {page.event["dedup_key"]: "triggered"})

    def test_what_recovered_meanwhile_is_told_and_closed(self):
        daemon = self.watch()
        self.fail_receivers()
        self.app.down()
        key = self.wait_for_attempt()
        daemon.kill()
        self.app.up()
        self.accept()
        daemon.start()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=40)
        self.assertEqual(page.event["dedup_key"], key)
        self.pagerduty.wait_for_event("resolve", after=page, limit=40)
        self.slack.wait_for_text("AppDown", limit=40)

    def test_whoever_was_told_before_the_crash_is_told_of_the_end(self):
        daemon = self.watch()
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger")
        self.slack.wait_for_text("AppDown")
        daemon.wait_for_value(0, "pilotlight_outbox_pending")
        daemon.kill()
        self.app.up()
        daemon.start()
        self.pagerduty.wait_for_event("resolve", after=page, limit=30)
        self.assertEqual(list(self.pagerduty.incidents().values()), ["resolved"])

    def test_what_still_fires_after_the_crash_is_the_same_incident(self):
        daemon = self.watch()
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger")
        self.slack.wait_for_text("AppDown")
        daemon.wait_for_value(0, "pilotlight_outbox_pending")
        daemon.kill()
        daemon.start()
        daemon.wait_for_alert("AppDown")
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page, limit=30)
        self.assertEqual(list(self.pagerduty.incidents()), [page.event["dedup_key"]])
        firing = [text for text in self.slack.texts() if "resolved" not in text.lower()]
        self.assertLessEqual(len(firing), 2, "Slack may see at most one repeat")

    def test_killed_again_and_again_every_page_is_one_incident(self):
        daemon = self.watch(hold="0s")
        self.fail_receivers()
        self.app.down()
        key = self.wait_for_attempt()
        for _ in range(5):
            daemon.kill()
            daemon.start()
        self.accept()
        self.pagerduty.wait_for_event("trigger", limit=60)
        self.app.up()
        wait_until(lambda: self.pagerduty.incidents() == {key: "resolved"}, 40,
                   "one incident, resolved", self.pagerduty.incidents)

    def test_sigterm_keeps_what_waits(self):
        daemon = self.watch()
        self.fail_receivers()
        self.app.down()
        key = self.wait_for_attempt()
        daemon.stop()
        self.accept()
        daemon.start()
        page = self.pagerduty.wait_for_event("trigger", limit=40)
        self.assertEqual(page.event["dedup_key"], key)

    def test_two_daemons_do_not_share_a_data_folder(self):
        daemon = self.watch()
        other = self.daemon(main_file(), start=False, data=daemon.data)
        with self.assertRaisesRegex(AssertionError, "ended with 2"):
            other.start()
        self.assertEqual(daemon.get("/-/healthy").status, 200)


if __name__ == "__main__":
    unittest.main()
