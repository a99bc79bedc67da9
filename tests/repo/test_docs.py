"""The documents against the program: references, snippets, links."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import tree

PROGRAM = os.environ.get("PILOTLIGHT_BIN")
REFERENCE = "docs/configuration.md"


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30,
                          check=False, **options)


def named_files(path):
    """YAML blocks whose paragraph before begins with a file's name in back-quotes: name -> text."""
    block = r"^`([\w.-]+\.ya?ml)`[^\n]*\n(?:[^\n]+\n)*\n```yaml\n(.*?)^```"
    return dict(re.findall(block, tree.text(path), re.M | re.S))


def address_for(variable):
    """What a variable of that name would hold."""
    schemes = {"DATABASE": "postgres", "POSTGRES": "postgres", "REDIS": "redis"}
    scheme = next((scheme for word, scheme in schemes.items() if word in variable), "https")
    return f"{scheme}://user:word@example.com/1"


def write_all(blocks, folder):
    """Writes the blocks; files that they take secrets from are made in the same folder."""
    (folder / "secret").write_text("https://example.com/secret", encoding="utf-8")
    for name, block in blocks.items():
        block = re.sub(r"(\w+_file: )/[^\s,}]+", rf"\1{folder}/secret", block)
        (folder / name).write_text(block, encoding="utf-8")
    (folder / "rules").symlink_to(tree.ROOT / "rules")


class Links(unittest.TestCase):
    def test_links_between_documents_lead_somewhere(self):
        for path in tree.files(".md"):
            for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", tree.text(path)):
                if re.match(r"[a-z]+:", target):
                    continue
                with self.subTest(f"{path}: {target}"):
                    self.assertTrue(((tree.ROOT / path).parent / target).exists())

    def test_scripts_and_files_that_documents_name_are_there(self):
        for path in ["README.md", "docs/contributing.md", "docs/architecture.md"]:
            for target in re.findall(r"\b((?:scripts|rules/shipped|dashboards)/[\w./-]*\w)",
                                     tree.text(path)):
                with self.subTest(f"{path}: {target}"):
                    self.assertTrue((tree.ROOT / target).exists())


@unittest.skipUnless(PROGRAM, "no program was built")
class Program(unittest.TestCase):
    def test_the_reference_is_what_the_tables_say(self):
        made = run("docs", "configuration")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(made.stdout, tree.text(REFERENCE),
                         "renew it: pilotlight docs configuration > docs/configuration.md")

    def test_the_alerting_reference_is_what_the_tables_say(self):
        made = run("docs", "alerting")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(made.stdout, tree.text("docs/alerting.md"),
                         "renew it: pilotlight docs alerting > docs/alerting.md")

    def test_commands_that_documents_show_are_known(self):
        shown = re.compile(r"(?:^ {0,4}\$? ?(?:\S*/)?|`)pilotlight ([a-z]+)", re.M)
        for path in ["README.md", "docs/contributing.md"]:
            for command in sorted(set(shown.findall(tree.text(path)))):
                with self.subTest(f"{path}: {command}"):
                    self.assertEqual(run(command, "--help").returncode, 0)

    def test_configurations_that_documents_show_are_valid(self):
        shown = [path for path in tree.files(".md") if "pilotlight.yaml" in named_files(path)]
        self.assertIn("README.md", shown)
        for path in shown:
            with self.subTest(path), tempfile.TemporaryDirectory() as folder:
                blocks = named_files(path)
                write_all(blocks, pathlib.Path(folder))
                variables = re.findall(r"\$\{(\w+)\}", "".join(blocks.values()))
                values = {name: address_for(name) for name in variables}
                checked = run("check", "config", str(pathlib.Path(folder) / "pilotlight.yaml"),
                              env=dict(os.environ, **values))
                self.assertEqual(checked.returncode, 0, checked.stderr)


if __name__ == "__main__":
    unittest.main()
