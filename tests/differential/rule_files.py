"""Rule files that were good before something happened to a line of them."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

WHOLE = '''# Every key there is.
groups:
  - name: whole
    interval: 30s
    limit: 10
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
        labels:
          source: rules
      - alert: Down
        expr: up{job="api"} == 0
        for: 5m
        labels:
          severity: page
          owner: "{{ $labels.job }}"
        annotations:
          summary: '{{ $labels.instance }} is down ({{ $value | humanize }})'
          description: |
            Since {{ $value }}
            for a while.
  - name: flow
    rules: [{record: "a:b", expr: "1", labels: {x: y}}, {alert: B, expr: vector(1), for: 0s}]
'''

TWICE = '''groups:
  - name: first
    rules:
      - record: same:rule
        expr: up
      - record: same:rule
        expr: up + 0
      - alert: Same
        expr: up == 0
        labels: {severity: page}
      - alert: Same
        expr: up == 1
        labels: {severity: warning}
  - name: second
    rules:
      - record: same:rule
        expr: up
        labels: {a: b}
'''

KEYS = ("groups", "name", "interval", "limit", "rules", "record", "alert", "expr", "for", "labels",
        "annotations", "unknown", "Name", "__name__", "a-b", "")
VALUES = ("5m", "-1", "0", "1d12h", "5", "1.5", "true", "null", "~", '""', "''", "up", "sum(", "[]",
          "{}", "[a, b]", "{a: b}", '"{{ $value }}"', '"{{ $x }}"', '"{{ end }}"', "up == 0", "a b",
          "1e3", '"5"', "yes", "rate(up)", "up[5m]", "0x10", "100y1w", "01", "a:b", '"\\u00e9"',
          "&a up", "*a", "!!str 5", "|", "-", "'unclosed", '"{{ query }}"', "2024-01-01", "3m5m",
          "{a: {b: c}}", "[{}]", "{severity: }", "1_000", "+5", ".inf", "'a''b'", "# nothing")


# Of these Prometheus takes the text of whatever stands there: `expr: null` asks for the metric
# "null", and `alert: []` is no alert at all. We say that something is missing.
TEXTS = ("record", "alert", "expr")
NO_TEXTS = ("null", "~", "[]", "{}", "[a, b]", "{a: b}", "{a: {b: c}}", "[{}]", "{severity: }")


def seeds():
    shipped = sorted(path for path in (ROOT / "rules" / "shipped").glob("*.yaml")
                     if not path.name.endswith("_test.yaml"))
    return [WHOLE, TWICE, WHOLE + TWICE.split("\n", 1)[1]] + \
        [path.read_text(encoding="utf-8") for path in shipped]


def mutated(random, text):
    """The text with one to three of its lines changed."""
    lines = text.splitlines()
    for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
        at = random.randrange(len(lines))
        lines[at:at + 1] = _changed(random, lines[at])
    return "\n".join(lines) + "\n"


def _value(random, key):
    return random.choice([value for value in VALUES if key not in TEXTS or value not in NO_TEXTS])


def _changed(random, line):
    found = re.match(r"^(\s*(?:- )?)([\w ]+):(.*)$", line)
    ways = [lambda: [], lambda: [line, line], lambda: ["  " + line], lambda: [line[2:]],
            lambda: [line, line.replace("- ", "  ", 1)]]
    if found:
        begin, key, value = found.groups()
        other = random.choice(KEYS)
        inside = begin.replace("-", " ")
        ways = [*ways,
                *[lambda: [f"{begin}{key}: {_value(random, key)}"]] * 6,
                lambda: [f"{begin}{other}:{value}"],
                lambda: [line, f"{inside}{other}: {_value(random, other)}"],
                lambda: [f"{inside}{key}:{value}"], lambda: [f"{begin}{key}{value}"]]
    return random.choice(ways)()
