"""Debian's amtool against a daemon, and a real Prometheus that sends its alerts there."""

import json
import subprocess
from pathlib import Path

from .configuration import as_text
from .http import fetch
from .ports import free_port
from .process import Process
from .waiting import PATIENCE

__unittest = True  # a failure shows the test's line, not this file's


class Amtool:
    """Runs amtool; an AssertionError with its words where it fails."""

    def __init__(self, daemon, folder):
        self.url = daemon.url
        self.folder = Path(folder)

    def __call__(self, *words, text=None):
        done = self.run(*words, text=text)
        if done.returncode != 0:
            raise AssertionError(f"amtool {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def run(self, *words, text=None):
        return subprocess.run(
            ["amtool", f"--alertmanager.url={self.url}", "--no-version-check", *map(str, words)],
            input=text, text=True, capture_output=True, timeout=20 * PATIENCE, cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "USER": "tester"})

    def json(self, *words):
        return json.loads(self("-o", "json", *words) or "[]") or []


class SendingPrometheus:
    """A Prometheus that evaluates `rules` every half second and sends its alerts to the daemon."""

    def __init__(self, folder, daemon, rules, resend="1s"):
        self.port = free_port()
        data = Path(folder) / f"prometheus-{self.port}"
        data.mkdir()
        manager = {"static_configs": [{"targets": [daemon.address]}]}
        config = {"global": {"evaluation_interval": "500ms",
                             "external_labels": {"cluster": "east"}},
                  "rule_files": ["rules.yml"], "alerting": {"alertmanagers": [manager]}}
        (data / "prometheus.yml").write_text(json.dumps(config))
        (data / "rules.yml").write_text(as_text(rules))
        self.rules = data / "rules.yml"
        self._process = Process("Prometheus", [
            "prometheus", f"--config.file={data}/prometheus.yml",
            f"--storage.tsdb.path={data}/tsdb", "--web.enable-lifecycle",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--rules.alert.resend-delay={resend}", "--log.level=warn"],
            Path(folder) / "prometheus.log")

    def start(self):
        self._process.start_until(self._ready, 20, "Prometheus to be ready")

    def stop(self):
        self._process.stop()

    def kill(self):
        self._process.kill()

    def change(self, rules):
        self.rules.write_text(as_text(rules))
        answer = fetch(f"http://127.0.0.1:{self.port}/-/reload", "POST")
        if answer.status != 200:
            raise AssertionError(f"the reload: {answer.status} {answer.text}")

    def _ready(self):
        try:
            return fetch(f"http://127.0.0.1:{self.port}/-/ready", limit=2).status == 200
        except OSError:
            return False
