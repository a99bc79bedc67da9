"""Mistakes in files: refused before anything starts, with place, cause and the nearest word."""

import re
import textwrap
import unittest

from support import EndToEndTest, pilotlight

GOOD = """\
    targets:
      - name: api
        prober: http
        target: http://127.0.0.1:1/api/health
    """

# What is wrong, the file, the place of the mistake, and words that the message must have.
MAIN_FILE = [
    ("an unknown key", """\
        targets:
          - name: api
            prober: http
            target: http://127.0.0.1:1/
            intervall: 5s
     """, (5, 5), ["intervall", "interval"]),
    ("an unknown key at the top", """\
        tragets: []
     """, (1, 1), ["tragets", "targets"]),
    ("an unknown option of a prober", """\
        targets:
          - name: api
            prober: http
            target: http://127.0.0.1:1/
            http: {valid_status_code: [200]}
     """, (5, 12), ["valid_status_code", "valid_status_codes"]),
    ("an unknown prober", """\
        targets:
          - name: api
            prober: htpp
            target: http://127.0.0.1:1/
     """, (3, 13), ["htpp", "http"]),
    ("a missing name", """\
        targets:
          - prober: http
            target: http://127.0.0.1:1/
     """, (2, 5), ["name"]),
    ("the same name twice", """\
        targets:
          - {name: api, prober: tcp, target: "127.0.0.1:1"}
          - {name: api, prober: tcp, target: "127.0.0.1:2"}
     """, (3, None), ["api"]),
    ("no duration", """\
        targets:
          - name: api
            prober: http
            target: http://127.0.0.1:1/
            interval: soon
     """, (5, 15), ["soon", "duration"]),
    ("a negative timeout", """\
        targets:
          - name: api
            prober: http
            target: http://127.0.0.1:1/
            timeout: -5s
     """, (5, 14), ["-5s"]),
    ("no regular expression", """\
        targets:
          - name: api
            prober: http
            target: http://127.0.0.1:1/
            http:
              fail_if_body_matches_regexp: ["a(b"]
     """, (6, None), ["a(b"]),
    ("an unset variable", """\
        targets:
          - name: db
            prober: postgres
            target: "${PILOTLIGHT_TEST_UNSET}"
     """, (4, 13), ["PILOTLIGHT_TEST_UNSET"]),
    ("no list where one belongs", """\
        targets: api
     """, (1, 10), ["list"]),
    ("no YAML", """\
        targets:
          - name: [api
     """, (None, None), []),
    ("a key twice", """\
        listen: 127.0.0.1:1
        listen: 127.0.0.1:2
     """, (2, 1), ["listen"]),
    ("no address", """\
        listen: everywhere
     """, (1, 9), ["everywhere"]),
]

RULES = [
    ("an expression cut short", """\
        groups:
          - name: g
            rules:
              - alert: A
                expr: sum(up
     """, (5, None), []),
    ("an unknown function", """\
        groups:
          - name: g
            rules:
              - alert: A
                expr: rtae(up[5m])
     """, (5, None), ["rtae"]),
    ("neither alert nor record", """\
        groups:
          - name: g
            rules:
              - expr: up
     """, (4, None), []),
    ("an unknown key", """\
        groups:
          - name: g
            rules:
              - alert: A
                expr: up
                four: 5m
     """, (6, 9), ["four", "for"]),
    ("a bad label name", """\
        groups:
          - name: g
            rules:
              - alert: A
                expr: up
                labels: {"": x}
     """, (6, None), []),
    ("a bad template", """\
        groups:
          - name: g
            rules:
              - alert: A
                expr: up
                annotations: {summary: "{{ $labels.x "}
     """, (6, None), []),
]

ALERTING = [
    ("an unknown receiver", """\
        route: {receiver: nobody}
        receivers: [{name: somebody}]
     """, (1, None), ["nobody"]),
    ("no route", """\
        receivers: [{name: somebody}]
     """, (None, None), ["route"]),
    ("an unknown key", """\
        route: {receiver: a, group_weight: 5s}
        receivers: [{name: a}]
     """, (1, 22), ["group_weight", "group_wait"]),
    ("a webhook without its address", """\
        route: {receiver: a}
        receivers:
          - name: a
            slack_configs: [{channel: "#x"}]
     """, (4, None), ["api_url"]),
]


