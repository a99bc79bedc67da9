"""Random expressions of PromQL as Prometheus 2.42 has it, well-typed, over the series of a Sheet.

Left out on purpose, because there is no one answer to compare:

- `predict_linear(m[5m] @ 100, ...)` within a subquery: 2.42 moves the range along with the steps;
  Prometheus 3 keeps it where `@` says, and so do we.
- `timestamp(m offset 1m @ 100)`: Prometheus takes the newest sample up to 100 of those that it
  fetched, which are the ones up to 40; so negative offsets do nothing. We take the one at 40.
- Words within the brackets of a range: 2.42 takes any letter there for the colon of a subquery,
  so that `m[5m x]` is `m[5m:]`.
- `count_values` of what Go's and C's mathematics compute: the last digit becomes a label.
- What asks mathematics for more than it has: sines of 1e40, hyperbolic sines near the largest
  number, logarithms of numbers below 1e-308, which Go's own give wrong.
- The order of what sort() gives, which a unit test does not show: templates.py asks for it.
"""

import re

import series

ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
SETS = ("and", "or", "unless")
AGGREGATIONS = ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")

VECTOR_FUNCTIONS = (
    "abs", "absent", "ceil", "exp", "floor", "ln", "log10", "log2", "sgn", "sort", "sort_desc",
    "sqrt", "timestamp", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour",
    "minute", "month", "year", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh",
    "sin", "sinh", "tan", "tanh", "deg", "rad", "round", "histogram_count", "histogram_sum")
COUNTER_FUNCTIONS = ("rate", "irate", "increase", "resets")
RANGE_FUNCTIONS = (
    "delta", "idelta", "deriv", "changes", "avg_over_time", "min_over_time", "max_over_time",
    "sum_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time",
    "present_over_time", "absent_over_time")
# What a broken expression may have too much of.
TOKENS = ("(", ")", "[5m]", "[5m:1m]", "{", "}", "by (job)", "on (job)", "bool", "offset 1m", "@ 5",
          ",", "-", "g", "1", '"text"', "sum", "rate", "group_left", "unless", "=~", "==", "#",
          "[5m", "nothing()", "5m", "count_values", "time()", "1.5e", "$", "'")
DATE_FUNCTIONS = ("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute",
                  "month", "year")


