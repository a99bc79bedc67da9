# Third-party libraries, all Debian 12 packages (scripts/packages.txt). Each has one home in the
# tree; tests/repo/layers_test.py holds their headers to it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS unit_test_framework)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlidec)
# Its macros are part of its ABI: without the flags of the .pc file memory is corrupted.
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
