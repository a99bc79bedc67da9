"""Random expressions over random series: promtool and Pilotlight must answer alike.

    python3 tests/differential/promql.py [--seed N] [--cases N] [--verbose]

Both evaluate them as unit tests of rules whose expectations are wrong, and so print what they
got. The seed is printed; with it and the same number of cases everything happens again.
"""

import argparse
import itertools
import random
import sys

import answers
import expressions
import series
import tools

PER_SHEET = 60
# promtool loads series in an order of its own, and adds and picks among equals in that order: what
# differs between two orders is no answer.
REPEATS = 20


class Case:
    def __init__(self, expression, milliseconds):
        self.expression = expression
        self.at = f"{milliseconds}ms"

    def as_test(self):
        return {"expr": self.expression, "eval_time": self.at,
                "exp_samples": [{"labels": '{no="such"}', "value": 1}]}


class Group:
    """A sheet of series and the expressions over it."""

    def __init__(self, source, count):
        self.sheet = series.Sheet(source)
        maker = expressions.Expressions(source, self.sheet)
        self.cases = [self._case(source, maker) for _ in range(count)]
        # Series are loaded as far as the last expression asks: that must not be another one where
        # one case is asked for alone.
        self.last = Case("0", 2000 * series.STEPS * self.sheet.seconds)

    def _case(self, source, maker):
        made = maker.broken() if source.random() < 0.15 else maker.expression()
        return Case(made, self.sheet.moment())

    def as_test(self, cases=None):
        return {"interval": self.sheet.interval, "input_series": self.sheet.series,
                "promql_expr_test": [case.as_test()
                                     for case in [*(cases or self.cases), self.last]]}


def ask(tool, folder, groups, cases=None):
    """The answers to every case of the groups (or to `cases` of the only one), in order."""
    tests = [group.as_test(cases) for group in groups]
    path = folder.write("tests.yaml", {"rule_files": [], "evaluation_interval": "1m",
                                       "tests": tests})
    counts = [len(test["promql_expr_test"]) for test in tests]
    found = iter(answers.expression_answers(tool.test_rules(path), sum(counts)))
    return [answer for count in counts for answer in list(itertools.islice(found, count))[:-1]]


def settles(folder, group, case, ours):
    """Whether Prometheus, asked again, answers as we do, or now one thing, now another."""
    before = None
    for _ in range(REPEATS):
        random.shuffle(group.sheet.series)
        theirs = ask(tools.PROMETHEUS, folder, [group], [case])[0]
        if theirs.same_as(ours) or (before is not None and not theirs.same_as(before)):
            return True
        before = theirs
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--texts", action="store_true", help="show errors in other words, too")
    options = parser.parse_args()
    tools.require()
    print(f"seed {options.seed}, {options.cases} cases "
          f"(again: --seed {options.seed} --cases {options.cases})", flush=True)
    source = random.Random(options.seed)
    counts = [PER_SHEET] * (options.cases // PER_SHEET) + [options.cases % PER_SHEET]
    groups = [Group(source, count) for count in counts if count]
    with tools.Folder() as folder:
        theirs, ours = (ask(tool, folder, groups) for tool in tools.BOTH)
        cases = [(group, case) for group in groups for case in group.cases]
        different = unsettled = errors = empty = 0
        for (group, case), expected, got in zip(cases, theirs, ours):
            errors += expected.error is not None
            empty += expected.error is None and not expected.samples
            if options.texts and expected.error and got.error and expected.error != got.error:
                print(f"words: {case.expression}\n  {expected.error}\n  {got.error}")
            if expected.same_as(got):
                continue
            if settles(folder, group, case, got):
                unsettled += 1
                continue
            different += 1
            print(f"\ndifferent: {answers.shown(group.as_test([case]))}\n  {case.expression}\n"
                  f"  at {case.at}\n  promtool:   {expected}\n  pilotlight: {got}")
    print(f"{len(cases)} cases: {different} different, {errors} errors and {empty} empty answers "
          f"in both, {unsettled} on which promtool does not agree with itself")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
