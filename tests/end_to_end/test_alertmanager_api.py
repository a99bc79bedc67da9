"""Alertmanager's API, driven by those who speak it: amtool, a Prometheus, Grafana's calls."""

import json
import unittest

from support import (Amtool, App, EndToEndTest, PagerDuty, SendingPrometheus, Slack, alerting,
                     http_target, main_file, rule, rule_file, wait_until)

JSON = {"Content-Type": "application/json"}


class ApiTest(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)
        self.watched = self.daemon(main_file(http_target("api", self.app.health_url)),
                                   rules=rule_file(rule("AppDown", "probe_success == 0")),
                                   alerting=alerting(self.slack, self.pagerduty,
                                                     group_by=["alertname"]))
        self.amtool = Amtool(self.watched, self.folder)

    def alerts(self):
        return {one["labels"]["alertname"]: one
                for one in self.watched.get("/api/v2/alerts").json()}


class AmtoolSpeaks(ApiTest):
    def test_alerts_are_added_queried_and_ended(self):
        self.amtool("alert", "add", "Disk", "severity=critical", "node=db1",
                    "--annotation=summary=disk is full",
                    "--generator-url=http://checker.example/1")
        page = self.pagerduty.wait_for_event("trigger", "disk is full")
        self.slack.wait_for_text("Disk")
        (found,) = self.amtool.json("alert", "query", "severity=~crit.*")
        self.assertEqual(found["labels"], {"alertname": "Disk", "severity": "critical",
                                           "node": "db1"})
        self.assertEqual(found["status"]["state"], "active")
        self.assertEqual(found["generatorURL"], "http://checker.example/1")
        self.assertEqual(self.amtool.json("alert", "query", "severity=warning"), [])
        self.assertIn("disk is full", self.amtool("alert", "query", "Disk"))
        self.amtool("alert", "add", "Disk", "severity=critical", "node=db1",
                    "--end=2020-01-01T00:00:00Z", "--start=2019-01-01T00:00:00Z")
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertEqual(self.amtool.json("alert", "query"), [])

    def test_rules_alerts_are_there_too(self):
        self.app.down()
        self.watched.wait_for_alert("AppDown")
        (found,) = self.amtool.json("alert", "query", "AppDown")
        self.assertEqual(found["receivers"], [{"name": "team"}])

    def test_silences_are_added_queried_updated_and_expired(self):
        added = self.amtool("silence", "add", "alertname=Disk", "node!=db2", "--author=ada",
                            "--comment=rack", "--duration=2h").strip()
        self.amtool("alert", "add", "Disk", "node=db1")
        (found,) = self.amtool.json("silence", "query")
        self.assertEqual((found["id"], found["createdBy"], found["status"]["state"]),
                         (added, "ada", "active"))
        self.assertEqual([(m["name"], m["isEqual"]) for m in found["matchers"]],
                         [("alertname", True), ("node", False)])
        (hidden,) = self.amtool.json("alert", "query", "--silenced")
        self.assertEqual(hidden["status"]["silencedBy"], [added])
        self.assertEqual(self.amtool.json("alert", "query", "--active"), [])

        self.amtool("silence", "update", "--duration=5h", "--comment=takes longer", added)
        (longer,) = self.amtool.json("silence", "query", "alertname=Disk")
        self.assertEqual((longer["id"], longer["comment"]), (added, "takes longer"))
        self.assertGreater(longer["endsAt"], found["endsAt"])

        self.amtool("silence", "expire", added)
        self.assertEqual(self.amtool.json("silence", "query"), [])
        (ended,) = self.amtool.json("silence", "query", "--expired")
        self.assertEqual(ended["id"], added)
        self.pagerduty.wait_for_event("trigger", "Disk")

    def test_silences_are_exported_and_imported(self):
        for node in ("db1", "db2"):
            self.amtool("silence", "add", f"node={node}", "--author=ada", "--comment=c",
                        "--duration=2h")
        exported = self.amtool("-o", "json", "silence", "query")
        for one in self.amtool.json("silence", "query"):
            self.amtool("silence", "expire", one["id"])
        (self.folder / "silences.json").write_text(exported)
        self.amtool("silence", "import", "silences.json")
        nodes = sorted(one["matchers"][0]["value"] for one in self.amtool.json("silence", "query"))
        self.assertEqual(nodes, ["db1", "db2"])

    def test_a_silence_without_comment_is_refused(self):
        done = self.amtool.run("silence", "add", "a=b", "--author=ada", "--comment= ",
                               "--duration=1h")
        self.assertNotEqual(done.returncode, 0)
        self.assert_contains("comment is empty", done.stdout + done.stderr)

    def test_the_configuration_is_shown_without_secrets_and_read_again(self):
        shown = self.amtool("config", "show")
        self.assertNotIn(self.slack.secret, shown)
        self.assertNotIn(self.pagerduty.routing_key, shown)
        self.assert_contains("<secret>", shown)
        self.assert_contains("default-route", self.amtool("config", "routes", "show"))
        self.assertEqual(self.amtool("config", "routes", "test", "a=b").strip(), "team")
        (self.folder / "shown.yml").write_text(shown)
        self.assert_contains("SUCCESS", self.amtool("check-config", "shown.yml"))

    def test_the_cluster_is_one(self):
        self.assert_contains("disabled", self.amtool("cluster", "show"))


