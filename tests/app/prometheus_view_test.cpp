#include "app/prometheus_view.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;

namespace {

config::Config configured(std::string_view text) {
    constexpr std::string_view kProbers[] = {"http"};
    const auto config = config::parse_config(text, "p.yaml", "/etc/pl", kProbers);
    BOOST_TEST_REQUIRE(config.has_value());
    return **config;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(prometheus_view)

BOOST_AUTO_TEST_CASE(tells_intervals_labels_and_rule_files) {
    const config::Config config = configured(R"(
defaults: {interval: 30s, timeout: 10s, evaluation_interval: 1m}
external_labels: {region: 'a "b"', zone: c}
rule_files: [rules/*.yaml]
query_history: 2h
)");
    const auto view = app::prometheus_view(config, config);
    BOOST_TEST(view.yaml == R"(global:
  scrape_interval: 30s
  scrape_timeout: 10s
  evaluation_interval: 1m
  external_labels:
    "region": "a \"b\""
    "zone": "c"
rule_files:
- "/etc/pl/rules/*.yaml"
)");
    BOOST_TEST(view.retention == "2h");
}

BOOST_AUTO_TEST_CASE(what_takes_effect_at_a_start_is_told_as_it_is) {
    const config::Config first = configured("external_labels: {a: old}");
    const config::Config now =
        configured("external_labels: {a: new}\nlimits: {query_timeout: 7s}\nquery_history: 3h");
    const auto view = app::prometheus_view(first, now);
    BOOST_TEST(view.yaml.find("\"a\": \"old\"") != std::string::npos);
    for (const auto& [name, value] : view.flags) {
        if (name == "query.timeout") BOOST_TEST(value == "2m");
        if (name == "storage.tsdb.retention.time") BOOST_TEST(value == "3h");
    }
}

BOOST_AUTO_TEST_CASE(no_address_and_no_secret_is_told) {
    const config::Config config = configured(R"(
external_url: https://user:secret@example.com
dead_man: {url: "https://beat.example/secret", every: 1m}
targets: [{name: a, prober: http, target: "https://user:secret@example.com/?token=secret",
           labels: {note: secret}, http: {headers: {X-Key: secret}}}]
)");
    const auto view = app::prometheus_view(config, config);
    BOOST_TEST(view.yaml.find("secret") == std::string::npos);
    for (const auto& [name, value] : view.flags)
        BOOST_TEST(value.find("secret") == std::string::npos, name);
}

BOOST_AUTO_TEST_SUITE_END()
