#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "config/config.h"

using namespace pilotlight::config;

BOOST_AUTO_TEST_SUITE(paths)

BOOST_AUTO_TEST_CASE(addresses_lose_user_password_query_and_fragment) {
    const std::pair<const char*, const char*> kCases[] = {
        {"https://example.com/api/health", "https://example.com/api/health"},
        {"https://u:hunter2@example.com:8443/a?token=hunter2#hunter2",
         "https://example.com:8443/a"},
        {"postgres://monitor:hunter2@db:5432/app?sslmode=require", "postgres://db:5432/app"},
        {"postgresql://u:hunter2@h1:5432,h2:5433/app", "postgresql://h1:5432,h2:5433/app"},
        {"postgresql:///app?host=/run&password=hunter2", "postgresql:///app"},
        {"redis://:hunter2@cache:6379/0", "redis://cache:6379/0"},
        {"redis://u:p@hunter2@cache:6379", "redis://cache:6379"},
        {"redis://u:hun/ter2@cache:6379", "redis://cache:6379"},
        {"http://example.com/@user/x", "http://example.com/@user/x"},
        {"http://example.com:80/@user", "http://example.com:80/@user"},
        {"http://[::1]:80/@user", "http://[::1]:80/@user"},
        {"host=db port=5433 user=u password=hunter2", "db:5433"},
        {"user=u password='hunter2 \\'x' host = db", "db"},
        {"dbname=app password=hunter2", "localhost"},
        {"user:hunter2@cache:6379", "cache:6379"},
        {"example.com:443", "example.com:443"},
        {"[::1]:443", "[::1]:443"},
        {"/backup/*.sql.gz", "/backup/*.sql.gz"},
        {"/backup/a@b/dump-?.gz", "/backup/a@b/dump-?.gz"},
        {"/backup/#1/x=y", "/backup/#1/x=y"},
        {"", ""},
    };
    for (const auto& [address, redacted] : kCases) {
        BOOST_TEST(redact_address(address) == redacted, address << ": " << redact_address(address));
    }
}

BOOST_AUTO_TEST_CASE(a_target_without_address_is_this_machine) {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    BOOST_TEST(TargetConfig{}.instance() == name.data());
}

BOOST_AUTO_TEST_CASE(listen_addresses) {
    const std::tuple<const char*, const char*, int> kCases[] = {
        {"127.0.0.1:9897", "127.0.0.1", 9897},
        {"localhost:0", "localhost", 0},
        {"[::1]:0", "::1", 0},
        {"[::]:65535", "::", 65535},
        {":80", "0.0.0.0", 80},
    };
    for (const auto& [text, host, port] : kCases) {
        const auto parsed = parse_listen(text);
        BOOST_TEST_REQUIRE(parsed.has_value(), text);
        BOOST_TEST(parsed->host == host);
        BOOST_TEST(parsed->port == port);
    }
    for (const char* bad :
         {"", "9897", "localhost", "localhost:", "localhost:65536", "h:-1", "h:80x", "::1:80",
          "[::1]", "[]:80", "http://h:80", "a b:80", "[::1:80", "u@h:80"}) {
        BOOST_TEST(!parse_listen(bad).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(globs_give_sorted_paths_once) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::temp_directory_path() / ("pl_globs_" + std::to_string(getpid()));
    fs::create_directories(folder);
    for (const char* name : {"b.yaml", "a.yaml", "c.yml", ".hidden.yaml"}) {
        std::ofstream(folder / name) << "x";
    }
    const auto names = [&](std::vector<std::string> patterns) {
        for (std::string& pattern : patterns)
            pattern = folder / pattern;
        std::string out;
        for (const std::string& path : expand_globs(patterns)) {
            out += fs::path(path).filename().string() + " ";
        }
        return out;
    };
    BOOST_TEST(names({"*.yaml"}) == "a.yaml b.yaml ");
    BOOST_TEST(names({"*.yml", "[ab].yaml", "a.*"}) == "a.yaml b.yaml c.yml ");
    BOOST_TEST(names({"?.y*ml", "missing.yaml"}) == "a.yaml b.yaml c.yml missing.yaml ");
    BOOST_TEST(names({"none-*.yaml"}).empty());
    fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
