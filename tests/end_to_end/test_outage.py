"""An application goes down and comes back: who is told, when, and who is not."""

import time
import unittest

from support import (App, EndToEndTest, PagerDuty, Slack, alerting, http_target, main_file, rule,
                     rule_file)

DOWN = "probe_success == 0"


class Outage(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)

    def watch(self, *targets, hold="1s", interval="1s", **route):
        return self.daemon(main_file(*targets),
                           rules=rule_file(rule("ApplicationDown", DOWN, hold), interval=interval),
                           alerting=alerting(self.slack, self.pagerduty, **route))

    def test_pages_and_resolves_with_one_dedup_key(self):
        daemon = self.watch(http_target("api", self.app.health_url))
        daemon.wait_for_value(1, "probe_success", target="api")

        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "ApplicationDown")
        self.slack.wait_for_text("ApplicationDown", "api")
        self.assertTrue(page.event["dedup_key"])
        self.assertEqual(page.event["payload"]["severity"], "critical")
        self.assertIn("ApplicationDown", page.event["payload"]["summary"])
        self.assertIn("ApplicationDown on api", str(page.event["payload"]["custom_details"]))

        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page)
        self.slack.wait_for(lambda one: "resolved" in str(one.event).lower(), 15,
                            "a message that it is resolved")
        self.assertEqual(list(self.pagerduty.incidents().values()), ["resolved"])
        self.assertEqual(len(self.slack.accepted()), 2)

    def test_for_is_kept_and_ends_on_its_own_timer(self):
        # With an hour between ticks only the arriving sample and the timer can do it.
        daemon = self.watch(http_target("api", self.app.health_url), hold="2s", interval="1h")
        daemon.wait_for_value(1, "probe_success", target="api")
        went_down = time.monotonic()
        self.app.down()
        waited = self.pagerduty.wait_for_event("trigger").at - went_down
        self.assertGreaterEqual(waited, 2.0)
        self.assertLess(waited, 3.0)

    def test_a_blip_shorter_than_for_is_silent(self):
        other = self.start(App())
        daemon = self.watch(http_target("api", self.app.health_url),
                            http_target("other", other.health_url), hold="4s")
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.down()
        daemon.wait_for_alert("ApplicationDown", "pending", target="api")
        self.app.up()
        daemon.wait_for_no_alert("ApplicationDown", target="api")

        # A real outage afterwards is a fence: what the blip had sent would have come before it.
        other.down()
        self.pagerduty.wait_for_event("trigger", "other")
        self.slack.wait_for_text("other")
        self.assertEqual(len(self.pagerduty.deliveries), 1)
        self.assertEqual(len(self.slack.deliveries), 1)

    def test_a_second_blip_starts_for_anew(self):
        daemon = self.watch(http_target("api", self.app.health_url), hold="3s")
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.down()
        daemon.wait_for_alert("ApplicationDown", "pending")
        self.app.up()
        daemon.wait_for_no_alert("ApplicationDown")
        went_down = time.monotonic()
        self.app.down()
        self.assertGreaterEqual(self.pagerduty.wait_for_event("trigger").at - went_down, 3.0)

    def test_two_targets_are_two_incidents_and_each_gets_its_end(self):
        other = self.start(App())
        daemon = self.watch(http_target("api", self.app.health_url),
                            http_target("web", other.health_url))
        for name in ("api", "web"):
            daemon.wait_for_value(1, "probe_success", target=name)
        self.app.down()
        other.down()
        api = self.pagerduty.wait_for_event("trigger", "on api")
        web = self.pagerduty.wait_for_event("trigger", "on web")
        self.assertNotEqual(api.event["dedup_key"], web.event["dedup_key"])
        other.up()
        self.pagerduty.wait_for_event("resolve", after=web)
        self.assertEqual(self.pagerduty.incidents()[api.event["dedup_key"]], "triggered")
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=api)

    def test_a_target_that_was_never_up_pages(self):
        self.app.down()
        self.watch(http_target("api", self.app.health_url))
        self.pagerduty.wait_for_event("trigger", "ApplicationDown on api")

    def test_the_next_outage_is_told_again(self):
        self.watch(http_target("api", self.app.health_url), hold="0s")
        for outage in (1, 2):
            self.app.down()
            self.wait_for_count(self.pagerduty, outage * 2 - 1)
            self.app.up()
            self.wait_for_count(self.pagerduty, outage * 2)
        self.assertEqual([one.event["event_action"] for one in self.pagerduty.accepted()],
                         ["trigger", "resolve"] * 2)

    def wait_for_count(self, receiver, count):
        receiver.wait_for(lambda _: len(receiver.accepted()) >= count, 15, f"event {count}")


if __name__ == "__main__":
    unittest.main()
