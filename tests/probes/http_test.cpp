#include <boost/test/unit_test.hpp>

#include <string>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_http;
using probes::Report;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(http)

BOOST_AUTO_TEST_CASE(a_good_answer_has_every_metric) {
    const ScriptedServer server(
        http_answer(200, "hello", {"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"}));
    const Report report = probe_now(&make_http, server.url());
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "probe_http_status_code").value() == 200);
    BOOST_TEST(value_of(report, "probe_http_content_length").value() == 5);
    BOOST_TEST(value_of(report, "probe_http_uncompressed_body_length").value() == 5);
    BOOST_TEST(value_of(report, "probe_http_redirects").value() == 0);
    BOOST_TEST(value_of(report, "probe_http_ssl").value() == 0);
    BOOST_TEST(value_of(report, "probe_http_version").value() == 1.1);
    BOOST_TEST(value_of(report, "probe_failed_due_to_regex").value() == 0);
    BOOST_TEST(value_of(report, "probe_http_last_modified_timestamp_seconds").value() == 784111777);
    BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 4);
    // FNV-1a of 127.0.0.1.
    BOOST_TEST(value_of(report, "probe_ip_addr_hash").value() == 3668918509);
    BOOST_TEST(value_of(report, "probe_dns_lookup_time_seconds").has_value());
    for (const std::string phase : {"resolve", "connect", "tls", "processing", "transfer"}) {
        BOOST_TEST(value_of(report, "probe_http_duration_seconds", phase).has_value(), phase);
    }
    BOOST_TEST(value_of(report, "probe_http_duration_seconds", "tls").value() == 0);
    BOOST_TEST(!value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
}

BOOST_AUTO_TEST_CASE(without_an_answer_the_status_is_0) {
    const Report report =
        probe_now(&make_http, "http://127.0.0.1:" + std::to_string(refused_port()));
    BOOST_TEST(verdict_of(report) == "connect/refused");
    BOOST_TEST(value_of(report, "probe_http_status_code").value() == 0);
    BOOST_TEST(value_of(report, "probe_http_content_length").value() == 0);
    BOOST_TEST(value_of(report, "probe_http_version").value() == 0);
}

BOOST_AUTO_TEST_CASE(a_target_without_scheme_is_http) {
    const ScriptedServer server(http_answer(200));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.address() + "/x")) == "");
    BOOST_TEST(server.received().starts_with("GET /x "));
}

BOOST_AUTO_TEST_CASE(the_status_decides) {
    const ScriptedServer unavailable(http_answer(503));
    const Report report = probe_now(&make_http, unavailable.url());
    BOOST_TEST(verdict_of(report) == "response/status");
    BOOST_TEST(report.outcome.detail == "HTTP 503, expected 2xx");
    BOOST_TEST(value_of(report, "probe_http_status_code").value() == 503);
    BOOST_TEST(verdict_of(probe_now(&make_http, unavailable.url(),
                                    "valid_status_codes: [200, 503]")) == "");
    const ScriptedServer created(http_answer(201));
    BOOST_TEST(verdict_of(probe_now(&make_http, created.url())) == "");
    BOOST_TEST(verdict_of(probe_now(&make_http, created.url(), "valid_status_codes: [200]")) ==
               "response/status");
}

BOOST_AUTO_TEST_CASE(body_conditions_decide_and_set_the_regex_metric) {
    const ScriptedServer server(http_answer(200, R"({"status": "degraded"})"));
    const Report missing = probe_now(&make_http, server.url(),
                                     R"(fail_if_body_not_matches_regexp: ['"status":\s*"ok"'])");
    BOOST_TEST(verdict_of(missing) == "body/body_regexp");
    BOOST_TEST(value_of(missing, "probe_failed_due_to_regex").value() == 1);
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(),
                                    "fail_if_body_matches_regexp: [nothing, degraded]")) ==
               "body/body_regexp");
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(),
                                    "fail_if_body_matches_regexp: [nothing]\n"
                                    "fail_if_body_not_matches_regexp: [degraded]")) == "");
}

