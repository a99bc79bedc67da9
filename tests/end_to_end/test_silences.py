"""Silences: what they hide, what their end announces, and what is left of them after kill -9."""

import json
import sqlite3
import time
import unittest
from datetime import datetime, timedelta, timezone

from support import (App, EndToEndTest, PagerDuty, Slack, alerting, http_target, main_file,
                     pilotlight, rule, rule_file, wait_until)


def moment(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


class Silences(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.other = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)
        self.watched = self.daemon(
            main_file(http_target("api", self.app.health_url),
                      http_target("web", self.other.health_url)),
            rules=rule_file(rule("AppDown", "probe_success == 0")),
            alerting=alerting(self.slack, self.pagerduty))
        for name in ("api", "web"):
            self.watched.wait_for_value(1, "probe_success", target=name)

    def silence(self, seconds=3600, matchers=(("target", "api"),), **more):
        body = {"matchers": [{"name": name, "value": value, "isRegex": False}
                             for name, value in matchers],
                "startsAt": moment(0), "endsAt": moment(seconds), "createdBy": "ada",
                "comment": "moving the rack", **more}
        answer = self.watched.post("/api/v2/silences", json.dumps(body),
                                   **{"Content-Type": "application/json"})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()["silenceID"]

    def state(self, target="api"):
        found = self.watched.get(f"/api/v2/alerts?filter=target%3D{target}").json()
        return found[0]["status"]["state"] if found else None

    def paged(self):
        return sorted(one.event["payload"]["summary"] for one in self.pagerduty.accepted()
                      if one.event["event_action"] == "trigger")

    def page_of_the_other(self):
        """A page that is decided later than anything before: what has not come by then was not
        sent."""
        self.other.down()
        page = self.pagerduty.wait_for_event("trigger", "web")
        # A whole group_interval of the hidden one's group has passed, too.
        flushed = time.monotonic() + 1.5
        wait_until(lambda: time.monotonic() > flushed, 5, "the next flush")
        return page

    def test_a_silenced_alert_pages_nobody_until_the_silence_is_ended(self):
        silence = self.silence()
        self.app.down()
        self.watched.wait_for_alert("AppDown", target="api")
        self.assertEqual(self.state(), "suppressed")
        self.page_of_the_other()
        self.assertEqual(len(self.paged()), 1)
        self.assertEqual(self.watched.get(f"/api/v2/silence/{silence}").json()["status"],
                         {"state": "active"})
        ended = pilotlight("silence", "expire", silence[:8], "--url", self.watched.url)
        self.assertEqual((ended.code, ended.out), (0, silence + "\n"), ended.text)
        self.pagerduty.wait_for_event("trigger", "api")
        self.slack.wait_for_text("AppDown", "api")

    def test_it_is_kept_through_kill_9(self):
        silence = self.silence()
        self.watched.kill()
        self.app.down()
        self.watched.start()
        self.watched.wait_for_alert("AppDown", target="api")
        self.page_of_the_other()
        self.assertEqual(len(self.paged()), 1)
        found = self.watched.get("/api/v2/silences").json()
        self.assertEqual([one["id"] for one in found], [silence])
        self.assertEqual((found[0]["createdBy"], found[0]["comment"]), ("ada", "moving the rack"))

    def test_what_was_told_before_gets_its_end(self):
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger")
        self.silence()
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_what_fires_when_it_ends_is_announced_again(self):
        self.app.down()
        first = self.pagerduty.wait_for_event("trigger")
        wait_until(lambda: len(self.slack.accepted()) == 1, what="Slack to be told once")
        self.silence(seconds=3)
        again = self.pagerduty.wait_for(
            lambda one: one.at > first.at and one.event["event_action"] == "trigger",
            what="the page again")
        self.assertGreaterEqual(again.at - first.at, 2.5)
        self.assertEqual(again.event["dedup_key"], first.event["dedup_key"])
        self.assertEqual(len(self.pagerduty.incidents()), 1)

    def test_it_warns_before_it_ends_while_it_hides_something(self):
        silence = self.silence(seconds=28)
        self.silence(seconds=28, matchers=[("target", "nobody")])
        self.app.down()
        self.watched.wait_for_value(1, "pilotlight_silence_ends_soon", silence=silence,
                                    created_by="ada", limit=35)
        self.assertEqual(len(self.watched.metrics().find("pilotlight_silence_ends_soon")), 1)
        self.assert_contains(f"silence {silence} of ada ends in", self.watched.log())
        self.assertEqual(self.watched.metrics().value("pilotlight_silences", state="active"), 2)
        self.pagerduty.wait_for_event("trigger")
        wait_until(lambda: not self.watched.metrics().find("pilotlight_silence_ends_soon"),
                   what="the warning to end")

    def test_the_audit_trail_says_who(self):
        silence = self.silence()
        pilotlight("silence", "expire", silence, "--author", "grace", "--url", self.watched.url)
        with sqlite3.connect(f"file:{self.watched.data}/pilotlight.db?mode=ro", uri=True) as db:
            rows = db.execute("select kind, detail from events where subject = ? order by id",
                              [silence]).fetchall()
        self.assertEqual([kind for kind, _ in rows], ["silence_created", "silence_expired"])
        created, expired = (json.loads(detail) for _, detail in rows)
        self.assertEqual((created["by"], created["from"]), ("ada", "127.0.0.1"))
        self.assertEqual(expired["by"], "grace")
        self.assertEqual(created["silence"]["comment"], "moving the rack")

    def test_the_status_page_shows_it(self):
        self.silence()
        self.app.down()
        self.watched.wait_for_alert("AppDown", target="api")
        status = wait_until(
            lambda: next((s for s in [self.watched.get("/api/status").json()]
                          if s["silences"] and s["silences"][0]["hides"] == 1), None),
            what="the silence to hide one alert")
        shown = status["silences"][0]
        self.assertEqual((shown["matchers"], shown["created_by"], shown["hidden"]),
                         ('{target="api"}', "ada", ["AppDown"]))
        self.assertEqual([alert["muted"] for alert in status["alerts"]], ["silenced"])

    def test_a_page_of_another_origin_may_not_silence(self):
        answer = self.watched.post("/api/v2/silences", b"{}", Origin="http://evil.example",
                                   **{"Content-Type": "application/json"})
        self.assertEqual(answer.status, 403)
        self.assertEqual(self.watched.get("/api/v2/silences").json(), [])


class Command(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.watched = self.daemon(main_file(http_target("api", self.app.health_url)),
                                   rules=rule_file(rule("AppDown", "probe_success == 0")),
                                   alerting=alerting())
        self.watched.wait_for_value(1, "probe_success", target="api")

    def run_silence(self, *words):
        return pilotlight("silence", *words, "--url", self.watched.url)

    def test_adds_lists_and_expires(self):
        self.app.down()
        self.watched.wait_for_alert("AppDown")
        added = self.run_silence("add", "AppDown", "severity=~crit.*", "--comment", "rack",
                                 "--author", "ada", "--duration", "2h")
        self.assertEqual(added.code, 0, added.text)
        silence = added.out.strip()
        self.assertRegex(silence, r"^[0-9a-f-]{36}$")
        self.assert_contains("1 of them is critical: AppDown (api)", added.errors)
        listed = self.run_silence("list").out.splitlines()
        self.assertEqual(len(listed), 2)
        for part in (silence, "active", 'alertname="AppDown" severity=~"crit.*"', " 1 ", "ada",
                     "rack"):
            self.assert_contains(part, listed[1])
        alerts = pilotlight("alerts", "--url", self.watched.url).out.splitlines()
        self.assertRegex(alerts[1], r"^silenced +AppDown +critical +api ")
        self.assertEqual(self.run_silence("expire", silence[:6]).code, 0)
        self.assertEqual(len(self.run_silence("list").out.splitlines()), 1)
        self.assertEqual(len(self.run_silence("list", "--expired").out.splitlines()), 2)
        alerts = pilotlight("alerts", "severity=critical", "--json", "--url", self.watched.url)
        self.assertEqual([(one["state"], one["silencedBy"]) for one in json.loads(alerts.out)],
                         [("firing", [])])
        none = pilotlight("alerts", "severity!=critical", "--json", "--url", self.watched.url)
        self.assertEqual(json.loads(none.out), [])

    def test_warns_when_it_hides_nothing(self):
        added = self.run_silence("add", "job=nothing", "--comment", "c", "--duration", "1h",
                                 "--json")
        self.assertEqual(added.code, 0, added.text)
        self.assertIn("silenceID", json.loads(added.out))
        self.assert_contains("no alert that fires now matches", added.errors)

    def test_refuses_what_makes_no_sense_in_words(self):
        for words, why in (
                (["add", "a=b", "--comment", "c"], "--duration"),
                (["add", "a=b", "--comment", "c", "--duration", "1h", "--until",
                  "2030-01-01T00:00:00Z"], "--duration"),
                (["add", "a=b", "--comment", "c", "--duration", "soon"], "--duration"),
                (["add", "a=b", "--comment", "c", "--until", "2020-01-01T00:00:00Z"], "end"),
                (["add", "a=b", "--comment", " ", "--duration", "1h"], "comment is empty"),
                (["add", "a=~(", "--comment", "c", "--duration", "1h"], "a=~("),
                (["add", 'a=~".*"', "--comment", "c", "--duration", "1h"], "empty string"),
                (["add", "--comment", "c", "--duration", "1h"], "matchers"),
                (["add", "a=b", "--duration", "1h"], "comment"),
                (["expire", "ffff"], "no silences begin so"),
                (["expire", "5b0b0d2e-0000-4000-8000-000000000000"], "404")):
            with self.subTest(words):
                done = self.run_silence(*words)
                self.assertEqual(done.code, 2, done.text)
                self.assert_contains(why, done.errors)
        self.assertEqual(self.watched.get("/api/v2/silences").json(), [])


if __name__ == "__main__":
    unittest.main()
