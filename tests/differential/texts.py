"""Templates of annotations: written by hand for every function, and random ones.

Left out, because Prometheus's answer is an address, a crash or nobody's wish: what `printf` makes
of a whole query result, the dot written whole, complex numbers, integers beyond 64 bits (Go fails
when it executes them, Pilotlight when it reads them), `externalURL` (promtool 2.42 fails in it),
and that what safeHtml gives may not be used on. What only newer versions have is left out too:
urlQueryEscape, `range` over numbers, `else with`.
"""

import pathlib

# Each line is asked as it is.
WRITTEN = (pathlib.Path(__file__).parent / "templates.txt").read_text("utf-8").splitlines()

# Whole pieces that the random ones are made of, by what they give.
REALS = ("$value", ".Value", "1.5", "0.0", "-2.25", "1e10", "1e21", "1234567.0", "0.00001",
         '(query "sort(g)" | first | value)', '(query "no_number" | first | value)', "3661.0",
         "100000000.0", '(query "endless" | first | value)', '(query "avg(g)" | first | value)')
INTEGERS = ("0", "1", "-1", "42", "255", "'a'", "0x1F", "(len $labels)", '(len "abc")', "1000000")
STRINGS = ('"text"', '""', '"a b"', "`raw\\n`", "$labels.job", "$labels.instance", "$labels.none",
           '"quo\\"te"', '"ünï"', '"<a&b>"', '"10.0.0.1:9090"', '"host.example:80"', '"5"', '"1e3"',
           "$externalURL", '(query "sort(g)" | first | label "job")', '"x\\ty\\n"', '"\\x00\\x7f"',
           '"0x1p4"', '"1_0"', '"-nan"')
BOOLEANS = ("true", "false", "(eq 1 1)", '(ne "a" "b")', '(match "a" "abc")', "(not 1)")
ANYTHING = ("$labels", ".Labels", "nil", '(query "none")', '(query "sort(g)" | first)',
            '(args 1 "a")', "$externalLabels")
VERBS = "vvvsdfgeqxtTXGEcbodU"


class Texts:
    def __init__(self, random):
        self.random = random

    def template(self):
        return "".join(self._piece(3) for _ in range(self.random.randint(1, 4)))

    def _piece(self, depth):
        kind = self.random.random()
        trim = self.random.random() < 0.1
        opened, closed = ("{{- ", " -}}") if trim else ("{{ ", " }}")
        if kind < 0.15:
            return self.random.choice([" ", "text ", "\n", "100% ", "}", "ü"])
        if kind < 0.7 or depth <= 0:
            return f"{opened}{self._pipeline(2)}{closed}"
        body = "".join(self._piece(depth - 1) for _ in range(self.random.randint(0, 2)))
        other = "".join(self._piece(depth - 2) for _ in range(self.random.randint(0, 1)))
        otherwise = f"{{{{ else }}}}{other}" if self.random.random() < 0.4 else ""
        if kind < 0.8:
            return f"{opened}if {self._pipeline(2)}{closed}{body}{otherwise}{{{{ end }}}}"
        if kind < 0.87:
            return f"{{{{ with {self._pipeline(1)} }}}}{body}{{{{ . }}}}{otherwise}{{{{ end }}}}"
        if kind < 0.96:
            over = self.random.choice(['query "sort(g)"', "$labels", 'query "none"', "args 1 nil",
                                       'query "sort(g)" | sortByLabel "job"'])
            if self.random.random() < 0.5:
                return f"{{{{ range $k, $v := {over} }}}}{{{{ $k }}}}={{{{ $v }}}}{otherwise}" \
                       "{{ end }}"
            return f"{{{{ range {over} }}}}{{{{ . }}}},{otherwise}{{{{ end }}}}"
        return f"{{{{ $x := {self._pipeline(1)} }}}}{{{{ $x }}}}"

    def _pipeline(self, depth):
        if depth <= 0 or self.random.random() < 0.15:
            return self._any()
        first = self._call(depth - 1)
        if self.random.random() < 0.25:
            return first + " | " + self.random.choice(
                ['printf "%v"', "print", "len", "toUpper", "html", "not", 'printf "%q %s" "x"',
                 "humanize", "title", "js", 'eq "a"', "urlquery"])
        return first

    def _any(self):
        return self.random.choice(self.random.choice([REALS, INTEGERS, STRINGS, STRINGS, BOOLEANS,
                                                      ANYTHING]))

    def _real(self):
        return self.random.choice(REALS) if self.random.random() < 0.93 else self._any()

    def _string(self):
        return self.random.choice(STRINGS) if self.random.random() < 0.93 else self._any()

    def _call(self, depth):
        pick = self.random.choice
        if depth > 0 and self.random.random() < 0.2:
            return f"{pick(['print', 'not', 'len', 'html', 'printf ' + self._format(1)])} " \
                   f"({self._pipeline(depth)})"
        return pick([self._numbers, self._strings, self._printf, self._printf, self._compare,
                     self._built_in])()

    def _numbers(self):
        # Beyond 64 bits humanizeDuration writes what Go's processor makes of it.
        return self.random.choice(["humanize", "humanize1024", "humanizeDuration",
                                   "humanizePercentage", "humanizeTimestamp"]) + " " + \
            self._real().replace("1e21", "1e12")

    def _strings(self):
        pick = self.random.choice
        pattern = pick(['"[a-z]+"', '"(.)(.)"', '"x*"', '"^."', '"."', '"(?i)A"'])
        return pick([
            f"{pick(['toUpper', 'toLower', 'title', 'stripPort', 'stripDomain'])} {self._string()}",
            f"{pick(['html', 'js', 'urlquery'])} {self._string()}",
            f'reReplaceAll {pattern} {pick(["$1", "-", "<$2$1>", "${1}x"])!r} {self._string()}'
            .replace("'", '"'),
            f"match {pattern} {self._string()}", f"graphLink {self._string()}"])

    def _format(self, count):
        verbs = []
        for _ in range(count):
            flags = "".join(self.random.sample("+-# 0", self.random.choice([0, 0, 0, 1, 1, 2])))
            width = self.random.choice(["", "", "", "1", "8", "12"])
            precision = self.random.choice(["", "", "", ".0", ".2", ".5", "."])
            verbs.append(f"%{flags}{width}{precision}{self.random.choice(VERBS)}")
        return '"' + self.random.choice(["|", " ", ""]).join(verbs) + '"'

    def _printf(self):
        count = self.random.randint(1, 3)
        given = count + self.random.choice([0] * 8 + [1, -1])
        return f"printf {self._format(count)} " + " ".join(self._any() for _ in range(given))

    def _compare(self):
        name = self.random.choice(["eq", "ne", "lt", "le", "gt", "ge"])
        kind = self.random.choice([REALS, INTEGERS, STRINGS, BOOLEANS])
        other = self._any() if self.random.random() < 0.2 else self.random.choice(kind)
        return f"{name} {self.random.choice(kind)} {other}"

    def _built_in(self):
        pick = self.random.choice
        return pick([
            f"len {self._any()}", f"print {self._any()} {self._any()} {self._any()}",
            f"println {self._any()}", f"index $labels {self._string()}",
            f"index {self._any()} {pick(INTEGERS)}",
            f"slice {self._string()} {pick(['0', '1', '2'])}",
            f"and {self._any()} {self._any()}", f"or {self._any()} {self._any()}",
            f"not {self._any()}", f"args {pick(REALS)} {pick(STRINGS)} nil", self._any()])
