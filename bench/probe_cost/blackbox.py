"""Debian's prometheus-blackbox-exporter, asked for probes at a fixed pace."""

import json
import random
import re
import selectors
import socket
import time
from pathlib import Path

from support import Process, fetch, free_port

# The same probe as Pilotlight's: GET, status 200, the body read and matched.
_MODULES = {"modules": {"http": {"prober": "http", "timeout": "2s", "http": {
    "valid_status_codes": [200], "preferred_ip_protocol": "ip4",
    "fail_if_body_not_matches_regexp": ['"status":\\s*"ok"']}}}}


class Blackbox:
    def __init__(self, folder):
        self.port = free_port()
        config = Path(folder) / "blackbox.yml"
        config.write_text(json.dumps(_MODULES))
        self._process = Process("blackbox_exporter", [
            "prometheus-blackbox-exporter", f"--config.file={config}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"],
            Path(folder) / "blackbox.log")

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._process.start_until(self._ready, 10, "blackbox_exporter to be healthy")

    def stop(self):
        self._process.kill()  # it has nothing to lose

    def _ready(self):
        try:
            return fetch(f"http://127.0.0.1:{self.port}/-/healthy").status == 200
        except OSError:
            return False


class Pace:
    """Asks for one probe of each address per interval, each address at its own random phase, as
    Prometheus does, over keep-alive connections of which as many are opened as are busy at once."""

    def __init__(self, port, addresses, interval):
        self._port = port
        self._interval = interval
        phases = random.Random(1)
        start = time.monotonic() + 0.1
        self._due = sorted((start + phases.random() * interval, address) for address in addresses)
        self._idle = []
        self._selector = selectors.DefaultSelector()
        self.answered = 0
        self.failed = 0
        self.last_failure = ""

    def run(self, until):
        """Keeps the pace until this moment of time.monotonic()."""
        while time.monotonic() < until:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                moment, address = self._due.pop(0)
                self._ask(address)
                self._due.append((moment + self._interval, address))
            wait = max(0.0, min(self._due[0][0], until) - time.monotonic())
            for key, _ in self._selector.select(wait):
                self._read(key)

    def close(self):
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        for connection in self._idle:
            connection.close()
        self._selector.close()

    def _ask(self, address):
        connection = self._idle.pop() if self._idle else self._connect()
        connection.sendall(f"GET /probe?module=http&target={address} HTTP/1.1\r\n"
                           f"Host: 127.0.0.1\r\n\r\n".encode())
        self._selector.register(connection, selectors.EVENT_READ, bytearray())

    def _connect(self):
        connection = socket.create_connection(("127.0.0.1", self._port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _read(self, key):
        chunk = key.fileobj.recv(65536)
        if not chunk:
            raise RuntimeError("blackbox_exporter closed a connection")
        key.data.extend(chunk)
        if not _complete(key.data):
            return
        # Chunks end anywhere, also within a word.
        if b"\nprobe_success 1\n" in re.sub(rb"\r\n[0-9a-f]+\r\n", b"", key.data):
            self.answered += 1
        else:
            self.failed += 1
            self.last_failure = key.data.decode(errors="replace")
        self._selector.unregister(key.fileobj)
        self._idle.append(key.fileobj)


def _complete(answer):
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    lower = bytes(answer[:head]).lower()
    at = lower.find(b"content-length: ")
    if at >= 0:
        length = int(lower[at + 16:].split(b"\r\n")[0])
        return len(answer) >= head + 4 + length
    return answer.endswith(b"0\r\n\r\n")
