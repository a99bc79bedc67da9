"""alert_policies in a running daemon, and `pilotlight explain` on what they do."""

import unittest

from support import (App, EndToEndTest, PagerDuty, alerting, main_file, pilotlight, rule, rule_file,
                     target, wait_until)
from support.http import HttpServer


class Gauges(HttpServer):
    """A scraped service: whatever is set in `values` is its exposition."""

    def __init__(self):
        super().__init__(None)
        self.values = {"queue": 1}
        self.failing = False

    def answer(self, request):
        if self.failing:
            return 503, {"Content-Type": "text/plain"}, b"busy\n"
        text = "".join(f"{name} {value}\n" for name, value in self.values.items())
        return 200, {"Content-Type": "text/plain; version=0.0.4"}, text.encode()


class Policies(EndToEndTest):
    def setUp(self):
        self.service = self.start(Gauges())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def watch(self, *policies, expression="queue > 5", **more):
        described = {**rule("QueueLong", expression), **more}
        daemon = self.daemon(
            main_file(target("shop", "scrape", self.service.url + "/metrics",
                             labels={"team": "web"}), alert_policies=list(policies)),
            rules=rule_file(described), alerting=alerting(pagerduty=self.pagerduty))
        daemon.wait_for_value(1, "up", target="shop")
        wait_until(lambda: self.explained(daemon)["has_matched"], 10, "the queue to be read")
        return daemon

    def explained(self, daemon, name="QueueLong"):
        return daemon.get(f"/api/explain?alert={name}").json()["rules"][0]

    def explain(self, daemon, *words):
        done = pilotlight("explain", *words, "--url", daemon.url)
        self.assertEqual((done.code, done.errors), (0, ""))
        return done.out

    def test_silence_is_an_alert_of_its_own_until_data_is_back(self):
        daemon = self.watch({"matchers": ['alertname="QueueLong"'], "on_no_data": "alert"})
        self.service.failing = True
        page = self.pagerduty.wait_for_event("trigger", "QueueLong", "no data")
        self.assert_contains('because     its data is silent', self.explain(daemon, "QueueLong"))
        daemon.wait_for_alert("QueueLong", target="shop", team="web")
        daemon.kill()
        daemon.start()
        daemon.wait_for_alert("QueueLong", target="shop")
        self.service.failing = False
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertEqual(list(self.pagerduty.incidents().values()), ["resolved"])

    def test_resolve_does_as_prometheus(self):
        self.service.values["queue"] = 9
        daemon = self.watch({"on_no_data": "resolve"})
        page = self.pagerduty.wait_for_event("trigger", "QueueLong")
        self.service.failing = True
        self.pagerduty.wait_for_event("resolve", after=page)
        daemon.wait_for_no_alert("QueueLong")

    def test_a_rule_that_fails_is_an_alert(self):
        self.service.values = {"queue": 9, 'part{n="1"}': 1}
        daemon = self.watch({"on_error": "alert"}, expression="queue / on (target) part > 100")
        daemon.wait_for_no_alert("QueueLong")
        self.service.values['part{n="2"}'] = 1
        page = self.pagerduty.wait_for_event("trigger", "QueueLong cannot be evaluated")
        text = self.explain(daemon, "QueueLong")
        self.assert_contains("the rule cannot be evaluated", text)
        self.assert_contains("FAILED: found duplicate series", text)
        del self.service.values['part{n="2"}']
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_resolve_when_holds_it_over_the_band_between_and_over_a_crash(self):
        self.service.values["queue"] = 9
        daemon = self.watch({"resolve_when": "queue < 2"})
        page = self.pagerduty.wait_for_event("trigger", "QueueLong")
        self.service.values["queue"] = 4
        waits = lambda: [a["waiting_for"] for a in self.explained(daemon)["alerts"]]
        wait_until(lambda: waits() == ["resolve_when"], 10, "the band", waits)
        self.assert_contains("resolve_when has no row for it yet",
                             self.explain(daemon, "QueueLong"))
        daemon.kill()
        daemon.start()
        wait_until(lambda: waits() == ["resolve_when"], 10, "the band", waits)
        self.service.values["queue"] = 1
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_flapping_is_told_once(self):
        daemon = self.watch({"flap": {"changes": 3, "within": "10m", "settle": "3s"}})
        for value, state in ((9, "firing"), (1, None), (9, "firing")):
            self.service.values["queue"] = value
            if state:
                daemon.wait_for_alert("QueueLong")
            else:
                daemon.wait_for_no_alert("QueueLong")
        wait_until(lambda: self.explained(daemon)["alerts"][0]["flapping_since"], 10, "flapping")
        for value in (1, 9, 1, 9, 1):
            self.service.values["queue"] = value
            wait_until(lambda: self.explained(daemon)["alerts"][0]["condition"] == (value == 9), 10,
                       "the condition to change")
            daemon.wait_for_alert("QueueLong")
        daemon.wait_for_no_alert("QueueLong")
        events = lambda: [one.event["event_action"] for one in self.pagerduty.accepted()]
        wait_until(lambda: events()[-1:] == ["resolve"], 10, "the end to be told", events)
        self.assertLessEqual(len(events()), 4, events())

    def test_a_bad_policy_is_told_with_its_place(self):
        (self.folder / "p.yaml").write_text(
            "alert_policies:\n  - matchers: [a=b]\n    resolve_when: queue <\n")
        done = pilotlight("check", "config", "p.yaml", cwd=self.folder)
        self.assertEqual(done.code, 1)
        self.assertRegex(done.errors, r"p\.yaml:3:26: resolve_when: could not parse expression: ")


class Explain(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        rules = rule_file(rule("AppDown", "probe_success == 0"),
                          rule("Typo", "sum(rate(probe_sucess[1m])) > 0"))
        configuration = main_file(target("api", "http", self.app.health_url))
        del configuration["alerting_file"]
        self.watched = self.daemon(configuration, rules=rules)
        self.watched.wait_for_value(1, "probe_success", target="api")

    def explain(self, *words):
        return pilotlight("explain", *words, "--url", self.watched.url)

    def test_a_firing_alert_and_every_step(self):
        self.app.down()
        self.watched.wait_for_alert("AppDown")
        done = self.explain("AppDown", "target=api")
        self.assertEqual(done.code, 0)
        self.assertRegex(done.out, r"AppDown\{.*target=\"api\".*\} is FIRING for ")
        self.assertRegex(done.out, r"\n  probe_success == 0 +0\n    probe_success +0   [0-9]s old")
        self.assert_contains("told        nobody", done.out)

    def test_an_inactive_alert_and_what_is_missing(self):
        done = self.explain("Typo")
        self.assertEqual(done.code, 0)
        self.assert_contains("Typo is inactive", done.out)
        self.assert_contains("did you mean probe_success?", done.out)

    def test_json_is_the_routes_document(self):
        done = self.explain("AppDown", "--json")
        self.assert_contains('"rules"', done.out)

    def test_mistakes_are_told(self):
        done = self.explain("AppDwon")
        self.assertEqual(done.code, 1)
        self.assert_contains('did you mean "AppDown"?', done.errors)
        self.assertEqual(self.explain("AppDown", "target").code, 2)
        self.assertEqual(self.watched.get("/api/explain").status, 400)


if __name__ == "__main__":
    unittest.main()
