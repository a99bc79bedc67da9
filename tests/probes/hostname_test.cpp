#include "probes/hostname.h"

#include <boost/test/unit_test.hpp>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"

using namespace pilotlight;
using namespace pilotlight::testing;

namespace {

config::TargetConfig target_of(const std::string& prober, const std::string& options) {
    config::TargetConfig target = make_target("127.0.0.1:443", options);
    target.prober = prober;
    return target;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hostname)

BOOST_AUTO_TEST_CASE(http_asks_for_it_by_its_host_header) {
    for (const std::string options : {"{}", "headers: {Accept: a}", "headers: {host: a.example}"}) {
        config::TargetConfig target = target_of("http", options);
        BOOST_TEST(probes::set_hostname("a.example", target).has_value(), options);
        BOOST_TEST(target.options.find("headers")->find("Host")->scalar == "a.example");
        BOOST_TEST(probes::make_http(target).has_value());
    }
    config::TargetConfig other = target_of("http", "headers: {Host: b.example}");
    BOOST_TEST(probes::set_hostname("a.example", other).error().message.contains("b.example"));
}

BOOST_AUTO_TEST_CASE(tcp_takes_it_for_the_certificates_name) {
    config::TargetConfig target = target_of("tcp", "tls: true");
    BOOST_TEST(probes::set_hostname("a.example", target).has_value());
    BOOST_TEST(target.options.find("tls_config")->find("server_name")->scalar == "a.example");
    BOOST_TEST(probes::make_tcp(target).has_value());
    config::TargetConfig named = target_of("tcp", "tls_config: {server_name: b.example}");
    BOOST_TEST(probes::set_hostname("a.example", named).has_value());
    BOOST_TEST(named.options.find("tls_config")->find("server_name")->scalar == "b.example");
}

BOOST_AUTO_TEST_CASE(others_do_not_look_at_it) {
    config::TargetConfig target = target_of("icmp", "{}");
    BOOST_TEST(probes::set_hostname("a.example", target).has_value());
    BOOST_TEST(target.options.entries.empty());
}

BOOST_AUTO_TEST_SUITE_END()
