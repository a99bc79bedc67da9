#include "probes/discoverer.h"

#include <boost/test/unit_test.hpp>

#include "config/yaml.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::testing;
namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

const std::vector<std::string> kJson{"Content-Type: application/json; charset=utf-8"};
constexpr const char* kGroups =
    R"([{"targets": ["a:80", "b:80"], "labels": {"env": "prod"}}, {"targets": ["c:80"]}])";

config::DiscoveryConfig http_sd(const std::string& url, const std::string& client = "{}") {
    config::HttpDiscovery source;
    source.url = Secret(url);
    source.client = config::parse_yaml(client, "sd.yaml").value();
    config::DiscoveryConfig discovery;
    discovery.source = std::move(source);
    discovery.refresh_interval = seconds(60);
    return discovery;
}

/// `address labels; ...`, or what went wrong.
std::string asked(const config::DiscoveryConfig& config, Duration limit = seconds(5)) {
    auto discoverer = probes::make_discoverer(config);
    BOOST_REQUIRE(discoverer.has_value());
    std::string text;
    run_coroutine_test([&](runtime::Services& services) -> asio::awaitable<void> {
        const auto targets = co_await (*discoverer)->ask(services, runtime::Deadline::in(limit));
        if (!targets) text = targets.error().message;
        for (const auto& target : targets ? *targets : std::vector<config::DiscoveredTarget>{})
            text += target.address + " " + target.labels.to_string() + "; ";
    });
    return text;
}

std::string answered(int status, const std::string& body,
                     const std::vector<std::string>& headers = kJson) {
    const ScriptedServer server(http_answer(status, body, headers));
    return asked(http_sd(server.url("/targets")));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(discoverers)

BOOST_AUTO_TEST_CASE(http_gives_addresses_with_their_groups_labels) {
    const ScriptedServer server(http_answer(200, kGroups, kJson));
    const std::string meta = "__meta_url=\"" + server.url("/targets") + "\"";
    BOOST_TEST(asked(http_sd(server.url("/targets?token=hunter2"))) ==
               "a:80 {" + meta + R"(, env="prod"}; b:80 {)" + meta + R"(, env="prod"}; c:80 {)" +
                   meta + "}; ");
}

BOOST_AUTO_TEST_CASE(http_is_asked_as_prometheus_asks) {
    const ScriptedServer server(http_answer(200, "[]", kJson));
    BOOST_TEST(asked(http_sd(server.url("/t"), "{basic_auth: {username: u, password: p}}")) == "");
    const std::string request = server.received();
    BOOST_TEST(request.find("GET /t HTTP/1.1\r\n") == 0U);
    BOOST_TEST(request.find("Accept: application/json\r\n") != request.npos);
    BOOST_TEST(request.find("X-Prometheus-Refresh-Interval-Seconds: 60.000000\r\n") !=
               request.npos);
    BOOST_TEST(request.find("Authorization: Basic dTpw\r\n") != request.npos);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_no_list_fails_the_whole) {
    BOOST_TEST(answered(503, kGroups) == "HTTP 503, expected 200");
    BOOST_TEST(answered(200, kGroups, {"Content-Type: text/html"}) ==
               "the answer is of the type \"text/html\", expected application/json");
    BOOST_TEST(answered(200, "{}").find("expected a list of {targets") == 0U);
    BOOST_TEST(answered(200, R"([{"targets": ["a"], "labels": {"x-y": "z"}}])")
                   .find("\"x-y\" is no label name") == 0U);
    BOOST_TEST(answered(200, R"([{"targets": ["a")").find("bad YAML: ") == 0U);
    BOOST_TEST(answered(200, R"([{"targets": ["a"], "lables": {}}])").find("unknown key") == 0U);
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_ends_by_the_deadline) {
    const ScriptedServer server({stall()});
    BOOST_TEST(asked(http_sd(server.url()), std::chrono::milliseconds(300)) != "");
    BOOST_TEST(asked(http_sd("http://127.0.0.1:" + std::to_string(refused_port()))) != "");
}

BOOST_AUTO_TEST_CASE(options_that_the_client_has_not_are_refused) {
    const auto made = probes::make_discoverer(http_sd("http://x/", "{oauth2: {}}"));
    BOOST_REQUIRE(!made.has_value());
    BOOST_TEST(made.error().front().to_string().find("sd.yaml:1:2: unknown key \"oauth2\"") == 0U);
}

BOOST_AUTO_TEST_CASE(names_give_addresses_with_the_port) {
    config::DnsDiscovery source;
    source.names = {"localhost"};
    source.type = "A";
    source.port = 8080;
    config::DiscoveryConfig discovery;
    discovery.source = source;
    BOOST_TEST(asked(discovery) == R"(127.0.0.1:8080 {__meta_dns_name="localhost"}; )");
    source.type = "AAAA";
    discovery.source = source;
    BOOST_TEST(asked(discovery) == R"([::1]:8080 {__meta_dns_name="localhost"}; )");
}

BOOST_AUTO_TEST_CASE(messages_show_no_secret) {
    const auto made = probes::make_discoverer(http_sd("http://u:hunter2@x/t?key=hunter2"));
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST((*made)->name() == "http_sd http://x/t");
}

BOOST_AUTO_TEST_SUITE_END()
