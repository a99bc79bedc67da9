#include <boost/test/unit_test.hpp>

#include <string>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_tls;
using probes::Report;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

/// An authority that the probes trust, and servers with its certificates.
struct Trusted {
    CertificateAuthority authority;
    TemporaryFolder folder;
    std::string ca_file = folder.write("ca.pem", authority.certificate());
    std::string options = "ca_file: " + ca_file + "\n";

    [[nodiscard]] ScriptedServer::Tls serve(const CertificateOptions& leaf = {}) {
        return {.identity = authority.issue(leaf)};
    }
};

CertificateOptions valid_within(std::chrono::seconds from, std::chrono::seconds until) {
    CertificateOptions options;
    options.valid_from = from;
    options.valid_until = until;
    return options;
}

double expiry_in_hours(const Report& report) {
    const double expiry = value_of(report, "probe_ssl_earliest_cert_expiry").value_or(0);
    return (expiry - to_unix_seconds(wall_now())) / 3600;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tls, *boost::unit_test::tolerance(0.01))

BOOST_FIXTURE_TEST_CASE(a_good_chain_is_told_in_full, Trusted) {
    CertificateOptions leaf;
    leaf.dns_names = {"localhost", "app.example"};
    const ScriptedServer server({{stall()}}, serve(leaf));
    const Report report = probe_now(&make_tls, server.address(), options);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(expiry_in_hours(report) == 24.0 * 90);
    BOOST_TEST(value_of(report, "probe_ssl_last_chain_expiry_timestamp_seconds").has_value());
    const std::string info = "probe_ssl_last_chain_info";
    BOOST_TEST(label_of(report, info, "subject") == "CN=localhost");
    BOOST_TEST(label_of(report, info, "issuer") == "CN=Pilotlight Test CA");
    BOOST_TEST(label_of(report, info, "subjectalternative") == "localhost,app.example");
    BOOST_TEST(label_of(report, info, "fingerprint_sha256").size() == 64U);
    BOOST_TEST(label_of(report, info, "serialnumber") != "");
    BOOST_TEST(value_of(report, "probe_tls_version_info", "TLS 1.3").value() == 1);
    BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 4);
}

BOOST_FIXTURE_TEST_CASE(expiring_is_not_expired, Trusted) {
    const ScriptedServer server({{stall()}}, serve(valid_within(-hours(1), hours(5))));
    const Report report = probe_now(&make_tls, server.address(), options);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(expiry_in_hours(report) == 5.0);
}

BOOST_FIXTURE_TEST_CASE(an_expired_leaf_fails_and_keeps_its_metrics, Trusted) {
    const ScriptedServer server({{stall()}}, serve(valid_within(-hours(50), -hours(5))));
    const Report report = probe_now(&make_tls, server.address(), options);
    BOOST_TEST(verdict_of(report) == "tls/certificate_expired");
    BOOST_TEST(expiry_in_hours(report) == -5.0);
    BOOST_TEST(report.outcome.detail.contains("CN=localhost expired at 20"));
    // Trusted but for the date: the chain's expiry must not vanish when it matters.
    BOOST_TEST(value_of(report, "probe_ssl_last_chain_expiry_timestamp_seconds").has_value());
}

BOOST_FIXTURE_TEST_CASE(not_yet_valid_is_its_own_reason, Trusted) {
    const ScriptedServer server({{stall()}}, serve(valid_within(hours(1), hours(5))));
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(), options)) ==
               "tls/certificate_not_yet_valid");
}

BOOST_FIXTURE_TEST_CASE(a_wrong_name_is_told_with_the_name, Trusted) {
    CertificateOptions leaf;
    leaf.common_name = "other.example";
    leaf.dns_names = {"other.example"};
    leaf.ip_addresses = {};
    const ScriptedServer server({{stall()}}, serve(leaf));
    const Report report = probe_now(&make_tls, server.address(), options);
    BOOST_TEST(verdict_of(report) == "tls/certificate_name_mismatch");
    BOOST_TEST(report.outcome.detail.contains("127.0.0.1"));
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(),
                                    options + "server_name: other.example")) == "");
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(),
                                    options + "server_name: third.example")) ==
               "tls/certificate_name_mismatch");
}

