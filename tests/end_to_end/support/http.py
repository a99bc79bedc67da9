"""HTTP on loopback: a client that never raises on a status, and a server that can misbehave."""

import http.client
import http.server
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .ports import free_port


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def fetch(url, method="GET", body=None, headers=None, limit=10.0):
    """One request, no redirects followed, no proxies. Raises OSError where there is no answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=limit)
    try:
        path = parts.path or "/"
        if parts.query:
            path += "?" + parts.query
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {error!r}") from error
    finally:
        connection.close()


@dataclass
class Request:
    """What arrived: `at` is monotonic, `wall` is the Unix time, both in seconds."""
    method: str
    path: str
    headers: dict
    body: bytes
    at: float = field(default_factory=time.monotonic)
    wall: float = field(default_factory=time.time)

    def json(self):
        return json.loads(self.body)


class HttpServer:
    """A server on a port of its own. Subclasses answer; down() closes everything, up() reopens.

    `tls` is an ssl.SSLContext or None; setting it counts from the next connection on.
    """

    def __init__(self, tls=None):
        self.port = free_port()
        self.tls = tls
        self._listener = None
        self._connections = set()
        self._lock = threading.Lock()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def answer(self, request):
        """Returns (status, headers, body), or a function that is given the socket instead."""
        raise NotImplementedError

    def start(self):
        self.up()

    def stop(self):
        self.down()

    def up(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(512)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self):
        """Refuses from now on: the port is closed and so is every open connection."""
        if self._listener is None:
            return
        _close(self._listener)
        self._listener = None
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _close(connection)

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection
        try:
            if self.tls is not None:
                stream = self.tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._connections.add(stream)
            _Handler(stream, self)
        except (OSError, ssl.SSLError, ValueError):
            pass  # the client left, or down() took the connection away
        finally:
            with self._lock:
                self._connections -= {connection, stream}
            _close(stream)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment
    disable_nagle_algorithm = True

    def __init__(self, stream, owner):
        super().__init__(stream, ("127.0.0.1", 0), owner)

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # A dictionary with lower-case names: HTTP's are case-insensitive.
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(Request(self.command, self.path, headers, body))
        if callable(answer):
            answer(self.connection)
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _serve

    def log_message(self, *_):
        pass


def reset(connection):
    """Answers with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _close(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    try:
        connection.close()
    except OSError:
        pass
