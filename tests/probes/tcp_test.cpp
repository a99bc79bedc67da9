#include <boost/test/unit_test.hpp>

#include <string>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_tcp;
using probes::Report;
using std::chrono::milliseconds;

namespace {

constexpr const char* kSmtp = R"(
query_response:
  - {expect: "^220 ([^ ]+) ESMTP", labels: [{name: server, value: "${1}"}]}
  - {send: "EHLO prober"}
  - {expect: "^250 STARTTLS"}
  - {send: STARTTLS}
  - {expect: "^220", starttls: true}
  - {send: "EHLO again"}
  - {expect: "^250 AUTH"}
)";

Script smtp() {
    return {send("220-welcome\r\n220 mx.example ESMTP ready\r\n"),
            expect("EHLO prober\n"),
            send("250-mx.example\r\n250 STARTTLS\r\n"),
            expect("STARTTLS\n"),
            send("220 go on\r\n"),
            start_tls(),
            expect("EHLO again\n"),
            send("250-mx.example\r\n250 AUTH PLAIN\r\n"),
            stall()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tcp)

BOOST_AUTO_TEST_CASE(a_port_that_accepts_is_good) {
    const ScriptedServer server({stall()});
    const Report report = probe_now(&make_tcp, server.address());
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "probe_failed_due_to_regex").value() == 0);
    BOOST_TEST(value_of(report, "probe_failed_due_to_bytes").value() == 0);
    BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 4);
}

BOOST_AUTO_TEST_CASE(a_port_that_refuses_is_not) {
    const Report report = probe_now(&make_tcp, "127.0.0.1:" + std::to_string(refused_port()));
    BOOST_TEST(verdict_of(report) == "connect/refused");
    BOOST_TEST(!value_of(report, "probe_failed_due_to_regex").has_value());
}

BOOST_AUTO_TEST_CASE(holds_a_conversation_over_starttls) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const ScriptedServer server({smtp()}, {.identity = authority.issue(), .at_once = false});
    const Report report = probe_now(
        &make_tcp, server.address(),
        kSmtp + ("tls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) + "}"));
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(label_of(report, "probe_expect_info", "server") == "mx.example");
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
}

BOOST_AUTO_TEST_CASE(starttls_checks_the_certificate_and_says_nothing_after_a_bad_one) {
    const ScriptedServer server({smtp()}, {.identity = make_self_signed(), .at_once = false});
    const Report report = probe_now(&make_tcp, server.address(), kSmtp);
    BOOST_TEST(verdict_of(report) == "tls/certificate_self_signed");
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
    BOOST_TEST(!server.received().contains("again"));
}

BOOST_AUTO_TEST_CASE(plain_bytes_before_the_handshake_are_not_taken_for_safe) {
    const ScriptedServer server({send("220 go on\r\n250 AUTH injected\r\n"), stall()});
    BOOST_TEST(verdict_of(probe_now(&make_tcp, server.address(),
                                    "query_response: [{expect: '^220', starttls: true}]")) ==
               "query/injected");
}

BOOST_AUTO_TEST_CASE(groups_of_a_line_go_into_what_is_sent) {
    const ScriptedServer server({send("PING :1234\r\n"), expect("PONG 1234\n"), stall()});
    BOOST_TEST(verdict_of(probe_now(&make_tcp, server.address(),
                                    "query_response: [{expect: '^PING :(\\d+)$', "
                                    "send: 'PONG ${1}'}]")) == "");
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_end) {
    const ScriptedServer server({send("SSH-2.0-OpenSSH"), half_close()});
    BOOST_TEST(verdict_of(probe_now(&make_tcp, server.address(),
                                    "query_response: [{expect: '^SSH-2.0-'}]")) == "");
}

BOOST_AUTO_TEST_CASE(no_line_that_matches_is_told_with_its_step) {
    const ScriptedServer server({send("hello\r\nworld\r\n"), half_close()});
    const Report report = probe_now(&make_tcp, server.address(),
                                    "query_response: [{expect: hello}, {expect: nothing}]");
    BOOST_TEST(verdict_of(report) == "query/regexp");
    BOOST_TEST(value_of(report, "probe_failed_due_to_regex").value() == 1);
    BOOST_TEST(report.outcome.detail.starts_with("step 2: "));
}

BOOST_AUTO_TEST_CASE(bytes_are_compared_exactly) {
    const ScriptedServer server({send("+PONG\r\n"), stall()});
    BOOST_TEST(verdict_of(probe_now(&make_tcp, server.address(),
                                    "query_response: [{expect_bytes: '+PONG'}]")) == "");
    const Report report =
        probe_now(&make_tcp, server.address(), "query_response: [{expect_bytes: '+PANG'}]");
    BOOST_TEST(verdict_of(report) == "query/bytes");
    BOOST_TEST(value_of(report, "probe_failed_due_to_bytes").value() == 1);
}

BOOST_AUTO_TEST_CASE(every_misbehaviour_ends_in_time_with_its_reason) {
    struct Case {
        Script script;
        std::string verdict;
    };
    const Case cases[] = {
        {{stall()}, "query/timeout"},
        {{send("220 without end"), stall()}, "query/timeout"},
        {{drip("220-a\r\n220-b\r\n220-c\r\n220-d\r\n", milliseconds(40))}, "query/timeout"},
        {{close()}, "query/regexp"},
        {{reset()}, "query/reset"},
        {{send(std::string(200'000, 'x')), stall()}, "query/answer_too_large"},
    };
    for (const Case& each : cases) {
        const ScriptedServer server(each.script);
        BOOST_TEST(verdict_of(probe_now(&make_tcp, server.address(),
                                        "query_response: [{expect: '^220 ready'}]",
                                        milliseconds(300))) == each.verdict);
    }
}

BOOST_AUTO_TEST_CASE(tls_from_the_first_byte) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string trust =
        "tls: true\ntls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) +
        "}\n";
    const ScriptedServer server({{expect("PING\n"), send("PONG\n"), stall()}},
                                {.identity = authority.issue()});
    const Report report = probe_now(&make_tcp, server.address(),
                                    trust + "query_response: [{send: PING}, {expect: '^PONG$'}]");
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
    const ScriptedServer plain({stall()});
    BOOST_TEST(verdict_of(probe_now(&make_tcp, plain.address(), trust, milliseconds(200))) ==
               "tls/timeout");
}

BOOST_AUTO_TEST_CASE(asks_from_the_address_it_was_told) {
    const ScriptedServer server({stall()});
    const auto from = [&](const std::string& source) {
        return verdict_of(probe_now(&make_tcp, server.address(), "source_ip_address: " + source));
    };
    BOOST_TEST(from("127.0.0.2") == "");
    BOOST_TEST(from("192.0.2.1") == "unknown: connect/source_address");
    BOOST_TEST(from("'::1'") == "unknown: connect/source_address");
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    const auto refusal = [](const std::string& options) {
        return refusal_of(&make_tcp, "h:25", options);
    };
    BOOST_TEST(refusal("query_response: [{expects: a}]").contains("expect"));
    BOOST_TEST(refusal("query_response: [{expect: '('}]") != "");
    BOOST_TEST(refusal("query_response: [{labels: [{name: a, value: b}]}]") != "");
    BOOST_TEST(refusal("query_response: [{expect: a, labels: [{name: 'a-b', value: c}]}]") != "");
    BOOST_TEST(refusal("tls: true\nquery_response: [{starttls: true}]") != "");
    BOOST_TEST(refusal("source_ip_address: here") != "");
    BOOST_TEST(refusal_of(&make_tcp, "no-port", "{}") != "");
}

BOOST_AUTO_TEST_SUITE_END()
