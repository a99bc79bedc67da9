"""`pilotlight probe`: what it shows of one probe, and of one after another."""

import json
import os
import pty
import signal
import subprocess
import unittest

from support import (App, Authority, EndToEndTest, free_port, pilotlight, target,
                     wait_until)
from support.daemon import binary, clean_environment


class ProbeCommand(EndToEndTest):
    def site(self, certificate, ca_file=None):
        """Watches a TLS site by a configuration of its own; what `probe` says of it."""
        site = self.start(App(certificate))
        entry = target("site", "http", f"https://localhost:{site.port}/api/health")
        if ca_file:
            entry["http"] = {"tls_config": {"ca_file": str(ca_file)}}
        config = self.folder / "pilotlight.yaml"
        config.write_text(json.dumps({"targets": [entry]}))
        return config

    def on_a_terminal(self, *words, **environment):
        ours, theirs = pty.openpty()
        with subprocess.Popen([binary(), *words], stdout=theirs, stdin=subprocess.DEVNULL,
                              env=clean_environment({"TERM": "xterm", **environment})) as process:
            os.close(theirs)
            shown = b""
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the other side was closed
                    piece = b""
                if not piece:
                    break
                shown += piece
            os.close(ours)
            process.wait()
        return shown.decode()

    def watch(self, *words):
        process = subprocess.Popen([binary(), "probe", *words, "--watch", "--interval", "50ms"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=clean_environment())

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def line_with(self, process, part):
        for line in process.stdout:
            if part in line:
                return line
        raise AssertionError(f"it ended without saying {part}")

    def test_bars_share_one_scale_and_colors_are_for_terminals(self):
        app = self.start(App())
        plain = pilotlight("probe", "http", app.health_url).out
        self.assertNotIn("\x1b", plain)
        bars = [line for line in plain.splitlines() if " ms  " in line]
        names = [line.split()[0] for line in bars]
        self.assertEqual(names, sorted(names, key=["resolve", "connect", "processing",
                                                   "transfer"].index))
        begins = [len(line) - len(line[29:].lstrip()) for line in bars]
        self.assertEqual(begins, sorted(begins))
        self.assertIn("\x1b[", self.on_a_terminal("probe", "http", app.health_url))
        self.assertNotIn("\x1b[", self.on_a_terminal("probe", "http", app.health_url,
                                                     NO_COLOR="1"))

    def test_a_chain_is_told_in_plain_words_whether_or_not_it_is_good(self):
        authority = Authority(self.folder / "ca")
        for certificate, ca_file, code, words in (
                (authority.valid(), authority.ca_file, 0,
                 ("leads to an authority that is trusted here", "expires in 89 days")),
                (authority.expired(), authority.ca_file, 1,
                 ("The TLS handshake failed: the certificate has expired.", " ago, on 20")),
                (authority.valid(), None, 1, ("The TLS handshake failed: ",))):
            with self.subTest(words):
                config = self.site(certificate, ca_file)
                done = pilotlight("probe", "--config", config, "site")
                self.assertEqual(done.code, code, done.text)
                for part in (*words, "CN=leaf", "for localhost",
                             "issued by CN=Pilotlight test authority"):
                    self.assert_contains(part, done.out)

    def test_json_has_all_of_it(self):
        authority = Authority(self.folder / "ca")
        config = self.site(authority.expired(), authority.ca_file)
        done = pilotlight("probe", "--config", config, "site", "--json")
        self.assertEqual(done.code, 1, done.text)
        told = json.loads(done.out)
        self.assertEqual((told["result"], told["phase"], told["reason"]),
                         ("failed", "tls", "certificate_expired"))
        self.assert_contains("the certificate has expired", told["in_words"])
        self.assertIn("connect", [each["name"] for each in told["phases"]])
        self.assertTrue(any(each["tried"] and not each["error"]
                            for each in told["evidence"]["addresses"]), done.out)
        leaf = told["evidence"]["tls"]["chain"][0]
        self.assertEqual((leaf["issuer"], leaf["names"][:1]),
                         ("CN=Pilotlight test authority", ["localhost"]))
        self.assertIn("probe_success", [each["labels"]["__name__"] for each in told["samples"]])

    def test_an_answer_that_is_not_wanted_is_shown_without_secrets(self):
        app = self.start(App())
        address = app.url.replace("//", "//bob:hunter2@") + "/none?key=hunter2"
        done = pilotlight("probe", "http", address)
        self.assertEqual(done.code, 1, done.text)
        for part in ("Getting an answer failed: the server answered with a status that is not "
                     "wanted.", "404"):
            self.assert_contains(part, done.out)
        self.assertNotIn("hunter2", done.text)
        self.assertNotIn("hunter2", pilotlight("probe", "http", address, "--json").text)

    def test_watching_marks_what_changes_until_it_is_told_to_end(self):
        app = self.start(App())
        process = self.watch("http", app.health_url)
        self.assertRegex(self.line_with(process, "  ok "), r"^  \d\d:\d\d:\d\d\.\d{3}Z  ok .* 200")
        app.status = 503
        changed = self.line_with(process, " 503 ")
        self.assertRegex(changed, r"^\* .* failed .*\(was ok, status was 200\)$")
        app.down()
        self.assertRegex(self.line_with(process, "Connecting failed"), r"^\* .*\(was failed \(")
        app.status = 200
        app.up()
        self.assertTrue(self.line_with(process, " ok ").startswith("*"))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(errors, r"^\d+ probes: \d+ ok, \d+ failed; [3-9] changes\n$")

    def test_watching_ends_while_a_probe_hangs(self):
        app = self.start(App())
        app.delay = 60
        process = self.watch("http", app.health_url, "--timeout", "60s")
        wait_until(lambda: app.hits > 0, 20, "the probe to begin")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        self.assertEqual((process.returncode, errors), (0, "0 probes: 0 ok; 0 changes\n"))

    def test_watching_so_many_times_says_by_its_status_whether_all_were_ok(self):
        app = self.start(App())
        words = ("--watch", "--interval", "10ms", "--count", "3")
        done = pilotlight("probe", "http", app.health_url, *words)
        self.assertEqual((done.code, done.errors), (0, "3 probes: 3 ok; 0 changes\n"))
        self.assertEqual(len(done.out.splitlines()), 3)
        done = pilotlight("probe", "tcp", f"127.0.0.1:{free_port()}", *words, "--json")
        self.assertEqual(done.code, 1)
        self.assertEqual([json.loads(line)["result"] for line in done.out.splitlines()],
                         ["failed"] * 3)

    def test_what_belongs_to_watching_is_refused_without_it(self):
        for words in (("--interval", "1s"), ("--count", "2")):
            self.assertEqual(pilotlight("probe", "http", "127.0.0.1:1", *words).code, 2)
        for interval in ("0s", "soon", "-1s"):
            done = pilotlight("probe", "http", "127.0.0.1:1", "--watch", "--interval", interval)
            self.assertEqual(done.code, 2, done.text)


if __name__ == "__main__":
    unittest.main()
