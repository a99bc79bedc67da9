"""Templates of annotations: promtool and Pilotlight must accept, refuse and write alike.

    python3 tests/differential/templates.py [--seed N] [--cases N]

First `check rules` says which of them parse; those that do are the annotations of an alert that a
unit test expects to be without any, so that both print what they wrote.
"""

import argparse
import random
import re
import sys

import texts
import tools

SERIES = [
    {"series": 'g{job="api",instance="10.0.0.1:9090"}', "values": "1.5x5"},
    {"series": 'g{job="db",instance="db.example:5432"}', "values": "250.125x5"},
    {"series": 'g{job="web",instance="web"}', "values": "-3x5"},
    {"series": "no_number", "values": "NaN NaN NaN NaN"},
    {"series": "endless", "values": "Inf Inf Inf Inf"},
]
# Annotations of one alert.
PER_ALERT = 25
FAILED = "<error expanding template: "


def rules(templates, size):
    """A rule file whose alerts A0, A1, ... have `size` templates each as annotations."""
    alerts = []
    for begin in range(0, len(templates), size):
        annotations = {f"t{begin + i:05}": text
                       for i, text in enumerate(templates[begin:begin + size])}
        alerts.append({"alert": f"A{begin // size}", "expr": 'g{job="api"}',
                       "annotations": annotations})
    return {"groups": [{"name": "g", "rules": alerts}]}


def refused(tool, folder, templates):
    """Index -> why, of the templates that `check rules` refuses."""
    output = tool.check_rules(folder.write("rules.yaml", rules(templates, 1)))[1]
    return {int(index): why.strip() for index, why in
            re.findall(r'annotation "t(\d+)": template: __alert_A\d+:(.*)', output)}


def written(tool, folder, templates):
    """Index -> what the template became, in quotes."""
    folder.write("rules.yaml", rules(templates, PER_ALERT))
    alerts = [f"A{index}" for index in range(-(-len(templates) // PER_ALERT))]
    path = folder.write("tests.yaml", {
        "rule_files": ["rules.yaml"], "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": SERIES,
                   "external_labels": {"region": "us"}, "external_url": "http://x.example/base",
                   "alert_rule_test": [{"eval_time": "2m", "alertname": name}
                                       for name in alerts]}]})
    output = tool.test_rules(path)
    return {int(index): re.sub(r"__alert_A\d+", "__alert", text) for index, text in
            re.findall(r't(\d{5})=("(?:[^"\\]|\\.)*")', output)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--words", action="store_true", help="compare the words of errors, too")
    options = parser.parse_args()
    tools.require()
    print(f"seed {options.seed}, {options.cases} random templates "
          f"(again: --seed {options.seed} --cases {options.cases})", flush=True)
    maker = texts.Texts(random.Random(options.seed))
    templates = texts.WRITTEN + [maker.template() for _ in range(options.cases)]
    different = 0

    def show(template, one, two):
        nonlocal different
        different += 1
        print(f"\ndifferent: {template!r}\n  promtool:   {one}\n  pilotlight: {two}")

    with tools.Folder() as folder:
        theirs, ours = (refused(tool, folder, templates) for tool in tools.BOTH)
        for index, template in enumerate(templates):
            one, two = theirs.get(index), ours.get(index)
            if (one is None) != (two is None) or (options.words and one != two):
                show(template, one, two)
        good = [text for index, text in enumerate(templates)
                if index not in theirs and index not in ours]
        theirs, ours = (written(tool, folder, good) for tool in tools.BOTH)
        if len(theirs) != len(good):
            raise AssertionError(f"promtool wrote {len(theirs)} of {len(good)} templates")
        failed = sum(FAILED in text for text in theirs.values())
        for index, template in enumerate(good):
            one, two = theirs[index], ours.get(index, '""')
            both_fail = FAILED in one and FAILED in two
            if one != two and (options.words or not both_fail):
                show(template, one, two)
    print(f"{len(templates)} templates: {different} different; {len(templates) - len(good)} "
          f"refused and {failed} failing in both")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