class PrometheusSends(ApiTest):
    RULES = rule_file({"alert": "Upstream", "expr": "vector(1)", "labels": {"severity": "critical"},
                       "annotations": {"summary": "seen by Prometheus"}}, interval="500ms")
    NO_RULES = rule_file({"alert": "Upstream", "expr": "vector(1) > 2",
                          "labels": {"severity": "critical"},
                          "annotations": {"summary": "seen by Prometheus"}}, interval="500ms")

    def test_its_alerts_are_routed_and_resolve(self):
        prometheus = self.start(SendingPrometheus(self.folder, self.watched, self.RULES))
        page = self.pagerduty.wait_for_event("trigger", "seen by Prometheus")
        self.slack.wait_for_text("Upstream")
        alert = self.alerts()["Upstream"]
        self.assertEqual(alert["labels"]["cluster"], "east")
        self.assert_contains("/graph", alert["generatorURL"])
        prometheus.change(self.NO_RULES)
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertEqual(self.alerts(), {})
        self.watched.wait_for_metric(
            lambda m: m.value("pilotlight_alerts_received_total", status="resolved"), "the count")

    def test_it_is_sent_again_and_stays_one_incident_through_kill_9(self):
        prometheus = self.start(SendingPrometheus(self.folder, self.watched, self.RULES))
        page = self.pagerduty.wait_for_event("trigger")
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")
        prometheus.kill()
        self.watched.kill()
        self.watched.start()
        self.assertEqual(list(self.alerts()), ["Upstream"])
        again = self.start(SendingPrometheus(self.folder, self.watched, self.NO_RULES))
        # It does not know of the alert, so it never says that it ended: that is amtool's to do.
        labels = [f"{name}={value}" for name, value in self.alerts()["Upstream"]["labels"].items()]
        self.amtool("alert", "add", *labels, "--start=2019-01-01T00:00:00Z",
                    "--end=2020-01-01T00:00:00Z")
        self.pagerduty.wait_for_event("resolve", after=page)
        self.assertEqual(self.pagerduty.incidents(), {page.event["dedup_key"]: "resolved"})
        again.stop()

    def test_a_restart_takes_nothing_for_an_end(self):
        body = [{"labels": {"alertname": "Short"}, "startsAt": "2026-01-01T00:00:00Z"}]
        self.watched.post("/api/v2/alerts", json.dumps(body), **JSON)
        page = self.pagerduty.wait_for_event("trigger", "Short")
        before = self.alerts()["Short"]["endsAt"]
        self.watched.kill()
        self.watched.start()
        self.assertGreater(self.alerts()["Short"]["endsAt"], before)
        self.assertEqual(self.pagerduty.incidents(), {page.event["dedup_key"]: "triggered"})


class GrafanaAsks(ApiTest):
    """What Grafana's Alertmanager data source calls of an Alertmanager of Prometheus's kind."""

    def test_it_finds_status_alerts_groups_and_silences(self):
        self.amtool("alert", "add", "Disk", "node=db1")
        status = self.watched.get("/api/v2/status").json()
        self.assertEqual(status["cluster"]["status"], "disabled")
        self.assertIn('receiver: "team"', status["config"]["original"])
        (group,) = self.watched.get(
            "/api/v2/alerts/groups?silenced=true&inhibited=true&active=true").json()
        self.assertEqual((group["receiver"], group["labels"]),
                         ({"name": "team"}, {"alertname": "Disk"}))
        self.assertEqual(self.watched.get(
            "/api/v2/alerts?filter=alertname%3D%22Disk%22").json(), group["alerts"])
        silence = {"comment": "from Grafana", "createdBy": "admin",
                   "startsAt": "2026-01-01T00:00:00.000Z", "endsAt": "2126-01-01T00:00:00.000Z",
                   "matchers": [{"name": "node", "value": "db.*", "isRegex": True,
                                 "isEqual": True}]}
        made = self.watched.post("/api/v2/silences", json.dumps(silence), **JSON)
        self.assertEqual(made.status, 200, made.text)
        silenced = self.watched.get("/api/v2/alerts?active=false").json()
        self.assertEqual([one["status"]["silencedBy"] for one in silenced],
                         [[made.json()["silenceID"]]])

    def test_a_message_of_good_and_bad_alerts(self):
        body = [{"labels": {"alertname": "Good"}}, {"labels": {}}]
        answer = self.watched.post("/api/v2/alerts", json.dumps(body), **JSON)
        self.assertEqual((answer.status, answer.json()), (400, "at least one label pair required"))
        self.assertEqual(list(self.alerts()), ["Good"])

    def test_a_page_of_another_origin_may_not_send_alerts(self):
        answer = self.watched.post("/api/v2/alerts", b"[]", Origin="http://evil.example", **JSON)
        self.assertEqual(answer.status, 403)


if __name__ == "__main__":
    unittest.main()