BOOST_AUTO_TEST_CASE(a_bad_status_is_told_before_a_bad_body) {
    const ScriptedServer server(http_answer(500, "oops"));
    const Report report =
        probe_now(&make_http, server.url(), "fail_if_body_matches_regexp: [oops]");
    BOOST_TEST(verdict_of(report) == "response/status");
    BOOST_TEST(value_of(report, "probe_failed_due_to_regex").value() == 0);
}

BOOST_AUTO_TEST_CASE(header_conditions_decide) {
    const ScriptedServer server(http_answer(200, "", {"X-Mode: maintenance", "X-Mode: full"}));
    const auto verdict = [&](const std::string& options) {
        return verdict_of(probe_now(&make_http, server.url(), options));
    };
    BOOST_TEST(verdict("fail_if_header_matches: [{header: x-mode, regexp: maint}]") ==
               "response/header_regexp");
    BOOST_TEST(verdict("fail_if_header_matches: [{header: X-Mode, regexp: never}]") == "");
    BOOST_TEST(verdict("fail_if_header_not_matches: [{header: X-Mode, regexp: full}]") == "");
    BOOST_TEST(verdict("fail_if_header_not_matches: [{header: X-Mode, regexp: never}]") ==
               "response/header_regexp");
    BOOST_TEST(verdict("fail_if_header_matches: [{header: X-None, regexp: a}]") ==
               "response/header_regexp");
    BOOST_TEST(
        verdict("fail_if_header_matches: [{header: X-None, regexp: a, allow_missing: true}]") ==
        "");
}

BOOST_AUTO_TEST_CASE(redirects_are_followed_unless_told_not_to) {
    const std::vector<Script> scripts = {http_answer(302, "", {"Location: /there"}),
                                         http_answer(200, "there")};
    const ScriptedServer followed(scripts);
    const Report report = probe_now(&make_http, followed.url());
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "probe_http_redirects").value() == 1);
    const ScriptedServer stays(scripts);
    BOOST_TEST(verdict_of(probe_now(&make_http, stays.url(), "follow_redirects: false")) ==
               "response/status");
    const ScriptedServer older(scripts);
    BOOST_TEST(verdict_of(probe_now(&make_http, older.url(),
                                    "no_follow_redirects: true\nvalid_status_codes: [302]")) == "");
}

BOOST_AUTO_TEST_CASE(versions_and_transport_decide) {
    const ScriptedServer server(http_answer(200));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "valid_http_versions: [HTTP/2.0]")) ==
               "response/http_version");
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "valid_http_versions: [HTTP/1.1]")) ==
               "");
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "fail_if_not_ssl: true")) ==
               "response/no_ssl");
}

BOOST_AUTO_TEST_CASE(sends_what_it_is_told_to) {
    const ScriptedServer server({expect("the body"), send(http_text(200, "")), close()});
    const Report report = probe_now(&make_http, server.url(),
                                    "method: POST\nbody: the body\n"
                                    "headers: {X-Thing: yes it is, Host: other.example}");
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(server.received().starts_with("POST / HTTP/1.1\r\n"));
    BOOST_TEST(server.received().contains("X-Thing: yes it is\r\n"));
    BOOST_TEST(server.received().contains("Host: other.example\r\n"));
    BOOST_TEST(!server.received().contains("Host: 127.0.0.1"));
}

BOOST_AUTO_TEST_CASE(logs_in_by_text_or_file) {
    const TemporaryFolder folder;
    const std::string token = folder.write("token", "from-file\n");
    const std::pair<std::string, std::string> kCases[] = {
        {"basic_auth: {username: Aladdin, password: open sesame}",
         "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"},
        {"authorization: {credentials: abc}", "Authorization: Bearer abc\r\n"},
        {"authorization: {type: Token, credentials: abc}", "Authorization: Token abc\r\n"},
        {"bearer_token: abc", "Authorization: Bearer abc\r\n"},
        {"bearer_token_file: " + token, "Authorization: Bearer from-file\r\n"},
    };
    for (const auto& [options, header] : kCases) {
        const ScriptedServer server(http_answer(200));
        BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), options)) == "");
        BOOST_TEST(server.received().contains(header), options);
    }
}

