"""Prometheus's text format 0.0.4, read strictly."""

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?\d+))?")
_COMMENT = re.compile(rf"# (?:(TYPE) ({_NAME}) (\w+)|(HELP) ({_NAME})(?: .*)?)")
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass(frozen=True)
class Sample:
    name: str
    labels: dict = field(hash=False)
    value: float = 0.0


class Metrics:
    """One /metrics page."""

    def __init__(self, text):
        self.text = text
        self.samples = []
        self.types = {}
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self._read(line)
            except ValueError as error:
                raise AssertionError(f"/metrics line {number}: {error}: {line}") from None

    def find(self, name, **labels):
        """The samples of this name that have at least these labels."""
        return [one for one in self.samples if one.name == name
                and all(one.labels.get(key) == value for key, value in labels.items())]

    def value(self, name, **labels):
        """The value of the one such sample; None where there is none."""
        found = self.find(name, **labels)
        if len(found) > 1:
            raise AssertionError(f"{len(found)} samples are {name}{labels}, expected one")
        return found[0].value if found else None

    def names(self):
        return {one.name for one in self.samples}

    def alerts(self, name=None, state=None, **labels):
        """The samples of ALERTS, by name and state."""
        wanted = dict(labels)
        if name:
            wanted["alertname"] = name
        if state:
            wanted["alertstate"] = state
        return self.find("ALERTS", **wanted)

    def _read(self, line):
        if not line:
            return
        if line.startswith("#"):
            comment = _COMMENT.fullmatch(line)
            if comment and comment[1]:
                if comment[2] in self.types:
                    raise ValueError("a second TYPE of the same name")
                self.types[comment[2]] = comment[3]
            return
        sample = _SAMPLE.fullmatch(line)
        if not sample:
            raise ValueError("no sample")
        self.samples.append(Sample(sample[1], _labels(sample[2] or ""), float(sample[3])))


def _labels(text):
    labels, at = {}, 0
    while at < len(text):
        label = _LABEL.match(text, at)
        if not label:
            raise ValueError(f"bad labels at {text[at:]!r}")
        if label[1] in labels:
            raise ValueError(f"label {label[1]} twice")
        labels[label[1]] = re.sub(r'\\["\\n]', lambda found: _ESCAPES[found[0]], label[2])
        at = label.end()
    return labels
