#include "app/probe_request.h"

#include <boost/test/unit_test.hpp>

#include "app/load.h"

using namespace pilotlight;
using namespace pilotlight::app;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const config::Config> configured(const std::string& text) {
    auto config = config::parse_config(text, "p.yaml", "/", prober_names());
    BOOST_REQUIRE(config.has_value());
    return *config;
}

/// Adds a module as a file would.
std::shared_ptr<const config::Config> with_module(const config::ModuleConfig& module) {
    auto config = std::make_shared<config::Config>(*configured("targets: []"));
    config->modules = std::make_shared<const std::map<std::string, config::ModuleConfig>>(
        std::map<std::string, config::ModuleConfig>{{module.name, module}});
    return config;
}

/// Status and text of the refusal; "" where it is taken.
std::string refused(const config::Config& config, const Parameters& parameters,
                    bool anything = true) {
    exporters::Request request;
    request.parameters = parameters;
    const auto read = read_probe_request(request, config, anything);
    return read ? "" : std::to_string(read.error().status) + " " + read.error().text;
}

std::string timed(std::string_view header, std::optional<Duration> module = std::nullopt) {
    const auto timeout = probe_timeout(header, module);
    return timeout ? format_duration(*timeout) : std::to_string(timeout.error().status);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_request)

BOOST_AUTO_TEST_CASE(a_probe_ends_before_its_scraper_gives_up) {
    BOOST_TEST(timed("10") == "9s500ms");
    BOOST_TEST(timed("10", seconds(3)) == "3s");
    BOOST_TEST(timed("2.5", seconds(3)) == "2s");
    BOOST_TEST(timed("", seconds(3)) == "3s");
    BOOST_TEST(timed("") == "1m59s500ms");
    BOOST_TEST(timed("0") == "1m59s500ms");
    BOOST_TEST(timed("0.2", seconds(3)) == "3s");
    BOOST_TEST(timed("1e9") == "10m");
}

BOOST_AUTO_TEST_CASE(a_timeout_that_is_no_number_is_the_scrapers_mistake) {
    for (const char* header : {"soon", "10s", "1 ", "nan", "0x10", "1,5"})
        BOOST_TEST(timed(header) == "500", header);
    BOOST_TEST(timed("-5", seconds(3)) == "3s");
}

BOOST_AUTO_TEST_CASE(modules_without_a_file_are_those_that_ask_the_network) {
    const auto config = configured("targets: []");
    for (const char* module : {"", "http_2xx", "http", "tcp", "tcp_connect", "icmp", "tls"})
        BOOST_TEST(refused(*config, {{"module", module}, {"target", "localhost:1"}}) == "", module);
    for (const char* module : {"backup", "heartbeat", "host", "unix", "http_3xx", "Http"}) {
        BOOST_TEST(refused(*config, {{"module", module}, {"target", "x"}}) ==
                   "400 Unknown module \"" + std::string(module) + "\"");
    }
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_no_address_is_told_as_blackbox_exporter_does) {
    const auto config = configured("targets: []");
    BOOST_TEST(refused(*config, {}) == "400 Target parameter is missing");
    BOOST_TEST(refused(*config, {{"module", "a\"b"}}) == "400 Unknown module \"a\\\"b\"");
    BOOST_TEST(refused(*config, {{"target", "a\r\nHost: b"}}) == "400 the target is no address");
    BOOST_TEST(refused(*config, {{"target", std::string(9000, 'a')}}) ==
               "400 the target is no address");
    BOOST_TEST(refused(*config, {{"target", "a"}, {"hostname", "b\nc"}}) ==
               "400 the hostname is no name of a host");
}

BOOST_AUTO_TEST_CASE(other_clients_reach_only_what_is_allowed_whole) {
    const auto config = configured("probe_endpoint: {allow: ['https://good\\.example(/.*)?']}");
    for (const char* target : {"https://good.example", "https://good.example/a?b"})
        BOOST_TEST(refused(*config, {{"target", target}}, false) == "", target);
    for (const char* target : {"http://good.example", "https://good.example.evil/",
                               "http://evil/?https://good.example", "169.254.169.254"}) {
        BOOST_TEST(refused(*config, {{"target", target}}, false).find("403 ") == 0U, target);
        BOOST_TEST(refused(*config, {{"target", target}}, true) == "", target);
    }
    BOOST_TEST(refused(*configured("targets: []"), {{"target", "https://good.example"}}, false)
                   .find("403 ") == 0U);
}

