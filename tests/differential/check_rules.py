"""Rule files, good ones and spoilt ones: promtool and Pilotlight must take and refuse the same.

    python3 tests/differential/check_rules.py [--seed N] [--cases N]
"""

import argparse
import random
import re
import sys

import rule_files
import tools

BATCH = 100
# What is no answer to compare: keys that only newer Prometheuses have; and a list or mapping as a
# name, which Prometheus takes for no name.
NOT_COMPARED = ("field labels not found in type rulefmt.RuleGroup", '"alert" must be a text, not',
                '"record" must be a text, not', '"expr" must be a text, not')


def verdicts(tool, paths, *flags):
    """For each file what was said of it: "SUCCESS: 3 rules", "FAILED", and the words."""
    output = tool.check_rules_of(paths, *flags)
    parts = re.split(r"^Checking (.*)\n", output, flags=re.M)[1:]
    said = dict(zip(parts[::2], parts[1::2]))
    found = []
    for path in paths:
        text = said.get(str(path), "")
        good = re.search(r"SUCCESS: (\d+) rules found", text)
        found.append((f"good, {good.group(1)} rules" if good else "bad", text.strip()))
    return found


def compare(paths, flags):
    """(index, theirs, ours) of the files on which the two differ."""
    theirs, ours = (verdicts(tool, paths, *flags) for tool in tools.BOTH)
    return [(index, one, two) for index, (one, two) in enumerate(zip(theirs, ours))
            if one[0] != two[0] and not any(words in one[1] + two[1] for words in NOT_COMPARED)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--cases", type=int, default=1500)
    options = parser.parse_args()
    tools.require()
    print(f"seed {options.seed}, {options.cases} files "
          f"(again: --seed {options.seed} --cases {options.cases})", flush=True)
    source = random.Random(options.seed)
    seeds = rule_files.seeds()
    texts = [rule_files.mutated(source, source.choice(seeds)) for _ in range(options.cases)]
    different = good = 0
    with tools.Folder() as folder:
        paths = [folder.write(f"{index:05}.yaml", text) for index, text in enumerate(texts)]
        for begin in range(0, len(paths), BATCH):
            batch = paths[begin:begin + BATCH]
            for flags in (["--lint=none"], ["--lint=duplicate-rules", "--lint-fatal"]):
                for index, one, two in compare(batch, flags):
                    different += 1
                    print(f"\ndifferent, {flags}:\n{texts[begin + index]}\n"
                          f"  promtool:   {one[0]}: {one[1]}\n  pilotlight: {two[0]}: {two[1]}")
            good += sum(said[0] != "bad" for said in verdicts(tools.PROMETHEUS, batch))
    print(f"{options.cases} files, {good} of them good: {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
