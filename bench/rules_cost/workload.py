"""Rules and the series that they read: what both monitors are given.

Five kinds of rules in turn, each over one series of its own. One rule in a hundred fires, so that
templates are filled in and ALERTS is written, as on a bad day.
"""

import http.server
import threading
import time

GROUP_SIZE = 100
ZONES = ("eu-west", "eu-central", "us-east", "ap-south")

EXPRESSIONS = (
    'bench_up{{id="{n}"}} == 0',
    'bench_load{{id="{n}"}} > 100',
    'avg_over_time(bench_latency_seconds{{id="{n}"}}[5m]) > 5',
    'rate(bench_errors_total{{id="{n}"}}[5m]) > 100',
    'bench_queue{{id="{n}", zone=~"eu-.*|us-.*|ap-.*"}} > 1000',
)


def fires(number):
    return number % 100 == 0


def rules_text(count, generation=0):
    """A rule file; another generation is the same file after an edit of one rule's text."""
    lines = ["groups:"]
    for number in range(count):
        if number % GROUP_SIZE == 0:
            lines += [f"  - name: bench-{number // GROUP_SIZE}", "    rules:"]
        expression = EXPRESSIONS[number % len(EXPRESSIONS)].format(n=number)
        edited = f" (edited {generation})" if generation and number == count // 2 else ""
        lines += [
            f"      - alert: Bench{number}",
            f"        expr: {expression}",
            "        for: 1m",
            "        labels: {severity: " + ("critical" if number % 2 else "warning") + "}",
            "        annotations:",
            "          summary: \"{{ $labels.id }} is at {{ $value | humanize }}" + edited + "\"",
            "          description: >-",
            "            In {{ $labels.zone }} the value of {{ $labels.id }} is",
            "            {{ printf \"%.2f\" $value }}; see the handbook.",
            f"          runbook_url: https://runbooks.example.com/bench/{number % 50}",
        ]
    return "\n".join(lines) + "\n"


NAMES = ("bench_up", "bench_load", "bench_latency_seconds", "bench_errors_total", "bench_queue")


def exposition(count, seconds):
    """The series at a moment: `seconds` since the start."""
    lines = []
    for kind, name in enumerate(NAMES):
        lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
        for number in range(kind, count, len(NAMES)):
            labels = f'{{id="{number}",zone="{ZONES[number % 4]}"}}'
            lines.append(f"{name}{labels} {value(kind, number, seconds)}")
    return "\n".join(lines) + "\n"


def value(kind, number, seconds):
    wave = (number * 7 + int(seconds)) % 50
    return (0 if fires(number) else 1, wave, wave / 50, int(seconds * (number % 9)),
            wave * 10)[kind]


class Exporter:
    """Serves the series on loopback, for whoever scrapes."""

    def __init__(self, count):
        began = time.monotonic()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = exposition(count, time.monotonic() - began).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    print(rules_text(10_000), end="")
