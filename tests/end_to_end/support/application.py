"""The application that is watched: health, metrics, TLS, and the ways in which it can fail."""

import json
import threading
import time

from .http import HttpServer

_BUCKETS = (0.1, 0.5, 1.0, 2.0, 5.0)


class App(HttpServer):
    """GET /api/health answers {"status": "ok"}; /metrics counts simulated traffic.

    The switches count from the next request on: `status`, `body`, `delay` (seconds before the
    answer) for /api/health; `error_rate` and `latency` for the traffic that /metrics tells of;
    down() and up() for the whole.
    """

    def __init__(self, certificate=None, traffic=200.0):
        super().__init__(certificate.context() if certificate else None)
        self.status = 200
        self.body = json.dumps({"status": "ok", "database": "ok"}).encode()
        self.delay = 0.0
        self.error_rate = 0.0
        self.latency = 0.05
        self.hits = 0
        self._traffic = traffic
        self._counts = {"200": 0.0, "500": 0.0}
        self._buckets = dict.fromkeys([*map(str, _BUCKETS), "+Inf"], 0.0)
        self._latency_sum = 0.0
        self._counted_at = time.monotonic()
        self._counting = threading.Lock()
        self._stopped = threading.Event()

    @property
    def health_url(self):
        return self.url + "/api/health"

    @property
    def metrics_url(self):
        return self.url + "/metrics"

    def present(self, certificate):
        """Shows another certificate from the next connection on."""
        self.tls = certificate.context()

    def stop(self):
        self._stopped.set()
        super().stop()

    def answer(self, request):
        if request.path == "/api/health":
            self.hits += 1
            if self.delay:
                self._stopped.wait(self.delay)
            return self.status, {"Content-Type": "application/json"}, self.body
        if request.path == "/metrics":
            text = self._exposition().encode()
            return 200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}, text
        return 404, {"Content-Type": "text/plain"}, b"not found\n"

    def _exposition(self):
        with self._counting:
            self._count()
            lines = ["# HELP http_requests_total Requests by status.",
                     "# TYPE http_requests_total counter"]
            lines += [f'http_requests_total{{status="{status}"}} {int(count)}'
                      for status, count in self._counts.items()]
            lines += ["# HELP http_request_duration_seconds Time to answer.",
                      "# TYPE http_request_duration_seconds histogram"]
            lines += [f'http_request_duration_seconds_bucket{{le="{bound}"}} {int(count)}'
                      for bound, count in self._buckets.items()]
            lines += [f"http_request_duration_seconds_sum {self._latency_sum:.3f}",
                      f"http_request_duration_seconds_count {int(self._buckets['+Inf'])}"]
        return "\n".join(lines) + "\n"

    def _count(self):
        """Adds the traffic since the last look: `traffic` requests a second."""
        now = time.monotonic()
        requests = (now - self._counted_at) * self._traffic
        self._counted_at = now
        self._counts["500"] += requests * self.error_rate
        self._counts["200"] += requests * (1 - self.error_rate)
        self._latency_sum += requests * self.latency
        for bound in self._buckets:
            if bound == "+Inf" or self.latency <= float(bound):
                self._buckets[bound] += requests
