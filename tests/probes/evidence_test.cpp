#include "probes/evidence.h"

#include <boost/test/unit_test.hpp>

#include <string>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::Report;

namespace {

/// All of it in one text, to look for what must not be there.
std::string all_text(const Evidence& evidence) {
    std::string text = evidence.status_line + "\n" + evidence.body + "\n";
    for (const auto& address : evidence.addresses)
        text += address.address + " " + address.error + "\n";
    for (const auto& header : evidence.headers)
        text += header.name + ": " + header.value + "\n";
    for (const auto& line : evidence.dialogue)
        text += line + "\n";
    return text;
}

std::string header_of(const Evidence& evidence, std::string_view name) {
    for (const auto& header : evidence.headers) {
        if (header.name == name) return header.value;
    }
    return "(none)";
}

bool has_phase(const Evidence& evidence, std::string_view name) {
    return std::ranges::find(evidence.phases, name, &Evidence::Phase::name) !=
           evidence.phases.end();
}

/// Answers with all that it was sent, in the body and in headers.
Script echo_of(const std::string& sent) {
    return http_answer(500, "you said " + sent, {"X-Echo: " + sent});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence)

BOOST_AUTO_TEST_CASE(a_probe_that_is_ok_brings_none) {
    const ScriptedServer server(http_answer(200, "fine"));
    const Report report = probe_now(&probes::make_http, server.url());
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(!report.evidence);
}

BOOST_AUTO_TEST_CASE(http_shows_status_headers_body_and_times) {
    const ScriptedServer server(
        http_answer(503, "down for maintenance", {"Retry-After: 120", "Set-Cookie: sid=abcdef"}));
    const Report report = probe_now(&probes::make_http, server.url());
    BOOST_REQUIRE(report.evidence);
    const Evidence& evidence = *report.evidence;
    BOOST_TEST(evidence.status_line.starts_with("HTTP/1.1 503"));
    BOOST_TEST(evidence.body == "down for maintenance");
    BOOST_TEST(evidence.body_bytes == 20U);
    BOOST_TEST(header_of(evidence, "Retry-After") == "120");
    BOOST_TEST(header_of(evidence, "Set-Cookie") == "<secret>");
    BOOST_TEST(has_phase(evidence, "connect"));
    BOOST_TEST(has_phase(evidence, "processing"));
    BOOST_REQUIRE(evidence.addresses.size() == 1U);
    BOOST_TEST(evidence.addresses[0].address == "127.0.0.1");
    BOOST_TEST(evidence.addresses[0].tried);
    BOOST_TEST(evidence.addresses[0].error == "");
}

BOOST_AUTO_TEST_CASE(a_body_is_shown_up_to_a_kibibyte_and_made_printable) {
    const ScriptedServer server(http_answer(500, "\xff\x1b[2J" + std::string(5'000, 'x')));
    const Report report = probe_now(&probes::make_http, server.url());
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(report.evidence->body.starts_with("\uFFFD\uFFFD[2Jxx"));
    BOOST_TEST(report.evidence->body.size() <= 1'024U);
    BOOST_TEST(report.evidence->body_bytes == 5'005U);
}

BOOST_AUTO_TEST_CASE(an_echo_of_the_login_in_the_url_tells_nothing) {
    const ScriptedServer server(echo_of("hunter2 YW5uOmh1bnRlcjI= s3cr3t-query"));
    const Report report = probe_now(&probes::make_http,
                                    "http://ann:hunter2@" + server.address() + "/?k=s3cr3t-query");
    BOOST_REQUIRE(report.evidence);
    const std::string text = all_text(*report.evidence);
    BOOST_TEST(text.contains("you said <secret> <secret> <secret>"));
    for (const char* secret : {"hunter2", "YW5uOmh1bnRlcjI", "s3cr3t"})
        BOOST_TEST(!text.contains(secret), secret);
}

BOOST_AUTO_TEST_CASE(an_echo_of_headers_and_body_tells_nothing) {
    const ScriptedServer server(echo_of("tok-12345 key-12345 pass-12345 bear-12345"));
    const Report report = probe_now(&probes::make_http, server.url(), R"(
method: POST
headers: {X-Token: tok-12345, X-Other: key-12345}
body: '{"user": "me", "password": "pass-12345"}'
bearer_token: bear-12345
)");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(!all_text(*report.evidence).contains("12345"));
}

BOOST_AUTO_TEST_CASE(an_echo_of_a_secret_from_a_file_tells_nothing) {
    TemporaryFolder folder;
    const std::string file = folder.write("token", "from-a-file-12345\n");
    const ScriptedServer server(echo_of("from-a-file-12345"));
    const Report report = probe_now(&probes::make_http, server.url(),
                                    "{authorization: {credentials_file: " + file + "}}");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(!all_text(*report.evidence).contains("from-a-file"));
}

BOOST_AUTO_TEST_CASE(a_redirect_shows_no_query) {
    const ScriptedServer server(
        http_answer(302, "", {"Location: https://login.example/path?ticket=ST-12345"}));
    const Report report = probe_now(&probes::make_http, server.url(), "{follow_redirects: false}");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(header_of(*report.evidence, "Location") == "https://login.example/path?...");
}

BOOST_AUTO_TEST_CASE(a_refused_connection_shows_what_was_tried) {
    const std::string port = std::to_string(refused_port());
    const Report report =
        probe_now(&probes::make_tcp, "localhost:" + port, "{preferred_ip_protocol: ip4}");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(!report.evidence->addresses.empty());
    for (const auto& address : report.evidence->addresses) {
        BOOST_TEST(address.tried);
        BOOST_TEST(address.error != "");
    }
}

BOOST_AUTO_TEST_CASE(a_chain_that_does_not_verify_is_shown) {
    CertificateOptions leaf;
    leaf.valid_from = -std::chrono::hours(48);
    leaf.valid_until = -std::chrono::hours(24);
    CertificateAuthority authority;
    TemporaryFolder folder;
    const std::string ca_file = folder.write("ca.pem", authority.certificate());
    const ScriptedServer server({{stall()}}, {.identity = authority.issue(leaf)});
    const Report report = probe_now(&probes::make_tls, server.address(), "ca_file: " + ca_file);
    BOOST_TEST(verdict_of(report) == "tls/certificate_expired");
    BOOST_REQUIRE(report.evidence);
    BOOST_REQUIRE(report.evidence->tls);
    const TlsEvidence& tls = *report.evidence->tls;
    BOOST_TEST(!tls.verified);
    BOOST_TEST(tls.reason == "certificate_expired");
    BOOST_TEST(tls.detail != "");
    BOOST_TEST(tls.version != "");
    BOOST_TEST(tls.cipher != "");
    BOOST_REQUIRE(!tls.chain.empty());
    BOOST_TEST(tls.chain[0].subject == "CN=localhost");
    BOOST_TEST(tls.chain[0].issuer == "CN=Pilotlight Test CA");
    BOOST_TEST(tls.chain[0].names.at(0) == "localhost");
    BOOST_TEST((tls.chain[0].not_after < wall_now()));
    BOOST_TEST(has_phase(*report.evidence, "tls"));
}

BOOST_AUTO_TEST_CASE(a_conversation_shows_what_the_peer_said_and_no_secret_of_ours) {
    const ScriptedServer server({send("220 ready\r\n"), expect("AUTH sesame99\n"),
                                 send("500 what is AUTH sesame99\r\n"), close()});
    const Report report = probe_now(&probes::make_tcp, server.address(), R"(
query_response: [{expect: "^220", send: "AUTH sesame99"}, {expect: "^250"}]
)");
    BOOST_TEST(verdict_of(report) == "query/regexp");
    BOOST_REQUIRE(report.evidence);
    const std::vector<std::string> heard{"< 220 ready", "< 500 what is <secret>"};
    BOOST_TEST(report.evidence->dialogue == heard, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_starttls_that_fails_shows_its_chain) {
    const ScriptedServer server(
        {{send("220 ready\r\n"), expect("STARTTLS\n"), send("220 go\r\n"), start_tls(), stall()}},
        {.identity = make_self_signed(), .at_once = false});
    const Report report = probe_now(&probes::make_tcp, server.address(), R"(
query_response: [{expect: "^220", send: "STARTTLS"}, {expect: "^220", starttls: true}]
)");
    BOOST_TEST(verdict_of(report) == "tls/certificate_self_signed");
    BOOST_REQUIRE(report.evidence);
    BOOST_REQUIRE(report.evidence->tls);
    BOOST_TEST(report.evidence->tls->chain.size() == 1U);
    BOOST_TEST(report.evidence->dialogue.at(0) == "< 220 ready");
}

BOOST_AUTO_TEST_CASE(a_page_that_is_no_metrics_is_shown) {
    const ScriptedServer server(http_answer(200, "<html>Sign in, hunter22</html>"));
    const Report report = probe_now(&probes::make_scrape, server.url("/metrics"),
                                    "{basic_auth: {username: ann, password: hunter22}}");
    BOOST_TEST(verdict_of(report) == "parse/bad_format");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(report.evidence->body == "<html>Sign in, <secret></html>");
    BOOST_TEST(report.evidence->status_line.starts_with("HTTP/1.1 200"));
}

BOOST_AUTO_TEST_CASE(a_websocket_that_is_refused_shows_the_answer) {
    const ScriptedServer server(http_answer(403, "", {"X-Echo: bear-12345"}));
    const Report report = probe_now(&probes::make_websocket, "ws://" + server.address(),
                                    "{http_config: {bearer_token: bear-12345}}");
    BOOST_REQUIRE(report.evidence);
    const std::string text = all_text(*report.evidence);
    BOOST_TEST(text.contains("< HTTP/1.1 403"));
    BOOST_TEST(!text.contains("12345"));
}

BOOST_AUTO_TEST_CASE(grpc_shows_the_answer_that_is_none) {
    const ScriptedServer server({send("HTTP/1.1 400 Bad Request\r\n\r\n"), close()});
    const Report report = probe_now(&probes::make_grpc, server.address());
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(report.evidence->dialogue.at(0) == "> POST /grpc.health.v1.Health/Check");
    BOOST_TEST(report.evidence->addresses.size() == 1U);
}

BOOST_AUTO_TEST_CASE(dns_shows_the_question_and_the_address_that_was_asked) {
    const Report report =
        probe_now(&probes::make_dns, "127.0.0.1:" + std::to_string(refused_port()),
                  "{query_name: www.example.test, query_type: A}");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(report.evidence->dialogue.at(0) == "> www.example.test A");
    BOOST_TEST(report.evidence->addresses.at(0).address == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(postgres_and_redis_show_the_addresses_and_no_password) {
    const std::string port = std::to_string(refused_port());
    const Report postgres =
        probe_now(&probes::make_postgres, "postgres://ann:hunter22@127.0.0.1:" + port + "/orders");
    BOOST_REQUIRE(postgres.evidence);
    BOOST_TEST(postgres.evidence->addresses.at(0).address == "127.0.0.1");
    BOOST_TEST(!all_text(*postgres.evidence).contains("hunter22"));
    const Report redis = probe_now(&probes::make_redis, "redis://:hunter22@127.0.0.1:" + port);
    BOOST_REQUIRE(redis.evidence);
    BOOST_TEST(redis.evidence->addresses.at(0).error.contains("refused"));
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_there_leaves_only_the_time) {
    const Report report = probe_now(&probes::make_icmp, "127.0.0.1",
                                    "{preferred_ip_protocol: ip6, "
                                    "ip_protocol_fallback: false}");
    BOOST_TEST(verdict_of(report) == "resolve/no_addresses");
    BOOST_REQUIRE(report.evidence);
    BOOST_TEST(report.evidence->addresses.empty());
}

BOOST_AUTO_TEST_SUITE_END()