BOOST_FIXTURE_TEST_CASE(the_common_name_is_no_name_to_match, Trusted) {
    CertificateOptions leaf;
    leaf.common_name = "app.example";
    leaf.dns_names = {};
    leaf.ip_addresses = {};
    const ScriptedServer server({{stall()}}, serve(leaf));
    BOOST_TEST(
        verdict_of(probe_now(&make_tls, server.address(), options + "server_name: app.example")) ==
        "tls/certificate_name_mismatch");
}

BOOST_AUTO_TEST_CASE(an_unknown_authority_is_untrusted_and_a_self_signed_leaf_is_told_as_that) {
    CertificateAuthority stranger("Stranger");
    const ScriptedServer untrusted({{stall()}}, {.identity = stranger.issue()});
    const Report report = probe_now(&make_tls, untrusted.address());
    BOOST_TEST(verdict_of(report) == "tls/certificate_untrusted");
    BOOST_TEST(expiry_in_hours(report) == 24.0 * 90);
    BOOST_TEST(!value_of(report, "probe_ssl_last_chain_expiry_timestamp_seconds").has_value());
    const ScriptedServer self_signed({{stall()}}, {.identity = make_self_signed()});
    BOOST_TEST(verdict_of(probe_now(&make_tls, self_signed.address())) ==
               "tls/certificate_self_signed");
}

BOOST_AUTO_TEST_CASE(of_several_faults_the_expired_leaf_is_told) {
    CertificateAuthority stranger("Stranger");
    CertificateOptions leaf = valid_within(-hours(50), -hours(5));
    leaf.dns_names = {"other.example"};
    leaf.ip_addresses = {};
    const ScriptedServer server({{stall()}}, {.identity = stranger.issue(leaf)});
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address())) == "tls/certificate_expired");
}

BOOST_AUTO_TEST_CASE(skipping_verification_still_measures) {
    CertificateAuthority stranger("Stranger");
    const ScriptedServer server({{stall()}},
                                {.identity = stranger.issue(valid_within(-hours(50), -hours(5)))});
    const Report report = probe_now(&make_tls, server.address(), "insecure_skip_verify: true");
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(expiry_in_hours(report) == -5.0);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_itself_in_ca_file_is_trusted) {
    const PemPair pair = make_self_signed();
    const TemporaryFolder folder;
    const ScriptedServer server({{stall()}}, {.identity = pair});
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(),
                                    "ca_file: " + folder.write("ca.pem", pair.certificate))) == "");
}

BOOST_FIXTURE_TEST_CASE(a_renewed_ca_file_counts_for_a_new_prober, Trusted) {
    CertificateAuthority next("Next");
    const ScriptedServer server({{stall()}}, {.identity = next.issue()});
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(), options)) ==
               "tls/certificate_untrusted");
    folder.write("ca.pem", next.certificate());
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(), options)) == "");
}

BOOST_FIXTURE_TEST_CASE(versions_are_kept_to, Trusted) {
    ScriptedServer::Tls old = serve();
    old.max_version = 0x0303;
    const ScriptedServer server({{stall()}}, std::move(old));
    const Report report = probe_now(&make_tls, server.address(), options);
    BOOST_TEST(value_of(report, "probe_tls_version_info", "TLS 1.2").value() == 1);
    BOOST_TEST(label_of(report, "probe_tls_cipher_info", "cipher").starts_with("TLS_ECDHE_"));
    const Report refused = probe_now(&make_tls, server.address(), options + "min_version: TLS13");
    BOOST_TEST(verdict_of(refused) == "tls/protocol_version");
    BOOST_TEST(refused.outcome.detail == "the server speaks TLS 1.2, expected TLS 1.3 at least");
    BOOST_TEST(expiry_in_hours(refused) == 24.0 * 90);
}

