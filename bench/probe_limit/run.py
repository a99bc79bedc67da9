#!/usr/bin/env python3
"""A probe beside the least that any client must pay: raw epoll, and OpenSSL with one SSL_CTX.

    bench/probe_limit/run.py            # some four minutes; --only http https resumed

Both clients are one program (bench_probe_limit), asked in turn; only the ratios of one run count.
See bench/README.md.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "bench/support")]

from support import Authority, Process, free_port  # noqa: E402

from board import TargetServer  # noqa: E402
from measure import machine, median  # noqa: E402

GOALS = {"http": 1.4, "https": 1.15, "resumed": 1.2}

NGINX = """daemon off;
worker_processes 1;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  default_type application/json;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_session_cache shared:bench:10m;
    location / {{ return 200 '{{"status": "ok", "database": "ok"}}'; }}
  }}
}}
"""


class TlsServer:
    """Debian's nginx with a certificate of its own authority."""

    def __init__(self, folder):
        authority = Authority(folder / "ca")
        certificate = authority.valid()
        self.ca_file = authority.ca_file
        self.port = free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=self.port, key=certificate.key,
                                       certificate=certificate.chain,
                                       user="root" if os.geteuid() == 0 else "nobody"))
        self._process = Process("nginx", ["nginx", "-p", folder, "-c", config],
                                folder / "nginx.log")

    def start(self):
        self._process.start_until(self._accepts, 10, "nginx to listen")

    def stop(self):
        self._process.stop()

    def _accepts(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def ask(options, client, protocol, port, ca_file):
    """CPU per probe in microseconds."""
    done = subprocess.run([options.program, client, protocol, str(port), str(options.seconds),
                           str(options.in_flight), str(ca_file)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{client} {protocol}: {done.stderr}")
    cost, probes, failed = done.stdout.split()
    if int(failed) > int(probes) / 100:
        raise RuntimeError(f"{client} {protocol}: {failed} of {probes} failed: {done.stderr}")
    return float(cost)


def compare(options, protocol, port, ca_file):
    """Alternates A B A B, so that a slow moment of the machine meets both."""
    costs = {"raw": [], "pilotlight": []}
    for _ in range(options.rounds):
        for client, measured in costs.items():
            measured.append(ask(options, client, protocol, port, ca_file))
    ratios = [ours / raw for ours, raw in zip(costs["pilotlight"], costs["raw"])]
    print(f"{protocol:8} pilotlight {median(costs['pilotlight']):6.1f} us, "
          f"raw {median(costs['raw']):6.1f} us, ratio {median(ratios):.2f} "
          f"({min(ratios):.2f} to {max(ratios):.2f}); goal {GOALS[protocol]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    build = ROOT / "build/release/bench"
    parser.add_argument("--program", type=Path, default=build / "probe_limit/bench_probe_limit")
    parser.add_argument("--target-server", type=Path,
                        default=build / "probe_cost/bench_target_server")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of one window")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--only", nargs="+", choices=list(GOALS), default=list(GOALS))
    options = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as room:
        plain = TargetServer(options.target_server.absolute(), Path(room))
        encrypted = TlsServer(Path(room))
        plain.start()
        encrypted.start()
        try:
            for protocol in options.only:
                port = plain.port if protocol == "http" else encrypted.port
                compare(options, protocol, port, encrypted.ca_file)
        finally:
            encrypted.stop()
            plain.stop()


if __name__ == "__main__":
    main()
