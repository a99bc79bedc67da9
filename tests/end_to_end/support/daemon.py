"""The program under test: the daemon with its files, and its other commands."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .exposition import Metrics
from .http import fetch
from .ports import free_port
from .process import Process, tail
from .waiting import PATIENCE, wait_until

__unittest = True  # a failure shows the test's line, not this file's

ROOT = Path(__file__).resolve().parents[3]
_SANITIZER_REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer",
                      "UndefinedBehaviorSanitizer", ": runtime error: ", "PILOT_CHECK")


def binary():
    """The program: PILOTLIGHT_BIN, or the release build's."""
    path = Path(os.environ.get("PILOTLIGHT_BIN", ROOT / "build/release/app/pilotlight")).absolute()
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} is no program: build it, or set PILOTLIGHT_BIN")
    return path


class Daemon:
    """`pilotlight run` in a folder of its own, on a free port.

    The configuration is the text of pilotlight.yaml or what json.dumps makes of it (JSON is YAML);
    `files` are further files in its folder by name, in the same forms.
    """

    def __init__(self, folder, configuration, files=None, environment=None, data=None):
        self.folder = Path(folder)
        self.data = data or self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        for name, content in {"pilotlight.yaml": configuration, **(files or {})}.items():
            self.write(name, content)
        self._process = Process(
            "pilotlight", [binary(), "run", "--config", self.folder / "pilotlight.yaml",
                           "--listen", f"127.0.0.1:{self.port}", "--data", self.data],
            self.folder / "pilotlight.log", env=clean_environment(environment),
            # Relative paths must start from the file, not from here.
            cwd="/")

    def run_in(self, command):
        """Starts it by `command`, which gets ours as further arguments and ends in exec."""
        self._process.run_in(command)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def pid(self):
        return self._process.pid

    def start(self, limit=15.0):
        self._process.start_until(self._ready, limit, "the daemon to be ready")

    def stop(self):
        """SIGTERM; the daemon must end in order, with 0."""
        if not self._process.running():
            return
        code = self._process.stop(limit=15)
        if code != 0:
            raise AssertionError(f"pilotlight ended with {code} after SIGTERM:\n{tail(self.log())}")
        self.assert_no_report()

    def kill(self):
        """kill -9."""
        self._process.kill()

    def running(self):
        return self._process.running()

    def send(self, number):
        self._process.send(number)

    def reload(self):
        self.send(signal.SIGHUP)

    def write(self, name, content):
        """Replaces a file as an editor does, by renaming: the daemon never sees half of it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str):
            content = json.dumps(content, indent=2) + "\n"
        new = path.with_name(path.name + ".new")
        new.write_text(content)
        new.rename(path)
        return path

    def log(self):
        return self._process.log()

    def assert_no_report(self):
        """No sanitizer and no assertion of the daemon's own has spoken."""
        for line in self.log().splitlines():
            if any(mark in line for mark in _SANITIZER_REPORTS):
                raise AssertionError(f"{line}\n{tail(self.log(), 80)}")

    # What it says.

    def get(self, path, **headers):
        return fetch(self.url + path, headers=headers)

    def post(self, path, body=b"", **headers):
        return fetch(self.url + path, "POST", body, headers)

    def metrics(self):
        answer = self.get("/metrics")
        if answer.status != 200:
            raise AssertionError(f"/metrics answered {answer.status}: {answer.text[:300]}")
        return Metrics(answer.text)

    def wait_for_metric(self, wanted, what, limit=15.0):
        """Polls /metrics until wanted(metrics) gives something true; returns that."""
        return wait_until(lambda: wanted(self.metrics()), limit, what, every=0.05)

    def wait_for_value(self, expected, name, limit=15.0, **labels):
        """Waits for the one such sample to have the value."""
        wait_until(lambda: self.metrics().value(name, **labels) == expected, limit,
                   f"{name}{labels or ''} to be {expected}",
                   lambda: self.metrics().find(name, **labels) or "none", every=0.05)

    def wait_for_alert(self, name, state="firing", limit=15.0, **labels):
        return self.wait_for_metric(lambda metrics: metrics.alerts(name, state, **labels),
                                    f"ALERTS to have {name} {state}", limit)

    def wait_for_no_alert(self, name, limit=15.0, **labels):
        wait_until(lambda: not self.metrics().alerts(name, **labels), limit,
                   f"ALERTS to have no {name}", lambda: self.metrics().alerts(name), every=0.05)

    def _ready(self):
        try:
            return self.get("/-/ready").status == 200
        except OSError:
            return False


@dataclass
class Finished:
    code: int
    out: str
    errors: str

    @property
    def text(self):
        return self.out + self.errors


def pilotlight(*arguments, cwd=None, environment=None, limit=30.0, text=None):
    """Runs one command to its end; `text` is its standard input."""
    done = subprocess.run([binary(), *map(str, arguments)], cwd=cwd, text=True, errors="replace",
                          env=clean_environment(environment), input=text or "",
                          capture_output=True, timeout=limit * PATIENCE)
    finished = Finished(done.returncode, done.stdout, done.stderr)
    for mark in _SANITIZER_REPORTS:
        if mark in finished.text:
            raise AssertionError(f"pilotlight {' '.join(map(str, arguments))}: {finished.text}")
    return finished


def clean_environment(more=None):
    """No proxies and no variables of the developer's own, but the sanitizers' options."""
    kept = {name: value for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "TZ") or name.endswith("SAN_OPTIONS")}
    return {**kept, **(more or {})}