BOOST_AUTO_TEST_CASE(other_clients_name_only_hosts_that_are_allowed) {
    const auto config =
        configured("probe_endpoint: {allow: ['https://good.*', 'a\\.example', 'postgres.*']}");
    const auto asked = [&](const char* name, bool anything) {
        return refused(*config, {{"target", "https://good"}, {"hostname", name}}, anything);
    };
    BOOST_TEST(asked("a.example", false) == "");
    BOOST_TEST(asked("b.example", false).find("403 ") == 0U);
    BOOST_TEST(asked("b.example", true) == "");
    const auto queried = [&](const std::string& query, bool anything) {
        const std::string target = "postgres://bob@good/db?" + query;
        return refused(*config, {{"module", "postgres"}, {"target", target}}, anything);
    };
    BOOST_TEST(queried("connect_timeout=1", false) == "");
    for (const char* query : {"host=evil", "hostaddr=192.0.2.1", "connect_timeout=1&host=evil",
                              "%68ost=evil", "h%6fstaddr=192.0.2.1"}) {
        BOOST_TEST(queried(query, false).find("403 ") == 0U, query);
        BOOST_TEST(queried(query, true) == "", query);
    }
    const Parameters login{{"module", "postgres"}, {"target", "postgres://b:a?c@good/d?host=evil"}};
    BOOST_TEST(refused(*config, login, false).find("403 ") == 0U);
}

BOOST_AUTO_TEST_CASE(other_clients_are_not_told_what_happened) {
    const auto config = configured("probe_endpoint: {allow: ['.*']}");
    exporters::Request request;
    request.parameters = {{"target", "http://a/"}, {"debug", "true"}};
    BOOST_TEST(read_probe_request(request, *config, true).value().debug);
    BOOST_TEST(!read_probe_request(request, *config, false).value().debug);
}

BOOST_AUTO_TEST_CASE(a_hostname_is_whom_http_asks_for_unless_the_module_says_another) {
    config::ModuleConfig module;
    module.name = "m";
    module.prober = "http";
    Node host;
    host.kind = Node::Kind::scalar;
    host.scalar = "a.example";
    Node headers;
    headers.kind = Node::Kind::mapping;
    headers.entries.push_back({.key = "host", .key_where = {}, .value = host});
    module.options.kind = Node::Kind::mapping;
    module.options.entries.push_back({.key = "headers", .key_where = {}, .value = headers});
    const auto config = with_module(module);
    const auto asked = [&](const char* name) {
        return refused(*config, {{"module", "m"}, {"target", "b"}, {"hostname", name}});
    };
    BOOST_TEST(asked("a.example") == "");
    BOOST_TEST(asked("c.example").find("400 the module has the Host header") == 0U);
}

BOOST_AUTO_TEST_CASE(a_module_that_cannot_be_used_is_told) {
    config::ModuleConfig module;
    module.name = "m";
    module.prober = "http";
    Node options;
    options.kind = Node::Kind::mapping;
    options.entries.push_back({.key = "methud", .key_where = {}, .value = {}});
    module.options = options;
    BOOST_TEST(refused(*with_module(module), {{"module", "m"}, {"target", "b"}})
                   .find("400 the module \"m\" cannot be used: ") == 0U);
    module.prober = "carrier_pigeon";
    BOOST_TEST(refused(*with_module(module), {{"module", "m"}, {"target", "b"}}) ==
               "400 Unknown prober \"carrier_pigeon\"");
}

BOOST_AUTO_TEST_CASE(its_samples_carry_no_labels_of_a_target_and_its_name_no_secret) {
    exporters::Request request;
    request.parameters = {{"target", "http://bob:hunter2@a/?k=hunter2"}, {"debug", "true"}};
    const auto read = read_probe_request(request, *configured("targets: []"), true);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->target == "http://a/");
    BOOST_TEST(read->debug);
    BOOST_TEST(read->prepared.target->labels.empty());
    BOOST_TEST(read->prepared.target->config.name == "http://a/");
}

BOOST_AUTO_TEST_SUITE_END()
