"""The commands: what they print, and what they answer to the shell."""

import json
import os
import threading
import unittest

from support import App, EndToEndTest, Postgres, http_target, pilotlight, rule, rule_file

COMMANDS = ["run", "probe", "check", "check config", "check rules", "test", "test rules",
            "test alerting", "routes", "routes test", "routes show", "alerts", "silence",
            "silence add", "silence list", "silence expire", "targets", "explain", "demo"]

GOOD_TEST = """\
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'probe_success{target="api"}', values: "1 0 0 0"}
    alert_rule_test:
      - eval_time: 3m
        alertname: Down
        exp_alerts:
          - exp_labels: {severity: critical, target: api}
            exp_annotations: {summary: Down on api}
"""


class Commands(EndToEndTest):
    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def test_help_is_there_for_every_command(self):
        for command in ["", *COMMANDS]:
            with self.subTest(command):
                done = pilotlight(*command.split(), "--help")
                self.assertEqual((done.code, done.errors), (0, ""))
                self.assertIn("--help", done.out)

    def test_bad_usage_is_2_with_one_line(self):
        for words in ([], ["rnu"], ["run", "--conifg", "x"], ["check"], ["check", "rules"],
                      ["probe"], ["probe", "htpp", "127.0.0.1:1"]):
            with self.subTest(words):
                done = pilotlight(*words, cwd=self.folder)
                self.assertEqual(done.code, 2, done.text)
                self.assertEqual(len(done.errors.strip().splitlines()), 1, done.errors)

    def test_version(self):
        self.assertRegex(pilotlight("--version").out, r"^pilotlight \d+\.\d+\.\d+")

    def test_standard_input_and_pipes_are_files_too(self):
        rules = rule_file(rule("Down", "probe_success == 0", severity="critical",
                               summary="Down on {{ $labels.target }}"))
        self.write("rules.yaml", rules)
        text = rules if isinstance(rules, str) else json.dumps(rules)
        for name in ("-", "/dev/stdin"):
            with self.subTest(name):
                done = pilotlight("check", "rules", name, text=text)
                self.assertEqual(done.code, 0, done.text)
                self.assert_contains("1 rules found", done.out)
                done = pilotlight("check", "rules", name, text="groups: [{name: a, ruels: []}]")
                self.assertEqual(done.code, 1, done.text)
                self.assert_contains(f'{name}:1:20: group "a": unknown key "ruels"', done.errors)
                done = pilotlight("test", "rules", name, text=GOOD_TEST, cwd=self.folder)
                self.assertEqual(done.code, 0, done.text)
                done = pilotlight("check", "config", name, text="rule_files: [rules.yaml]",
                                  cwd=self.folder)
                self.assertEqual(done.code, 0, done.text)
                self.assert_contains("1 rules in 1 files", done.out)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_text, args=(text,))
        writer.start()
        done = pilotlight("check", "rules", pipe)
        writer.join()
        self.assertEqual(done.code, 0, done.text)

    def test_what_cannot_be_read_is_2_and_what_never_ends_is_cut_short(self):
        for command in (["check", "rules"], ["test", "rules"]):
            for name, words in (("nothing.yaml", "cannot read: No such file"),
                                (".", "cannot read: Is a directory"),
                                ("/dev/zero", "larger than 10 MiB")):
                with self.subTest(command, name=name):
                    done = pilotlight(*command, name, cwd=self.folder)
                    self.assertEqual(done.code, 2, done.text)
                    self.assert_contains(words, done.errors)

    def test_probe_http_shows_phases_and_metrics(self):
        app = self.start(App())
        done = pilotlight("probe", "http", app.health_url)
        self.assertEqual(done.code, 0, done.text)
        for part in ("resolve", "connect", "processing", "transfer", "probe_http_status_code",
                     "probe_success"):
            self.assert_contains(part, done.out)

    def test_probe_of_what_is_down_is_1_and_says_why(self):
        app = self.start(App())
        app.down()
        done = pilotlight("probe", "http", app.health_url)
        self.assertEqual(done.code, 1, done.text)
        self.assert_contains("connect", done.text)
        self.assert_contains("refused", done.text)

    def test_probe_by_name_uses_the_targets_options(self):
        app = self.start(App())
        app.status = 418
        config = self.write("pilotlight.yaml", {"targets": [
            http_target("teapot", app.health_url, valid_status_codes=[418]),
            http_target("cup", app.health_url)]})
        self.assertEqual(pilotlight("probe", "--config", config, "teapot").code, 0)
        self.assertEqual(pilotlight("probe", "--config", config, "cup").code, 1)
        unknown = pilotlight("probe", "--config", config, "teapto")
        self.assertEqual(unknown.code, 2)
        self.assert_contains("teapot", unknown.errors)

    def test_probe_postgres_hides_the_password(self):
        postgres = self.start(Postgres(self.folder))
        done = pilotlight("probe", "postgres", postgres.url)
        self.assertEqual(done.code, 0, done.text)
        self.assert_contains("pg_up", done.out)
        self.assertNotIn(postgres.password, done.text)

    def test_check_rules(self):
        good = self.write("good.yaml", rule_file(rule("Down", "probe_success == 0")))
        bad = self.write("bad.yaml", "groups:\n  - name: g\n    rules:\n      - alert: A\n"
                                     "        expr: sum(up\n")
        self.assertEqual(pilotlight("check", "rules", good).code, 0)
        done = pilotlight("check", "rules", good, bad)
        self.assertEqual(done.code, 1)
        self.assertRegex(done.errors, rf"(?m)^{bad}:5:\d+: ")
        self.assertNotEqual(pilotlight("check", "rules", self.folder / "none.yaml").code, 0)

    def test_check_rules_lints(self):
        twice = self.write("twice.yaml", "groups:\n  - name: g\n    rules:\n" +
                           "      - {record: a, expr: up}\n" * 2)
        bad = self.write("bad.yaml", "groups: [{}]\n")
        self.assertEqual(pilotlight("check", "rules", twice).code, 0)
        for lint, code in (("all", 3), ("duplicate-rules,none", 3), ("none", 0),
                           ("too-long-scrape-interval", 0)):
            done = pilotlight("check", "rules", "--lint-fatal", f"--lint={lint}", twice)
            self.assertEqual(done.code, code, lint)
            self.assertEqual("duplicate rule" in done.errors, code == 3, lint)
        self.assertEqual(pilotlight("check", "rules", "--lint-fatal", twice, bad).code, 1)
        self.assertEqual(pilotlight("check", "rules", "--lint-fatal", bad, twice).code, 1)
        done = pilotlight("check", "rules", "--lint=x", twice)
        self.assertIn("unknown lint option x", done.errors)

    def test_unknown_fields_of_rules_can_be_ignored(self):
        self.write("rules.yaml", "owner: me\ngroups: []\n")
        tests = self.write("tests.yaml", "rule_files: [rules.yaml]\ntests: [{name: one}]\n")
        for words in (["check", "rules", self.folder / "rules.yaml"], ["test", "rules", tests]):
            self.assertEqual(pilotlight(*words).code, 1)
            self.assertEqual(pilotlight(*words, "--ignore-unknown-fields").code, 0)
        self.assertIn("samples at the end of one",
                      pilotlight("test", "rules", "--debug", "--ignore-unknown-fields", tests).out)

    def test_test_rules(self):
        self.write("rules.yaml", rule_file(rule("Down", "probe_success == 0", "2m")))
        done = pilotlight("test", "rules", self.write("good.yaml", GOOD_TEST))
        self.assertEqual(done.code, 0, done.text)
        bad = self.write("bad.yaml", GOOD_TEST.replace("target: api}", "target: web}"))
        done = pilotlight("test", "rules", bad)
        self.assertEqual(done.code, 1, done.text)
        self.assert_contains("Down", done.text)

    def test_targets_and_alerts_of_a_running_daemon(self):
        app = self.start(App())
        app.down()
        daemon = self.daemon({"targets": [http_target("api", app.health_url)],
                              "rule_files": ["rules/*.yaml"]},
                             rules=rule_file(rule("AppDown", "probe_success == 0")))
        daemon.wait_for_alert("AppDown")
        for command, word in (("targets", "api"), ("alerts", "AppDown")):
            with self.subTest(command):
                done = pilotlight(command, "--url", daemon.url)
                self.assertEqual(done.code, 0, done.text)
                self.assert_contains(word, done.out)
                listed = pilotlight(command, "--url", daemon.url, "--json")
                self.assertIn(word, json.dumps(json.loads(listed.out)))

    def test_a_daemon_that_is_not_there(self):
        done = pilotlight("alerts", "--url", "http://127.0.0.1:1")
        self.assertEqual(done.code, 2)
        self.assert_contains("127.0.0.1:1", done.errors)


if __name__ == "__main__":
    unittest.main()
