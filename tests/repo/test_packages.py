"""scripts/packages.txt is the one list of what must be installed: all that is used, and no more."""

import re
import unittest

import tree

# Package -> where its use shows: (file ending or path, regular expression).
USES = {
    "ccache": ("cmake/toolchain.cmake", r"find_program\(CCACHE ccache\)"),
    "clang-19": ("CMakePresets.json", r"clang\+\+-19"),
    "cmake": ("scripts/lib.sh", r"cmake --preset"),
    "lld-19": ("cmake/toolchain.cmake", r"-fuse-ld=lld"),
    "ninja-build": ("CMakePresets.json", r'"Ninja"'),
    "pkg-config": ("cmake/libraries.cmake", r"find_package\(PkgConfig"),
    "libboost1.81-dev": ("cmake/libraries.cmake", r"find_package\(Boost 1\.81"),
    "libboost-test1.81-dev": ("cmake/libraries.cmake", r"unit_test_framework"),
    "libssl-dev": ("cmake/libraries.cmake", r"find_package\(OpenSSL"),
    "zlib1g-dev": ("cmake/libraries.cmake", r"find_package\(ZLIB"),
    "libpq-dev": ("cmake/libraries.cmake", r"find_package\(PostgreSQL"),
    "libsqlite3-dev": ("cmake/libraries.cmake", r"find_package\(SQLite3"),
    "libfmt-dev": ("cmake/libraries.cmake", r"find_package\(fmt"),
    "libspdlog-dev": ("cmake/libraries.cmake", r"find_package\(spdlog"),
    "prometheus-cpp-dev": ("cmake/libraries.cmake", r"find_package\(prometheus-cpp"),
    "libyaml-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(YAML"),
    "libre2-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(RE2"),
    "libc-ares-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(CARES"),
    "libldns-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(LDNS"),
    "libhiredis-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(HIREDIS"),
    "libcurl4-openssl-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(CURL"),
    "libbrotli-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(BROTLI"),
    "libnghttp2-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(NGHTTP2"),
    "libcpp-httplib-dev": ("cmake/libraries.cmake", r"pkg_check_modules\(HTTPLIB"),
    "libcli11-dev": ("app/command_line.cpp", r"<CLI/CLI\.hpp>"),
    "nlohmann-json3-dev": (".cpp", r"<nlohmann/json\.hpp>"),
    "libcrypt-dev": ("app/logins.cpp", r"<crypt\.h>"),
    "ca-certificates": ("runtime/tls.cpp", r"SSL_CTX_set_default_verify|set_default_verify_paths"),
    "tzdata": (".cpp", r"zoneinfo|tzdb|locate_zone"),
    "clang-format-19": ("scripts/lint", r"clang-format-19"),
    "clang-tidy-19": ("scripts/lint", r"run-clang-tidy-19"),
    "libclang-rt-19-dev": ("CMakePresets.json", r"PILOTLIGHT_SANITIZE"),
    "bzip2": ("tests/probes/backup_test.cpp", r"/bin/bzip2"),
    "xz-utils": ("tests/probes/backup_test.cpp", r"/usr/bin/xz"),
    "chromium": (".py", r'"chromium"'),
    "dnsmasq-base": ("tests/support/dns_server.cpp", r"/usr/sbin/dnsmasq"),
    "nginx-light": (".py", r'"nginx"'),
    "openssl": (".py", r'"openssl"'),
    "postgresql-15": (".py", r'"initdb"|/initdb'),
    "prometheus": (".py", r'"promtool"'),
    "prometheus-alertmanager": (".py", r'"prometheus-alertmanager"'),
    "python3-aiosmtpd": (".py", r'"/usr/bin/aiosmtpd"'),
    "python3-grpcio": (".py", r"import grpc\b"),
    "python3": ("scripts/lint", r"python3"),
    "redis-server": (".py", r'"redis-server"'),
    "libbenchmark-dev": ("bench/CMakeLists.txt", r"find_package\(benchmark"),
    "prometheus-blackbox-exporter": (".py", r"prometheus-blackbox-exporter"),
}

# What CMake asks for that other packages bring: clang its threads, python3 its interpreter.
BROUGHT_ALONG = {"Threads", "Python3", "Git"}


def sections():
    """Section -> its packages, in order."""
    found, section = {}, None
    for _, line in tree.lines("scripts/packages.txt"):
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.append(line)
    return found


def shows(place, pattern):
    paths = tree.files(place) if place.startswith(".") else [place]
    own = "tests/repo/test_packages.py"
    return any(re.search(pattern, tree.text(path)) for path in paths if path != own)


class Packages(unittest.TestCase):
    def test_no_package_is_named_twice(self):
        packages = [package for section in sections().values() for package in section]
        self.assertEqual(len(packages), len(set(packages)))

    def test_every_package_is_used_and_every_use_has_its_package(self):
        packages = {package for section in sections().values() for package in section}
        self.assertEqual(packages - set(USES), set(), "nothing says what these are for")
        self.assertEqual(set(USES) - packages, set(), "used but not in the list")
        for package, (place, pattern) in USES.items():
            with self.subTest(package):
                self.assertTrue(shows(place, pattern), f"no {pattern} in {place}")

    def test_every_library_that_cmake_asks_for_has_its_package(self):
        patterns = [pattern for _, pattern in USES.values()]
        for path in tree.files("CMakeLists.txt", ".cmake"):
            for call in re.findall(r"((?:find_package|pkg_check_modules)\((\S+)[^)]*\))",
                                   tree.text(path)):
                with self.subTest(f"{path}: {call[0]}"):
                    self.assertTrue(call[1] in BROUGHT_ALONG or
                                    any(re.search(pattern, call[0]) for pattern in patterns))

    def test_what_the_build_needs_is_no_test_package(self):
        for package in sections()["test"]:
            place = USES[package][0]
            with self.subTest(package):
                of_the_build = place.startswith("cmake/") or place.endswith(".cpp")
                self.assertFalse(of_the_build and not place.startswith("tests/"))

    def test_only_the_list_is_installed_from(self):
        for path in ["scripts/run", "scripts/test", "scripts/lint", "scripts/format",
                     ".ci/run"]:
            with self.subTest(path):
                self.assertNotRegex(tree.text(path), r"\bapt(-get)? install")


if __name__ == "__main__":
    unittest.main()
