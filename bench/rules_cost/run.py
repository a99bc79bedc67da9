#!/usr/bin/env python3
"""Pilotlight beside Prometheus: CPU per evaluation of a rule, and a reload of 10,000 rules.

    bench/rules_cost/run.py --bin build/release/app/pilotlight

Only ratios and figures of one run count; the machine is named with them. See bench/README.md.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "bench/support")]

from support import Daemon, Process, fetch, free_port, wait_until  # noqa: E402

from measure import cpu_seconds, machine, median, resident_mb  # noqa: E402
from workload import Exporter, rules_text  # noqa: E402


class Prometheus:
    """Scrapes the exporter, and evaluates the rules if there are any."""

    counter = "prometheus_rule_evaluations_total"

    def __init__(self, folder, port, options, rules):
        self.port = free_port()
        folder.mkdir()
        self._rules = folder / "rules.yml"
        interval = f"{options.interval:g}s"
        config = {"global": {"scrape_interval": interval, "scrape_timeout": interval,
                             "evaluation_interval": interval},
                  "scrape_configs": [{"job_name": "bench", "static_configs": [
                      {"targets": [f"127.0.0.1:{port}"], "labels": {"target": "bench"}}]}]}
        if rules:
            self.edit(rules)
            config["rule_files"] = [str(self._rules)]
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self._process = Process("Prometheus", [
            "prometheus", f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb", "--web.enable-lifecycle",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
            folder / "prometheus.log")

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._process.start_until(self._ready, 60, "Prometheus to be ready")

    def stop(self):
        self._process.stop()

    def edit(self, rules):
        self._rules.write_text(rules)

    def reload(self):
        return fetch(f"http://127.0.0.1:{self.port}/-/reload", "POST", b"", {}, limit=60)

    def evaluations(self):
        return total(fetch(f"http://127.0.0.1:{self.port}/metrics").text, self.counter)

    def _ready(self):
        try:
            return fetch(f"http://127.0.0.1:{self.port}/-/ready", limit=2).status == 200
        except OSError:
            return False


class Pilotlight:
    """The same; besides, one TCP target is probed ten times a second, to see whether a reload
    costs a probe."""

    counter = "pilotlight_rule_evaluations_total"

    def __init__(self, folder, port, options, rules):
        interval = f"{options.interval:g}s"
        config = {"defaults": {"evaluation_interval": interval}, "targets": [
            {"name": "bench", "prober": "scrape", "target": f"http://127.0.0.1:{port}/metrics",
             "interval": interval, "timeout": interval},
            {"name": "beat", "prober": "tcp", "target": f"127.0.0.1:{port}", "interval": "100ms",
             "timeout": "100ms"}]}
        files = {}
        if rules:
            config["rule_files"] = ["rules.yaml"]
            files["rules.yaml"] = rules
        self.daemon = Daemon(folder, config, files)

    @property
    def pid(self):
        return self.daemon.pid

    def start(self):
        self.daemon.start(limit=60)

    def stop(self):
        self.daemon.stop()

    def edit(self, rules):
        self.daemon.write("rules.yaml", rules)

    def reload(self):
        return self.daemon.post("/-/reload")

    def evaluations(self):
        return total(self.daemon.get("/metrics").text, self.counter)

    def probes(self):
        return total(self.daemon.get("/metrics").text, 'pilotlight_probes_total{prober="tcp"')


def total(page, begin):
    """The sum of the samples whose line begins so: names with the first labels."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines()
               if line.startswith(begin))


def cost(pairs, options):
    """CPU per evaluation: of the monitor with rules, less that of one that only scrapes."""
    print(f"  {options.warm_up:g} s until ranges are full, then {options.seconds:g} s", flush=True)
    time.sleep(options.warm_up)
    before = {name: reading(pair) for name, pair in pairs.items()}
    time.sleep(options.seconds)
    result = {}
    for name, pair in pairs.items():
        evaluations, judging, scraping = (now - then for now, then in
                                          zip(reading(pair), before[name]))
        result[name] = (judging - scraping) / evaluations * 1e6
        print(f"  {name:10} {result[name]:7.2f} us an evaluation: {evaluations:.0f} evaluations, "
              f"{judging:.2f} s CPU with rules, {scraping:.2f} s without; "
              f"{resident_mb(pair[0].pid):.0f} MB with, {resident_mb(pair[1].pid):.0f} MB without",
              flush=True)
    print(f"CPU per evaluation, {options.rules} rules every {options.interval:g} s: pilotlight "
          f"{result['pilotlight']:.2f} us, prometheus {result['prometheus']:.2f} us, ratio "
          f"{result['pilotlight'] / result['prometheus']:.3f}; goal 0.05")


def reading(pair):
    with_rules, without = pair
    return with_rules.evaluations(), cpu_seconds(with_rules.pid), cpu_seconds(without.pid)


def reloads(pairs, options):
    """From the request to the answer, one rule of all edited each time."""
    for name, (monitor, _) in pairs.items():
        times = []
        began, probes = time.monotonic(), monitor.probes() if name == "pilotlight" else 0
        for generation in range(1, options.reloads + 1):
            rules = rules_text(options.rules, generation)
            monitor.edit(rules)
            asked = time.monotonic()
            answer = monitor.reload()
            times.append((time.monotonic() - asked) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{name} refused the reload: {answer.text}")
            time.sleep(2)
        print(f"reload of {options.rules} rules, {name}: median {median(times):.0f} ms "
              f"({min(times):.0f} to {max(times):.0f})")
        if name == "pilotlight":
            made = monitor.probes() - probes
            due = (time.monotonic() - began) / 0.1
            print(f"  probes meanwhile: {made:.0f} of {due:.1f} that were due")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=ROOT / "build/release/app/pilotlight", type=Path)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--interval", type=float, default=15.0, help="seconds")
    parser.add_argument("--warm-up", type=float, default=330.0, help="seconds")
    parser.add_argument("--seconds", type=float, default=150.0, help="length of the window")
    parser.add_argument("--reloads", type=int, default=5)
    parser.add_argument("--room", type=Path, default=ROOT / "build", help="a folder on a real disk")
    options = parser.parse_args()
    os.environ["PILOTLIGHT_BIN"] = str(options.bin.absolute())
    print(machine(), flush=True)
    rules = rules_text(options.rules)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.room) as room, \
            Exporter(options.rules) as exporter, contextlib.ExitStack() as running:
        pairs = {}
        for name, kind in (("pilotlight", Pilotlight), ("prometheus", Prometheus)):
            pairs[name] = [kind(Path(room) / f"{name}-{what}", exporter.port, options, text)
                           for what, text in (("rules", rules), ("scrape", None))]
            for monitor in pairs[name]:
                monitor.start()
                running.callback(monitor.stop)
        wait_until(lambda: all(pair[0].evaluations() > 0 for pair in pairs.values()), 60,
                   "the first evaluations")
        cost(pairs, options)
        reloads(pairs, options)


if __name__ == "__main__":
    main()
