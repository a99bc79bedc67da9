"""Random series in promtool's notation: what the random expressions are about."""

INTERVALS = {"15s": 15, "30s": 30, "1m": 60}
STEPS = 50
JOBS = ("api", "db", "web")
INSTANCES = ("a:1", "b:2", "c:3")
MODES = ("idle", "user")
BOUNDS = ("0.1", "0.5", "1", "2.5", "+Inf")

# Names that the expressions take, by what they hold.
GAUGES = ("g", "h", "small", "odd", "one", "when")
COUNTERS = ("c", "d")
LABELS = ("job", "instance", "mode")


def number(value):
    """As the notation reads it back, to the bit."""
    return repr(float(value)).replace("inf", "Inf").replace("nan", "NaN")


class Sheet:
    """The series of one test group."""

    def __init__(self, random):
        self.random = random
        self.interval = random.choice(list(INTERVALS))
        self.seconds = INTERVALS[self.interval]
        self.series = []
        self._gauges()
        self._counters()
        self._odd()
        self._histogram()

    def moment(self):
        """Some time of the sheet in milliseconds, or shortly after its end."""
        whole = self.random.randint(0, (STEPS + 8) * self.seconds)
        return 1000 * whole + self.random.choice([0, 0, 0, 1, 500, 999])

    def _add(self, name, labels, values):
        inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
        self.series.append({"series": f"{name}{{{inside}}}", "values": " ".join(values)})

    def _gaps(self, values):
        """Leaves out samples and ends series, so that lookback and staleness matter. The first
        stays: a series that came later would always be the last of equals."""
        kind = self.random.random()
        if kind < 0.5:
            return values
        out = values[:1]
        for value in values[1:]:
            chance = self.random.random()
            out.append("_" if chance < 0.15 else "stale" if chance > 0.97 else value)
        if kind > 0.9:
            begin = self.random.randrange(1, STEPS)
            end = min(STEPS, begin + self.random.randint(3, 30))
            out[begin:end] = ["_"] * (end - begin)
        return out

    def _walk(self, start, step):
        values, value = [], start
        for _ in range(STEPS):
            values.append(number(value))
            value += self.random.choice([0, 0, 1, -1, 2.5, -0.7]) * step
        return values

    def _gauges(self):
        for job in JOBS:
            for instance in self.random.sample(INSTANCES, self.random.randint(1, 3)):
                labels = {"job": job, "instance": instance}
                start = self.random.uniform(-100, 100)
                self._add("g", labels, self._gaps(self._walk(start, self.random.uniform(1, 9))))
                if self.random.random() < 0.5:
                    values = [number(self.random.randint(-2, 3)) for _ in range(STEPS)]
                    self._add("small", labels, self._gaps(values))
                for mode in self.random.sample(MODES, self.random.randint(0, 2)):
                    walk = self._walk(self.random.uniform(0, 50), 1.5)
                    self._add("h", labels | {"mode": mode}, self._gaps(walk))
        self._add("one", {}, self._gaps(self._walk(3, 1)))

    def _counter(self, pace):
        values, value = [], float(self.random.choice([0, 0, 5, 1e6]))
        for _ in range(STEPS):
            values.append(number(value))
            value += self.random.choice([0, 1, 1, 2, self.random.random()]) * pace
            if self.random.random() < 0.06:
                value = self.random.choice([0.0, 0.0, pace / 2])
        return values

    def _counters(self):
        for name in COUNTERS:
            for job in self.random.sample(JOBS, self.random.randint(1, 3)):
                for instance in self.random.sample(INSTANCES, self.random.randint(1, 2)):
                    pace = self.random.choice([1, 7, 0.25, 1000])
                    values = self._gaps(self._counter(pace))
                    self._add(name, {"job": job, "instance": instance}, values)

    def _odd(self):
        strange = ["NaN", "Inf", "-Inf", "0", "-0", "1e300", "-1e300", "1e-300", "1", "-1", "_",
                   "0.5", "1e15", "123456.789"]
        for job in JOBS:
            values = ["1"] + [self.random.choice(strange) for _ in range(STEPS - 1)]
            self._add("odd", {"job": job}, values)
        for job in JOBS[:2]:
            values = [number(self.random.randint(-3_000_000_000, 9_000_000_000))
                      for _ in range(STEPS)]
            self._add("when", {"job": job, "zone": "ütc \\\"x\\\""}, values)

    def _histogram(self):
        for job in self.random.sample(JOBS, 2):
            bounds = [bound for bound in BOUNDS if self.random.random() < 0.92]
            totals = [0.0] * len(bounds)
            rows = [[] for _ in bounds]
            for _ in range(STEPS):
                added = 0
                for index in range(len(bounds)):
                    added += self.random.choice([0, 0, 1, 3])
                    totals[index] += added
                    rows[index].append(number(totals[index]))
            for bound, row in zip(bounds, rows):
                self._add("lat_bucket", {"job": job, "le": bound}, row)
        if self.random.random() < 0.3:
            self._add("lat_bucket", {"job": "db", "le": "many"}, ["1"] * STEPS)
