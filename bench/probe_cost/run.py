#!/usr/bin/env python3
"""Pilotlight beside blackbox_exporter: CPU per HTTP probe, and from a failure to its page.

    bench/probe_cost/run.py --bin build/release/app/pilotlight \\
        --target-server build/release/bench/probe_cost/bench_target_server

Only ratios and figures of one run count; the machine is named with them. See bench/README.md.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "bench/support")]

from support import Daemon, http_target, rule, rule_file, wait_until  # noqa: E402

from blackbox import Blackbox, Pace  # noqa: E402
from board import TargetServer  # noqa: E402
from measure import Disk, cpu_seconds, machine, median, quantile, resident_mb  # noqa: E402

WARM_UP = 5.0
BODY = ['"status":\\s*"ok"']


def watch(folder, server, targets, interval, alerting=None):
    """A daemon that probes `targets` targets and judges each by a rule, as it would in earnest."""
    described = [http_target(f"bench-{n}", server.url(f"/target/{n}"), valid_status_codes=[200],
                             fail_if_body_not_matches_regexp=BODY)
                 | {"interval": f"{int(interval * 1000)}ms"} for n in range(targets)]
    configuration = {"rule_files": ["rules.yaml"], "targets": described}
    files = {"rules.yaml": rule_file(rule("Down", "probe_success == 0"), interval="15s")}
    if alerting:
        configuration["alerting_file"] = "alerting.yaml"
        files["alerting.yaml"] = alerting
    return Daemon(folder, configuration, files)


def window(process, server, seconds, keep_busy):
    """CPU per probe in microseconds, probes per second and resident megabytes of one window."""
    keep_busy(time.monotonic() + WARM_UP)
    probes, cpu, started = server.probed(), cpu_seconds(process.pid), time.monotonic()
    keep_busy(started + seconds)
    probes, cpu = server.probed() - probes, cpu_seconds(process.pid) - cpu
    took = time.monotonic() - started
    return {"us": cpu / probes * 1e6, "rate": probes / took, "mb": resident_mb(process.pid)}


def pilotlight_window(folder, server, options):
    daemon = watch(folder, server, options.targets, options.interval)
    daemon.start()
    scrapes = [time.monotonic()]

    def keep_busy(until):
        # A Prometheus would fetch the results: once per 15 s, as with blackbox_exporter each time.
        while (left := until - time.monotonic()) > 0:
            if time.monotonic() >= scrapes[0]:
                daemon.get("/metrics")
                scrapes[0] += 15
            time.sleep(min(left, 0.2))
    try:
        return window(daemon, server, options.seconds, keep_busy)
    finally:
        daemon.stop()


def blackbox_window(folder, server, options):
    blackbox = Blackbox(folder)
    blackbox.start()
    pace = Pace(blackbox.port, [server.url(f"/target/{n}") for n in range(options.targets)],
                options.interval)
    try:
        measured = window(blackbox, server, options.seconds, pace.run)
        if pace.failed > (pace.answered + pace.failed) / 100:
            raise RuntimeError(f"{pace.failed} of {pace.answered + pace.failed} probes of "
                               "blackbox_exporter failed; is the machine too busy to measure on? "
                               f"The last one:\n{pace.last_failure}")
        return measured
    finally:
        pace.close()
        blackbox.stop()


def cost(folder, server, options):
    """Alternates A B A B, so that a slow hour of the machine meets both."""
    measured = {"pilotlight": [], "blackbox_exporter": []}
    for number in range(options.rounds):
        for name, run in (("pilotlight", pilotlight_window), ("blackbox_exporter", blackbox_window)):
            room = folder / f"{name}{number}"
            room.mkdir()
            one = run(room, server, options)
            measured[name].append(one)
            print(f"  {name:18} {one['us']:7.1f} us/probe at {one['rate']:6.1f}/s, "
                  f"{one['mb']:5.1f} MB", flush=True)
    result = {name: median([one["us"] for one in windows]) for name, windows in measured.items()}
    ratios = [ours["us"] / theirs["us"] for ours, theirs in
              zip(measured["pilotlight"], measured["blackbox_exporter"])]
    print(f"CPU per HTTP probe, median of {options.rounds} windows of {options.seconds:g} s each, "
          f"{options.targets} targets every {options.interval:g} s: "
          f"pilotlight {result['pilotlight']:.0f} us, "
          f"blackbox_exporter {result['blackbox_exporter']:.0f} us, "
          f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); goal 0.25")


def delay(folder, server, options):
    """Lets targets fail one after the other and waits for each page."""
    receiver = {"name": "bench", "pagerduty_configs": [
        {"routing_key": "0123456789abcdef0123456789abcdef", "url": server.url("/v2/enqueue"),
         "send_resolved": False}]}
    alerting = {"route": {"receiver": "bench", "group_by": ["alertname", "target"],
                          "group_wait": "0s", "group_interval": "1s", "repeat_interval": "4h"},
                "receivers": [receiver]}
    daemon = watch(folder / "delay", server, 100, 1.0, alerting)
    daemon.start()
    try:
        # Ends are not sent: they may wait for group_interval, and would be in the daemon's own
        # figure. Each target is up twice before it may fail.
        before = server.probed()
        wait_until(lambda: server.probed() > before + 200, 30, "the targets to be probed")
        with Disk(folder) as disk:
            for number in range(options.firings):
                fail_one(daemon, server, number % 100)
                time.sleep(options.pause)
            wait_until(lambda: len(server.ask("delays").splitlines()) >= options.firings, 30,
                       "every page", lambda: len(server.ask("delays").splitlines()))
        page = daemon.metrics()
    finally:
        daemon.stop()
    delays = [int(line.split()[1]) / 1e6 for line in server.ask("delays").splitlines()]
    own = page.value("pilotlight_notification_delay_seconds_sum") / page.value(
        "pilotlight_notification_delay_seconds_count") * 1000
    print(f"from a failing answer to its page's arrival, {len(delays)} pages, commit on disk "
          f"included: {spread(delays)}; goal 20 ms at p99 (Pilotlight itself counts {own:.2f} ms "
          f"on average until the acceptance)")
    print(f"of which the disk alone, tried beside it: {spread(disk.milliseconds)}")


def fail_one(daemon, server, number):
    """Lets a target fail that is up, as far as the daemon knows."""
    target = f"bench-{number}"
    wait_until(lambda: not daemon.metrics().alerts("Down", target=target), 30,
               f"{target} to be up again", every=0.1)
    server.ask(f"fail/{number}")


def spread(values):
    return (f"p50 {quantile(values, 0.5):.2f} ms, p90 {quantile(values, 0.9):.2f} ms, "
            f"p99 {quantile(values, 0.99):.2f} ms, longest {max(values):.2f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=ROOT / "build/release/app/pilotlight", type=Path)
    parser.add_argument("--target-server", type=Path,
                        default=ROOT / "build/release/bench/probe_cost/bench_target_server")
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of one window")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--firings", type=int, default=250)
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two failures")
    parser.add_argument("--only", choices=["cost", "delay"])
    parser.add_argument("--room", type=Path, default=ROOT / "build",
                        help="a folder on a real disk, for the journal")
    options = parser.parse_args()
    os.environ["PILOTLIGHT_BIN"] = str(options.bin.absolute())
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.room) as room:
        folder = Path(room)
        server = TargetServer(options.target_server.absolute(), folder)
        server.start()
        try:
            if options.only != "delay":
                cost(folder, server, options)
            if options.only != "cost":
                delay(folder, server, options)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
