"""A first failure is confirmed before anybody hears of it; every address may count."""

import json
import socket
import unittest

from support import (App, EndToEndTest, PagerDuty, alerting, http_target, main_file, rule,
                     rule_file, wait_until)


# Further probes that come too late are left out: these have room on a machine with much to do.
COUNTED = {"confirm": {"attempts": 2, "within": "4s"}, "interval": "10s", "timeout": "5s"}


class FlakyApp(App):
    """Answers so many of the next requests with 503."""

    failures = 0

    def answer(self, request):
        if self.failures > 0 and request.path == "/api/health":
            self.failures -= 1
            return 503, {}, b""
        return super().answer(request)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def blips(daemon):
    return daemon.metrics().value("pilotlight_probe_blips_total", prober="http")


class Confirmation(EndToEndTest):
    def setUp(self):
        self.app = self.start(FlakyApp())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def run_with(self, *targets, **more):
        return self.daemon(main_file(*targets, **more),
                           rules=rule_file(rule("AppDown", 'probe_success{target="api"} == 0')),
                           alerting=alerting(pagerduty=self.pagerduty))

    def watch(self, **more):
        daemon = self.run_with({**http_target("api", self.app.health_url),
                                "confirm": {"attempts": 2, "within": "500ms"}, **more})
        daemon.wait_for_value(1, "probe_success", target="api")
        return daemon

    def test_a_server_that_fails_once_pages_nobody(self):
        daemon = self.watch(**COUNTED)
        for failures in (1, 2):
            before = blips(daemon)
            self.app.failures = failures
            wait_until(lambda before=before: blips(daemon) >= before + 1, 40, "another blip")
        self.assert_contains('target "api": a blip, the next probe is ok: ', daemon.log())
        daemon.wait_for_value(1, "probe_success", target="api")
        seen = json.loads(daemon.get("/api/targets/api/evidence").text)
        self.assertEqual(seen["health"], "up")
        self.assertTrue(seen["last_failure"]["blip"])
        self.assertIn("503", seen["last_failure"]["evidence"]["status_line"])
        self.assertNotIn("alert AppDown", daemon.log())
        self.assertEqual(self.pagerduty.deliveries, [])

    def test_a_server_that_fails_for_good_is_down_within_seconds(self):
        daemon = self.watch(**COUNTED)
        before = blips(daemon)
        asked = self.app.hits
        self.app.status = 503
        wait_until(lambda: "(confirmed by 2 more probes)" in daemon.get("/api/v1/targets").text,
                   40, "the failure to be confirmed")
        self.assertGreaterEqual(self.app.hits, asked + 3)
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        self.assertEqual(blips(daemon), before)
        self.app.status = 200
        self.pagerduty.wait_for_event("resolve", after=page, limit=30)

    def test_recovery_takes_several_successes(self):
        daemon = self.watch(recover={"attempts": 3})
        self.app.status = 503
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        asked = self.app.hits
        self.app.status = 200
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertGreaterEqual(self.app.hits, asked + 3)
        daemon.wait_for_value(1, "probe_success", target="api")

    def test_a_reload_and_an_end_do_not_wait_for_a_confirmation(self):
        confirm = {"attempts": 1, "within": "1m"}
        target = {**http_target("api", self.app.health_url), "confirm": confirm}
        daemon = self.run_with(target)
        daemon.wait_for_value(1, "probe_success", target="api")
        asked = self.app.hits
        self.app.status = 503
        wait_until(lambda: self.app.hits > asked, 15, "the failure that is to be confirmed")
        daemon.write("pilotlight.yaml", main_file(
            {**http_target("api", self.app.health_url), "confirm": {"attempts": 0}}))
        daemon.wait_for_value(0, "probe_success", target="api")
        daemon.write("pilotlight.yaml", main_file(target))
        self.app.status = 200
        daemon.wait_for_value(1, "probe_success", target="api")
        asked = self.app.hits
        self.app.status = 503
        wait_until(lambda: self.app.hits > asked, 15, "another failure")
        daemon.stop()

    @unittest.skipUnless(has_ipv6(), "localhost has one address only")
    def test_every_address_may_count(self):
        address = self.app.health_url.replace("127.0.0.1", "localhost")
        daemon = self.run_with(*({**http_target(policy, address), "addresses": policy}
                                 for policy in ("first", "any", "each", "quorum")))
        for policy, success in {"first": 1, "any": 1, "each": 0, "quorum": 0}.items():
            daemon.wait_for_value(success, "probe_success", target=policy)
        metrics = daemon.metrics()
        for policy in ("any", "each", "quorum"):
            for address, success in {"127.0.0.1": 1, "::1": 0}.items():
                self.assertEqual(metrics.value("probe_address_success", target=policy,
                                               address=address), success)
        self.assertEqual(metrics.find("probe_address_success", target="first"), [])
        self.assertEqual(
            metrics.value("probe_failure_info", target="each", phase="connect"), 1)
        self.assert_contains("1 of 2 addresses failed: ::1 connect/refused",
                             daemon.get("/api/v1/targets").text)

    def test_turns_that_wait_for_a_limit_are_counted_under_it(self):
        self.app.delay = 0.4
        slow = ({**http_target(f"api{i}", self.app.health_url), "interval": "100ms",
                 "timeout": "100ms"} for i in range(3))
        daemon = self.run_with(*slow, limits={"probes_per_host": 1})
        daemon.wait_for_metric(
            lambda m: m.value("pilotlight_probes_skipped_total", cause="host_limit") >= 10,
            "turns that waited for the host", limit=60)
        self.assertEqual(daemon.metrics().value("pilotlight_probes_skipped_total",
                                                cause="prober_limit"), 0)


if __name__ == "__main__":
    unittest.main()
