"""Targets that misbehave in every way, probed by one daemon at once: each has its reason."""

import gzip
import socket
import threading
import unittest

from support import EndToEndTest, http_target, target, wait_until

TIMEOUT = 2
HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(64 << 20))


class Misbehaving:
    """Accepts and hands each connection to `behave(connection, ended)` on a thread of its own."""

    def __init__(self, behave, reads=True):
        self._behave = behave
        self._reads = reads
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self):
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self):
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(20)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection):
        with connection:
            try:
                if self._reads:
                    connection.recv(65536)
                self._behave(connection, self._ended)
            except OSError:
                pass  # the prober hung up, as it should


def says_nothing(connection, ended):
    while connection.recv(65536) and not ended.is_set():
        pass


def trickles_head(connection, ended):
    for byte in HEAD + b"X: " + b"y" * 10_000:
        connection.sendall(bytes([byte]))
        if ended.wait(0.1):
            return


def trickles_body(connection, ended):
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    while not ended.wait(0.1):
        connection.sendall(b"x")


def sends_headers_for_ever(connection, ended):
    connection.sendall(HEAD)
    while not ended.is_set():
        connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")


def sends_body_for_ever(connection, ended):
    connection.sendall(HEAD + b"\r\n")
    while not ended.is_set():
        connection.sendall(b"z" * 65536)


def sends_a_bomb(connection, _):
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
                       + BOMB)


def redirects_for_ever(connection, _):
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


def promises_more(connection, _):
    connection.sendall(HEAD + b"Content-Length: 100\r\n\r\nshort")


def speaks_no_http(connection, _):
    connection.sendall(b"220 mail.example.com ESMTP\r\n")


def hangs_up(connection, _):
    connection.shutdown(socket.SHUT_RDWR)


# What a target does, and the phase and reason that are told.
HTTP = {
    "says-nothing": (says_nothing, "response/timeout"),
    "trickles-head": (trickles_head, "response/timeout"),
    "trickles-body": (trickles_body, "body/timeout"),
    "headers-for-ever": (sends_headers_for_ever, "response/header_too_large"),
    "redirects-for-ever": (redirects_for_ever, "response/too_many_redirects"),
    "promises-more": (promises_more, "body/truncated"),
    "speaks-no-http": (speaks_no_http, "response/protocol"),
    "hangs-up": (hangs_up, "response/closed"),
    "body-for-ever": (sends_body_for_ever, "body/body_too_large"),
    "bomb": (sends_a_bomb, "body/body_too_large"),
}
TLS = {
    "tls-says-nothing": (says_nothing, "tls/timeout"),
    "tls-hangs-up": (hangs_up, "tls/closed"),
    "tls-speaks-none": (speaks_no_http, "tls/not_tls"),
}


class HostileTargets(EndToEndTest):
    def serve(self, behave):
        server = Misbehaving(behave)
        self.addCleanup(server.close)
        return server.port

    def test_each_has_a_bounded_end_with_its_reason(self):
        times = {"interval": "3s", "timeout": f"{TIMEOUT}s"}
        described = [
            http_target(name, f"http://127.0.0.1:{self.serve(behave)}/",
                        fail_if_body_not_matches_regexp=["status: good"],
                        body_size_limit="1MB") | times
            for name, (behave, _) in HTTP.items()]
        described += [target(name, "tls", f"127.0.0.1:{self.serve(behave)}") | times
                      for name, (behave, _) in TLS.items()]
        daemon = self.daemon({"targets": described})

        def reasons(metrics):
            return {sample.labels["target"]: f"{sample.labels['phase']}/{sample.labels['reason']}"
                    for sample in metrics.find("probe_failure_info")}

        expected = {name: reason for name, (_, reason) in (HTTP | TLS).items()}
        wait_until(lambda: reasons(daemon.metrics()) == expected, 60, "every target's reason",
                   lambda: {name: reason for name, reason in reasons(daemon.metrics()).items()
                            if expected[name] != reason})
        metrics = daemon.metrics()
        for name in expected:
            with self.subTest(name):
                self.assertEqual(metrics.value("probe_success", target=name), 0)
                # Far below what the slow ones would take.
                self.assertLess(metrics.value("probe_duration_seconds", target=name),
                                TIMEOUT + 10)
        # The bomb was cut where the body's limit is.
        self.assertLessEqual(
            metrics.value("probe_http_uncompressed_body_length", target="bomb"), 1 << 20)


if __name__ == "__main__":
    unittest.main()
