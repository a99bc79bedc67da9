"""`test alerting` and `routes`: the whole way from series to messages, without sending any."""

import itertools
import json
import re
import subprocess
import unittest
import xml.etree.ElementTree as xml

from support import ROOT, EndToEndTest, as_text, pilotlight

EXAMPLES = ROOT / "examples"

TREES = {
    "siblings": [{"receiver": "a", "matchers": ["team=db"]},
                 {"receiver": "b", "matchers": ["team=web"]}],
    "continue": [{"receiver": "a", "matchers": ["team=~db|web"], "continue": True},
                 {"receiver": "b", "matchers": ['severity!="critical"']}, {"receiver": "c"}],
    "nested": [{"receiver": "a", "matchers": ["team=db"], "continue": True, "routes": [
        {"receiver": "b", "matchers": ["severity=critical"], "continue": True},
        {"matchers": ['severity=~"crit.*"', "team!~web"], "receiver": "c"}]},
        {"matchers": ['team!=""'], "receiver": "d"}],
    "old words": [{"receiver": "a", "match": {"team": "db"},
                   "match_re": {"severity": "crit.*|page"}},
                  {"receiver": "b", "match_re": {"severity": ""}}],
    "absent": [{"receiver": "a", "matchers": ['team=""']},
               {"receiver": "b", "matchers": ['team=~".*"']}],
}
ALERTS = [dict(zip(("team", "severity"), values, strict=True))
          for values in itertools.product((None, "db", "web", "other"),
                                          (None, "critical", "warning"))]


def amtool(*words):
    done = subprocess.run(["amtool", *map(str, words)], text=True, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Files(EndToEndTest):
    def write(self, name, content):
        path = self.folder / name
        path.write_text(as_text(content))
        return path


class TestAlerting(Files):
    def example(self, *changes):
        """The shipped example where it is, but for these replacements."""
        text = (EXAMPLES / "alerting_test.yaml").read_text()
        text = text.replace("../rules", str(ROOT / "rules"))
        text = text.replace("alerting_file: ", f"alerting_file: {EXAMPLES}/")
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.write("example_test.yaml", text)

    def test_the_example_passes(self):
        done = pilotlight("test", "alerting", EXAMPLES / "alerting_test.yaml")
        self.assertEqual((done.code, done.errors), (0, ""), done.text)
        self.assertIn("SUCCESS", done.out)

    def test_every_expectation_of_the_example_can_fail(self):
        for old, new in (("time: 6m\n        receiver: pagerduty",
                          "time: 5m30s\n        receiver: pagerduty"),
                         ("payload: {severity: critical", "payload: {severity: warning"),
                         ("text: lpg-api is down", "text: lpg-web is down"),
                         ("service: application}\n", "service: database}\n"),
                         ("status: 429, retry_after: 1m", "status: 400"),
                         ("from: 0s, until: 5m", "from: 2m, until: 5m"),
                         ("2026-03-03T05:30:00Z", "2026-03-03T08:30:00Z"),
                         ("      - {time: 1m, receiver: slack}\n", "")):
            with self.subTest(new or old):
                done = pilotlight("test", "alerting", self.example((old, new)))
                self.assertEqual(done.code, 1, done.text)
                self.assertIn("notification", done.errors)

    def test_a_failure_says_where_what_was_expected_and_what_came(self):
        path = self.example(("{time: 30m..31m, receiver: slack", "{time: 1m, receiver: slack"))
        done = pilotlight("test", "alerting", "--run", "morning", path)
        self.assertRegex(done.errors, rf"{path}:\d+:\d+: expected and not sent")
        self.assertIn("exp: 1m slack firing", done.errors)
        self.assertRegex(done.errors, r"got: 30m\S* slack/slack\[0\] firing \(first\)")
        diff = pilotlight("test", "alerting", "--diff", "--run", "morning", path)
        self.assertRegex(diff.errors, r"(?m)^- +exp: 1m slack firing")

    def test_secrets_are_not_shown(self):
        path = self.example(("event_action: trigger", "routing_key: wrong"))
        done = pilotlight("test", "alerting", path)
        self.assertEqual(done.code, 1)
        self.assertIn("payload.routing_key is", done.errors)
        self.assertNotIn("0" * 32, done.text)

    def test_junit(self):
        out = self.folder / "out.xml"
        path = self.example(("event_action: resolve", "event_action: acknowledge"))
        self.assertEqual(pilotlight("test", "alerting", "--junit", out, path).code, 1)
        (suite,) = xml.parse(out).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("6", "1"))

    def test_mistakes_are_told_with_their_place(self):
        for old, new, message in (
                ("exp_notifications:", "exp_notificatons:", r"did you mean \"exp_notifications\""),
                ("receiver: slack, status", "receiver: slak, status", r"did you mean \"slack\""),
                ("fail: 0s..90s", "fail: 90s..0s", "ends before it begins"),
                ("fail: 0s..90s", "fale: 0s..90s", "fale"),
                ("error: refused", "error: refuse", "timeout, refused, reset"),
                ("error: refused", "error: refused, status: 500", "either"),
                ("until: 5m", "until: never", "duration"),
                ("'target=~\"cache.*\"'", "'target=~\"(\"'", "missing closing"),
                ("status: resolved", "status: over", "firing, resolved"),
                ("alerting.yaml", "none.yaml", "none.yaml")):
            with self.subTest(new):
                path = self.example((old, new))
                done = pilotlight("test", "alerting", path)
                self.assertEqual(done.code, 1, done.text)
                self.assertRegex(done.errors, rf"(?m)^{re.escape(str(path))}:\d+:\d+: .*{message}")

    def test_usage(self):
        self.assertEqual(pilotlight("test", "alerting", self.folder / "none.yaml").code, 2)
        self.assertEqual(pilotlight("test", "alerting", "--run", "(", self.example()).code, 2)
        # promtool's own files have no routes.
        done = pilotlight("test", "alerting", ROOT / "rules/shipped/critical_test.yaml")
        self.assertEqual(done.code, 1)
        self.assertIn('"alerting_file" is missing', done.errors)

    def test_secret_files_need_not_be_there(self):
        routing = (EXAMPLES / "alerting.yaml").read_text()
        routing = re.sub(r"(?m)^  slack_api_url: .*$", "  slack_api_url_file: /nowhere/slack",
                         routing)
        routing = re.sub(r"routing_key: 0+", "routing_key_file: /nowhere/key", routing)
        self.write("alerting.yaml", routing)
        path = self.example((f"{EXAMPLES}/alerting.yaml", "alerting.yaml"))
        done = pilotlight("test", "alerting", path)
        self.assertEqual(done.code, 0, done.text)


