#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>

#include "config/config.h"

using namespace pilotlight;
using config::DnsDiscovery;
using config::HttpDiscovery;
using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, 2> kProbers{"http", "tcp"};

std::shared_ptr<const config::Config> accepted(const std::string& text) {
    auto config = config::parse_config(text, "p.yaml", "/nowhere", kProbers);
    BOOST_TEST_REQUIRE(config.has_value(), (config ? "" : config.error().front().to_string()));
    return *config;
}

std::string refused(const std::string& text) {
    const auto config = config::parse_config(text, "p.yaml", "/nowhere", kProbers);
    if (config) return "accepted";
    std::string lines;
    for (const Error& error : config.error())
        lines += error.to_string() + "\n";
    return lines;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

/// What the entry's pattern makes of an address with these labels.
Result<std::optional<config::TargetConfig>> made(const std::string& keys,
                                                 const std::string& address,
                                                 const Labels& labels = {}) {
    const auto read = accepted("http_sd: [{url: 'http://sd/', prober: http, " + keys + "}]");
    return make_target(read->discoveries.at(0).pattern, {address, labels, {}});
}

config::TargetConfig target(const std::string& keys, const std::string& address,
                            const Labels& labels = {}) {
    const auto result = made(keys, address, labels);
    BOOST_TEST_REQUIRE(result.has_value(), (result ? "" : result.error().to_string()));
    BOOST_REQUIRE(result->has_value());
    return **result;
}

std::string error_of(const std::string& keys, const std::string& address,
                     const Labels& labels = {}) {
    const auto result = made(keys, address, labels);
    return result ? "made" : result.error().to_string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(discovery)

BOOST_AUTO_TEST_CASE(entries_of_dns_sd_and_http_sd_are_read) {
    const auto config = accepted(
        "dns_sd:\n  - {names: [_api._tcp.example.com, b.example.com], prober: tcp}\n"
        "  - {names: [a.example.com], type: A, port: 443, refresh_interval: 5s, prober: tcp}\n"
        "http_sd:\n  - {url: 'https://sd/', refresh_interval: 2m, prober: http, interval: 30s,\n"
        "     basic_auth: {username: u, password: p}}\n");
    BOOST_TEST_REQUIRE(config->discoveries.size() == 3U);
    const auto& srv = std::get<DnsDiscovery>(config->discoveries[0].source);
    BOOST_TEST(srv.type == "SRV");
    BOOST_TEST(srv.names.size() == 2U);
    BOOST_TEST((config->discoveries[0].refresh_interval == 30s));
    const auto& plain = std::get<DnsDiscovery>(config->discoveries[1].source);
    BOOST_TEST(plain.port == 443);
    BOOST_TEST((config->discoveries[1].refresh_interval == 5s));
    const auto& http = std::get<HttpDiscovery>(config->discoveries[2].source);
    BOOST_TEST(http.url.reveal() == "https://sd/");
    BOOST_TEST(http.client.find("basic_auth")->find("username")->scalar == "u");
    BOOST_TEST((config->discoveries[2].pattern.common.interval == 30s));
}

BOOST_AUTO_TEST_CASE(bad_entries_are_refused_with_their_places) {
    BOOST_TEST(has(refused("dns_sd: [{prober: tcp}]"), "missing key \"names\""));
    BOOST_TEST(has(refused("dns_sd: [{names: [], prober: tcp}]"), "expected a name or more"));
    BOOST_TEST(has(refused("dns_sd: [{names: [a], type: TXT, prober: tcp}]"),
                   "p.yaml:1:29: expected one of SRV, A, AAAA, MX, NS"));
    BOOST_TEST(has(refused("dns_sd: [{names: [a], type: A, prober: tcp}]"),
                   "p.yaml:1:10: a port is needed for the type A"));
    BOOST_TEST(has(refused("dns_sd: [{names: [a], port: 70000, prober: tcp}]"),
                   "expected a port from 1 to 65535"));
    BOOST_TEST(has(refused("dns_sd: [{names: [a], refresh_interval: 10ms, prober: tcp}]"),
                   "expected a refresh interval of 1s or more"));
    BOOST_TEST(has(refused("http_sd: [{prober: http}]"), "missing key \"url\""));
    BOOST_TEST(has(refused("http_sd: [{url: 'ftp://x', prober: http}]"), "an http or https URL"));
    BOOST_TEST(has(refused("http_sd: [{url: 'http://x', prober: http, names: [a]}]"),
                   "unknown key \"names\""));
    BOOST_TEST(has(refused("http_sd: [{url: 'http://x', prober: http, relabel_configs: "
                           "[{action: x}]}]"),
                   "expected one of replace"));
    BOOST_TEST(has(refused("dns_sd: {}"), "p.yaml:1:9: expected a list"));
}

BOOST_AUTO_TEST_CASE(an_address_becomes_a_target) {
    const auto made = target("labels: {tier: a}, service: web", "https://u:p@a.example.com/x?y",
                             {{"team", "shop"}, {"__meta_url", "http://sd/"}});
    BOOST_TEST(made.name == "https://a.example.com/x");
    BOOST_TEST(made.target.reveal() == "https://u:p@a.example.com/x?y");
    BOOST_TEST(made.service == "web");
    BOOST_TEST(made.labels.to_string() == R"({team="shop", tier="a"})");
}

BOOST_AUTO_TEST_CASE(labels_name_the_target_and_its_service) {
    const auto made = target("service: web", "a:80", {{"target", "shop"}, {"service", "cart"}});
    BOOST_TEST(made.name == "shop");
    BOOST_TEST(made.service == "cart");
    BOOST_TEST(made.labels.empty());
}

BOOST_AUTO_TEST_CASE(the_usual_rules_for_blackbox_exporter_work_as_they_are) {
    const auto made = target(
        "relabel_configs: [{source_labels: [__address__], target_label: __param_target}, "
        "{source_labels: [__param_target], target_label: instance}, "
        "{target_label: __address__, replacement: '127.0.0.1:9115'}]",
        "https://shop.example.com");
    BOOST_TEST(made.target.reveal() == "https://shop.example.com");
    BOOST_TEST(made.labels.get("instance") == "https://shop.example.com");
}

BOOST_AUTO_TEST_CASE(relabelling_drops_targets) {
    const auto dropped =
        made("relabel_configs: [{source_labels: [env], regex: test, action: drop}]", "a",
             {{"env", "test"}});
    BOOST_REQUIRE(dropped.has_value());
    BOOST_TEST(!dropped->has_value());
}

BOOST_AUTO_TEST_CASE(an_entrys_rules_run_before_the_roots) {
    const auto config = accepted(
        "relabel_configs: [{source_labels: [x], target_label: x, regex: (.*), replacement: "
        "$1-root}]\n"
        "http_sd: [{url: 'http://sd/', prober: http, relabel_configs: [{target_label: x, "
        "replacement: own}]}]\n");
    const auto made = make_target(config->discoveries.at(0).pattern, {"a", {}, {}});
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST((*made)->labels.get("x") == "own-root");
}

BOOST_AUTO_TEST_CASE(labels_set_the_times) {
    const Labels fast{{"__scrape_interval__", "2s"}};
    const auto made = target("interval: 30s, timeout: 7s", "a", fast);
    BOOST_TEST((made.interval == 2s));
    BOOST_TEST((made.timeout == 2s));
    BOOST_TEST(has(error_of("interval: 30s", "a", {{"__scrape_timeout__", "1m"}}),
                   "longer than the interval"));
    BOOST_TEST(has(error_of("interval: 30s", "a", {{"__scrape_interval__", "soon"}}),
                   "__scrape_interval__ is \"soon\", expected a duration"));
}

BOOST_AUTO_TEST_CASE(what_is_no_target_is_told) {
    BOOST_TEST(has(error_of("interval: 1m", ""), "no address after relabelling"));
    BOOST_TEST(has(error_of("interval: 1m", "a\nb"), "on one line"));
    BOOST_TEST(has(error_of("interval: 1m", "a", {{"__param_module", "none"}}),
                   "__param_module names \"none\", which no module file has"));
}

BOOST_AUTO_TEST_SUITE_END()