BOOST_AUTO_TEST_CASE(more_headers_come_from_texts_and_files) {
    const TemporaryFolder folder;
    const ScriptedServer server(http_answer(200));
    const Report report =
        probe_now(&make_http, server.url(),
                  "http_headers: {X-Many: {values: [a, b], secrets: [c], files: [" +
                      folder.write("d", "from-file\n") + "]}}");
    BOOST_TEST(verdict_of(report) == "");
    for (const char* value : {"a", "b", "c", "from-file"})
        BOOST_TEST(server.received().contains("X-Many: " + std::string(value) + "\r\n"));
}

BOOST_AUTO_TEST_CASE(a_proxy_is_used_but_for_those_that_need_none) {
    const ScriptedServer proxy(http_answer(200));
    const ScriptedServer server(http_answer(200));
    const std::string options =
        "skip_resolve_phase_with_proxy: true\nproxy_url: " + proxy.url("") + "\nno_proxy: ";
    BOOST_TEST(verdict_of(probe_now(&make_http, "http://away.example/x",
                                    options + "'10.0.0.0/8,.internal'")) == "");
    BOOST_TEST(proxy.received().starts_with("GET http://away.example/x HTTP/1.1\r\n"));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), options + "127.0.0.0/8")) == "");
    BOOST_TEST(server.received().starts_with("GET / "));
    BOOST_TEST(proxy.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_host_is_resolved_before_the_proxy_is_given_its_address) {
    const ScriptedServer proxy(
        {http_answer(200), {expect("\r\n\r\n"), send("HTTP/1.1 502 No\r\n\r\n"), close()}});
    const std::string options = "preferred_ip_protocol: ip4\nproxy_url: " + proxy.url("");
    const Report report = probe_now(&make_http, "http://localhost:81/x?y", options);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(proxy.received().starts_with("GET http://127.0.0.1:81/x?y HTTP/1.1\r\n"));
    BOOST_TEST(proxy.received().contains("Host: localhost:81\r\n"));
    BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 4);
    BOOST_TEST(verdict_of(probe_now(&make_http, "https://localhost/", options)) ==
               "proxy/proxy_refused");
    BOOST_TEST(proxy.received(1).starts_with("CONNECT 127.0.0.1:443 HTTP/1.1\r\n"));
    BOOST_TEST(proxy.connections() == 2U);
    BOOST_TEST(
        verdict_of(probe_now(&make_http, "http://nothing.invalid/", options)).contains("resolve/"));
    BOOST_TEST(proxy.connections() == 2U);
}

BOOST_AUTO_TEST_CASE(a_proxy_is_told_more_with_connect) {
    const ScriptedServer proxy({expect("\r\n\r\n"), send("HTTP/1.1 502 No\r\n\r\n"), close()});
    BOOST_TEST(verdict_of(probe_now(
                   &make_http, "https://away.example/",
                   "skip_resolve_phase_with_proxy: true\nproxy_url: " + proxy.url("") +
                       "\nproxy_connect_header: {X-Who: [me, us]}")) == "proxy/proxy_refused");
    BOOST_TEST(proxy.received().contains("X-Who: me\r\nX-Who: us\r\n"));
}

BOOST_AUTO_TEST_CASE(a_token_is_fetched_and_kept) {
    const TemporaryFolder folder;
    const ScriptedServer tokens(
        http_answer(200, R"({"access_token": "t1", "expires_in": 3600, "token_type": "bearer"})"));
    const ScriptedServer server(http_answer(200));
    const std::string options =
        "oauth2: {client_id: me, token_url: '" + tokens.url("/token") +
        "', scopes: [a], client_secret_file: " + folder.write("secret", "word\n") + "}";
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), options)) == "");
    BOOST_TEST(tokens.received().contains("Authorization: Basic bWU6d29yZA==\r\n"));
    BOOST_TEST(tokens.received().contains("grant_type=client_credentials&scope=a"));
    BOOST_TEST(server.received().contains("Authorization: Bearer t1\r\n"));
    const ScriptedServer broken(http_answer(500));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(),
                                    "oauth2: {client_id: me, client_secret: word, token_url: '" +
                                        broken.url() + "'}")) == "oauth2/status");
}

