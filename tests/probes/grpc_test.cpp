#include <boost/test/unit_test.hpp>

#include <string>

#include "probes/grpc_codec.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_grpc;
using probes::Report;
using probes::ServingStatus;
using std::chrono::milliseconds;

namespace {

/// A frame of HTTP/2 (RFC 9113, 4.1).
std::string frame(int type, int flags, const std::string& payload, int stream = 1) {
    std::string text;
    for (const int shift : {16, 8, 0})
        text += static_cast<char>(payload.size() >> shift);
    text += static_cast<char>(type);
    text += static_cast<char>(flags);
    text += std::string("\0\0\0", 3) + static_cast<char>(stream);
    return text + payload;
}

/// A header of HPACK, literal and not indexed.
std::string field(const std::string& name, const std::string& value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name +
           static_cast<char>(value.size()) + value;
}

const std::string kSettings = frame(4, 0, "", 0) + frame(4, 1, "", 0);
const std::string kOk = frame(1, 4, "\x88" + field("content-type", "application/grpc"));

std::string message(const std::string& bytes) {
    return std::string("\0\0\0\0", 4) + static_cast<char>(bytes.size()) + bytes;
}

std::string trailers(const std::string& status) {
    return frame(1, 5, field("grpc-status", status));
}

/// A whole answer with this message and this grpc-status.
std::string answer(const std::string& bytes, const std::string& status = "0") {
    return kSettings + kOk + frame(0, 0, message(bytes)) + trailers(status);
}

Report probe_of(const std::string& sent) {
    const ScriptedServer server({expect("PRI * HTTP/2.0"), send(sent), stall()});
    return probe_now(&make_grpc, server.address(), "service: app", milliseconds(400));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grpc)

BOOST_AUTO_TEST_CASE(a_service_that_serves_is_good) {
    const Report report = probe_of(answer("\x08\x01"));
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "probe_grpc_status_code").value() == 0);
    BOOST_TEST(value_of(report, "probe_grpc_ssl").value() == 0);
    BOOST_TEST(value_of(report, "probe_grpc_healthcheck_response", "SERVING").value() == 1);
    for (const char* other : {"UNKNOWN", "NOT_SERVING", "SERVICE_UNKNOWN"})
        BOOST_TEST(value_of(report, "probe_grpc_healthcheck_response", other).value() == 0);
    BOOST_TEST(value_of(report, "probe_grpc_duration_seconds", "resolve").has_value());
    BOOST_TEST(value_of(report, "probe_grpc_duration_seconds", "check").value() > 0);
    BOOST_TEST(!value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
}

BOOST_AUTO_TEST_CASE(one_that_does_not_serve_is_bad) {
    const Report report = probe_of(answer("\x08\x02"));
    BOOST_TEST(verdict_of(report) == "response/not_serving");
    BOOST_TEST(value_of(report, "probe_grpc_status_code").value() == 0);
    BOOST_TEST(value_of(report, "probe_grpc_healthcheck_response", "NOT_SERVING").value() == 1);
    // Protobuf leaves 0 out.
    BOOST_TEST(verdict_of(probe_of(answer(""))) == "response/not_serving");
}

BOOST_AUTO_TEST_CASE(a_status_of_grpc_is_told_by_its_name) {
    const Report report = probe_of(
        kSettings + frame(1, 5, "\x88" + field("grpc-status", "12") + field("grpc-message", "no")));
    BOOST_TEST(verdict_of(report) == "response/grpc_status");
    BOOST_TEST(report.outcome.detail == "UNIMPLEMENTED: no");
    BOOST_TEST(value_of(report, "probe_grpc_status_code").value() == 12);
}

BOOST_AUTO_TEST_CASE(what_is_no_grpc_is_told_apart) {
    struct Case {
        std::string sent;
        std::string verdict;
        double code;
    };
    const Case cases[] = {
        {kSettings + frame(1, 5, "\x8d"), "response/status", 12},
        {kSettings + frame(1, 5, "\x88"), "response/protocol", 2},
        {kSettings + kOk + trailers("0"), "response/protocol", 0},
        {kSettings + kOk + frame(0, 0, std::string("\1\0\0\0\0", 5)) + trailers("0"),
         "response/protocol", 0},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "response/protocol", 14},
        {kSettings, "response/timeout", 4},
        {kSettings + kOk, "body/timeout", 4},
    };
    for (const Case& each : cases) {
        const Report report = probe_of(each.sent);
        BOOST_TEST(verdict_of(report) == each.verdict);
        BOOST_TEST(value_of(report, "probe_grpc_status_code").value() == each.code);
    }
    const Report refused = probe_now(&make_grpc, "127.0.0.1:" + std::to_string(refused_port()));
    BOOST_TEST(verdict_of(refused) == "connect/refused");
    BOOST_TEST(value_of(refused, "probe_grpc_status_code").value() == 14);
}

BOOST_AUTO_TEST_CASE(over_tls_http_2_must_be_agreed_on) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string options =
        "tls: true\ntls_config: {ca_file: " + folder.write("ca.pem", authority.certificate()) + "}";
    const Script script = {expect("PRI * HTTP/2.0"), send(answer("\x08\x01")), stall()};
    const ScriptedServer good({script}, {.identity = authority.issue(), .alpn = "h2"});
    const Report report = probe_now(&make_grpc, good.address(), options);
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "probe_grpc_ssl").value() == 1);
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").has_value());
    const ScriptedServer old({script}, {.identity = authority.issue()});
    BOOST_TEST(verdict_of(probe_now(&make_grpc, old.address(), options)) == "tls/no_http2");
}

BOOST_AUTO_TEST_CASE(messages_are_read_within_their_bounds) {
    const auto read = [](const std::string& bytes) {
        return probes::read_health_answer(message(bytes));
    };
    BOOST_TEST((read("\x08\x03").value() == ServingStatus::service_unknown));
    BOOST_TEST((read("\x08\x63").value() == ServingStatus::unknown));
    // Other fields of every type before and after.
    BOOST_TEST((read("\x12\x02hi\x08\x01\x1d"
                     "abcd\x21"
                     "abcdefgh\x28\x80\x01")
                    .value() == ServingStatus::serving));
    for (const std::string& bytes : {std::string("\x08"), std::string("\x08\x80"),
                                     std::string("\x12\x05hi"), std::string("\x0b"),
                                     std::string("\x1d"
                                                 "abc"),
                                     std::string(11, '\xff')}) {
        BOOST_TEST(!read(bytes).has_value());
    }
    BOOST_TEST(!probes::read_health_answer("").has_value());
    BOOST_TEST(!probes::read_health_answer(message("\x08\x01").substr(0, 6)).has_value());
    BOOST_TEST(!probes::read_health_answer(message("\x08\x01") + "x").has_value());
    BOOST_TEST(probes::make_health_request("ab") == std::string("\0\0\0\0\4\x0a\2"
                                                                "ab",
                                                                9));
    BOOST_TEST(probes::make_health_request("") == std::string(5, '\0'));
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    BOOST_TEST(refusal_of(&make_grpc, "h", "service: a") == "");
    BOOST_TEST(refusal_of(&make_grpc, "http://h:1/", "{}") == "");
    BOOST_TEST(refusal_of(&make_grpc, "h:x", "{}") != "");
    BOOST_TEST(refusal_of(&make_grpc, "h", "services: a") != "");
    BOOST_TEST(refusal_of(&make_grpc, "h", "tls_config: {cert_file: a}") != "");
}

BOOST_AUTO_TEST_SUITE_END()
