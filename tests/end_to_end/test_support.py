"""The harness itself: stand-ins, servers and real services do as the tests rely on."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import unittest

from support import (App, Authority, Browser, EndToEndTest, HttpServer, Metrics, PagerDuty,
                     Postgres, Process, Prometheus, Redis, Slack, as_text, fetch, free_port,
                     promtool, rule, rule_file, shortened, wait_until)


class Waiting(unittest.TestCase):
    def test_says_what_it_waited_for_and_what_there_was(self):
        with self.assertRaisesRegex(AssertionError, "for the moon; there was: cheese"):
            wait_until(lambda: False, 0.05, "the moon", lambda: "cheese")

    def test_returns_the_value(self):
        self.assertEqual(wait_until(lambda: 7, 1, "seven"), 7)

    def test_ports_are_all_different(self):
        ports = [free_port() for _ in range(50)]
        self.assertEqual(len(set(ports)), 50)


class Processes(EndToEndTest):
    def test_reports_an_early_end_with_its_output(self):
        child = Process("child", ["sh", "-c", "echo no luck; exit 3"], self.folder / "child.log")
        with self.assertRaisesRegex(AssertionError, "(?s)ended with 3 before tea.*no luck"):
            child.start_until(lambda: False, 5, "tea")

    def test_kills_what_ignores_sigterm_and_fails(self):
        child = Process("child", [sys.executable, "-c", "import signal, time\n"
                                  "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                                  "print('up', flush=True)\ntime.sleep(60)"],
                        self.folder / "child.log")
        child.start_until(lambda: "up" in child.log(), 10, "up")
        with self.assertRaisesRegex(AssertionError, "did not end within 0.1 s of SIGTERM"):
            child.stop(limit=0.1)
        self.assertEqual(child.exit_code, -signal.SIGKILL)

    def test_a_child_does_not_outlive_its_test(self):
        log = str(self.folder / "child.log")
        program = ("import os; from support import Process\n"
                   f"p = Process('child', ['sh', '-c', 'echo up; exec sleep 60'], {log!r})\n"
                   "p.start_until(lambda: 'up' in p.log(), 10, 'up')\n"
                   "print(p.pid, flush=True); os.kill(os.getpid(), 9)")
        done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True,
                              text=True)
        pid = int(done.stdout)
        def gone():
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    return stat.read().split(")")[1].split()[0] == "Z"
            except FileNotFoundError:
                return True
        wait_until(gone, 5, "the orphan to die")


class Receivers(EndToEndTest):
    def setUp(self):
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())

    def send(self, url, event):
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return fetch(url, "POST", body, {"Content-Type": "application/json"})

    def trigger(self, **changes):
        payload = {"summary": "it is down", "source": "api", "severity": "critical"}
        event = {"routing_key": self.pagerduty.routing_key, "event_action": "trigger",
                 "dedup_key": "k1", "payload": payload}
        return {**event, **changes}

    def test_slack_accepts_and_records(self):
        answer = self.send(self.slack.webhook, {"text": "hello"})
        self.assertEqual((answer.status, answer.text), (200, "ok"))
        self.assertEqual(self.slack.wait_for_text("hell").event, {"text": "hello"})
        self.assertLess(abs(time.time() - self.slack.deliveries[0].wall), 5)

    def test_slack_refuses_what_slack_refuses(self):
        for wrong in ({}, b"no json", [], {"text": ""}, {"text": "x" * 40001},
                      {"attachments": [{}] * 101}, {"blocks": [{"type": "divider"}] * 51},
                      {"blocks": [{"type": "section", "text": {"text": "x" * 3001}}]}):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertEqual(self.send(self.slack.webhook, wrong).status, 400)
        self.assertEqual(self.send(self.slack.url + "/services/other", {"text": "x"}).status, 400)
        self.assertEqual(self.slack.accepted(), [])
        with self.assertRaisesRegex(AssertionError, "Slack was sent what it does not take"):
            self.assert_nothing_invalid(self.slack)

    def test_pagerduty_tracks_incidents_by_key(self):
        self.assertEqual(self.send(self.pagerduty.endpoint, self.trigger()).status, 202)
        self.assertEqual(self.send(self.pagerduty.endpoint, self.trigger(dedup_key="k2")).status, 202)
        resolve = {"routing_key": self.pagerduty.routing_key, "event_action": "resolve",
                   "dedup_key": "k1"}
        self.assertEqual(self.send(self.pagerduty.endpoint, resolve).status, 202)
        self.assertEqual(self.pagerduty.incidents(), {"k1": "resolved", "k2": "triggered"})
        page = self.pagerduty.wait_for_event("trigger", "it is down")
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_pagerduty_refuses_what_the_events_api_refuses(self):
        good = self.trigger()["payload"]
        for wrong in (self.trigger(routing_key="short"), self.trigger(event_action="fire"),
                      self.trigger(dedup_key="x" * 256), self.trigger(payload=None),
                      self.trigger(payload={**good, "severity": "page"}),
                      self.trigger(payload={**good, "summary": ""}),
                      self.trigger(payload={**good, "summary": "x" * 1025}),
                      self.trigger(payload={**good, "sorce": "x"}), self.trigger(kind="x"),
                      {"routing_key": self.pagerduty.routing_key, "event_action": "resolve"}):
            with self.subTest(wrong=str(wrong)[:90]):
                self.assertEqual(self.send(self.pagerduty.endpoint, wrong).status, 400)
        self.assertEqual(self.pagerduty.incidents(), {})

    def test_faults_hold_until_told_otherwise_or_for_a_number_of_times(self):
        self.slack.too_many_requests(2, times=2)
        answers = [self.send(self.slack.webhook, {"text": "x"}) for _ in range(3)]
        self.assertEqual([one.status for one in answers], [429, 429, 200])
        self.assertEqual(answers[0].headers["Retry-After"], "2")
        self.slack.fail(500)
        self.assertEqual(self.send(self.slack.webhook, {"text": "x"}).status, 500)
        self.slack.accept()
        self.assertEqual(self.send(self.slack.webhook, {"text": "x"}).status, 200)
        self.assertEqual([one.outcome for one in self.slack.deliveries],
                         ["429", "429", "accepted", "500", "accepted"])

    def test_resets_after_reading(self):
        self.slack.reset()
        with self.assertRaises(OSError):
            self.send(self.slack.webhook, {"text": "x"})
        self.assertEqual(self.slack.failed("reset")[0].event, {"text": "x"})

    def test_hangs(self):
        self.slack.hang()
        with self.assertRaises(TimeoutError):
            fetch(self.slack.webhook, "POST", b'{"text": "x"}',
                  {"Content-Type": "application/json"}, limit=0.2)

    def test_refuses_and_listens_again_on_the_same_port(self):
        self.slack.refuse()
        with self.assertRaises(ConnectionRefusedError):
            self.send(self.slack.webhook, {"text": "x"})
        self.slack.listen()
        self.assertEqual(self.send(self.slack.webhook, {"text": "x"}).status, 200)

    def test_refusing_also_cuts_idle_connections(self):
        with socket.create_connection(("127.0.0.1", self.slack.port), 2) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(4096)
            self.slack.refuse()
            connection.settimeout(2)
            self.assertEqual(connection.recv(1), b"")


class Applications(EndToEndTest):
    def test_health_can_be_switched(self):
        app = self.start(App())
        self.assertEqual(fetch(app.health_url).json()["status"], "ok")
        app.status, app.body = 503, b"broken"
        answer = fetch(app.health_url)
        self.assertEqual((answer.status, answer.body), (503, b"broken"))
        app.down()
        with self.assertRaises(ConnectionRefusedError):
            fetch(app.health_url)

    def test_metrics_tell_of_the_error_rate(self):
        app = self.start(App(traffic=100_000))
        Metrics(fetch(app.metrics_url).text)
        app.error_rate = 0.5
        first = Metrics(fetch(app.metrics_url).text)
        second = wait_until(lambda: next((m for m in [Metrics(fetch(app.metrics_url).text)] if
                                          m.value("http_requests_total", status="500") > 1000), None),
                            5, "errors")
        grown = {status: second.value("http_requests_total", status=status)
                 - first.value("http_requests_total", status=status) for status in ("200", "500")}
        self.assertAlmostEqual(grown["500"] / sum(grown.values()), 0.5, delta=0.05)
        code, output = promtool("check", "metrics", text=second.text)
        self.assertEqual((code, output), (0, ""))

    def test_certificates_verify_or_fail_as_named(self):
        authority = Authority(self.folder / "ca")
        app = self.start(App(authority.valid()))
        def handshake():
            context = ssl.create_default_context(cafile=authority.ca_file)
            with socket.create_connection(("127.0.0.1", app.port), 5) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as stream:
                    return stream.getpeercert()["notAfter"]
        handshake()
        app.present(authority.expiring(days=10))
        ends = ssl.cert_time_to_seconds(handshake())
        self.assertAlmostEqual(ends - time.time(), 10 * 86400, delta=60)
        app.present(authority.expired())
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "expired"):
            handshake()
        app.present(authority.for_another_name())
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "Hostname mismatch"):
            handshake()


class RealServices(EndToEndTest):
    def test_postgres_stops_and_starts_with_its_data(self):
        postgres = self.start(Postgres(self.folder))
        postgres.query("create table notes as select 42 as n")
        postgres.stop()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", postgres.port), 2)
        postgres.start()
        self.assertEqual(postgres.query("select n from notes"), "42")

    def test_postgres_asks_for_the_password(self):
        postgres = self.start(Postgres(self.folder))
        postgres.password = "wrong"
        with self.assertRaisesRegex(AssertionError, "password authentication failed"):
            postgres.query("select 1")

    def test_redis_stops_and_starts_and_asks_for_the_password(self):
        redis = self.start(Redis(self.folder))
        redis.stop()
        self.assertIsNone(redis.command("PING"))
        redis.start()
        self.assertEqual(redis.command("PING"), "+PONG")
        redis.password = "wrong"
        self.assertIn("NOAUTH", redis.command("PING"))

    def test_prometheus_scrapes(self):
        app = self.start(App())
        prometheus = self.start(Prometheus(self.folder, app.address))
        wait_until(lambda: prometheus.query('http_requests_total{status="200"}'), 10, "a scrape")
        with self.assertRaisesRegex(AssertionError, "parse error"):
            prometheus.query("sum(")


class Page(HttpServer):
    def answer(self, request):
        return 200, {"Content-Type": "text/html"}, (
            b"<h1>wait</h1><script>fetch('/news').then(() => {"
            b"document.querySelector('h1').textContent = 'done'; undefined_function()})</script>")


class Pages(EndToEndTest):
    def test_browser_sees_a_page_change_and_complain(self):
        page = self.start(Page())
        browser = self.start(Browser(self.folder))
        browser.open(page.url)
        wait_until(lambda: browser.text() == "done", 15, "the page to change", browser.text)
        wait_until(lambda: browser.text() and browser.complaints, 5, "a complaint")
        self.assertIn("undefined_function", browser.complaints[0])


class Exposition(unittest.TestCase):
    def test_reads_labels_and_values(self):
        metrics = Metrics('# TYPE a counter\na{x="1\\"2\\n",y="z"} 5 1700000000000\nb NaN\n')
        self.assertEqual(metrics.value("a", y="z"), 5)
        self.assertEqual(metrics.find("a")[0].labels["x"], '1"2\n')
        self.assertEqual(metrics.types, {"a": "counter"})

    def test_refuses_what_prometheus_refuses(self):
        for text in ('a{x="1} 5', "a", "a 5 x", 'a{x="1" y="2"} 1', 'a{x="1",x="2"} 1', "1a 2",
                     "a five", "# TYPE a counter\n# TYPE a gauge"):
            with self.subTest(text=text), self.assertRaises(AssertionError):
                Metrics(text)


class Rules(unittest.TestCase):
    def test_a_written_rule_is_one_for_promtool(self):
        text = as_text(rule_file(rule("Down", "probe_success == 0", "1s")))
        code, output = promtool("check", "rules", "/dev/stdin", text=text)
        self.assertEqual(code, 0, output)

    def test_shortening_touches_times_only(self):
        text = ("groups:\n  - name: critical\n    interval: 15s\n    rules:\n      - alert: A\n"
                "        expr: rate(errors[5m]) > 0.05 and x < 30 * 86400\n        for: 2m\n")
        self.assertEqual(shortened(text), (
            "groups:\n  - name: critical\n    interval: 1s\n    rules:\n      - alert: A\n"
            "        expr: rate(errors[5s]) > 0.05 and x < 30 * 86400\n        for: 1s\n"))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main()
