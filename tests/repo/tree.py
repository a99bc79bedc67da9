"""The repository as the tests of this folder see it."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Not ours, or not source.
_SKIPPED = {".git", "build", "data", "__pycache__"}


def files(*endings, under=""):
    """Paths relative to the root, sorted; of the files whose names end in one of `endings`."""
    found = []
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        for name in names:
            if name.endswith(endings):
                found.append((pathlib.Path(folder) / name).relative_to(ROOT).as_posix())
    return sorted(found)


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def lines(path):
    """(number from 1, line) of a file."""
    return list(enumerate(text(path).splitlines(), start=1))


def table(path, heading):
    """The rows, as lists of cells without back-quotes, of the first table under a heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text(path), re.M | re.S)
    if found is None:
        raise AssertionError(f"{path} has no heading {heading!r}")
    rows = [line for line in found.group(1).splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")]
            for row in rows[2:]]
