"""The shipped rules are Prometheus's own: promtool reads them and passes their unit tests."""

import pathlib
import shutil
import subprocess
import unittest

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "rules" / "shipped"


def promtool(*arguments):
    tool = shutil.which("promtool")
    if tool is None:
        raise AssertionError("promtool is missing: Debian's package prometheus has it "
                             "(scripts/packages.txt)")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


class Shipped(unittest.TestCase):
    def test_promtool_accepts_every_file(self):
        files = [path for path in sorted(SHIPPED.glob("*.yaml")) if "_test" not in path.name]
        self.assertGreaterEqual(len(files), 2)
        for path in files:
            with self.subTest(path.name):
                code, output = promtool("check", "rules", "--lint-fatal", path)
                self.assertEqual(code, 0, output)

    def test_promtool_passes_every_unit_test(self):
        files = sorted(SHIPPED.glob("*_test.yaml"))
        self.assertGreaterEqual(len(files), 2)
        for path in files:
            with self.subTest(path.name):
                code, output = promtool("test", "rules", path)
                self.assertEqual(code, 0, output)


if __name__ == "__main__":
    unittest.main()
