"""Targets from a URL: they come, go and change; a source that fails or a restart loses none."""

import json
import stat
import unittest

from support import (FAST, App, EndToEndTest, HttpServer, PagerDuty, alerting, http_target,
                     main_file, pilotlight, rule, rule_file, wait_until)

DISCOVERED = "pilotlight_discovered_targets"
FAILURES = "pilotlight_discovery_failures_total"


class TargetSource(HttpServer):
    """GET /targets answers with `groups`; the other switches count from the next request on."""

    def __init__(self):
        super().__init__()
        self.groups = []
        self.status = 200
        self.type = "application/json"
        self.body = None
        self.asked = []

    def list(self, **addresses):
        """Targets by name."""
        self.groups = [{"targets": [address], "labels": {"target": name}}
                       for name, address in addresses.items()]

    def stall(self):
        """Accepts, and says nothing."""
        self.body = b"stalled"

    def answer(self, request):
        self.asked.append(request)
        if self.body == b"stalled":
            return lambda connection: connection.recv(1)
        body = self.body if self.body is not None else json.dumps(self.groups).encode()
        return self.status, {"Content-Type": self.type}, body


class Discovery(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.other = self.start(App())
        self.source = self.start(TargetSource())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)
        self.source.list(api=self.app.health_url)

    def entry(self, **more):
        return {"url": self.source.url + "/targets", "refresh_interval": "1s", "prober": "http",
                **FAST, **more}

    def watch(self, *targets, **more):
        return self.daemon(main_file(*targets, http_sd=[self.entry(**more)]),
                           rules=rule_file(rule("AppDown", "probe_success == 0")),
                           alerting=alerting(pagerduty=self.pagerduty))

    def wait_for_targets(self, daemon, *names, **labels):
        def seen():
            found = daemon.metrics().find("probe_success", **labels)
            return sorted(one.labels["target"] for one in found) == sorted(names)
        wait_until(seen, 15, f"the targets to be {names}",
                   lambda: daemon.metrics().find("probe_success"), every=0.05)

    def test_targets_come_and_go_and_their_alerts_with_them(self):
        daemon = self.watch(http_target("own", self.app.health_url))
        self.wait_for_targets(daemon, "own", "api")
        self.other.down()
        self.source.list(api=self.app.health_url, other=self.other.health_url)
        page = self.pagerduty.wait_for_event("trigger", "AppDown on other")
        self.assertEqual(daemon.metrics().value(DISCOVERED,
                                                source=f"http_sd {self.source.url}/targets"), 2)
        self.assertEqual(daemon.metrics().value("pilotlight_targets"), 3)
        active = daemon.get("/api/v1/targets").json()["data"]["activeTargets"]
        self.assertEqual(sorted(one["labels"]["target"] for one in active),
                         ["api", "other", "own"])
        listed = pilotlight("targets", "--url", daemon.url)
        self.assertEqual(listed.code, 0, listed.text)
        for name in ("own", "api", "other"):
            self.assert_contains(name, listed.out)

        self.source.list(api=self.app.health_url)
        self.pagerduty.wait_for_event("resolve", after=page)
        self.wait_for_targets(daemon, "own", "api")

    def test_labels_change_and_relabelling_sees_what_the_source_says(self):
        rules = [{"source_labels": ["host"], "target_label": "instance"},
                 {"source_labels": ["role"], "regex": "spare", "action": "drop"},
                 {"regex": "host", "action": "labeldrop"}]
        self.source.groups = [
            {"targets": [self.app.health_url],
             "labels": {"target": "api", "host": "web-1", "role": "front"}},
            {"targets": [self.other.health_url], "labels": {"target": "b", "role": "spare"}}]
        daemon = self.watch(relabel_configs=rules)
        self.wait_for_targets(daemon, "api", instance="web-1", role="front")
        self.source.groups[0]["labels"]["role"] = "back"
        self.wait_for_targets(daemon, "api", instance="web-1", role="back")
        self.assertEqual(len(daemon.metrics().find("probe_success")), 1)

    def test_a_source_that_fails_keeps_its_targets_and_is_told_of_once(self):
        daemon = self.watch()
        self.wait_for_targets(daemon, "api")
        failures = 0
        for status, kind, body, why in (
                (500, "application/json", b"[]", "HTTP 500"),
                (200, "text/html", b"[]", "text/html"),
                (200, "application/json", b'[{"targets": ["a:1"', "YAML"),
                (200, "application/json", b'{"targets": []}', "expected a list"),
                (200, "application/json", b'[{"targets": ["a:1"], "lables": {}}]', "lables")):
            with self.subTest(why):
                self.source.status, self.source.type, self.source.body = status, kind, body
                wanted = failures + 2
                wait_until(lambda: daemon.metrics().value(FAILURES) >= wanted, 15,
                           f"{why} to be counted", daemon.log)
                failures = daemon.metrics().value(FAILURES)
                lines = [line for line in daemon.log().splitlines()
                         if why in line and "1 targets are kept" in line]
                self.assertEqual(len(lines), 1, daemon.log())
        hits = self.app.hits
        self.source.stall()
        wait_until(lambda: daemon.metrics().value(FAILURES) > failures, 15, "a time-out")
        wait_until(lambda: self.app.hits > hits, 15, "the target to be asked still")
        self.source.down()
        failures = daemon.metrics().value(FAILURES)
        wait_until(lambda: daemon.metrics().value(FAILURES) > failures, 15, "a refusal")
        self.assertEqual(daemon.metrics().value(DISCOVERED), 1)
        self.assertEqual(daemon.metrics().value("probe_success", target="api"), 1)

        self.source.status, self.source.type, self.source.body = 200, "application/json", None
        self.source.list(api=self.app.health_url, other=self.other.health_url)
        self.source.up()
        self.wait_for_targets(daemon, "api", "other")
        self.assert_contains("answers again", daemon.log())

    def test_an_alert_of_a_discovered_target_outlives_a_restart_without_its_source(self):
        daemon = self.watch()
        self.wait_for_targets(daemon, "api")
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown on api")
        daemon.kill()
        self.source.down()
        daemon.start()
        self.wait_for_targets(daemon, "api")
        daemon.wait_for_alert("AppDown")
        wait_until(lambda: daemon.metrics().value(FAILURES) >= 2, 15, "the source to be missed")
        daemon.wait_for_alert("AppDown")
        # A kill before the journal knows of the delivery repeats it, under the same key.
        self.assertEqual(list(self.pagerduty.incidents().values()), ["triggered"])

        # What is there no more is over.
        self.source.groups = []
        self.source.up()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_a_changed_login_or_address_loses_no_target_before_the_first_answer(self):
        daemon = self.watch()
        self.wait_for_targets(daemon, "api")
        self.app.down()
        self.pagerduty.wait_for_event("trigger", "AppDown on api")
        self.source.status = 401
        for change in ({"basic_auth": {"username": "u", "password": "new"}},
                       {"url": self.source.url + "/targets?token=new"}):
            asked = len(self.source.asked)
            daemon.write("pilotlight.yaml", main_file(http_sd=[self.entry(**change)]))
            self.assertEqual(daemon.post("/-/reload").status, 200)
            wait_until(lambda asked=asked: len(self.source.asked) > asked + 1, 15, "a request")
            daemon.wait_for_alert("AppDown")
        self.assertEqual(list(self.pagerduty.incidents().values()), ["triggered"])

    def test_reloads_and_changes_elsewhere_ask_neither_targets_nor_sources_again(self):
        slow = {"interval": "1h", "timeout": "1s"}
        self.source.list(api=self.app.health_url)
        quick = self.start(TargetSource())
        entries = [self.entry(refresh_interval="1h", **slow),
                   {**self.entry(), "url": quick.url + "/targets"}]
        daemon = self.daemon(main_file(http_sd=entries),
                             rules=rule_file(rule("AppDown", "probe_success == 0")),
                             alerting=alerting(pagerduty=self.pagerduty))
        self.wait_for_targets(daemon, "api")
        for _ in range(3):
            self.assertEqual(daemon.post("/-/reload").status, 200)
        quick.list(other=self.other.health_url)
        self.wait_for_targets(daemon, "api", "other")
        quick.list()
        self.wait_for_targets(daemon, "api")
        self.assertEqual(self.app.hits, 1)
        self.assertEqual(len(self.source.asked), 1)

    def test_what_is_no_target_is_left_out_with_a_word(self):
        self.source.groups = [
            {"targets": [self.app.health_url], "labels": {"target": "api"}},
            {"targets": [self.other.health_url], "labels": {"target": "api"}},
            {"targets": [self.other.health_url],
             "labels": {"target": "soon", "__scrape_interval__": "1y2x"}},
            {"targets": [self.other.health_url], "labels": {"target": "b"}}]
        daemon = self.watch()
        self.wait_for_targets(daemon, "api", "b")
        asked = len(self.source.asked)
        wait_until(lambda: len(self.source.asked) > asked + 1, 15, "two more answers")
        log = daemon.log()
        self.assertEqual(log.count('another target is called "api" already'), 1, log)
        self.assertEqual(log.count("__scrape_interval__"), 1, log)

    def test_wrong_options_are_refused_with_their_place(self):
        daemon = self.watch()
        self.wait_for_targets(daemon, "api")
        bad = main_file(http_sd=[self.entry(basic_auth={"user": "u"})])
        daemon.write("pilotlight.yaml", bad)
        daemon.wait_for_value(0, "pilotlight_config_last_reload_successful")
        self.assertRegex(daemon.log(), r"pilotlight\.yaml:\d+:\d+: .*user")
        checked = pilotlight("check", "config", daemon.folder / "pilotlight.yaml")
        self.assertNotEqual(checked.code, 0)
        self.assertRegex(checked.errors, r"pilotlight\.yaml:\d+:\d+: .*user")

    def test_no_secret_of_a_source_or_an_address_is_shown(self):
        address = self.app.health_url.replace("//", "//bob:hunter2@") + "?key=hunter2"
        self.source.groups = [{"targets": [address], "labels": {"target": "api"}},
                              {"targets": [address], "labels": {"target": "api", "x": "y"}}]
        url = self.source.url.replace("//", "//bob:hunter2@") + "/targets?token=hunter2"
        daemon = self.watch(url=url)
        self.wait_for_targets(daemon, "api")
        self.source.down()
        wait_until(lambda: daemon.metrics().value(FAILURES) >= 1, 15, "a failure")
        for path in ("/metrics", "/api/v1/targets", "/api/health", "/"):
            self.assertNotIn("hunter2", daemon.get(path).text)
        self.assertNotIn("hunter2", daemon.log())
        database = daemon.data / "pilotlight.db"
        self.assertEqual(stat.S_IMODE(database.stat().st_mode) & 0o077, 0)


if __name__ == "__main__":
    unittest.main()
