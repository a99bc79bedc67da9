"""Receivers that limit, fail, hang or vanish: every message still arrives, and in time."""

import unittest

from support import (App, EndToEndTest, PagerDuty, Slack, alerting, http_target, main_file, rule,
                     rule_file)


class Delivery(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)
        self.watched = self.daemon(main_file(http_target("api", self.app.health_url)),
                                   rules=rule_file(rule("AppDown", "probe_success == 0")),
                                   alerting=alerting(self.slack, self.pagerduty))
        self.watched.wait_for_value(1, "probe_success", target="api")

    def failures(self, integration, **labels):
        found = self.watched.metrics().find("pilotlight_notifications_failed_total",
                                            integration=integration, **labels)
        return sum(one.value for one in found)

    def test_retry_after_is_obeyed_and_delays_no_other(self):
        self.slack.too_many_requests(retry_after=3, times=1)
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", limit=2)
        message = self.slack.wait_for_text("AppDown")
        limited = self.slack.failed("429")
        self.assertEqual(len(limited), 1)
        self.assertGreaterEqual(message.at - limited[0].at, 3.0)
        self.assertLess(page.at, message.at)

    def test_server_errors_are_retried_until_accepted(self):
        self.pagerduty.fail(503, times=2)
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger")
        keys = {one.event["dedup_key"] for one in self.pagerduty.deliveries}
        self.assertEqual(keys, {page.event["dedup_key"]})
        self.assertEqual(len(self.pagerduty.failed("503")), 2)
        self.assertEqual(self.failures("pagerduty"), 2)
        self.assertEqual(self.failures("slack"), 0)

    def test_a_reset_after_reading_is_retried_with_the_same_key(self):
        self.pagerduty.reset(times=1)
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger")
        first = self.pagerduty.failed("reset")[0]
        self.assertEqual(first.event["dedup_key"], page.event["dedup_key"])

    def test_a_hanging_receiver_delays_no_other(self):
        self.slack.hang()
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", limit=2)
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page, limit=5)
        self.assertEqual(self.slack.accepted(), [])

    def test_a_receiver_that_was_away_gets_everything(self):
        self.slack.refuse()
        self.app.down()
        self.pagerduty.wait_for_event("trigger")
        self.watched.wait_for_metric(lambda page: page.value("pilotlight_outbox_pending"),
                                     "the outbox to hold Slack's message")
        self.slack.listen()
        self.slack.wait_for_text("AppDown", limit=30)
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")

    def test_a_refusal_that_retrying_cannot_help_is_reported_at_once(self):
        self.slack.fail(404, body=b"no_service")
        self.app.down()
        self.pagerduty.wait_for_event("trigger")
        self.watched.wait_for_metric(lambda _: self.failures("slack"), "the failure to be counted")
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")
        self.assertEqual(len(self.slack.deliveries), 1)
        self.assert_contains("404", self.watched.log())
        self.assertNotIn(self.slack.secret, self.watched.log())

    def test_acceptances_are_counted_and_timed(self):
        self.app.down()
        self.pagerduty.wait_for_event("trigger")
        self.slack.wait_for_text("AppDown")
        for integration in ("slack", "pagerduty"):
            self.watched.wait_for_value(1, "pilotlight_notifications_total", receiver="team",
                                        integration=integration)
        count = sum(one.value for one in self.watched.metrics().find(
            "pilotlight_notification_delay_seconds_count"))
        self.assertEqual(count, 2)


if __name__ == "__main__":
    unittest.main()