BOOST_AUTO_TEST_CASE(a_compression_that_is_asked_for_must_come) {
    const ScriptedServer plain(http_answer(200, "plain"));
    BOOST_TEST(verdict_of(probe_now(&make_http, plain.url(), "compression: gzip")) ==
               "body/bad_encoding");
    BOOST_TEST(plain.received().contains("Accept-Encoding: gzip\r\n"));
    const std::string gzipped(
        "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0"
        "\x86\xa6\x10\x36\x05\0\0\0",
        25);
    const ScriptedServer good(http_answer(200, gzipped, {"Content-Encoding: gzip"}));
    const Report report = probe_now(
        &make_http, good.url(), "compression: gzip\nfail_if_body_not_matches_regexp: [^hello$]");
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "probe_http_uncompressed_body_length").value() == 5);
    BOOST_TEST(value_of(report, "probe_http_content_length").value() == 25);
}

BOOST_AUTO_TEST_CASE(http_3_is_not_judged) {
    const ScriptedServer server(http_answer(200));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "enable_http3: true")) ==
               "unknown: request/http3");
    BOOST_TEST(server.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(an_unreadable_secret_file_is_our_own_fault) {
    const ScriptedServer server(http_answer(200));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "bearer_token_file: /nowhere")) ==
               "unknown: request/secret_file");
    BOOST_TEST(server.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_fails_only_where_a_limit_is_set) {
    const ScriptedServer server(http_answer(200, std::string(5'000, 'x')));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "body_size_limit: 1KB")) ==
               "body/body_too_large");
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "body_size_limit: 5000")) == "");
}

BOOST_AUTO_TEST_CASE(every_misbehaviour_ends_in_time_with_its_reason) {
    struct Case {
        Script script;
        std::string verdict;
    };
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    const Case cases[] = {
        {{stall()}, "response/timeout"},
        {{close()}, "response/closed"},
        {{expect("\r\n\r\n"), reset()}, "response/reset"},
        {{expect("\r\n\r\n"), half_close()}, "response/closed"},
        {{send("220 mail.example ESMTP\r\n"), stall()}, "response/protocol"},
        {{expect("\r\n\r\n"), drip(http_text(200, "slow"), milliseconds(100))}, "response/timeout"},
        {{expect("\r\n\r\n"), send(head + "cut"), half_close()}, "body/truncated"},
        {{expect("\r\n\r\n"), send(head + "cut"), stall()}, "body/timeout"},
        {{expect("\r\n\r\n"), send(http_text(200, "no gzip", {"Content-Encoding: gzip"}))},
         "body/bad_encoding"},
    };
    for (const Case& each : cases) {
        const ScriptedServer server(each.script);
        BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), "{}", milliseconds(300))) ==
                   each.verdict);
    }
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_fails_and_its_expiry_stays_visible) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string options =
        "tls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) + "}";
    CertificateOptions expired;
    expired.valid_from = -std::chrono::hours(48);
    expired.valid_until = -std::chrono::hours(24);
    const ScriptedServer server({http_answer(200)}, {.identity = authority.issue(expired)});
    const Report report = probe_now(&make_http, server.url(), options);
    BOOST_TEST(verdict_of(report) == "tls/certificate_expired");
    BOOST_TEST(value_of(report, "probe_http_status_code").value() == 0);
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").value() <
               to_unix_seconds(wall_now()) - 80'000);
    BOOST_TEST(label_of(report, "probe_ssl_last_chain_info", "subject") == "CN=localhost");
    BOOST_TEST(value_of(report, "probe_http_duration_seconds", "tls").value() > 0);
}

