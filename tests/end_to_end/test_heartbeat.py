"""Heartbeats: jobs say that they have run, and whoever does not is told of, through kill -9."""

import signal
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from support import (EndToEndTest, Slack, alerting, main_file, rule, rule_file, target, wait_until)
from support.http import fetch

MISSED = rule("HeartbeatMissed", 'probe_success{prober="heartbeat"} == 0')


def heartbeat(name, **options):
    return target(name, "heartbeat", heartbeat=options)


class Heartbeats(EndToEndTest):
    def watch(self, *targets, **more):
        self.slack = self.start(Slack())
        return self.daemon(main_file(*targets, **more), rules=rule_file(MISSED, interval="1h"),
                           alerting=alerting(self.slack))

    def ping(self, daemon, path, method="GET", body=None, **headers):
        """As `curl --retry` does: a disk that is slow for a moment is no answer."""
        def answer():
            got = fetch(f"{daemon.url}/heartbeat/{path}", method, body, headers)
            return got if got.status != 503 else None
        return wait_until(answer, 30, "an answer", every=0.1)

    def expect(self, status, daemon, path, *arguments, **headers):
        answer = self.ping(daemon, path, *arguments, **headers)
        self.assertEqual(answer.status, status, (path, answer.text))
        return answer

    def wait_for_reason(self, daemon, reason, name="job", limit=15.0):
        def found(page):
            return page.value("probe_failure_info", target=name, phase="heartbeat",
                              reason=reason) == 1 and page.value("probe_success", target=name) == 0
        daemon.wait_for_metric(found, f"{name} to be {reason}", limit)

    def wait_for_up(self, daemon, name="job"):
        daemon.wait_for_value(1, "probe_success", target=name)
        daemon.wait_for_value(1, "heartbeat_up", target=name)

    def wait_for_end_told(self):
        self.slack.wait_for(lambda one: "resolved" in str(one.event).lower(), 30,
                            "a message that it is resolved")

    def active_at(self, daemon):
        """Since when the only alert is active, as a Unix time."""
        def alerts():
            return daemon.get("/api/v1/alerts").json()["data"]["alerts"]
        wait_until(lambda: len(alerts()) == 1, 15, "one alert", alerts)
        return datetime.fromisoformat(alerts()[0]["activeAt"]).timestamp()

    # Addresses.

    def test_get_post_and_head_are_pings(self):
        daemon = self.watch(*(heartbeat(name, every="1h") for name in ("a", "b", "c")))
        self.assertEqual(self.expect(200, daemon, "a").text, "OK\n")
        self.expect(200, daemon, "b", "POST", b"any output")
        self.assertEqual(self.expect(200, daemon, "c", "HEAD").text, "")
        for name in ("a", "b", "c"):
            self.wait_for_up(daemon, name)
            daemon.wait_for_value(0, "heartbeat_last_exit_code", target=name)
        page = daemon.metrics()
        came = page.value("heartbeat_last_timestamp_seconds", target="a")
        self.assertAlmostEqual(came, time.time(), delta=60)
        self.assertAlmostEqual(
            page.value("heartbeat_next_expected_timestamp_seconds", target="a"), came + 3600, 3)

    def test_what_is_no_ping_is_refused_by_name(self):
        daemon = self.watch(heartbeat("job", every="1h"))
        for path in ("other", "other/start", "", "job2"):
            self.expect(404, daemon, path)
        for path in ("job/256", "job/-1", "job/x", "job/start/x", "job/log", "job?run=" + "x" * 101,
                     "job?run=a%0ab"):
            self.expect(400, daemon, path)
        for method in ("PUT", "DELETE", "PATCH"):
            self.assertEqual(self.expect(405, daemon, "job", method, b"").headers["Allow"],
                             "GET, POST")
        self.assertIsNone(daemon.metrics().value("probe_success", target="job"))
        self.expect(200, daemon, "job")
        self.wait_for_up(daemon)

    def test_names_are_as_configured(self):
        daemon = self.watch(heartbeat("nightly dump of Zürich?", every="1h"))
        self.expect(200, daemon, "nightly%20dump%20of%20Z%C3%BCrich%3F")
        self.wait_for_up(daemon, "nightly dump of Zürich?")

    def test_a_form_in_the_body_is_output_and_no_parameters(self):
        daemon = self.watch(heartbeat("job", every="1h", token="s3cret"))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.expect(401, daemon, "job", "POST", b"token=s3cret", **form)
        self.expect(200, daemon, "job?token=s3cret", "POST", b"token=x&run=" + b"y" * 200, **form)

    def test_a_token_keeps_others_out(self):
        self.folder.joinpath("token").write_text("from-a-file\n")
        daemon = self.watch(
            heartbeat("job", every="1h", token="s3cret"),
            heartbeat("filed", every="1h", token_file=str(self.folder / "token")))
        for path, headers in (("job", {}), ("job?token=", {}), ("job?token=s3cre", {}),
                              ("job", {"Authorization": "Bearer wrong"}),
                              ("job?token=s3cret", {"Authorization": "Bearer wrong"}),
                              ("filed", {}), ("job/start", {})):
            answer = self.expect(401, daemon, path, **headers)
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertIsNone(daemon.metrics().value("probe_success", target="job"))
        self.expect(200, daemon, "job?token=s3cret")
        self.expect(200, daemon, "job", "POST", b"", Authorization="Bearer s3cret")
        for name, token in (("job", "s3cret"), ("filed", "from-a-file")):
            self.expect(200, daemon, f"{name}/1", "POST", f"sent {token} and failed".encode(),
                        Authorization=f"Bearer {token}")
            self.wait_for_reason(daemon, "exit_code", name)
            wait_until(lambda name=name: "and failed" in daemon.get(
                f"/api/targets/{name}/evidence").text, 15, "the evidence")
        self.expect(200, daemon, "filed?token=from-a-file")
        for path in ("/metrics", "/api/status", "/api/targets/job/evidence",
                     "/api/targets/filed/evidence", "/api/v1/targets", "/api/v1/status/config",
                     "/"):
            text = daemon.get(path).text
            self.assertNotIn("s3cret", text)
            self.assertNotIn("from-a-file", text)
        self.assertNotIn("s3cret", daemon.log())

    def test_floods_are_refused_and_hold_up_nobody_else(self):
        daemon = self.watch(heartbeat("noisy", every="1h"), heartbeat("quiet", every="1h"))
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.ping(daemon, "noisy"), range(1_500)))
        room = 200 + 20 * (time.monotonic() - began)
        statuses = {answer.status for answer in answers}
        self.assertLessEqual(statuses, {200, 429})
        refused = [answer for answer in answers if answer.status == 429]
        self.assertLessEqual(len(answers) - len(refused), room + 1)
        for answer in refused:
            self.assertEqual(answer.headers["Retry-After"], "1")
        self.expect(200, daemon, "quiet")
        self.wait_for_up(daemon, "quiet")
        self.wait_for_up(daemon, "noisy")

    # Judgement.

    def test_one_that_is_late_is_told_of_and_its_return_too(self):
        daemon = self.watch(heartbeat("job", every="1s", grace="1s"))
        self.expect(200, daemon, "job")
        self.slack.wait_for_text("HeartbeatMissed", "job", limit=30)
        self.wait_for_reason(daemon, "late")
        self.expect(200, daemon, "job")
        self.wait_for_end_told()

    def test_its_time_is_up_at_the_moment_and_not_at_the_next_sample(self):
        job = heartbeat("job", every="1s", grace="1s")
        job["interval"] = "1h"
        daemon = self.watch(job)
        self.expect(200, daemon, "job")
        self.wait_for_reason(daemon, "late")
        page = daemon.metrics()
        due = page.value("heartbeat_last_timestamp_seconds", target="job") + 2
        daemon.wait_for_alert("HeartbeatMissed")
        self.assertGreaterEqual(self.active_at(daemon), due)

    def test_one_that_never_comes_is_told_of(self):
        daemon = self.watch(heartbeat("job", every="1s", grace="1s"))
        self.wait_for_reason(daemon, "never")
        self.slack.wait_for_text("HeartbeatMissed", "job", limit=30)

    def test_failures_are_told_with_their_reason(self):
        daemon = self.watch(heartbeat("job", every="1h", min_duration="1h"))
        self.expect(200, daemon, "job/3")
        self.wait_for_reason(daemon, "exit_code")
        daemon.wait_for_value(3, "heartbeat_last_exit_code", target="job")
        self.slack.wait_for_text("HeartbeatMissed", "job", limit=30)
        self.expect(200, daemon, "job/0")
        self.wait_for_up(daemon)
        self.wait_for_end_told()
        self.expect(200, daemon, "job/fail", "POST", b"disk full")
        self.wait_for_reason(daemon, "failed")
        self.expect(200, daemon, "job/start")
        daemon.wait_for_value(1, "heartbeat_runs_in_progress", target="job")
        self.expect(200, daemon, "job")
        self.wait_for_reason(daemon, "too_short")
        daemon.wait_for_value(0, "heartbeat_runs_in_progress", target="job")

    def test_a_run_that_does_not_end_is_too_long(self):
        daemon = self.watch(heartbeat("job", every="1h", max_duration="1s"))
        self.expect(200, daemon, "job")
        self.wait_for_up(daemon)
        self.expect(200, daemon, "job/start?run=hangs")
        self.wait_for_reason(daemon, "too_long")
        self.slack.wait_for_text("HeartbeatMissed", "job", limit=30)
        self.expect(200, daemon, "job?run=another")
        self.wait_for_up(daemon)

    def test_overlapping_runs_are_told_apart(self):
        daemon = self.watch(heartbeat("job", every="1h"))
        self.expect(200, daemon, "job")
        self.expect(200, daemon, "job/start?run=1")
        began = time.monotonic()
        self.expect(200, daemon, "job/start?rid=2")
        daemon.wait_for_value(2, "heartbeat_runs_in_progress", target="job")
        self.expect(200, daemon, "job?run=2")
        daemon.wait_for_value(1, "heartbeat_runs_in_progress", target="job")
        wait_until(lambda: time.monotonic() - began > 1, what="a second")
        self.expect(200, daemon, "job/0?rid=1")
        daemon.wait_for_value(0, "heartbeat_runs_in_progress", target="job")
        daemon.wait_for_metric(
            lambda page: page.value("heartbeat_duration_seconds", target="job") >= 1,
            "the first run's duration")

    def test_it_is_a_target_like_any_other(self):
        daemon = self.watch(
            target("job", "heartbeat", service="database", labels={"tier": "critical"},
                   heartbeat={"cron": "0 3 * * *", "timezone": "Europe/Berlin", "grace": "1h"}),
            services=[{"name": "database", "title": "Database"}])
        self.expect(200, daemon, "job/1")
        found = daemon.wait_for_metric(
            lambda page: page.find("probe_success", target="job", prober="heartbeat",
                                   service="database", tier="critical"), "its labels")
        self.assertTrue(found)
        def health():
            targets = daemon.get("/api/v1/targets").json()["data"]["activeTargets"]
            return [one["health"] for one in targets if one["labels"]["target"] == "job"]
        wait_until(lambda: health() == ["down"], 15, "the target to be down", health)
        answer = daemon.get("/api/v1/query?query=heartbeat_up").json()
        self.assertEqual(answer["data"]["result"][0]["value"][1], "0")
        self.assert_contains("exit code 1", daemon.get("/api/status").text)

    # What lasts.

    def test_what_was_answered_with_200_survives_kill_9(self):
        daemon = self.watch(heartbeat("good", every="1h"), heartbeat("bad", every="1h"),
                            heartbeat("running", every="1h", max_duration="1h"))
        self.expect(200, daemon, "bad/7")
        self.expect(200, daemon, "running/start?run=a")
        self.expect(200, daemon, "good")
        daemon.kill()
        daemon.start()
        self.wait_for_up(daemon, "good")
        self.wait_for_reason(daemon, "exit_code", "bad")
        daemon.wait_for_value(7, "heartbeat_last_exit_code", target="bad")
        self.expect(200, daemon, "running?run=a")
        daemon.wait_for_metric(
            lambda page: page.find("heartbeat_duration_seconds", target="running"), "the duration")

    def test_an_alert_goes_on_through_kill_9_and_ends_with_a_ping(self):
        daemon = self.watch(heartbeat("job", every="1s", grace="1s"))
        self.expect(200, daemon, "job")
        self.slack.wait_for_text("HeartbeatMissed", "job", limit=30)
        told = len(self.slack.texts())
        daemon.kill()
        daemon.start()
        self.wait_for_reason(daemon, "late")
        daemon.wait_for_alert("HeartbeatMissed")
        # A delivery that the kill cut short may come twice.
        self.assertLessEqual(len(self.slack.texts()), told + 1)
        self.expect(200, daemon, "job")
        self.wait_for_end_told()

    def test_one_whose_time_passed_while_nobody_listened_gets_another_grace(self):
        daemon = self.watch(heartbeat("job", every="2s", grace="1h"))
        self.expect(200, daemon, "job")
        came = time.time()
        daemon.kill()
        daemon.write("pilotlight.yaml",
                     main_file(heartbeat("job", every="1s", grace="2s")))
        wait_until(lambda: time.time() > came + 4, 15, "its time to pass")
        started = time.time()
        daemon.start()
        self.wait_for_reason(daemon, "late")
        self.assertGreaterEqual(self.active_at(daemon), started + 2)

    def test_a_frozen_daemon_makes_nobody_late(self):
        daemon = self.watch(heartbeat("job", every="2s", grace="10s"))
        self.expect(200, daemon, "job")
        self.wait_for_up(daemon)
        daemon.send(signal.SIGSTOP)
        frozen = time.monotonic()
        wait_until(lambda: time.monotonic() - frozen > 13, 20, "its time to pass")
        daemon.send(signal.SIGCONT)
        wait_until(lambda: "nothing was seen for" in daemon.log(), 15, "the daemon to notice")
        self.expect(200, daemon, "job")
        self.wait_for_up(daemon)
        self.assertEqual(self.slack.texts(), [])

    def test_a_reload_keeps_what_is_known_and_judges_anew(self):
        daemon = self.watch(heartbeat("job", every="1h"), heartbeat("gone", every="1h"))
        self.expect(200, daemon, "job/start")
        self.expect(200, daemon, "gone/1")
        self.wait_for_reason(daemon, "exit_code", "gone")
        daemon.write("pilotlight.yaml", main_file(heartbeat("job", every="1h", max_duration="1s"),
                                                  heartbeat("new", every="1h")))
        self.wait_for_reason(daemon, "too_long")
        daemon.wait_for_no_alert("HeartbeatMissed", target="gone")
        self.expect(404, daemon, "gone")
        self.expect(200, daemon, "new")
        self.wait_for_up(daemon, "new")
        # Back under its name, it is what it was.
        daemon.write("pilotlight.yaml", main_file(heartbeat("gone", every="1h")))
        self.wait_for_reason(daemon, "exit_code", "gone")


if __name__ == "__main__":
    unittest.main()
