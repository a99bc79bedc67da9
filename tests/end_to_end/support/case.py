"""The base of every end-to-end test: things that start, and are stopped whatever happens."""

import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from .daemon import Daemon
from .process import tail

__unittest = True  # a failure shows the test's line, not this file's


class EndToEndTest(unittest.TestCase):
    """Each test has a folder of its own. A failed one prints the end of every log in it;
    PILOTLIGHT_TEST_KEEP=1 keeps the folder of a failed test."""

    def run(self, result=None):
        result = result or self.defaultTestResult()
        self.folder = Path(tempfile.mkdtemp(prefix="pilotlight-test-"))
        before = len(result.failures) + len(result.errors)
        try:
            super().run(result)
        finally:
            failed = len(result.failures) + len(result.errors) > before
            if failed:
                self._print_logs()
            if not (failed and os.environ.get("PILOTLIGHT_TEST_KEEP")):
                shutil.rmtree(self.folder, ignore_errors=True)
        return result

    def start(self, thing):
        """Starts anything with start() and stop(); its stop (or remove) is part of the test."""
        self.addCleanup(getattr(thing, "remove", thing.stop))
        thing.start()
        return thing

    def daemon(self, configuration, rules=None, alerting=None, files=None, environment=None,
               start=True, data=None):
        """A daemon that runs when this returns. `rules` becomes rules/test.yaml."""
        files = dict(files or {})
        if rules is not None:
            files["rules/test.yaml"] = rules
        if alerting is not None:
            files["alerting.yaml"] = alerting
        name = f"daemon{len(list(self.folder.glob('daemon*'))) or ''}"
        daemon = Daemon(self.folder / name, configuration, files, environment, data)
        if start:
            self.start(daemon)
        else:
            self.addCleanup(daemon.stop)
        return daemon

    def assert_contains(self, part, text):
        """assertIn with the needle first in the message and the text cut."""
        if part not in text:
            self.fail(f"{part!r} is not in:\n{text[-3000:]}")

    def assert_nothing_invalid(self, *receivers):
        """Nothing that the receivers were sent broke their services' rules."""
        for receiver in receivers:
            for one in receiver.invalid():
                self.fail(f"{type(receiver).__name__} was sent what it does not take: "
                          f"{', '.join(one.problems)}: {one.request.body[:2000]!r}")

    def _print_logs(self):
        for log in sorted(self.folder.rglob("*.log")):
            print(f"--- {self.id()}: end of {log.relative_to(self.folder)}\n"
                  f"{tail(log.read_text(errors='replace'))}", file=sys.stderr)