class BadConfiguration(EndToEndTest):
    def write(self, name, text):
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def assert_refused(self, file, place, words):
        """Exit 2 from run and 1 from check, and the same line from both."""
        for arguments, code in ((("run", "--config"), 2), (("check", "config"), 1)):
            with self.subTest(command=" ".join(arguments)):
                more = (("--listen", "127.0.0.1:0", "--data", self.folder / "data")
                        if "run" in arguments else ())
                done = pilotlight(*arguments, self.folder / "pilotlight.yaml", *more, limit=10)
                self.assertEqual(done.code, code, done.text)
                line, column = (part or r"\d+" for part in place)
                where = re.compile(rf"^{re.escape(str(file))}:{line}:{column}: (.+)$", re.MULTILINE)
                said = where.search(done.errors)
                self.assertTrue(said, f"no line {where.pattern} in:\n{done.errors}")
                for word in words:
                    self.assertIn(word, said[1])
                self.assertNotIn("terminate called", done.errors)

    def test_mistakes_in_the_main_file(self):
        for what, text, place, words in MAIN_FILE:
            with self.subTest(what):
                self.assert_refused(self.write("pilotlight.yaml", text), place, words)

    def test_mistakes_in_a_rule_file(self):
        self.write("pilotlight.yaml", "    rule_files: [rules.yaml]\n" + GOOD)
        for what, text, place, words in RULES:
            with self.subTest(what):
                self.assert_refused(self.write("rules.yaml", text), place, words)

    def test_mistakes_in_the_alerting_file(self):
        self.write("pilotlight.yaml", "    alerting_file: alerting.yaml\n" + GOOD)
        for what, text, place, words in ALERTING:
            with self.subTest(what):
                self.assert_refused(self.write("alerting.yaml", text), place, words)

    def test_several_mistakes_are_told_at_once(self):
        self.write("pilotlight.yaml", """\
            tragets: []
            targets:
              - {name: a, prober: htpp, target: "127.0.0.1:1"}
              - {name: b, prober: tcp, target: "127.0.0.1:1", interval: soon}
            """)
        done = pilotlight("check", "config", self.folder / "pilotlight.yaml")
        self.assertEqual(done.code, 1)
        for word in ("tragets", "htpp", "soon"):
            self.assert_contains(word, done.errors)

    def test_a_file_that_is_not_there(self):
        done = pilotlight("run", "--config", self.folder / "none.yaml")
        self.assertEqual(done.code, 2)
        self.assert_contains("none.yaml", done.errors)

    def test_a_rule_file_that_is_named_and_not_there(self):
        self.write("pilotlight.yaml", "    rule_files: [none.yaml]\n" + GOOD)
        done = pilotlight("check", "config", self.folder / "pilotlight.yaml")
        self.assertEqual(done.code, 1)
        self.assert_contains("none.yaml", done.errors)

    def test_a_good_one_passes_with_a_warning_of_what_is_missing(self):
        done = pilotlight("check", "config", self.write("pilotlight.yaml", GOOD))
        self.assertEqual(done.code, 0, done.text)
        self.assert_contains("no rule file is loaded", done.errors)

    def test_a_secret_is_not_repeated_in_a_message(self):
        self.write("pilotlight.yaml", """\
            targets:
              - {name: db, prober: postgres, target: "postgresql://u:hunter2@127.0.0.1:x/db"}
            """)
        self.assertNotIn("hunter2", pilotlight("check", "config",
                                               self.folder / "pilotlight.yaml").text)

    def test_an_address_in_use_cannot_start(self):
        running = self.daemon({"targets": []})
        done = pilotlight("run", "--config", running.folder / "pilotlight.yaml", "--listen",
                          running.address, "--data", self.folder / "other")
        self.assertEqual(done.code, 2, done.text)
        self.assert_contains(running.address, done.errors)


if __name__ == "__main__":
    unittest.main()
