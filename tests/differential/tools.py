"""Prometheus's promtool and Pilotlight on the same files, and what each of them says."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

PROMTOOL = shutil.which("promtool")
PILOTLIGHT = os.environ.get(
    "PILOTLIGHT_BIN",
    str(pathlib.Path(__file__).resolve().parents[2] / "build/release/app/pilotlight"))


class Tool:
    """One of the two programs: the words of its command line that differ."""

    def __init__(self, name, program, test, check):
        self.name = name
        self._program = program
        self._test = test
        self._check = check

    def test_rules(self, path):
        """Output of `test rules`, both streams in one."""
        return self._run(*self._test, path)[1]

    def check_rules(self, path, *flags):
        """(exit code, output) of `check rules`."""
        return self._run(*self._check, *flags, path)

    def check_rules_of(self, paths, *flags):
        """Output of `check rules` of several files, both streams in one."""
        return self._run(*self._check, *flags, *paths)[1]

    def _run(self, *arguments):
        done = subprocess.run([self._program, *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        if done.returncode < 0:
            raise AssertionError(f"{self.name} ended by signal {-done.returncode}")
        return done.returncode, done.stdout.decode("utf-8", "replace")


PROMETHEUS = Tool("promtool", PROMTOOL, ["test", "rules"], ["check", "rules"])
OURS = Tool("pilotlight", PILOTLIGHT, ["test", "rules", "--prometheus", "2"],
            ["check", "rules", "--prometheus", "2"])
BOTH = (PROMETHEUS, OURS)


def require():
    """Says what is missing, before anything else fails because of it."""
    if PROMTOOL is None:
        raise SystemExit("promtool is missing: Debian's package prometheus has it")
    if not os.access(PILOTLIGHT, os.X_OK):
        raise SystemExit(f"no pilotlight at {PILOTLIGHT}: build it, or name it in PILOTLIGHT_BIN")


class Folder:
    """A temporary folder of files written as JSON, which is YAML."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="pilotlight-differential-")
        self.path = pathlib.Path(self._folder.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def write(self, name, value):
        path = self.path / name
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        return path
