"""Why a target fails is told where people look: the API, the messages, the status page."""

import base64
import unittest

from support import (App, Browser, EndToEndTest, PagerDuty, Slack, alerting, http_target,
                     main_file, rule, rule_file, wait_until)

SECRETS = ("hunter2-s3cret", "tok-s3cret-query", "hdr-s3cret",
           base64.b64encode(b"ann:hunter2-s3cret").decode())


class Echo(App):
    """Answers everything with all secrets that it could have been sent."""

    def answer(self, request):
        said = " ".join(SECRETS)
        return 500, {"Content-Type": "text/plain", "X-Echo": said}, f"you sent {said}".encode()


class Evidence(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)

    def watch(self, url=None, **options):
        described = http_target("api", url or self.app.health_url, **options)
        daemon = self.daemon(main_file(described),
                             rules=rule_file(rule("AppDown", "probe_success == 0")),
                             alerting=alerting(slack=self.slack, pagerduty=self.pagerduty))
        return daemon

    def evidence(self, daemon):
        return daemon.get("/api/targets/api/evidence").json()

    def test_the_api_and_the_messages_tell_it_and_it_outlasts_the_outage(self):
        daemon = self.watch()
        daemon.wait_for_value(1, "probe_success", target="api")
        self.assertIsNone(self.evidence(daemon)["last_failure"])
        self.app.body = b'{"status": "down", "db": "no connections left"}'
        self.app.status = 503
        daemon.wait_for_alert("AppDown")

        failure = self.evidence(daemon)["last_failure"]
        self.assertEqual((failure["phase"], failure["reason"]), ("response", "status"))
        seen = failure["evidence"]
        self.assertEqual(seen["status_line"].split()[1], "503")
        self.assert_contains("no connections left", seen["body"])
        self.assertEqual([one["address"] for one in seen["addresses"]], ["127.0.0.1"])
        self.assertIn("connect", [one["name"] for one in seen["phases"]])
        words = "response: status: HTTP 503, expected 2xx"
        targets = daemon.get("/api/v1/targets").json()["data"]["activeTargets"]
        self.assertEqual(targets[0]["lastError"], words)
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        self.assert_contains(words, page.request.body.decode())
        message = self.slack.wait_for(lambda one: b"AppDown" in one.request.body)
        self.assert_contains(words, message.request.body.decode())
        # What is told besides makes no other alert of it.
        self.assertNotIn("evidence", page.event["dedup_key"])
        self.assertEqual([sorted(one.labels) for one in daemon.metrics().alerts("AppDown")],
                         [sorted(["alertname", "alertstate", "instance", "prober", "severity",
                                  "target"])])

        self.app.status = 200
        daemon.wait_for_no_alert("AppDown")
        daemon.reload()
        daemon.wait_for_metric(
            lambda m: m.value("pilotlight_config_last_reload_successful") == 1, "the reload")
        told = self.evidence(daemon)
        self.assertEqual(told["health"], "up")
        self.assertEqual(told["last_failure"]["reason"], "status")
        self.assertIsNotNone(told["last_failure"]["evidence"])

    def test_an_echo_of_secrets_is_shown_nowhere(self):
        echo = self.start(Echo())
        url = echo.url.replace("http://", "http://ann:hunter2-s3cret@")
        daemon = self.watch(url + "/?token=tok-s3cret-query", headers={"X-Key": "hdr-s3cret"})
        daemon.wait_for_alert("AppDown")
        seen = self.evidence(daemon)["last_failure"]["evidence"]
        self.assertEqual(seen["body"], "you sent <secret> <secret> <secret> <secret>")
        self.pagerduty.wait_for_event("trigger", "AppDown")
        places = {path: daemon.get(path).text for path in
                  ("/api/targets/api/evidence", "/api/status", "/api/v1/targets",
                   "/api/v1/alerts", "/api/health", "/metrics")}
        places["log"] = daemon.log()
        places["page"] = " ".join(one.request.body.decode()
                                  for one in self.pagerduty.deliveries + self.slack.deliveries)
        for place, text in places.items():
            for secret in SECRETS:
                self.assertNotIn(secret, text, place)

    def test_the_status_page_shows_it_when_it_is_opened(self):
        self.app.status = 503
        self.app.body = b"<b>pool</b> exhausted <img src=x onerror=document.title='stolen'>"
        daemon = self.watch()
        daemon.wait_for_alert("AppDown")
        browser = self.start(Browser(self.folder))
        browser.open(daemon.url + "/")
        wait_until(lambda: "What was seen" in browser.text(), 20, "something to open",
                   browser.text, every=0.1)
        browser.evaluate("document.querySelector('details.evidence').open = true")
        wait_until(lambda: "<b>pool</b> exhausted" in browser.text(), 20, "the body to be shown",
                   browser.text, every=0.1)
        self.assert_contains("It answered with a status that is not accepted.", browser.text())
        # The page goes on with the newest failure, and what is open stays open.
        at = browser.evaluate("document.querySelector('details.evidence').dataset.at")
        wait_until(lambda: browser.evaluate(
            "document.querySelector('details.evidence').dataset.at") != at, 20, "a newer failure",
            every=0.1)
        self.assertTrue(browser.evaluate("document.querySelector('details.evidence').open"))
        self.assertEqual(browser.complaints, [])


if __name__ == "__main__":
    unittest.main()
