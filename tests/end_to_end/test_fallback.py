"""A receiver that does not take its messages: its fallback is told, and told of the end."""

import signal
import unittest

from support import (App, EndToEndTest, PagerDuty, Slack, http_target, main_file, pilotlight, rule,
                     rule_file, text_of, wait_until)


def two_receivers(slack, pagerduty, send_resolved=True):
    """`team` by Slack, `duty` by PagerDuty; only the first is routed to."""
    return {"route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s",
                      "group_interval": "1s"},
            "receivers": [
                {"name": "team", "slack_configs": [{
                    "api_url": slack.webhook, "channel": "#ops",
                    "send_resolved": send_resolved}]},
                {"name": "duty", "pagerduty_configs": [{
                    "routing_key": pagerduty.routing_key, "url": pagerduty.endpoint}]}]}


class Fallback(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)

    def watch(self, send_resolved=True, **options):
        options.setdefault("after", {"failures": 2})
        daemon = self.daemon(
            main_file(http_target("api", self.app.health_url),
                      receivers={"team": {"fallback": "duty", **options}}),
            rules=rule_file(rule("AppDown", "probe_success == 0", description="No answer.")),
            alerting=two_receivers(self.slack, self.pagerduty, send_resolved))
        daemon.wait_for_value(1, "probe_success", target="api")
        return daemon

    def test_after_the_failures_the_fallback_is_told_for_whom_and_why(self):
        daemon = self.watch()
        self.slack.fail(503)
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=20)
        self.assertGreaterEqual(len(self.slack.failed()), 2)
        text = text_of(page.event)
        self.assert_contains("For team, whose slack has not taken it", text)
        self.assert_contains("503", text)
        self.assert_contains("No answer.", text)
        self.assertNotIn(self.slack.secret, text + daemon.log())

        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page, limit=20)
        self.slack.accept()
        self.slack.wait_for_text("AppDown", limit=40)
        daemon.wait_for_value(0, "pilotlight_outbox_pending")
        self.assertEqual(list(self.pagerduty.incidents().values()), ["resolved"])

    def test_a_receiver_that_works_has_no_need_of_it(self):
        daemon = self.watch()
        self.slack.fail(503, times=1)
        self.app.down()
        self.slack.wait_for_text("AppDown")
        self.app.up()
        self.slack.wait_for_text("RESOLVED")
        daemon.wait_for_value(0, "pilotlight_outbox_pending")
        self.assertEqual(self.pagerduty.deliveries, [])

    def test_a_refusal_for_good_is_handed_over_at_once_counted_and_shown(self):
        daemon = self.watch(after={"failures": 100})
        self.slack.fail(404, body=b"no_service")
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=5)
        self.assert_contains("refused for good", text_of(page.event))
        daemon.wait_for_value(1, "pilotlight_notifications_dead_total", receiver="team",
                              integration="slack")
        self.assert_contains('"dead":1', daemon.get("/api/status").text.replace(" ", ""))
        daemon.kill()
        daemon.start()
        wait_until(lambda: '"dead":1' in daemon.get("/api/status").text.replace(" ", ""), 10,
                   "the count to be there after the restart")

    def test_the_end_is_told_after_a_restart_though_the_receiver_is_back(self):
        daemon = self.watch()
        self.slack.fail(503)
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=20)
        daemon.kill()
        self.slack.accept()
        daemon.start()
        self.slack.wait_for_text("AppDown", limit=20)
        daemon.wait_for_value(0, "pilotlight_outbox_pending", limit=20)
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page, limit=20)
        triggers = [one for one in self.pagerduty.accepted()
                    if one.event["event_action"] == "trigger"]
        self.assertLessEqual(len(triggers), 2, "one repeat at most for the kill")

    def test_the_end_is_told_though_the_receiver_itself_does_not_want_ends(self):
        self.watch(send_resolved=False)
        self.slack.fail(503)
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=20)
        self.slack.accept()
        self.slack.wait_for_text("AppDown", limit=20)
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page, limit=20)

    def test_after_the_time_the_fallback_is_told_though_nothing_has_failed_often(self):
        self.watch(after={"failures": 1000, "for": "2s"})
        self.slack.too_many_requests(retry_after=600)
        self.app.down()
        self.pagerduty.wait_for_event("trigger", "AppDown", limit=10)
        self.assertLessEqual(len(self.slack.deliveries), 2)

    def test_a_reload_names_what_the_alerting_file_has_not(self):
        daemon = self.watch()
        for receivers, wrong in (
                ({"team": {"fallback": "nobody"}}, 'no receiver "nobody"'),
                ({"temas": {"fallback": "duty"}}, 'no receiver "temas"'),
                ({"team": {"fallback": "duty"}, "duty": {"fallback": "team"}},
                 "team -> duty -> team")):
            with self.subTest(wrong=wrong):
                path = daemon.write("pilotlight.yaml", main_file(
                    http_target("api", self.app.health_url), receivers=receivers))
                checked = pilotlight("check", "config", path)
                self.assertNotEqual(checked.code, 0)
                self.assert_contains(wrong, checked.text)
                self.assertRegex(checked.text, r"pilotlight\.yaml:\d+:\d+: ")
        daemon.send(signal.SIGHUP)
        daemon.wait_for_value(0, "pilotlight_config_last_reload_successful")


if __name__ == "__main__":
    unittest.main()