class Routes(Files):
    def test_amtool_accepts_the_example(self):
        code, said, errors = amtool("check-config", EXAMPLES / "alerting.yaml")
        self.assertEqual(code, 0, said + errors)
        self.assertIn("SUCCESS", said)

    def test_alerts_go_where_amtool_says(self):
        for name, routes in TREES.items():
            path = self.write("alerting.yaml", {
                "route": {"receiver": "root", "routes": routes},
                "receivers": [{"name": one} for one in ("root", "a", "b", "c", "d")]})
            for alert in ALERTS:
                words = [f"{key}={value}" for key, value in alert.items() if value]
                with self.subTest(tree=name, alert=words):
                    code, said, errors = amtool("config", "routes", "test",
                                                f"--config.file={path}", *words)
                    self.assertEqual(code, 0, errors)
                    done = pilotlight("routes", "test", "--alerting", path, "--json", *words)
                    self.assertEqual(done.code, 0, done.text)
                    ours = [one["receiver"] for one in json.loads(done.out)["receivers"]]
                    self.assertEqual(",".join(ours), said.strip())

    def test_the_tree_says_why(self):
        done = pilotlight("routes", "test", "--alerting", EXAMPLES / "alerting.yaml", "--time",
                          "2026-03-03T23:00:00Z", "alertname=X", "severity=warning", "target=api")
        self.assertEqual(done.code, 0, done.text)
        for part in ('no  severity="critical": it is "warning"',
                     'yes severity=~"warning|info": it is "warning"',
                     "receiver slack: slack[0]", 'group {alertname="X", target="api"}',
                     "group_wait 10s, group_interval 1m, repeat_interval 4h",
                     "mute time interval nights: now", "tells nobody at that time: muted by nights",
                     'matches severity="critical" and has target="api"'):
            self.assert_contains(part, done.out)
        noon = pilotlight("routes", "test", "--alerting", EXAMPLES / "alerting.yaml", "--time",
                          "2026-03-03T12:00:00Z", "severity=warning")
        self.assert_contains("mute time interval nights: not now", noon.out)
        self.assertNotIn("tells nobody at that time", noon.out)

    def test_every_node_has_its_verdict(self):
        done = pilotlight("routes", "test", "--alerting", EXAMPLES / "alerting.yaml", "--json",
                          "severity=critical")
        tree = json.loads(done.out)["tree"]
        self.assertEqual(tree["verdict"], "passed_on")
        self.assertEqual([one["verdict"] for one in tree["routes"]],
                         ["taken", "taken", "taken", "not_asked"])

    def test_the_main_file_brings_its_external_labels(self):
        self.write("alerting.yaml", {
            "route": {"receiver": "root",
                      "routes": [{"matchers": ["region=eu"], "receiver": "eu"}]},
            "receivers": [{"name": "root"}, {"name": "eu"}]})
        main = self.write("main.yaml", {"alerting_file": "alerting.yaml",
                                        "external_labels": {"region": "eu"}})
        for words, receiver in ((["a=b"], "eu"), (["region=us"], "root")):
            done = pilotlight("routes", "test", "--config", main, "--json", *words)
            self.assertEqual(done.code, 0, done.text)
            (got,) = json.loads(done.out)["receivers"]
            self.assertEqual(got["receiver"], receiver)

    def test_show(self):
        done = pilotlight("routes", "show", "--alerting", EXAMPLES / "alerting.yaml")
        self.assertEqual(done.code, 0, done.text)
        self.assert_contains('{severity="critical"} -> pagerduty, continue', done.out)
        self.assert_contains("mute nights", done.out)
        listed = pilotlight("routes", "show", "--alerting", EXAMPLES / "alerting.yaml", "--json")
        self.assertEqual(len(json.loads(listed.out)["routes"]), 4)

    def test_usage(self):
        good = EXAMPLES / "alerting.yaml"
        for words, code in ((["--alerting", good, "severity"], 2), (["--alerting", good, "=x"], 2),
                            (["--alerting", good, "--time", "soon", "a=b"], 2),
                            (["--alerting", self.folder / "none.yaml", "a=b"], 1),
                            (["--alerting", self.write("bad.yaml", "route: {}\n"), "a=b"], 1),
                            (["--alerting", good, "--config", good, "a=b"], 2)):
            with self.subTest(words):
                done = pilotlight("routes", "test", *words)
                self.assertEqual(done.code, code, done.text)
                self.assertTrue(done.errors)


if __name__ == "__main__":
    unittest.main()
