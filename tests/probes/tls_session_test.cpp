#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "probes/certificate_watch.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::CertificateWatch;
using probes::make_http;
using probes::make_tcp;
using probes::make_tls;
using probes::Report;

namespace {

struct Trusted {
    CertificateAuthority authority;
    TemporaryFolder folder;
    std::string ca_file = folder.write("ca.pem", authority.certificate());
    std::string options = "ca_file: " + ca_file + "\n";

    [[nodiscard]] ScriptedServer::Tls serve(int max_version = 0) {
        return {.identity = authority.issue(), .max_version = max_version};
    }
};

/// Of each probe: f for a full handshake, r for a resumed one, - for none.
std::string kinds_of(const std::vector<Report>& reports) {
    std::string kinds;
    for (const Report& report : reports) {
        BOOST_TEST(verdict_of(report) == "");
        const auto resumed = value_of(report, "probe_tls_session_resumed");
        kinds += !resumed ? '-' : *resumed == 1 ? 'r' : 'f';
    }
    return kinds;
}

Report report_of(const std::string& issuer, const std::string& key) {
    Report report;
    report.certificate = {"CN=a", issuer, key};
    return report;
}

WallTime at_hour(int hour) {
    return WallTime(std::chrono::hours(500'000 + hour));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tls_sessions)

BOOST_FIXTURE_TEST_CASE(every_kth_handshake_is_full_and_the_facts_stay, Trusted) {
    for (const int version : {0, 0x0303}) {
        const ScriptedServer server({{stall()}}, serve(version));
        const std::vector<Report> reports = probe_times(
            6, &make_tls, server.address(), options + "resume_sessions: {full_every: 3}");
        BOOST_TEST(kinds_of(reports) == "frrfrr");
        for (const Report& report : reports) {
            BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").value() ==
                       value_of(reports[0], "probe_ssl_earliest_cert_expiry").value());
            BOOST_TEST(label_of(report, "probe_ssl_last_chain_info", "fingerprint_sha256") ==
                       label_of(reports[0], "probe_ssl_last_chain_info", "fingerprint_sha256"));
            BOOST_TEST(label_of(report, "probe_tls_version_info", "version") ==
                       (version == 0 ? "TLS 1.3" : "TLS 1.2"));
            BOOST_TEST(report.certificate.has_value());
        }
    }
}

BOOST_FIXTURE_TEST_CASE(http_and_tcp_resume_too, Trusted) {
    const std::string section = "tls_config: {ca_file: " + ca_file + "}\n";
    const ScriptedServer web({http_answer(200, "hello")}, serve());
    BOOST_TEST(kinds_of(probe_times(4, &make_http, web.url(),
                                    section + "resume_sessions: {full_every: 4}")) == "frrr");
    const ScriptedServer plain({send("hello\n"), stall()});
    BOOST_TEST(kinds_of(probe_times(1, &make_tcp, plain.address())) == "-");
    const ScriptedServer talks({{send("hello\n"), stall()}}, serve());
    BOOST_TEST(kinds_of(probe_times(3, &make_tcp, talks.address(),
                                    section + "tls: true\nresume_sessions: {full_every: 2}\n"
                                              "query_response: [{expect: hello}]")) == "frf");
}

BOOST_FIXTURE_TEST_CASE(without_the_option_every_handshake_is_full, Trusted) {
    const ScriptedServer server({{stall()}}, serve());
    BOOST_TEST(kinds_of(probe_times(2, &make_tls, server.address(), options)) == "--");
    BOOST_TEST(refusal_of(&make_tls, "a:1", "resume_sessions: {full_every: 1}")
                   .contains("expected 2 at least"));
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_not_accepted_is_shown_each_time) {
    CertificateAuthority stranger("Stranger");
    const ScriptedServer server({{stall()}}, {.identity = stranger.issue()});
    for (const Report& report :
         probe_times(3, &make_tls, server.address(), "resume_sessions: {full_every: 5}")) {
        BOOST_TEST(verdict_of(report) == "tls/certificate_untrusted");
        BOOST_TEST(value_of(report, "probe_tls_session_resumed").value() == 0);
    }
    const std::string skipping = "insecure_skip_verify: true\nresume_sessions: {full_every: 5}";
    BOOST_TEST(kinds_of(probe_times(3, &make_tls, server.address(), skipping)) == "frr");
}

BOOST_FIXTURE_TEST_CASE(a_chain_that_has_run_out_is_not_resumed, Trusted) {
    CertificateOptions past;
    past.valid_from = -std::chrono::hours(9);
    past.valid_until = -std::chrono::hours(1);
    const ScriptedServer server({{stall()}}, {.identity = authority.issue(past)});
    const std::string skipping = "insecure_skip_verify: true\nresume_sessions: {full_every: 5}";
    BOOST_TEST(kinds_of(probe_times(3, &make_tls, server.address(), options + skipping)) == "fff");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(certificate_watch)

BOOST_AUTO_TEST_CASE(the_first_certificate_is_no_change_and_the_same_again_neither) {
    CertificateWatch watch;
    for (int hour = 0; hour < 3; ++hour) {
        Report report = report_of("CN=one", "k1");
        BOOST_TEST(watch.observe(report, at_hour(hour)) == "");
        BOOST_TEST(report.measurements.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_new_issuer_is_told_once_and_remembered) {
    CertificateWatch watch;
    Report before = report_of("CN=one", "k1");
    static_cast<void>(watch.observe(before, at_hour(0)));
    Report changed = report_of("CN=two", "k1");
    BOOST_TEST(watch.observe(changed, at_hour(1)) ==
               "certificate CN=a: issued by CN=two, before by CN=one, for the same key");
    Report later = report_of("CN=two", "k1");
    BOOST_TEST(watch.observe(later, at_hour(2)) == "");
    BOOST_TEST(value_of(later, "probe_tls_issuer_changed_timestamp_seconds").value() ==
               to_unix_seconds(at_hour(1)));
    BOOST_TEST(!value_of(later, "probe_tls_key_changed_timestamp_seconds").has_value());
}

BOOST_AUTO_TEST_CASE(a_new_key_of_the_same_issuer_is_a_change_of_its_own) {
    CertificateWatch watch;
    Report before = report_of("CN=one", "k1");
    static_cast<void>(watch.observe(before, at_hour(0)));
    Report changed = report_of("CN=one", "k2");
    BOOST_TEST(watch.observe(changed, at_hour(1)) ==
               "certificate CN=a: another key than before, SHA-256 k2");
    BOOST_TEST(value_of(changed, "probe_tls_key_changed_timestamp_seconds").value() ==
               to_unix_seconds(at_hour(1)));
}

BOOST_AUTO_TEST_CASE(servers_that_answer_by_turns_are_told_once) {
    CertificateWatch watch;
    const auto news = [&](int hour, const char* issuer, const char* key) {
        Report report = report_of(issuer, key);
        return watch.observe(report, at_hour(hour));
    };
    BOOST_TEST(news(0, "CN=one", "k1") == "");
    BOOST_TEST(news(1, "CN=one", "k2") != "");
    for (int hour = 2; hour < 20; ++hour)
        BOOST_TEST(news(hour, "CN=one", hour % 2 == 0 ? "k1" : "k2") == "");
    BOOST_TEST(news(20, "CN=two", "k3") != "");
    // One that was away for long is a change again.
    BOOST_TEST(news(60, "CN=one", "k1") != "");
}

BOOST_AUTO_TEST_CASE(a_failure_of_tls_names_what_has_changed_and_others_do_not) {
    CertificateWatch watch;
    Report before = report_of("CN=one", "k1");
    static_cast<void>(watch.observe(before, at_hour(0)));
    Report bad = report_of("CN=two", "k2");
    static_cast<void>(watch.observe(bad, at_hour(1)));
    const auto untrusted = probes::Outcome::failed("tls", "certificate_untrusted", "no.");
    for (const int hour : {1, 20}) {
        BOOST_TEST(
            watch.remark(untrusted, at_hour(hour)).contains("issued by CN=two, before by CN=one"));
    }
    BOOST_TEST(watch.remark(untrusted, at_hour(30)) == "");
    BOOST_TEST(watch.remark(probes::Outcome::failed("connect", "refused", "no."), at_hour(2)) ==
               "");
}

BOOST_AUTO_TEST_CASE(a_probe_that_saw_no_certificate_changes_nothing) {
    CertificateWatch watch;
    Report before = report_of("CN=one", "k1");
    static_cast<void>(watch.observe(before, at_hour(0)));
    Report blind;
    BOOST_TEST(watch.observe(blind, at_hour(1)) == "");
    Report same = report_of("CN=one", "k1");
    BOOST_TEST(watch.observe(same, at_hour(2)) == "");
}

BOOST_AUTO_TEST_SUITE_END()
