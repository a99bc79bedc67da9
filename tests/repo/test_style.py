"""What the house style asks for that neither clang-format nor clang-tidy checks."""

import re
import unittest

import tree

LONGEST_FILE = 600
LONGEST_LINE = 100
# Files that were longer when the limit came, with their length then: they may only shrink.
RATCHET = {}
# Likewise files with lines that are longer, with the number of those.
LONG_LINES = {
    "bench/probe_cost/run.py": 1,
    "tests/end_to_end/CMakeLists.txt": 1,
    "tests/end_to_end/support/certificates.py": 1,
    "tests/end_to_end/support/databases.py": 2,
    "tests/end_to_end/support/prometheus.py": 2,
    "tests/end_to_end/test_application.py": 1,
    "tests/end_to_end/test_metrics.py": 1,
    "tests/end_to_end/test_shipped_rules.py": 1,
    "tests/end_to_end/test_support.py": 2,
}
SOURCE = (".h", ".cpp", ".py", ".cmake", ".sh", "CMakeLists.txt")
SCRIPTS = ["scripts/install", "scripts/run", "scripts/test", "scripts/lint", "scripts/format",
           "scripts/fuzz", ".ci/run"]


class Style(unittest.TestCase):
    def test_files_are_short_enough_to_be_read(self):
        for path in tree.files(*SOURCE):
            with self.subTest(path):
                self.assertLessEqual(len(tree.lines(path)), RATCHET.get(path, LONGEST_FILE))

    def test_the_ratchet_holds_no_file_that_no_longer_needs_it(self):
        for path, length in RATCHET.items():
            with self.subTest(path):
                self.assertEqual(len(tree.lines(path)), length)

    def test_lines_fit(self):
        # C++ is clang-format's, which leaves raw strings alone.
        for path in tree.files(".py", ".cmake", ".sh", "CMakeLists.txt") + SCRIPTS:
            longer = [number for number, line in tree.lines(path) if len(line) > LONGEST_LINE]
            with self.subTest(path):
                self.assertLessEqual(len(longer), LONG_LINES.get(path, 0), f"lines {longer}")

    def test_no_tabs_and_no_space_at_line_ends(self):
        wrong = [f"{path}:{number}" for path in tree.files(".py", ".cmake", ".sh", ".md", ".yaml",
                                                           "CMakeLists.txt") + SCRIPTS
                 for number, line in tree.lines(path) if re.search(r"\t|[ \t]$", line)]
        self.assertEqual(wrong, [])

    def test_nothing_is_left_for_later_in_a_comment(self):
        pattern = re.compile(r"(//|#).*\b(TODO|FIXME|XXX|HACK)\b")
        wrong = [f"{path}:{number}" for path in tree.files(*SOURCE) + SCRIPTS
                 if path != "tests/repo/test_style.py"
                 for number, line in tree.lines(path) if pattern.search(line)]
        self.assertEqual(wrong, [])

    def test_types_and_files_have_names_that_say_something(self):
        empty = re.compile(r"\b(?:class|struct|enum class)\s+\w*(Manager|Helper|Utils?)\b")
        wrong = [f"{path}:{number}" for path in tree.files(".h", ".cpp")
                 for number, line in tree.lines(path) if empty.search(line)]
        wrong += [path for path in tree.files(".h", ".cpp", ".py")
                  if re.search(r"(^|[/_])(manager|helpers?|utils?|misc|common)[._]", path)]
        self.assertEqual(wrong, [])

    def test_headers_are_guarded(self):
        for path in tree.files(".h"):
            if path.startswith("cmake/"):
                continue
            with self.subTest(path):
                first = next(line for _, line in tree.lines(path)
                             if line and not line.startswith("//"))
                self.assertEqual(first, "#pragma once")

    def test_unit_tests_mirror_the_folders(self):
        folders = {"core", "config", "runtime", "probes", "series", "rules", "alerting",
                   "exporters", "app"}
        for path in tree.files("_test.cpp", under="tests"):
            with self.subTest(path):
                folder = path.split("/")[1]
                others = ("promql", "query", "alertmanager_api", "support", "preview")
                self.assertTrue(folder in folders or folder in others,
                                f"{path}: no folder of code has this name")

    def test_scripts_can_be_run(self):
        for path in SCRIPTS:
            with self.subTest(path):
                self.assertTrue((tree.ROOT / path).stat().st_mode & 0o111)
                self.assertTrue(tree.text(path).startswith("#!/bin/bash\n"))


if __name__ == "__main__":
    unittest.main()
