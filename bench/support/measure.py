"""What a process costs, read from /proc, and the middle of many measurements."""

import os
import statistics
import threading
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of all threads so far. The kernel scales both to the scheduler's own
    nanosecond account; what is read here is rounded to a tick (10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no VmRSS")


def quantile(values, q):
    """The smallest value that at least the share `q` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(q * 1000) * len(ordered) // 1000) - 1)]


class Disk:
    """What the disk itself takes to make 4 KB durable, tried every 50 ms while this runs: no
    commit can be faster, and its worst moments are those of whoever else writes."""

    def __init__(self, folder):
        self._path = Path(folder) / "disk"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._try)
        self.milliseconds = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _try(self):
        with open(self._path, "wb", buffering=0) as file:
            while not self._ended.wait(0.05):
                file.write(b"x" * 4096)
                started = time.monotonic()
                os.fdatasync(file.fileno())
                self.milliseconds.append((time.monotonic() - started) * 1000)


def median(values):
    return statistics.median(values)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in
                  Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
                 "unknown processor")
    return (f"{model}, {os.cpu_count()} processors, Linux {os.uname().release}")
