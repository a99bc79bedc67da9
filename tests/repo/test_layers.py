"""Who includes whom: the tables of docs/architecture.md against every #include line."""

import fnmatch
import re
import unittest

import tree

ARCHITECTURE = "docs/architecture.md"
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
CODE = (".h", ".cpp")
# Headers of these are for everybody: the language, the system, and the formatting library.
EVERYWHERE = re.compile(
    r"^([a-z_]+|c[a-z]+|fmt/.*|sys/.*|netinet/.*|net/.*|arpa/.*|linux/.*"
    r"|(unistd|fcntl|glob|poll|pthread|netdb|dirent|termios|time|signal|sched|syslog|pwd|ifaddrs"
    r"|link|malloc|stdlib|string|stdio|errno|ftw|libgen|limits|spawn|fnmatch)\.h)$")


def includes(path):
    """(line, is ours, header) of a file's #include lines."""
    for number, line in tree.lines(path):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


def words(cell):
    return [word.strip() for word in cell.split(",") if word.strip()]


class Layers(unittest.TestCase):
    def setUp(self):
        self.may = {row[0].rstrip("/"): words(row[2])
                    for row in tree.table(ARCHITECTURE, "Folders")}

    def folder_of(self, path):
        """The row that a file belongs to: the longest that its path begins with."""
        rows = [row for row in self.may if path.startswith(row + "/") or path == row]
        return max(rows, key=len, default=None)

    def test_every_code_folder_has_a_row(self):
        for path in tree.files(*CODE):
            folder = path.split("/")[0]
            if folder in ("tests", "bench", "fuzz", "cmake"):
                continue
            with self.subTest(path):
                self.assertIsNotNone(self.folder_of(path), f"{path}: no row for its folder")

    def test_folders_include_only_what_their_row_allows(self):
        wrong = []
        for path in tree.files(*CODE):
            own = self.folder_of(path)
            if own is None or "all" in self.may[own]:
                continue
            for number, is_ours, header in includes(path):
                if not is_ours:
                    continue
                other = self.folder_of(header)
                if other != own and other not in self.may[own]:
                    wrong.append(f"{path}:{number}: {own}/ must not include {header}")
        self.assertEqual(wrong, [])

    def test_includes_are_written_from_the_root_and_exist(self):
        # Generated headers: none so far.
        wrong = [f"{path}:{number}: {header}" for path in tree.files(*CODE)
                 for number, is_ours, header in includes(path)
                 if is_ours and not (tree.ROOT / header).is_file()]
        self.assertEqual(wrong, [])

    def test_rows_name_folders(self):
        for folder, allowed in self.may.items():
            for name in [folder, *allowed]:
                with self.subTest(name):
                    self.assertTrue(name == "all" or (tree.ROOT / name).exists())


class Libraries(unittest.TestCase):
    def setUp(self):
        self.homes = [(row[0], words(row[1]), words(row[2]))
                      for row in tree.table(ARCHITECTURE, "Libraries")]

    def home_of(self, header):
        for library, prefixes, homes in self.homes:
            if any(header == prefix or (prefix.endswith("/") and header.startswith(prefix))
                   for prefix in prefixes):
                return library, homes
        return None

    def test_each_library_stays_at_home(self):
        wrong = []
        for path in tree.files(*CODE):
            if path.split("/")[0] in ("tests", "bench", "fuzz", "cmake"):
                continue
            for number, is_ours, header in includes(path):
                if is_ours or EVERYWHERE.match(header):
                    continue
                home = self.home_of(header)
                if home is None:
                    wrong.append(f"{path}:{number}: <{header}> has no row under Libraries")
                elif not any(fnmatch.fnmatch(path, pattern) for pattern in home[1]):
                    wrong.append(f"{path}:{number}: {home[0]} belongs to {', '.join(home[1])}")
        self.assertEqual(wrong, [])

    def test_headers_hold_no_asio_beyond_what_they_declare(self):
        # Asio costs seconds a file; socket.h is for runtime's own .cpp files.
        allowed = {"boost/asio/awaitable.hpp", "boost/asio/any_io_executor.hpp"}
        inner = {"runtime/socket.h"}
        wrong = [f"{path}:{number}: <{header}>" for path in tree.files(".h")
                 if path not in inner and not path.startswith(("cmake/", "tests/", "bench/"))
                 for number, is_ours, header in includes(path)
                 if header.startswith("boost/") and header not in allowed]
        wrong += [f"{path}:{number}: {header}" for path in tree.files(*CODE)
                  for number, is_ours, header in includes(path)
                  if header in inner and not (path.startswith("runtime/") and
                                              path.endswith(".cpp"))]
        self.assertEqual(wrong, [])

    def test_every_home_is_in_use(self):
        used = {}
        for path in tree.files(*CODE):
            for _, is_ours, header in includes(path):
                home = None if is_ours else self.home_of(header)
                if home is not None:
                    used.setdefault(home[0], []).append(path)
        for library, _, homes in self.homes:
            with self.subTest(library):
                for home in homes:
                    self.assertTrue(any(fnmatch.fnmatch(path, home)
                                        for path in used.get(library, [])),
                                    f"{library} is not used in {home} any more")


if __name__ == "__main__":
    unittest.main()
