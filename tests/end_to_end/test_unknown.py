"""What Pilotlight itself cannot do turns no target down: it is its own alarm."""

import itertools
import os
import resource
import shutil
import socket
import struct
import subprocess
import threading
import unittest

from support import (App, EndToEndTest, PagerDuty, alerting, http_target, main_file, rule,
                     rule_file, target, wait_until)

RULES = rule_file(rule("AppDown", "probe_success == 0", hold="1s"),
                  rule("Gone", 'absent(probe_success{target="api"})', hold="1s"),
                  rule("Blind", "sum(pilotlight_probe_unknown) > 0"))


class NameServer:
    """Answers every question for an address with 127.0.0.1, until it is told to be mute."""

    def __init__(self, address):
        self.address = address
        self.mute = False
        self._socket = None

    def start(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        wake = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with wake:
            wake.sendto(b"end", (self.address, 53))
        self._thread.join(10)
        self._socket.close()

    def _serve(self):
        while True:
            query, peer = self._socket.recvfrom(4096)
            if query == b"end":
                return
            if len(query) > 12 and not self.mute:
                self._socket.sendto(self._answer(query), peer)

    @staticmethod
    def _answer(query):
        end = query.index(0, 12) + 5
        question = query[12:end]
        wants_address = question[-4:-2] == b"\x00\x01" and len(question) > 5
        head = query[:2] + b"\x81\x80" + struct.pack("!4H", 1, int(wants_address), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 0, 4) + bytes([127, 0, 0, 1])
        return head + question + (record if wants_address else b"")


def may_mount():
    return shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


class Unknown(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def assert_no_page_of_the_target(self, daemon):
        for name in ("AppDown", "Gone"):
            self.assertNotIn(f"alert {name} is firing", daemon.log())
        told = [one.event["payload"]["summary"] for one in self.pagerduty.accepted()
                if "payload" in one.event]
        self.assertEqual([summary for summary in told if "AppDown" in summary], [])

    def wait_for_log(self, daemon, text):
        wait_until(lambda: text in daemon.log(), 30, f"the log to have {text!r}")

    def test_no_descriptors_is_no_outage(self):
        daemon = self.daemon(main_file(http_target("api", self.app.health_url)), rules=RULES,
                             alerting=alerting(pagerduty=self.pagerduty))
        daemon.wait_for_value(1, "probe_success", target="api")
        limits = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        taken = {int(name) for name in os.listdir(f"/proc/{daemon.pid}/fd")}
        # From here on it can open nothing: no probe, no page, no answer to us.
        free = next(number for number in itertools.count() if number not in taken)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (free, limits[1]))
        self.wait_for_log(daemon, "alert Blind is firing")
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, limits)

        self.pagerduty.wait_for_event("trigger", "Blind", limit=60)
        daemon.wait_for_metric(
            lambda m: m.value("pilotlight_probe_unknown", phase="connect",
                              reason="no_descriptors") == 0, "the target to be judged again", 30)
        daemon.wait_for_value(1, "probe_success", target="api")
        daemon.wait_for_no_alert("Blind", limit=30)
        self.assert_no_page_of_the_target(daemon)

    @unittest.skipUnless(may_mount(), "resolv.conf of one's own needs a mount namespace")
    def test_a_dead_resolver_is_no_outage(self):
        names = self.start(NameServer(f"127.77.{os.getpid() % 250 + 1}.53"))
        (self.folder / "resolv.conf").write_text(f"nameserver {names.address}\n")
        url = self.app.health_url.replace("127.0.0.1", "api.pilotlight.test")
        api = target("api", "http", url, interval="1s", timeout="1s",
                     http={"preferred_ip_protocol": "ip4"})
        daemon = self.daemon(main_file(api), rules=RULES, start=False,
                             alerting=alerting(pagerduty=self.pagerduty))
        daemon.run_in(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                       'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                       self.folder / "resolv.conf"])
        daemon.start()
        daemon.wait_for_value(1, "probe_success", target="api")

        names.mute = True
        daemon.wait_for_value(1, "pilotlight_probe_unknown", phase="resolve",
                              reason="resolver_unreachable", limit=30)
        self.pagerduty.wait_for_event("trigger", "Blind")
        self.assertEqual(daemon.metrics().value("probe_success", target="api"), 1)
        health = daemon.get("/api/health").json()
        self.assertEqual(health["status"], "degraded")
        self.assert_contains("resolver_unreachable", health["checks"]["probes"]["detail"])
        told = daemon.get("/api/targets/api/evidence").json()
        self.assertEqual(told["health"], "up")
        self.assertIsNotNone(told["unknown_since"])

        names.mute = False
        daemon.wait_for_value(0, "pilotlight_probe_unknown", phase="resolve",
                              reason="resolver_unreachable", limit=30)
        daemon.wait_for_no_alert("Blind", limit=30)
        wait_until(lambda: daemon.get("/api/health").json()["status"] == "ok", 30,
                   "Pilotlight to be well again", lambda: daemon.get("/api/health").text)
        self.assert_no_page_of_the_target(daemon)

    def test_a_pending_alert_neither_fires_nor_ends_by_what_is_unknown(self):
        rules = rule_file(rule("AppDown", "probe_success == 0", hold="8s"))
        daemon = self.daemon(main_file(http_target("api", self.app.health_url)), rules=rules,
                             alerting=alerting(pagerduty=self.pagerduty))
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.down()
        daemon.wait_for_alert("AppDown", state="pending")
        # An address that nothing leads to from here: the kernel says so at once.
        unroutable = http_target("api", self.app.health_url, preferred_ip_protocol="ip4")
        unroutable["http"]["proxy_url"] = "http://255.255.255.255:1"
        daemon.write("pilotlight.yaml", main_file(unroutable))
        daemon.wait_for_metric(
            lambda m: sum(sample.value for sample in m.find("pilotlight_probe_unknown")) == 1,
            "the target to be unknown", 30)
        seen = daemon.metrics().value("pilotlight_probes_total", prober="http", result="unknown")
        daemon.wait_for_metric(
            lambda m: m.value("pilotlight_probes_total", prober="http",
                              result="unknown") > seen + 20, "more than the hold to pass", 60)
        self.assertTrue(daemon.metrics().alerts("AppDown", "pending"))
        self.assertEqual(self.pagerduty.deliveries, [])

    def test_without_a_rule_pilotlight_raises_the_alarm_itself(self):
        unroutable = http_target("api", self.app.health_url, preferred_ip_protocol="ip4")
        unroutable["http"]["proxy_url"] = "http://255.255.255.255:1"
        daemon = self.daemon(main_file(unroutable),
                             rules=rule_file(rule("AppDown", "probe_success == 0")),
                             alerting=alerting(pagerduty=self.pagerduty))
        self.pagerduty.wait_for_event("trigger", "MonitoringBlind", limit=100)
        daemon.write("pilotlight.yaml", main_file(http_target("api", self.app.health_url)))
        page = self.pagerduty.wait_for_event("trigger", "MonitoringBlind")
        self.pagerduty.wait_for_event("resolve", after=page, limit=60)
        self.assert_no_page_of_the_target(daemon)


if __name__ == "__main__":
    unittest.main()
