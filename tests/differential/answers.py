"""What `test rules` prints where nothing is as expected, as values that can be compared."""

import json
import math
import re

_ENTRY = re.compile(r'^    expr: "', re.M)


class Answer:
    """An expression's samples, {labels: value}, or the error that it gave."""

    def __init__(self, text):
        self.text = text
        self.error = None
        self.samples = {}
        error = re.search(r'^    expr: "(?:[^"\\]|\\.)*", time: \S+, err: (.*)', text, re.S)
        if error:
            self.error = error.group(1).strip()
            return
        got = re.search(r"\n        got: (.*)", text, re.S).group(1).strip()
        self.samples = dict(_samples(got)) if got != "nil" else {}

    def __str__(self):
        if self.error is not None:
            return f"error: {self.error}"
        return self.text.rsplit("got: ", 1)[1].strip()

    def same_as(self, other):
        if (self.error is None) != (other.error is None):
            return False
        if self.samples.keys() != other.samples.keys():
            return False
        return all(same(value, other.samples[labels]) for labels, value in self.samples.items())


def expression_answers(output, count):
    """One Answer for each of `count` expressions, in their order."""
    begins = [found.start() for found in _ENTRY.finditer(output)]
    if len(begins) != count:
        raise AssertionError(f"{len(begins)} answers to {count} expressions:\n{output[:2000]}")
    ends = begins[1:] + [len(output)]
    return [Answer(output[begin:end]) for begin, end in zip(begins, ends)]


def same(one, two):
    """1e-9 relative; NaN is NaN, and zero has a sign. Below 1e-13 all is rounding: the differences
    of what should be equal."""
    if math.isnan(one) or math.isnan(two):
        return math.isnan(one) and math.isnan(two)
    if one == two:
        return one != 0 or math.copysign(1, one) == math.copysign(1, two)
    near = max(1e-9 * max(abs(one), abs(two)), 1e-13)
    return math.isfinite(one - two) and abs(one - two) <= near


def _samples(text):
    """`{a="b"} 1E+00, {} NaN` as (labels, value)."""
    at = 0
    while at < len(text):
        end = _labels_end(text, at)
        labels, at = text[at:end], end + 1
        stop = text.find(", {", at)
        stop = len(text) if stop < 0 else stop
        yield labels, float(text[at:stop])
        at = stop + 2


def _labels_end(text, at):
    """Behind the brace that closes the labels; braces in quotes do not."""
    quoted = False
    while True:
        if quoted and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == "}" and not quoted:
            return at + 1
        at += 1


def shown(value):
    return json.dumps(value, ensure_ascii=False)