BOOST_FIXTURE_TEST_CASE(a_version_that_is_too_old_is_told_and_its_chain_read, Trusted) {
    for (const int version : {0x0301, 0x0302}) {
        ScriptedServer::Tls old = serve();
        old.max_version = version;
        const ScriptedServer server({{stall()}}, std::move(old));
        const Report report = probe_now(&make_tls, server.address(), options);
        BOOST_TEST(verdict_of(report) == "tls/protocol_version");
        BOOST_TEST(report.outcome.detail.contains(version == 0x0301 ? "TLS 1.0" : "TLS 1.1"));
        BOOST_TEST(expiry_in_hours(report) == 24.0 * 90);
        BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(),
                                        options + "min_version: TLS10")) == "");
    }
}

BOOST_FIXTURE_TEST_CASE(how_much_of_its_life_a_certificate_has_left_is_told, Trusted) {
    const std::string ratio = "probe_tls_certificate_lifetime_left_ratio";
    const ScriptedServer fresh({{stall()}}, serve(valid_within(-hours(30), hours(10))));
    const Report report = probe_now(&make_tls, fresh.address(), options);
    BOOST_TEST(value_of(report, ratio).value() == 0.25);
    BOOST_TEST(value_of(report, "probe_tls_leaf_expiry_timestamp_seconds").value() ==
               value_of(report, "probe_ssl_earliest_cert_expiry").value());
    const ScriptedServer expired({{stall()}}, serve(valid_within(-hours(15), -hours(5))));
    BOOST_TEST(value_of(probe_now(&make_tls, expired.address(), options), ratio).value() == -0.5);
}

BOOST_AUTO_TEST_CASE(files_of_ours_that_are_bad_say_nothing_of_the_target) {
    const ScriptedServer server({{stall()}}, {.identity = make_self_signed()});
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(), "ca_file: /nowhere.pem")) ==
               "unknown: tls/tls_settings");
}

BOOST_FIXTURE_TEST_CASE(every_misbehaviour_ends_in_time_with_its_reason, Trusted) {
    struct Case {
        Script script;
        std::string verdict;
    };
    const Case cases[] = {
        {{stall()}, "tls/timeout"},
        {{close()}, "tls/closed"},
        {{expect("\x16"), reset()}, "tls/reset"},
        {{expect("\x16"), half_close()}, "tls/closed"},
        {{send("HTTP/1.1 400 Bad Request\r\n\r\n"), stall()}, "tls/not_tls"},
        {{send("220 smtp.example ESMTP ready\r\n"), stall()}, "tls/not_tls"},
        {{expect("\x16"), send(std::string("\x15\x03\x03\x00\x02\x02\x28", 7)), stall()},
         "tls/handshake"},
        {{expect("\x16"),
          drip(std::string("\x16\x03\x03\x40\x00", 5) + std::string(99, 'x'), milliseconds(50))},
         "tls/timeout"},
    };
    for (const Case& each : cases) {
        const ScriptedServer server(each.script);
        BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(), options, milliseconds(400))) ==
                   each.verdict);
    }
    BOOST_TEST(verdict_of(probe_now(&make_tls, "127.0.0.1:" + std::to_string(refused_port()))) ==
               "connect/refused");
}

BOOST_FIXTURE_TEST_CASE(a_client_certificate_is_shown_where_asked_for, Trusted) {
    ScriptedServer::Tls strict = serve();
    strict.client_authority = authority.certificate();
    // TLS 1.2, where the server's refusal is part of the handshake.
    strict.max_version = 0x0303;
    const ScriptedServer server({{stall()}}, std::move(strict));
    BOOST_TEST(verdict_of(probe_now(&make_tls, server.address(), options)) == "tls/handshake");
    const PemPair own = authority.issue();
    BOOST_TEST(
        verdict_of(probe_now(&make_tls, server.address(),
                             options + "cert_file: " + folder.write("own.pem", own.certificate) +
                                 "\nkey_file: " + folder.write("own.key", own.key))) == "");
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    BOOST_TEST(refusal_of(&make_tls, "h:443", "servername: x").contains("server_name"));
    BOOST_TEST(refusal_of(&make_tls, "h:443", "key_file: x") != "");
    BOOST_TEST(refusal_of(&make_tls, "h:0", "{}") != "");
    BOOST_TEST(refusal_of(&make_tls, "", "{}") != "");
    BOOST_TEST(refusal_of(&make_tls, "example.com", "{}") == "");
}

BOOST_AUTO_TEST_SUITE_END()
