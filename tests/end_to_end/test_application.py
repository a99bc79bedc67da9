"""An application that answers, but badly: errors, slowness, wrong words."""

import unittest

from support import (App, EndToEndTest, PagerDuty, alerting, http_target, main_file, rule, rule_file,
                     target)

ERROR_RATE = ('sum by (target) (rate(http_requests_total{status=~"5.."}[5s]))'
              " / sum by (target) (rate(http_requests_total[5s])) > 0.05")
LATENCY = ("histogram_quantile(0.95, sum by (le, target) "
           "(rate(http_request_duration_seconds_bucket[5s]))) > 2")


class Application(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def watch(self, described, expression, hold="500ms"):
        return self.daemon(main_file(described), alerting=alerting(pagerduty=self.pagerduty),
                           rules=rule_file(rule("AppTrouble", expression, hold)))

    def test_an_error_rate_pages_and_a_lower_one_does_not(self):
        self.app.error_rate = 0.02
        daemon = self.watch(target("app", "scrape", self.app.metrics_url), ERROR_RATE)
        daemon.wait_for_value(1, "up", target="app")
        daemon.wait_for_metric(lambda page: page.value("pilotlight_probes_total", prober="scrape",
                                                       result="ok") > 8, "eight scrapes")
        self.assertEqual(daemon.metrics().alerts(), [])

        self.app.error_rate = 0.2
        page = self.pagerduty.wait_for_event("trigger", "AppTrouble on app")
        self.app.error_rate = 0.0
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_a_slow_quantile_pages(self):
        daemon = self.watch(target("app", "scrape", self.app.metrics_url), LATENCY)
        daemon.wait_for_value(1, "up", target="app")
        self.app.latency = 3.0
        page = self.pagerduty.wait_for_event("trigger", "AppTrouble on app")
        self.app.latency = 0.05
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_a_scrape_that_fails_says_so(self):
        daemon = self.watch(target("app", "scrape", self.app.metrics_url), "up == 0")
        daemon.wait_for_value(1, "up", target="app")
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppTrouble on app")
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_slow_responses_page(self):
        described = http_target("api", self.app.health_url) | {"interval": "1s", "timeout": "1s"}
        daemon = self.watch(described, "probe_duration_seconds > 0.3")
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.delay = 0.6
        page = self.pagerduty.wait_for_event("trigger", "AppTrouble on api")
        self.assertEqual(daemon.metrics().value("probe_success", target="api"), 1)
        self.app.delay = 0.0
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_no_answer_within_the_timeout_is_a_failure(self):
        self.app.delay = 30.0
        described = http_target("api", self.app.health_url) | {"timeout": "300ms"}
        daemon = self.watch(described, "probe_success == 0")
        self.pagerduty.wait_for_event("trigger", "AppTrouble on api")
        self.assertEqual(self.reason(daemon), "timeout")

    def test_a_server_error_is_a_failure_with_its_status(self):
        self.app.status = 500
        daemon = self.watch(http_target("api", self.app.health_url), "probe_success == 0")
        self.pagerduty.wait_for_event("trigger", "AppTrouble on api")
        self.assertEqual(daemon.metrics().value("probe_http_status_code", target="api"), 500)
        self.assertEqual(self.reason(daemon), "status")

    def test_a_wrong_body_is_a_failure(self):
        described = http_target("api", self.app.health_url,
                                fail_if_body_not_matches_regexp=['"status":\\s*"ok"'])
        daemon = self.watch(described, "probe_success == 0")
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.body = b'{"status": "degraded"}'
        page = self.pagerduty.wait_for_event("trigger", "AppTrouble on api")
        self.assertEqual(daemon.metrics().value("probe_http_status_code", target="api"), 200)
        self.app.body = b'{"status": "ok"}'
        self.pagerduty.wait_for_event("resolve", after=page)

    def reason(self, daemon):
        return daemon.metrics().find("probe_failure_info", target="api")[0].labels["reason"]


if __name__ == "__main__":
    unittest.main()
