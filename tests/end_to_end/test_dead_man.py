"""The outbound heartbeat: it beats while Pilotlight judges and delivers, and only then."""

import ctypes
import os
import secrets
import threading
import time
import unittest

from support import (App, EndToEndTest, HttpServer, Slack, alerting, http_target, main_file, rule,
                     rule_file, wait_until)


class Watchman(HttpServer):
    """Counts the beats: GET of a path that only the sender knows."""

    def __init__(self):
        super().__init__()
        self.path = f"/ping/{secrets.token_hex(16)}"
        self.status = 200
        self._lock = threading.Lock()
        self._beats = []

    @property
    def beat_url(self):
        return self.url + self.path

    @property
    def beats(self):
        with self._lock:
            return list(self._beats)

    def answer(self, request):
        if request.method != "GET" or request.path != self.path:
            return 404, {"Content-Type": "text/plain"}, b"who are you?\n"
        with self._lock:
            self._beats.append(time.monotonic())
        return self.status, {"Content-Type": "text/plain"}, b"OK"

    def wait_for_beats(self, more, limit=15.0):
        before = len(self.beats)
        wait_until(lambda: len(self.beats) >= before + more, limit, f"{more} more beats",
                   lambda: len(self.beats) - before)


class FrozenThread:
    """A thread of another process that stands still, the others running on: by ptrace."""

    _SEIZE, _INTERRUPT, _DETACH, _WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, pid, name):
        self._ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self._ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self._ptrace.restype = ctypes.c_long
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as comm:
                if comm.read().strip() == name:
                    self.thread = int(task)
                    return
        raise AssertionError(f"process {pid} has no thread {name}")

    def _call(self, request):
        if self._ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self._call(self._SEIZE)
        self._call(self._INTERRUPT)
        os.waitpid(self.thread, self._WALL)
        return self

    def __exit__(self, *_):
        self._call(self._DETACH)


class DeadMan(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.watchman = self.start(Watchman())

    def watch(self, **dead_man):
        self.dead_man = {"url": self.watchman.beat_url, "every": "200ms", **dead_man}
        daemon = self.daemon(self.configuration(),
                             rules=rule_file(rule("AppDown", "probe_success == 0")),
                             alerting=alerting(self.slack))
        self.watchman.wait_for_beats(2)
        return daemon

    def configuration(self):
        return main_file(http_target("api", self.app.health_url), dead_man=self.dead_man)

    def wait_for_silence(self, daemon, limit=30.0):
        """No beat for a second: five turns."""
        def silent():
            last = self.watchman.beats[-1]
            return time.monotonic() - last > 1.0
        wait_until(silent, limit, "the heartbeat to stop", daemon.log)

    def test_it_beats_at_its_rate(self):
        daemon = self.watch()
        self.watchman.wait_for_beats(10)
        beats = self.watchman.beats[-11:]
        self.assertGreater(beats[-1] - beats[0], 1.5)
        daemon.wait_for_metric(
            lambda page: page.value("pilotlight_dead_man_beats_total", result="sent") >= 10,
            "the beats to be counted")

    def test_it_stops_while_the_engine_is_frozen(self):
        daemon = self.watch()
        with FrozenThread(daemon.pid, "engine"):
            self.wait_for_silence(daemon)
            wait_until(lambda: "the engine has not turned" in daemon.log(), 10, "the log's reason")
        self.watchman.wait_for_beats(3)
        self.assertEqual(daemon.log().count("the heartbeat is withheld"), 1)

    def test_it_stops_while_deliveries_are_frozen(self):
        daemon = self.watch()
        with FrozenThread(daemon.pid, "delivery"):
            self.wait_for_silence(daemon)
        self.watchman.wait_for_beats(3)

    def test_it_stops_while_a_message_waits_for_too_long(self):
        daemon = self.watch(patience="1s")
        self.slack.fail(503)
        self.app.down()
        self.wait_for_silence(daemon)
        wait_until(lambda: "a notification has waited" in daemon.log(), 10, "the log's reason")
        daemon.wait_for_metric(
            lambda page: page.value("pilotlight_dead_man_beats_total", result="withheld") > 0,
            "the turns to be counted")
        self.slack.accept()
        self.slack.wait_for_text("AppDown", limit=40)
        self.watchman.wait_for_beats(3)
        self.assertEqual(daemon.log().count("the heartbeat is withheld"), 1)

    def test_it_ends_with_the_daemon(self):
        daemon = self.watch()
        daemon.stop()
        before = len(self.watchman.beats)
        self.wait_for_silence(daemon)
        self.assertEqual(len(self.watchman.beats), before)

    def test_a_watchman_that_refuses_is_told_once_and_the_url_never(self):
        daemon = self.watch()
        self.watchman.status = 500
        self.watchman.wait_for_beats(5)
        daemon.wait_for_metric(
            lambda page: page.value("pilotlight_dead_man_beats_total", result="failed") >= 3,
            "failures to be counted")
        self.assertEqual(daemon.log().count("the heartbeat fails"), 1)
        self.assert_contains("HTTP 500", daemon.log())
        secret = self.watchman.path.rsplit("/", 1)[1]
        for path in ("/metrics", "/api/status", "/"):
            self.assertNotIn(secret, daemon.get(path).text)
        self.assertNotIn(secret, daemon.log())

    def test_a_reload_sends_it_elsewhere_and_ends_it(self):
        daemon = self.watch()
        other = self.start(Watchman())
        (daemon.folder / "url").write_text(other.beat_url + "\n")
        self.dead_man = {"url_file": "url", "every": "200ms"}
        daemon.write("pilotlight.yaml", self.configuration())
        other.wait_for_beats(3)
        self.wait_for_silence(daemon)

        third = self.start(Watchman())
        daemon.write("url", third.beat_url)
        third.wait_for_beats(3)

        self.dead_man = None
        daemon.write("pilotlight.yaml", self.configuration())
        def silent():
            return time.monotonic() - third.beats[-1] > 1.0
        wait_until(silent, 15, "the heartbeat to end")


if __name__ == "__main__":
    unittest.main()
