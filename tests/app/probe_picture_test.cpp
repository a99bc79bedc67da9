#include "app/probe_picture.h"

#include <boost/test/unit_test.hpp>

#include "tests/app/probe_runs.h"

using namespace pilotlight;
using namespace pilotlight::app;
using probes::Outcome;
using std::chrono::days;
using std::chrono::milliseconds;
using testing::made_up_run;

namespace {

constexpr Terminal kPlain{};

const WallTime kNow = *parse_time("2026-11-23T14:00:00Z");

TlsEvidence::Certificate certificate(const std::string& subject, const std::string& issuer,
                                     WallTime from, WallTime to) {
    TlsEvidence::Certificate made;
    made.subject = subject;
    made.issuer = issuer;
    made.not_before = from;
    made.not_after = to;
    return made;
}

TlsEvidence chain_of_one(WallTime from, WallTime to) {
    TlsEvidence tls;
    tls.version = "TLS 1.3";
    tls.cipher = "TLS_AES_128_GCM_SHA256";
    tls.verified = true;
    tls.chain.push_back(certificate("CN=api.example", "CN=Authority", from, to));
    tls.chain.front().names = {"api.example", "www.example"};
    return tls;
}

std::string words(const TlsEvidence& tls, const Terminal& terminal = kPlain) {
    return certificates_in_words(tls, kNow, terminal);
}

bool has(const std::string& text, const std::string& part) {
    BOOST_TEST_INFO(text);
    return text.find(part) != std::string::npos;
}

probes::ProbeRun failed_with(Evidence evidence) {
    auto run = made_up_run({{"probe_success", "", 0}},
                           Outcome::failed("response", "status", "expected 2xx, got 503"));
    run.evidence = std::make_shared<const Evidence>(std::move(evidence));
    return run;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_pictures)

BOOST_AUTO_TEST_CASE(the_outcome_stands_first_and_the_metrics_last) {
    const std::string text = picture_of(
        made_up_run({{"probe_http_duration_seconds", "connect", 0.1}, {"probe_success", "", 1}}),
        kNow, kPlain);
    BOOST_TEST(
        text.starts_with("http api https://api.example/health: ok in 100.000 ms\n\n"
                         "  connect        100.000 ms  █"));
    BOOST_TEST(text.ends_with("\nprobe_success 1\n"));
}

BOOST_AUTO_TEST_CASE(a_failure_is_told_in_plain_words_and_in_those_of_the_metrics) {
    const std::string text =
        picture_of(made_up_run({}, Outcome::failed("connect", "refused", "127.0.0.1:1: refused")),
                   kNow, kPlain);
    BOOST_TEST(has(text,
                   ": failed in 100.000 ms\n"
                   "  Connecting failed: nothing listens there, or a firewall refuses.\n"
                   "  phase connect, reason refused: 127.0.0.1:1: refused\n"));
}

BOOST_AUTO_TEST_CASE(every_address_says_what_came_of_it) {
    Evidence evidence;
    evidence.addresses = {
        {"2001:db8::1", true, "refused"}, {"192.0.2.1", true, ""}, {"192.0.2.2", false, ""}};
    BOOST_TEST(has(picture_of(failed_with(evidence), kNow, kPlain),
                   "addresses\n"
                   "  2001:db8::1               refused\n"
                   "  192.0.2.1                 connected\n"
                   "  192.0.2.2                 not tried\n"));
}

BOOST_AUTO_TEST_CASE(what_was_answered_is_shown_with_the_body_of_a_failure) {
    Evidence evidence;
    evidence.status_line = "HTTP/1.1 503 Service Unavailable";
    evidence.headers = {{"Retry-After", "10"}};
    evidence.body = "first\nsecond";
    evidence.body_bytes = 4'000;
    const std::string answer =
        "answer\n"
        "  HTTP/1.1 503 Service Unavailable\n"
        "  Retry-After: 10\n"
        "  12 of 4000 bytes of the body:\n"
        "    first\n"
        "    second\n";
    BOOST_TEST(has(picture_of(failed_with(evidence), kNow, kPlain), answer));

    auto good = failed_with(evidence);
    good.outcome = Outcome::ok();
    BOOST_TEST(!has(picture_of(good, kNow, kPlain), "second"));
}

BOOST_AUTO_TEST_CASE(a_certificate_says_for_whom_by_whom_and_how_long) {
    BOOST_TEST(words(chain_of_one(kNow - days(60), kNow + days(30))) ==
               "certificates: TLS 1.3, TLS_AES_128_GCM_SHA256\n"
               "  The chain leads to an authority that is trusted here.\n"
               "  1. CN=api.example\n"
               "     for api.example, www.example\n"
               "     issued by CN=Authority\n"
               "     expires in 30 days, on 2026-12-23 (33 % of its time is left)\n");
}

BOOST_AUTO_TEST_CASE(a_certificate_that_has_expired_says_since_when) {
    TlsEvidence tls = chain_of_one(kNow - days(93), kNow - days(3));
    tls.verified = false;
    tls.reason = "certificate_expired";
    tls.detail = "CN=api.example expired on 2026-11-20";
    const std::string text = words(tls);
    BOOST_TEST(has(text, "  The certificate has expired: CN=api.example expired on 2026-11-20\n"));
    BOOST_TEST(has(text, "     expired 3 days ago, on 2026-11-20\n"));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_the_future_says_from_when) {
    BOOST_TEST(has(words(chain_of_one(kNow + days(2), kNow + days(92))),
                   "     is not valid before 2026-11-25, in 2 days\n"));
}

BOOST_AUTO_TEST_CASE(one_that_signed_itself_is_told_so) {
    TlsEvidence tls = chain_of_one(kNow - days(1), kNow + days(1));
    tls.chain.front().issuer = tls.chain.front().subject;
    BOOST_TEST(has(words(tls), "     issued by itself\n"));
}

BOOST_AUTO_TEST_CASE(certificates_stand_in_the_servers_order_and_names_are_counted) {
    TlsEvidence tls = chain_of_one(kNow - days(1), kNow + days(1));
    tls.chain.front().more_names = 7;
    tls.chain.push_back(certificate("CN=Authority", "CN=Root", kNow - days(1), kNow + days(1)));
    const std::string text = words(tls);
    BOOST_TEST(has(text, "     for api.example, www.example and 7 more\n"));
    BOOST_TEST(has(text, "  2. CN=Authority\n     issued by CN=Root\n"));
}

BOOST_AUTO_TEST_CASE(a_handshake_without_a_certificate_is_no_trouble) {
    TlsEvidence tls;
    tls.reason = "no_certificate";
    tls.detail = "the server sent none";
    BOOST_TEST(words(tls) ==
               "certificates\n  The server showed no certificate: the server sent none\n");
}

BOOST_AUTO_TEST_CASE(colors_warn_where_there_are_any) {
    const Terminal colors{.has_color = true, .columns = 80};
    const std::string good = "\x1b[32mexpires in";
    const std::string soon = "\x1b[33mexpires in";
    BOOST_TEST(has(words(chain_of_one(kNow - days(10), kNow + days(80)), colors), good));
    BOOST_TEST(has(words(chain_of_one(kNow - days(80), kNow + days(10)), colors), soon));
    const auto run = made_up_run({}, Outcome::unknown("connect", "no_descriptors", "x"));
    BOOST_TEST(has(picture_of(run, kNow, colors), ": \x1b[33munknown\x1b[0m in "));
    BOOST_TEST(!has(picture_of(run, kNow, kPlain), "\x1b"));
}

BOOST_AUTO_TEST_SUITE_END()
