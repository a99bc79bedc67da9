"""`pilotlight demo`: within a minute a newcomer has seen an alert fire and resolve."""

import signal
import unittest

from support import (EndToEndTest, Metrics, Process, binary, clean_environment, fetch,
                     free_port, wait_until)


class Demo(EndToEndTest):
    def setUp(self):
        self.address = f"127.0.0.1:{free_port()}"

    def start_demo(self, *options):
        self.demo = Process("demo", [binary(), "demo", "--listen", self.address, *options],
                            self.folder / "demo.log", cwd=self.folder,
                            env=clean_environment({"TMPDIR": str(self.folder)}))
        self.addCleanup(self.demo.stop)
        self.demo.start_until(self.ready, 15, "the demo to be ready")

    def ready(self):
        try:
            return fetch(f"http://{self.address}/-/ready").status == 200
        except OSError:
            return False

    def switch(self, fault):
        return fetch(f"http://{self.address}/demo/fault/{fault}", "POST")

    def wait_for_printed(self, *parts, limit=40.0):
        wait_until(lambda: all(part in self.demo.log() for part in parts), limit,
                   f"the terminal to show {parts}", lambda: self.demo.log()[-1500:], every=0.1)

    def test_a_fault_fires_and_resolves_within_a_minute(self):
        self.start_demo("--no-show")
        self.assertEqual(self.switch("app-down").status // 100, 2)
        self.wait_for_printed("ApplicationDown", limit=30)
        self.wait_for_printed("esolved", limit=60)

    def test_shows_one_fault_unasked(self):
        self.start_demo()
        self.wait_for_printed("ApplicationDown", "esolved", limit=75)

    def test_an_unknown_fault_is_refused_with_those_there_are(self):
        self.start_demo("--no-show")
        answer = self.switch("no-such-fault")
        self.assertEqual(answer.status, 404)
        self.assertIn("app-down", answer.text)

    def test_another_sites_page_switches_nothing(self):
        self.start_demo("--no-show")
        answer = fetch(f"http://{self.address}/demo/fault/app-down", "POST",
                       headers={"Origin": "https://evil.example.com"})
        self.assertEqual(answer.status, 403)

    def test_ends_with_ctrl_c_and_leaves_nothing(self):
        self.start_demo("--no-show")
        self.assertEqual(self.demo.stop(signal.SIGINT), 0)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["demo.log"])

    def test_starts_healthy(self):
        self.start_demo("--no-show")
        def metrics():
            return Metrics(fetch(f"http://{self.address}/metrics").text)
        probed = wait_until(lambda: metrics().find("probe_success"), 15, "the first probes")
        self.assertEqual([one.labels for one in probed if one.value != 1], [])
        health = fetch(f"http://{self.address}/api/health").json()
        self.assertEqual(health["status"], "ok", health)


if __name__ == "__main__":
    unittest.main()