class Expressions:
    """Expressions that are all different; the same random source gives the same ones again."""

    def __init__(self, random, sheet):
        self.random = random
        self.sheet = sheet

    def expression(self):
        """Mostly a vector; what promtool tests can also be a scalar."""
        depth = self.random.choice([1, 2, 2, 3, 3, 4])
        return self.scalar(depth) if self.random.random() < 0.08 else self.vector(depth)

    def broken(self):
        """What was an expression before a word of it was lost, doubled or moved."""
        text = self.vector(self.random.choice([1, 2]))
        words = re.findall(r'\[.*?\]|"(?:[^"\\]|\\.)*"|[\w.:]+|[=!<>]=|[=!]~|\S', text)
        at = self.random.randrange(len(words))
        way = self.random.randrange(4)
        if way == 0:
            del words[at]
        elif way == 1:
            words.insert(at, self.random.choice(words))
        elif way == 2:
            words[at] = self.random.choice(TOKENS)
        else:
            words.insert(at, self.random.choice(TOKENS))
        return " ".join(words) if words else "()"

    # Small parts.

    def _pick(self, *ways):
        """Calls one of `ways`, each a function or (weight, function)."""
        weights = [way[0] if isinstance(way, tuple) else 1 for way in ways]
        chosen = self.random.choices(ways, weights)[0]
        return chosen[1]() if isinstance(chosen, tuple) else chosen()

    def _number(self):
        return self.random.choice([
            "0", "1", "2", "-1", "0.5", "3.7", "-2.25", "1e3", "1e-3", "0x1F", "017", ".5", "NaN",
            "Inf", "-Inf", "100", "1e308", "-0", "10"])

    def _duration(self):
        return self.random.choice(["1s", "15s", "30s", "45s", "1m", "2m", "3m", "5m", "7m30s",
                                   "10m", "1m1s500ms", "1h", "100ms"])

    def _label(self):
        return self.random.choice([*series.LABELS, "job", "instance", "le", "absent"])

    def _labels(self, most=2):
        count = self.random.randint(0, most)
        return ", ".join(self.random.sample(["job", "instance", "mode", "le", "zone", "absent"],
                                            count))

    def _matcher(self):
        label = self.random.choice(series.LABELS)
        op, values = self.random.choice([
            ("=", ["api", "db", "a:1", "", "idle"]), ("!=", ["api", "db", "b:2", "", "user"]),
            ("=~", ["a.*", "api|db", ".+", ".*", "", "[a-c]:[12]", "(?i:API)"]),
            ("!~", ["a.*", "web|db", ".+", "", "c:3"])])
        return f'{label}{op}"{self.random.choice(values)}"'

    def _modifiers(self):
        parts = []
        if self.random.random() < 0.2:
            sign = "-" if self.random.random() < 0.3 else ""
            parts.append(f"offset {sign}{self._duration()}")
        if self.random.random() < 0.12:
            whole = self.random.randint(-60, self.sheet.seconds * series.STEPS)
            at = self.random.choice([str(whole), f"{whole}.5", "start()", "end()"])
            parts.append(f"@ {at}")
        self.random.shuffle(parts)
        return "".join(" " + part for part in parts)

    def _plain_selector(self, names):
        if self.random.random() < 0.06:
            matchers = [f'__name__=~"{self.random.choice(["g|c", "c|d", "h|one", "s.+|when"])}"']
            name = ""
        else:
            matchers, name = [], self.random.choice(names)
        matchers += [self._matcher() for _ in range(self.random.choice([0, 0, 0, 0, 0, 1, 1, 2]))]
        return name + ("{" + ",".join(matchers) + "}" if matchers else "")

    def selector(self, names=series.GAUGES + series.COUNTERS):
        return self._plain_selector(names) + self._modifiers()

    # Types.

    def scalar(self, depth):
        if depth <= 0:
            return self._number()
        return self._pick(
            (3, self._number), lambda: "time()", lambda: "pi()",
            (2, lambda: f"scalar({self.vector(depth - 1)})"),
            (2, lambda: self._between(self.scalar(depth - 1), self.scalar(depth - 1), ARITHMETIC)),
            lambda: self._between(self.scalar(depth - 1), self.scalar(depth - 1),
                                  [f"{op} bool" for op in COMPARISONS]),
            lambda: f"-({self.scalar(depth - 1)})")

    def matrix(self, depth, names=series.GAUGES):
        if depth <= 0 or self.random.random() < 0.7:
            return f"{self._plain_selector(names)}[{self._duration()}]{self._modifiers()}"
        step = self.random.choice(["", "15s", "30s", "1m", "2m", "47s"])
        inner = self.vector(depth - 1)
        reach = self.random.choice(["1m", "3m", "5m", "10m", "12m30s"])
        return f"({inner})[{reach}:{step}]{self._modifiers()}"

    def vector(self, depth):
        if depth <= 0:
            return self.selector()
        return self._pick(
            (2, self.selector), (5, lambda: self._binary(depth)),
            (4, lambda: self._aggregation(depth)), (4, lambda: self._vector_function(depth)),
            (5, lambda: self._range_function(depth)), (1, lambda: self._label_function(depth)),
            (1, lambda: self._quantiles(depth)), (1, lambda: self._several(depth)),
            (1, lambda: f"vector({self.scalar(depth - 1)})"),
            (1, lambda: f"-{self.selector()}"), (1, lambda: f"({self.vector(depth - 1)})"))

    def _operand(self, text):
        """In parentheses now and then, so that precedence and associativity count."""
        return f"({text})" if self.random.random() < 0.6 else text

    def _between(self, left, right, operators):
        return f"{self._operand(left)} {self.random.choice(operators)} {self._operand(right)}"

    def _matching(self, is_set):
        if self.random.random() < 0.35:
            return ""
        words = f" {self.random.choice(['on', 'ignoring'])} ({self._labels(3)})"
        if not is_set and self.random.random() < 0.45:
            side = self.random.choice(["group_left", "group_right"])
            words += f" {side}" + self.random.choice(["", " ()", f" ({self._labels()})"])
        return words

    def _binary(self, depth):
        kind = self.random.random()
        if kind < 0.25:
            sides = [self.vector(depth - 1), self.scalar(depth - 1)]
            self.random.shuffle(sides)
            comparisons = [*COMPARISONS, *(f"{op} bool" for op in COMPARISONS)]
            return self._between(*sides, [*ARITHMETIC, *comparisons])
        if kind < 0.45:
            operators = [op + self._matching(True) for op in SETS]
        else:
            operators = [*ARITHMETIC, *COMPARISONS, *(f"{op} bool" for op in COMPARISONS)]
            operators = [op + self._matching(False) for op in operators]
        if self.random.random() < 0.35:
            # The same series on both sides match one another.
            name = self.random.choice(["g", "h", "c", "small"])
            return self._between(self._wrapped(name, depth), self._wrapped(name, depth), operators)
        return self._between(self.vector(depth - 1), self.vector(depth - 1), operators)

    def _wrapped(self, name, depth):
        return self._pick(lambda: self.selector([name]),
                          lambda: f"sum by (job) ({self.selector([name])})",
                          lambda: f"rate({self.matrix(0, [name])})",
                          lambda: f"{self.selector([name])} > {self.scalar(depth - 2)}")

    def _aggregation(self, depth):
        inner = self.vector(depth - 1)
        name, argument = self._pick(
            (7, lambda: (self.random.choice(AGGREGATIONS), "")),
            (2, lambda: (self.random.choice(["topk", "bottomk"]),
                         self.random.choice(["0", "1", "2", "3", "5", "-1", "1.9"]) + ", ")),
            lambda: ("quantile", self.random.choice(["0.5", "0", "1", "0.9", "-1", "2", "NaN"]) +
                     ", "))
        if self.random.random() < 0.1:
            # The names of the values are compared to the last digit.
            inner = self._pick(self.selector, lambda: f"floor(clamp({inner}, -1e6, 1e6))")
            name, argument = "count_values", f'"{self.random.choice(["value", "job", "v"])}", '
        if self.random.random() < 0.3:
            return f"{name}({argument}{inner})"
        grouping = f"{self.random.choice(['by', 'without'])} ({self._labels(3)})"
        if self.random.random() < 0.5:
            return f"{name} {grouping} ({argument}{inner})"
        return f"{name}({argument}{inner}) {grouping}"

    def _vector_function(self, depth):
        name = self.random.choice(VECTOR_FUNCTIONS)
        if name in DATE_FUNCTIONS and self.random.random() < 0.7:
            return self.random.choice([f"{name}()", f"{name}({self.selector(['when'])})"])
        inner = self.vector(depth - 1)
        if name in ("sin", "cos", "tan"):
            inner = f"clamp({inner}, -1000, 1000)"
        if name == "timestamp" and " @ " in inner:
            inner = f"-({inner})"
        return f"{name}({inner})"

    def _range_function(self, depth):
        if self.random.random() < 0.4:
            name = self.random.choice(COUNTER_FUNCTIONS)
            return f"{name}({self.matrix(depth - 1, series.COUNTERS)})"
        inner = self.matrix(depth - 1)
        number = self._number()
        factors = self.random.choice(["0.1, 0.9", "0.5, 0.5", "0.99, 0.01"])
        return self._pick(
            (12, lambda: f"{self.random.choice(RANGE_FUNCTIONS)}({inner})"),
            lambda: f"quantile_over_time({number}, {inner})",
            lambda: f"predict_linear({self._unfixed(inner)}, "
                    f"{self.random.choice(['60', '3600', '-30', number])})",
            lambda: f"holt_winters({inner}, {factors})")

    def _unfixed(self, text):
        return re.sub(r" @ (?:-?[\d.]+|start\(\)|end\(\))", "", text)

    def _label_function(self, depth):
        inner = self.vector(depth - 1)
        target = self.random.choice(["job", "fresh", "mode", "__name__"])
        pattern, replacement = self.random.choice([
            ("(.*)", "x-$1"), ("(.)(.*)", "$2$1"), ("a.*", "yes"), (".+", ""), ("", "empty"),
            ("(?P<first>.).*", "${first}"), ("(.*):(.*)", "$2"), ("nothing", "no")])
        if self.random.random() < 0.6:
            return f'label_replace({inner}, "{target}", "{replacement}", "{self._label()}", ' \
                   f'"{pattern}")'
        sources = ", ".join(f'"{self._label()}"' for _ in range(self.random.randint(0, 3)))
        separator = self.random.choice(["-", "", "::"])
        return f'label_join({inner}, "{target}", "{separator}"' + \
            (f", {sources})" if sources else ")")

    def _quantiles(self, depth):
        rank = self.random.choice(["0.5", "0.9", "0", "1", "-0.1", "1.1", "NaN"])
        inner = self._pick(lambda: "lat_bucket", lambda: f"rate(lat_bucket[{self._duration()}])",
                           lambda: "sum by (le) (rate(lat_bucket[5m]))",
                           lambda: "sum by (le, job) (lat_bucket)",
                           lambda: self.vector(depth - 1))
        if self.random.random() < 0.1:
            return f"histogram_fraction({rank}, 1, {inner})"
        return f"histogram_quantile({rank}, {inner})"

    def _several(self, depth):
        inner = self.vector(depth - 1)
        low, high = self._number(), self._number()
        return self._pick(
            lambda: f"clamp({inner}, {low}, {high})", lambda: f"clamp_min({inner}, {low})",
            lambda: f"clamp_max({inner}, {high})",
            lambda: f"round({inner}, {self.random.choice(['0.1', '5', '0', '-2', low])})",
            lambda: f"absent({self.selector(['nothing', 'g'])})",
            lambda: f"absent_over_time({self.matrix(0, ['nothing', 'g'])})")