BOOST_AUTO_TEST_CASE(https_adds_the_tls_metrics) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string options =
        "tls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) + "}";
    const ScriptedServer server({http_answer(200)}, {.identity = authority.issue()});
    const Report report = probe_now(&make_http, server.url(), options);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "probe_http_ssl").value() == 1);
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
    BOOST_TEST(value_of(report, "probe_ssl_last_chain_expiry_timestamp_seconds").has_value());
    BOOST_TEST(value_of(report, "probe_tls_version_info", "TLS 1.3").value() == 1);
    BOOST_TEST(label_of(report, "probe_tls_cipher_info", "cipher").starts_with("TLS_"));
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), options + "\nfail_if_ssl: true")) ==
               "response/ssl");
}

BOOST_AUTO_TEST_CASE(a_host_header_names_the_certificate) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string tls =
        "tls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) + "}\n";
    CertificateOptions names;
    names.dns_names = {"app.example"};
    names.ip_addresses = {};
    const ScriptedServer server({http_answer(200)}, {.identity = authority.issue(names)});
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(), tls)) ==
               "tls/certificate_name_mismatch");
    BOOST_TEST(verdict_of(probe_now(&make_http, server.url(),
                                    tls + "headers: {Host: app.example}")) == "");
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused_with_their_place) {
    const auto refusal = [](const std::string& options) {
        return refusal_of(&make_http, "http://h/", options);
    };
    BOOST_TEST(refusal("valid_status_code: [200]").contains("valid_status_codes"));
    BOOST_TEST(refusal("valid_status_codes: [20]").contains("options.yaml:1:"));
    BOOST_TEST(refusal("fail_if_body_matches_regexp: ['(']") != "");
    BOOST_TEST(refusal("fail_if_ssl: true\nfail_if_not_ssl: true") != "");
    BOOST_TEST(refusal("tls_config: {cert_file: a.pem}").contains("key_file"));
    BOOST_TEST(refusal("tls_config: {min_version: TLS9}").contains("TLS12"));
    BOOST_TEST(refusal("compression: zip") != "");
    BOOST_TEST(refusal("preferred_ip_protocol: ip5") != "");
    BOOST_TEST(refusal("proxy_url: 'socks5://h:1'") != "");
    BOOST_TEST(refusal("basic_auth: {username: a}\nbearer_token: b") != "");
    BOOST_TEST(refusal("fail_if_header_matches: [{regexp: a}]").contains("header"));
    BOOST_TEST(refusal_of(&make_http, "http://h:x/", "{}") != "");
    for (const char* options :
         {"fail_if_body_json_matches_cel: 'true'", "fail_if_body_json_not_matches_cel: 'true'",
          "no_proxy: a", "proxy_url: 'http://p:1'\nproxy_from_environment: true",
          "proxy_url: 'https://p:1'", "proxy_connect_header: [a]", "http_headers: {A: b}",
          "oauth2: {client_id: a}", "oauth2: {client_id: a, token_url: b}",
          "oauth2: {client_id: a, token_url: 'http://t'}\nbearer_token: b",
          "oauth2: {client_id: a, token_url: 'http://t', client_secret: b, client_secret_file: c}",
          "compression: gzip\nheaders: {Accept-Encoding: 'br, identity'}",
          "compression: gzip\nheaders: {accept-encoding: 'gzip;q=0'}"}) {
        BOOST_TEST(refusal_of(&make_http, "http://h/", options) != "", options);
    }
    BOOST_TEST(
        refusal_of(&make_http, "http://h/",
                   "compression: gzip\nheaders: {Accept-Encoding: 'br;q=1.0, gzip;q=0.9'}") == "");
}

BOOST_AUTO_TEST_CASE(no_secret_is_shown) {
    const Report refused = probe_now(
        &make_http,
        "http://user:hunter2@127.0.0.1:" + std::to_string(refused_port()) + "/hunter2?hunter2",
        "headers: {X-Token: hunter2}");
    BOOST_TEST(!refused.outcome.detail.contains("hunter2"));
    const std::string refusal = refusal_of(&make_http, "http://user:hunter2@h:x/", "{}");
    BOOST_TEST(!refusal.contains("hunter2"));
}

BOOST_AUTO_TEST_SUITE_END()
