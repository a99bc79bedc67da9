#!/usr/bin/env python3
"""Thousands of HTTP targets, probed and judged: Pilotlight beside the stack it stands in for.

    bench/probe_scale/run.py            # some ten minutes; --targets 1000 5000 20000

Both probe the same server with the same probe and judge by the same rules. Only figures of one run
count. See bench/README.md.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "bench/support")]

from support import Daemon, http_target, rule, rule_file  # noqa: E402

from board import TargetServer  # noqa: E402
from measure import cpu_seconds, machine, resident_mb  # noqa: E402
from stack import Stack  # noqa: E402

INTERVAL = 15
BODY = ['"status":\\s*"ok"']
ALERTING = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
RULES = rule_file(
    rule("Down", "probe_success == 0", hold="2m"),
    rule("Slow", "avg_over_time(probe_duration_seconds[5m]) > 2", hold="5m"),
    rule("VerySlow", "probe_duration_seconds > 5", hold="1m"),
    rule("SlowToConnect", 'probe_http_duration_seconds{phase="connect"} > 1', hold="5m"),
    rule("SlowToAnswer", 'probe_http_duration_seconds{phase="processing"} > 1', hold="5m"),
    rule("WrongStatus", "probe_http_status_code >= 500", hold="1m"),
    rule("Redirected", "probe_http_redirects > 3", hold="5m"),
    rule("BodyChanged", "probe_failed_due_to_regex == 1", hold="1m"),
    rule("Flapping", "changes(probe_success[10m]) > 6"),
    rule("Unavailable", "avg_over_time(probe_success[5m]) < 0.9", hold="5m"),
    rule("ManyDown", "sum(probe_success) / count(probe_success) < 0.5", hold="1m"),
    interval=f"{INTERVAL}s")


class Pilotlight:
    def __init__(self, folder, addresses):
        described = [http_target(f"bench-{n}", address, valid_status_codes=[200],
                                 fail_if_body_not_matches_regexp=BODY)
                     | {"interval": f"{INTERVAL}s", "timeout": "5s"}
                     for n, address in enumerate(addresses)]
        self._daemon = Daemon(folder, {"rule_files": ["rules.yaml"], "targets": described,
                                       "alerting_file": "alerting.yaml"},
                              {"rules.yaml": RULES, "alerting.yaml": ALERTING})

    def start(self):
        self._daemon.start(limit=60)

    def stop(self):
        self._daemon.stop()

    def cpu(self):
        return cpu_seconds(self._daemon.pid)

    def mb(self):
        return resident_mb(self._daemon.pid)

    def lateness(self):
        """Count of probes by upper bound, in seconds."""
        return {float(sample.labels["le"]): sample.value for sample in
                self._daemon.metrics().find("pilotlight_probe_lateness_seconds_bucket")}

    def page(self):
        """Wall and CPU milliseconds, series and megabytes of one /metrics."""
        began, cpu = time.monotonic(), self.cpu()
        text = self._daemon.get("/metrics").text
        took = time.monotonic() - began
        return {"ms": took * 1000, "cpu_ms": (self.cpu() - cpu) * 1000,
                "series": sum(not line.startswith("#") for line in text.splitlines()),
                "mb": len(text) / 1e6}


def measure(monitor, server, seconds):
    """CPU as a share of a core, megabytes and probes a second of one window."""
    probes, cpu, began = server.probed(), monitor.cpu(), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return {"core": (monitor.cpu() - cpu) / took, "mb": monitor.mb(),
            "rate": (server.probed() - probes) / took}


def late(before, after, share):
    """An upper bound of this share of the probes between the two readings."""
    bounds = sorted(after)
    total = after[bounds[-1]] - before.get(bounds[-1], 0)
    return next(bound for bound in bounds
                if after[bound] - before.get(bound, 0) >= share * total)


def pilotlight(folder, server, addresses, options):
    monitor = Pilotlight(folder, addresses)
    monitor.start()
    try:
        time.sleep(options.warm_up)
        before = monitor.lateness()
        result = measure(monitor, server, options.seconds)
        after = monitor.lateness()
        pages = [monitor.page() for _ in range(5)]
    finally:
        monitor.stop()
    middle = sorted(pages, key=lambda page: page["ms"])[2]
    print(f"  pilotlight: {result['core'] * 100:5.1f} % of a core, {result['mb']:6.1f} MB, "
          f"{result['rate']:.0f} probes/s; lateness p50 <= {late(before, after, .5) * 1000:g} ms, "
          f"p99 <= {late(before, after, .99) * 1000:g} ms; /metrics: {middle['series']} series, "
          f"{middle['mb']:.1f} MB in {middle['ms']:.0f} ms ({middle['cpu_ms']:.0f} ms of CPU)",
          flush=True)
    return result


def stack(folder, server, addresses, options):
    folder.mkdir()
    monitor = Stack(folder, addresses, f"{INTERVAL}s", RULES, ALERTING)
    monitor.start()
    try:
        time.sleep(options.warm_up)
        result = measure(monitor, server, options.seconds)
        each = ", ".join(f"{name} {resident_mb(pid):.0f} MB" for name, pid in
                         monitor.parts().items())
    finally:
        monitor.stop()
    print(f"  the stack:  {result['core'] * 100:5.1f} % of a core, {result['mb']:6.1f} MB, "
          f"{result['rate']:.0f} probes/s ({each})", flush=True)
    return result


def compare(folder, server, count, options):
    print(f"{count} HTTP targets every {INTERVAL} s, {options.seconds:g} s after "
          f"{options.warm_up:g} s:", flush=True)
    addresses = [server.url(f"/target/{n}") for n in range(count)]
    ours = pilotlight(folder / f"pilotlight-{count}", server, addresses, options)
    theirs = stack(folder / f"stack-{count}", server, addresses, options)
    print(f"  ratio: CPU {ours['core'] / theirs['core']:.3f} (goal 0.2), "
          f"memory {ours['mb'] / theirs['mb']:.3f} (goal 0.05)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=ROOT / "build/release/app/pilotlight", type=Path)
    parser.add_argument("--target-server", type=Path,
                        default=ROOT / "build/release/bench/probe_cost/bench_target_server")
    parser.add_argument("--targets", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--seconds", type=float, default=60.0, help="length of one window")
    parser.add_argument("--warm-up", type=float, default=45.0)
    parser.add_argument("--room", type=Path, default=ROOT / "build",
                        help="a folder on a real disk, for the journal and the TSDB")
    options = parser.parse_args()
    os.environ["PILOTLIGHT_BIN"] = str(options.bin.absolute())
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.room) as room:
        folder = Path(room)
        server = TargetServer(options.target_server.absolute(), folder)
        server.start()
        try:
            for count in options.targets:
                compare(folder, server, count, options)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
