#!/usr/bin/env python3
"""Pilotlight beside Prometheus and Alertmanager: from a decided alert to the receiver.

    bench/alert_delivery/run.py --bin build/release/app/pilotlight \\
        --receiver build/release/bench/alert_delivery/bench_alert_receiver

Only ratios and figures of one run count; the machine is named with them. See bench/README.md.
"""

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "bench/support")]

from support import (Alertmanager, Daemon, Process, fetch, free_port, rule, rule_file,  # noqa: E402
                     wait_until)

from board import BoardServer  # noqa: E402
from measure import Disk, cpu_seconds, machine, quantile, resident_mb  # noqa: E402

EACH = ["alertname", "bench"]
SHARD = ["alertname", "shard"]
RULE = rule("Bad", "bench_bad == 1", description="Series {{ $labels.bench }} is bad.")


class Receiver(BoardServer):
    """receiver.cpp: what is scraped, and the webhook."""

    def __init__(self, program, folder):
        super().__init__("receiver", program, folder)
        self.hook = self.url("/hook")

    def counted(self):
        """Messages, alerts, and when the last new alert came, in seconds."""
        messages, alerts, last = self.ask("count").split()
        return int(messages), int(alerts), int(last) / 1e9

    def stamps(self):
        """By alert: when the page that said it was sent (0: never), when it came; in seconds."""
        lines = [line.split() for line in self.ask("stamps").splitlines()]
        return {int(number): (int(sent) / 1e9, int(came) / 1e9) for number, sent, came in lines}

    def wait_for(self, alerts, limit):
        wait_until(lambda: self.counted()[1] >= alerts, limit, f"{alerts} alerts", self.counted,
                   every=0.05)


def routes(receiver, group_by):
    return {"route": {"receiver": "bench", "group_by": group_by, "group_wait": "0s",
                      "group_interval": "1s", "repeat_interval": "4h"},
            "receivers": [{"name": "bench", "webhook_configs": [
                {"url": receiver.hook, "send_resolved": False}]}]}


def pilotlight(folder, receiver, group_by, scrape=None):
    """`scrape`: how often the series are read, where they are."""
    targets = [{"name": "series", "prober": "scrape", "target": receiver.url("/metrics"),
                "interval": scrape, "timeout": scrape}] if scrape else []
    return Daemon(folder, {"targets": targets, "rule_files": ["rules.yaml"],
                           "alerting_file": "alerting.yaml"},
                  {"rules.yaml": rule_file(RULE, interval="15s"),
                   "alerting.yaml": routes(receiver, group_by)})


class AlertmanagerAlone:
    """Told of alerts by its API, as a Prometheus would."""

    def __init__(self, folder, receiver, group_by):
        folder.mkdir()
        self._process = Alertmanager(folder, routes(receiver, group_by))
        self.url = self._process.url

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._process.start()

    def stop(self):
        self._process.stop()


