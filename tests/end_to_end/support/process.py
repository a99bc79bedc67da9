"""A child process: its output in a file, stopped by its pid, dead when the test dies."""

import os
import signal
import subprocess
import time
from pathlib import Path

from .waiting import PATIENCE

__unittest = True  # a failure shows the test's line, not this file's


class Process:
    def __init__(self, name, command, log, env=None, user=None, cwd=None, keep=()):
        """`log` is the file that gets both outputs, appended to over restarts.

        `user` runs the command as that user when we are root (PostgreSQL refuses to be root);
        `keep` are descriptors that it inherits.
        """
        self.name = name
        self.log_path = Path(log)
        self._env = env
        self._cwd = cwd
        self._keep = keep
        self._child = None
        # The kernel kills the child should this process die first, a CTest timeout included.
        self._command = ["setpriv", "--pdeathsig", "SIGKILL"]
        if user and os.geteuid() == 0:
            self._command += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        self._command += ["--", *map(str, command)]

    def run_in(self, command):
        """Puts another command before ours, which must exec it."""
        own = self._command.index("--") + 1
        self._command[own:own] = map(str, command)

    @property
    def pid(self):
        return self._child.pid

    @property
    def exit_code(self):
        """None while it runs or before it started; negative after a signal."""
        return self._child.poll() if self._child else None

    def running(self):
        return self._child is not None and self._child.poll() is None

    def start(self):
        with open(self.log_path, "ab") as log:
            self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, env=self._env, cwd=self._cwd,
                                           pass_fds=self._keep)

    def send(self, number):
        self._child.send_signal(number)

    def stop(self, number=signal.SIGTERM, limit=15.0):
        """Signals and waits; kills and fails when it has not ended by the limit."""
        if not self.running():
            return self.exit_code
        self.send(number)
        try:
            return self._child.wait(limit * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {limit:g} s of "
                                 f"{signal.Signals(number).name}") from None

    def kill(self):
        if self.running():
            self._child.kill()
            self._child.wait()

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start_until(self, ready, limit, what):
        """Starts, and polls ready() until it is true; fails at once if the process ends."""
        self.start()
        started = time.monotonic()
        while not ready():
            if not self.running():
                raise AssertionError(f"{self.name} ended with {self.exit_code} before {what}:\n"
                                     f"{tail(self.log())}")
            if time.monotonic() - started > limit * PATIENCE:
                raise AssertionError(f"{self.name}: waited {limit:g} s for {what}:\n"
                                     f"{tail(self.log())}")
            time.sleep(0.015)


def tail(text, lines=40):
    return "\n".join(text.splitlines()[-lines:])