class PrometheusBefore:
    """A Prometheus that scrapes, judges and tells an Alertmanager."""

    def __init__(self, folder, receiver, group_by, scrape):
        self._alertmanager = AlertmanagerAlone(folder, receiver, group_by)
        self.port = free_port()
        (folder / "rules.yml").write_text(json.dumps(rule_file(RULE, interval=scrape)))
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": scrape, "scrape_timeout": scrape,
                       "evaluation_interval": scrape},
            "rule_files": [str(folder / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [
                {"targets": [self._alertmanager.url.removeprefix("http://")]}]}]},
            "scrape_configs": [{"job_name": "series", "static_configs": [
                {"targets": [f"127.0.0.1:{receiver.port}"], "labels": {"target": "series"}}]}]}))
        self._process = Process("Prometheus", [
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn"], folder / "prometheus.log")

    def start(self):
        self._alertmanager.start()
        self._process.start_until(self._ready, 60, "Prometheus to be ready")

    def stop(self):
        self._process.stop()
        self._alertmanager.stop()

    def cpu(self):
        return cpu_seconds(self._process.pid) + cpu_seconds(self._alertmanager.pid)

    def mb(self):
        return resident_mb(self._process.pid) + resident_mb(self._alertmanager.pid)

    def _ready(self):
        try:
            return fetch(f"http://127.0.0.1:{self.port}/-/ready", limit=2).status == 200
        except OSError:
            return False


def cpu_of(monitor):
    return monitor.cpu() if hasattr(monitor, "cpu") else cpu_seconds(monitor.pid)


def mb_of(monitor):
    return monitor.mb() if hasattr(monitor, "mb") else resident_mb(monitor.pid)


def at_once(folder, receiver, options):
    """Every series goes bad in one scrape."""
    count = options.alerts
    for shards, group_by, what in ((count, EACH, "one message each"),
                                   (options.groups, SHARD, f"in {options.groups} groups")):
        for name, make in (("pilotlight", pilotlight), ("prometheus+alertmanager",
                                                        PrometheusBefore)):
            receiver.ask(f"series/{count}/{shards}")
            monitor = make(folder / f"{name}-{shards}", receiver, group_by, scrape="1s")
            monitor.start()
            try:
                # Seen good at least twice, so that nothing of a start is measured.
                time.sleep(4)
                cpu = cpu_of(monitor)
                receiver.ask("bad/all")
                receiver.wait_for(count, 180)
                cpu = cpu_of(monitor) - cpu
                messages, alerts, last = receiver.counted()
                began = min(sent for sent, _ in receiver.stamps().values() if sent)
                first = min(came for _, came in receiver.stamps().values())
                print(f"  {name:24} {alerts} alerts, {what}: all there after {last - began:.2f} s, "
                      f"the first after {first - began:.2f} s, {messages} messages, "
                      f"{cpu:.2f} s CPU, {mb_of(monitor):.0f} MB", flush=True)
            finally:
                monitor.stop()


def post(monitor, numbers, round_of=""):
    alerts = [{"labels": {"alertname": "Bad", "severity": "critical", "bench": str(number),
                          "round": round_of},
               "annotations": {"summary": f"Bad on {number}",
                               "description": f"Series {number} is bad."},
               "startsAt": datetime.datetime.now(datetime.timezone.utc).isoformat()}
              for number in numbers]
    answer = fetch(monitor.url + "/api/v2/alerts", "POST", json.dumps(alerts).encode(),
                   {"Content-Type": "application/json"}, limit=60)
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {answer.text}")


def peers(folder, receiver):
    return (("pilotlight", pilotlight(folder / "pilotlight", receiver, EACH)),
            ("alertmanager", AlertmanagerAlone(folder / "alertmanager", receiver, EACH)))


def sustained(folder, receiver, options):
    """Alerts posted to the API faster than they can be told, in batches of 200."""
    for name, monitor in peers(folder, receiver):
        receiver.ask("series/0/1")
        monitor.start()
        try:
            post(monitor, [0])
            receiver.wait_for(1, 10)
            receiver.ask("clear")
            cpu, began = cpu_seconds(monitor.pid), time.monotonic()
            for batch in range(1, options.sustained + 1, 200):
                post(monitor, range(batch, min(batch + 200, options.sustained + 1)))
            posted = time.monotonic() - began
            receiver.wait_for(options.sustained, 300)
            messages, alerts, last = receiver.counted()
            cpu = cpu_seconds(monitor.pid) - cpu
            print(f"  {name:24} {alerts / (last - began):.0f} notifications a second: {alerts} "
                  f"alerts in {messages} messages within {last - began:.2f} s (posting them took "
                  f"{posted:.2f} s), {cpu / messages * 1e6:.0f} us CPU each, "
                  f"{resident_mb(monitor.pid):.0f} MB", flush=True)
        finally:
            monitor.stop()


def delay(folder, receiver, options):
    """One alert at a time."""
    receiver.ask(f"series/{options.firings}/1")
    daemon = pilotlight(folder / "scraped", receiver, EACH, scrape="100ms")
    daemon.start()
    try:
        time.sleep(2)
        with Disk(folder) as disk:
            for number in range(options.firings):
                receiver.ask(f"bad/{number}")
                receiver.wait_for(number + 1, 30)
    finally:
        daemon.stop()
    delays = [(came - sent) * 1000 for sent, came in receiver.stamps().values()]
    print(f"  pilotlight, from the page with the sample to the message: {spread(delays)}; goal "
          "20 ms at p99")
    print(f"  of which the disk alone, tried beside it: {spread(disk.milliseconds)}")
    (folder / "posted").mkdir()
    for name, monitor in peers(folder / "posted", receiver):
        receiver.ask("series/0/1")
        monitor.start()
        try:
            posted = []
            for number in range(options.firings):
                posted.append(time.monotonic())
                post(monitor, [number])
                receiver.wait_for(number + 1, 30)
            came = receiver.stamps()
            print(f"  {name}, from the POST to its API to the message: "
                  + spread([(came[number][1] - posted[number]) * 1000
                            for number in range(options.firings)]), flush=True)
        finally:
            monitor.stop()


def spread(values):
    return (f"p50 {quantile(values, 0.5):.2f} ms, p90 {quantile(values, 0.9):.2f} ms, "
            f"p99 {quantile(values, 0.99):.2f} ms, longest {max(values):.2f} ms")


def idle(folder, _receiver, options):
    """Resident memory with the shipped rules, after a start."""
    shipped = [str(path) for path in sorted((ROOT / "rules/shipped").glob("*.yaml"))
               if not path.name.endswith("_test.yaml")]
    for count in (0, 10, 200):
        port = free_port()
        with_targets = [{"name": f"target-{n}", "prober": "tcp", "target": f"127.0.0.1:{port}",
                         "interval": "1s", "timeout": "1s"} for n in range(count)]
        daemon = Daemon(folder / f"idle-{count}", {"targets": with_targets, "rule_files": shipped},
                        {})
        daemon.start()
        try:
            time.sleep(options.settle)
            rollup = Path(f"/proc/{daemon.pid}/smaps_rollup").read_text()
            sizes = {line.split(":")[0]: int(line.split()[1]) / 1024
                     for line in rollup.splitlines()[1:]}
            print(f"  {count} targets: {sizes['Rss']:.1f} MB resident, {sizes['Pss']:.1f} MB "
                  f"proportional, {sizes['Private_Dirty']:.1f} MB its own; goal 20 MB", flush=True)
        finally:
            daemon.stop()


PARTS = {"at_once": at_once, "sustained": sustained, "delay": delay, "idle": idle}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=ROOT / "build/release/app/pilotlight", type=Path)
    parser.add_argument("--receiver", type=Path,
                        default=ROOT / "build/release/bench/alert_delivery/bench_alert_receiver")
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--sustained", type=int, default=30_000, help="alerts")
    parser.add_argument("--firings", type=int, default=300)
    parser.add_argument("--settle", type=float, default=20.0, help="seconds before memory is read")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--room", type=Path, default=ROOT / "build",
                        help="a folder on a real disk, for the journals")
    options = parser.parse_args()
    os.environ["PILOTLIGHT_BIN"] = str(options.bin.absolute())
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.room) as room:
        for name in options.only:
            folder = Path(room) / name
            folder.mkdir()
            receiver = Receiver(options.receiver.absolute(), folder)
            receiver.start()
            try:
                print(f"{name}: {PARTS[name].__doc__}", flush=True)
                PARTS[name](folder, receiver, options)
            finally:
                receiver.stop()


if __name__ == "__main__":
    main()
