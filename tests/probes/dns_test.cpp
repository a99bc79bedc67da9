#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "probes/dns_options.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/certificates.h"
#include "tests/support/datagram_server.h"
#include "tests/support/dns_server.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::DnsQuestion;
using probes::make_dns;
using probes::Report;
using std::chrono::milliseconds;

namespace {

constexpr const char* kWww = "query_name: www.example.test\nquery_type: A\n";
// An A record of the question's name: pointer, type, class, TTL 60, 192.0.2.7.
const std::string kRecord("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7", 16);

/// An answer to `query` with these flags and counts, and `rest` behind the question.
std::string answer_to(std::string_view query, std::string flags, std::string counts,
                      const std::string& rest) {
    std::string text(query.substr(0, 2));
    text += flags + std::string("\0\1", 2) + counts;
    text += query.substr(12);
    return text + rest;
}

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values)
        text += static_cast<char>(value);
    return text;
}

std::string good_answer(std::string_view query) {
    return answer_to(query, bytes({0x81, 0x80}), bytes({0, 1, 0, 0, 0, 0}), kRecord);
}

/// The verdict on a server that sends `reply` back to each query for www.example.test.
std::string verdict_on(const std::function<std::string(std::string_view)>& reply) {
    const DatagramServer server(
        [&](std::string_view query, int) { return std::vector<std::string>{reply(query)}; });
    return verdict_of(probe_now(&make_dns, server.address(), kWww, milliseconds(300)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dns)

BOOST_AUTO_TEST_CASE(asks_a_real_server_over_udp_and_tcp) {
    const DnsServer server;
    for (const std::string protocol : {"udp", "tcp"}) {
        const Report report =
            probe_now(&make_dns, server.address(), kWww + ("transport_protocol: " + protocol) + R"(
validate_answer_rrs:
  fail_if_not_matches_regexp: ["^www.example.test.\t600\tIN\tA\t192.0.2.1$"]
validate_authority_rrs:
  fail_if_none_matches_regexp: ["other", "^example.test.\t600\tIN\tNS\tns.example.test.$"]
)");
        BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
        BOOST_TEST(value_of(report, "probe_dns_answer_rrs").value() == 1);
        BOOST_TEST(value_of(report, "probe_dns_authority_rrs").value() == 1);
        BOOST_TEST(value_of(report, "probe_dns_additional_rrs").value() == 0);
        BOOST_TEST(value_of(report, "probe_dns_query_succeeded").value() == 1);
        BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 4);
        for (const char* phase : {"resolve", "connect", "request"})
            BOOST_TEST(value_of(report, "probe_dns_duration_seconds", phase).has_value());
        BOOST_TEST(value_of(report, "probe_dns_duration_seconds", "request").value() > 0);
        BOOST_TEST(!value_of(report, "probe_dns_serial").has_value());
    }
}

BOOST_AUTO_TEST_CASE(the_serial_of_a_zone_is_measured) {
    const DnsServer server;
    const auto ask = [&](const std::string& name) {
        return probe_now(&make_dns, server.address(),
                         "query_type: SOA\nvalid_rcodes: [NOERROR, NXDOMAIN]\nquery_name: " + name);
    };
    BOOST_TEST(value_of(ask("example.test"), "probe_dns_serial").value() == 2026112301);
    // The SOA record of a denial stands in the authority section.
    BOOST_TEST(value_of(ask("nothing.example.test"), "probe_dns_serial").value() == 0);
}

BOOST_AUTO_TEST_CASE(records_read_as_those_of_blackbox_exporter) {
    const DnsServer server;
    const auto verdict = [&](const std::string& type, const std::string& regexp) {
        return verdict_of(probe_now(&make_dns, server.address(),
                                    "query_name: " + std::string(type == "AAAA" ? "www." : "") +
                                        "example.test\nquery_type: " + type +
                                        "\nvalidate_answer_rrs: {fail_if_not_matches_regexp: ['" +
                                        regexp + "']}"));
    };
    BOOST_TEST(verdict("AAAA", "IN\tAAAA\t2001:db8::1$") == "");
    BOOST_TEST(verdict("MX", "^example.test.\t600\tIN\tMX\t10 mail.example.test.$") == "");
    BOOST_TEST(verdict("TXT", "\tTXT\t\"v=spf1 -all\"$") == "");
    BOOST_TEST(verdict("SOA",
                       "\tns.example.test. hostmaster.example.test. 2026112301 1200 180 "
                       "1209600 600$") == "");
    BOOST_TEST(verdict("NS", "\tNS\tother") == "response/answer_rrs");
}

BOOST_AUTO_TEST_CASE(response_codes_are_judged) {
    const DnsServer server;
    const auto verdict = [&](const std::string& name, const std::string& valid) {
        return verdict_of(probe_now(&make_dns, server.address(),
                                    "query_type: A\nquery_name: " + name + "\n" + valid));
    };
    BOOST_TEST(verdict("nothing.example.test", "") == "response/rcode");
    BOOST_TEST(verdict("nothing.example.test", "valid_rcodes: [NXDOMAIN]") == "");
    BOOST_TEST(verdict("elsewhere.test", "valid_rcodes: [NXDOMAIN]") == "response/rcode");
    BOOST_TEST(verdict("elsewhere.test", "valid_rcodes: [NXDOMAIN, REFUSED]") == "");
}

BOOST_AUTO_TEST_CASE(rules_of_records_do_what_those_of_blackbox_exporter_do) {
    const std::vector<std::string> two = {"a 1", "a 2"};
    const auto regexps = [](std::initializer_list<const char*> patterns) {
        std::vector<Regexp> compiled;
        for (const char* pattern : patterns)
            compiled.push_back(Regexp::compile(pattern).value());
        return compiled;
    };
    const auto broken = [](const probes::RecordRules& rules,
                           const std::vector<std::string>& records) {
        return probes::broken_rule(rules, records).has_value();
    };
    BOOST_TEST(!broken({}, {}));
    BOOST_TEST(broken({.fail_if_matches = regexps({"b", "2"})}, two));
    BOOST_TEST(!broken({.fail_if_matches = regexps({"b"})}, two));
    BOOST_TEST(!broken({.fail_if_matches = regexps({"b"})}, {}));
    BOOST_TEST(!broken({.fail_if_all_match = regexps({"a"})}, two));
    BOOST_TEST(broken({.fail_if_all_match = regexps({"a", "1"})}, two));
    BOOST_TEST(!broken({.fail_if_all_match = regexps({"a"})}, {}));
    BOOST_TEST(broken({.fail_if_not_matches = regexps({"1"})}, two));
    BOOST_TEST(!broken({.fail_if_not_matches = regexps({"a", "[12]"})}, two));
    BOOST_TEST(broken({.fail_if_not_matches = regexps({"a"})}, {}));
    BOOST_TEST(!broken({.fail_if_none_matches = regexps({"b", "2"})}, two));
    BOOST_TEST(broken({.fail_if_none_matches = regexps({"b"})}, two));
    BOOST_TEST(broken({.fail_if_none_matches = regexps({"a"})}, {}));
}

BOOST_AUTO_TEST_CASE(asks_over_tls) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const std::string options =
        kWww + ("transport_protocol: tcp\ndns_over_tls: true\ntls_config: {ca_file: " +
                folder.write("ca.pem", authority.certificate()) + "}\n");
    // The question is known but for its id, so that of the script's answer does not fit.
    const ScriptedServer server(
        {{expect("example"), send(bytes({0, 12}) + std::string(12, '\0')), stall()}},
        {.identity = authority.issue()});
    BOOST_TEST(verdict_of(probe_now(&make_dns, server.address(), options)) == "response/wrong_id");
    const ScriptedServer other({{stall()}}, {.identity = make_self_signed()});
    BOOST_TEST(verdict_of(probe_now(&make_dns, other.address(), options)) ==
               "tls/certificate_self_signed");
}

BOOST_AUTO_TEST_CASE(a_query_that_was_lost_is_repeated) {
    const DatagramServer server([](std::string_view query, int nth) {
        return nth == 0 ? std::vector<std::string>{} : std::vector{good_answer(query)};
    });
    const Report report = probe_now(&make_dns, server.address(), kWww, milliseconds(900));
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(server.received() == 2);
    BOOST_TEST(value_of(report, "probe_dns_duration_seconds", "request").value() > 0.25);
}

BOOST_AUTO_TEST_CASE(a_forged_answer_does_not_keep_the_right_one_away) {
    const DatagramServer server([](std::string_view query, int) {
        std::string forged = good_answer(query);
        forged[0] = static_cast<char>(forged[0] + 1);
        return std::vector{forged, std::string(query), good_answer(query)};
    });
    const Report report = probe_now(&make_dns, server.address(), kWww);
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(server.received() == 1);
}

BOOST_AUTO_TEST_CASE(hostile_answers_end_in_time_with_their_reason) {
    const std::string one = bytes({0, 1, 0, 0, 0, 0});
    const std::string flags = bytes({0x81, 0x80});
    BOOST_TEST(verdict_on(&good_answer) == "");
    BOOST_TEST(verdict_on([](std::string_view) { return std::string(); }) == "response/malformed");
    BOOST_TEST(verdict_on([](std::string_view) { return std::string(11, 'x'); }) ==
               "response/malformed");
    BOOST_TEST(verdict_on([](std::string_view query) { return std::string(query); }) ==
               "response/not_an_answer");
    BOOST_TEST(verdict_on([](std::string_view query) {
                   std::string text = good_answer(query);
                   text[1] = static_cast<char>(text[1] ^ 1);
                   return text;
               }) == "response/wrong_id");
    BOOST_TEST(verdict_on([](std::string_view query) {
                   std::string text = good_answer(query);
                   text[13] = 'x';
                   return text;
               }) == "response/wrong_question");
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   // A record whose name points at itself.
                   const std::string loop = bytes({0xc0, static_cast<int>(query.size())});
                   return answer_to(query, flags, one, loop + kRecord.substr(2));
               }) == "response/malformed");
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   return answer_to(query, flags, one, bytes({0xff, 0xff}) + kRecord.substr(2));
               }) == "response/malformed");
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   return answer_to(query, flags, bytes({0xff, 0xff, 0, 0, 0, 0}), kRecord);
               }) == "response/malformed");
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   return answer_to(query, flags, one, kRecord.substr(0, 13));
               }) == "response/malformed");
    // What belongs to the message is no record of anybody's, however often it comes.
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   const std::string opt("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
                   return answer_to(query, flags, bytes({0, 0, 0, 0, 0, 2}), opt + opt);
               }) == "");
    // A name that ends before its record's length says.
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   const std::string ns("\xc0\x0c\0\2\0\1\0\0\0\x3c\0\4\0\0\0\0", 16);
                   return answer_to(query, flags, one, ns);
               }) == "response/malformed");
    BOOST_TEST(verdict_on([&](std::string_view query) {
                   return answer_to(query, bytes({0x83, 0x80}), one, kRecord.substr(0, 13));
               }) == "response/truncated");
}

BOOST_AUTO_TEST_CASE(what_was_cut_to_fit_is_judged_by_what_is_there) {
    const DatagramServer server([](std::string_view query, int) {
        return std::vector{
            answer_to(query, bytes({0x83, 0x80}), bytes({0, 1, 0, 0, 0, 0}), kRecord)};
    });
    BOOST_TEST(verdict_of(probe_now(&make_dns, server.address(), kWww)) == "");
    const Report report = probe_now(
        &make_dns, server.address(),
        kWww + std::string("validate_answer_rrs: {fail_if_none_matches_regexp: [other]}"));
    BOOST_TEST(verdict_of(report) == "response/answer_rrs");
    BOOST_TEST(report.outcome.detail.contains("cut"));
}

BOOST_AUTO_TEST_CASE(a_bare_refusal_needs_no_question) {
    const DatagramServer server([](std::string_view query, int) {
        return std::vector{std::string(query.substr(0, 2)) + bytes({0x81, 0x85}) +
                           std::string(8, '\0')};
    });
    BOOST_TEST(verdict_of(probe_now(&make_dns, server.address(), kWww)) == "response/rcode");
    BOOST_TEST(verdict_of(probe_now(&make_dns, server.address(),
                                    std::string(kWww) + "valid_rcodes: [REFUSED]")) == "");
}

BOOST_AUTO_TEST_CASE(what_is_asked_is_what_was_written) {
    std::string asked;
    const DatagramServer server([&](std::string_view query, int) {
        asked = query;
        return std::vector{std::string(query.substr(0, 2)) + bytes({0x80, 0x05}) +
                           std::string(8, '\0')};
    });
    const Report report = probe_now(&make_dns, server.address(), R"(
query_name: version.bind
query_type: TXT
query_class: CHAOS
recursion_desired: false
)");
    BOOST_TEST(verdict_of(report) == "response/rcode");
    BOOST_TEST(asked.substr(2) ==
               std::string("\0\0\0\1\0\0\0\0\0\0\7version\4bind\0\0\x10\0\3", 28));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_is_told) {
    const std::string nobody = "127.0.0.1:" + std::to_string(refused_port());
    const Report udp = probe_now(&make_dns, nobody, kWww);
    BOOST_TEST(verdict_of(udp) == "response/refused");
    BOOST_TEST(value_of(udp, "probe_dns_query_succeeded").value() == 0);
    BOOST_TEST(value_of(udp, "probe_dns_answer_rrs").value() == 0);
    BOOST_TEST(
        verdict_of(probe_now(&make_dns, nobody, std::string(kWww) + "transport_protocol: tcp")) ==
        "connect/refused");
    const DatagramServer silent([](std::string_view, int) { return std::vector<std::string>{}; });
    BOOST_TEST(verdict_of(probe_now(&make_dns, silent.address(), kWww, milliseconds(200))) ==
               "response/timeout");
    BOOST_TEST(silent.received() == 3);
    BOOST_TEST(verdict_of(probe_now(&make_dns, silent.address(),
                                    std::string(kWww) + "source_ip_address: 192.0.2.1")) ==
               "unknown: connect/source_address");
    BOOST_TEST(verdict_of(probe_now(&make_dns, silent.address(),
                                    std::string(kWww) + "source_ip_address: '::1'")) ==
               "unknown: connect/source_address");
}

BOOST_AUTO_TEST_CASE(streams_that_break_off_are_told_apart) {
    struct Case {
        Script script;
        std::string verdict;
    };
    const Case cases[] = {
        {{expect("example"), close()}, "response/closed"},
        {{expect("example"), send(bytes({0, 200, 1, 2})), close()}, "response/truncated"},
        {{expect("example"), reset()}, "response/reset"},
        {{expect("example"), stall()}, "response/timeout"},
        {{expect("example"), drip(std::string(60, 'x'), milliseconds(30))}, "response/timeout"},
        {{expect("example"), send(bytes({0, 0})), stall()}, "response/malformed"},
    };
    for (const Case& each : cases) {
        const ScriptedServer server(each.script);
        BOOST_TEST(verdict_of(probe_now(&make_dns, server.address(),
                                        std::string(kWww) + "transport_protocol: tcp",
                                        milliseconds(300))) == each.verdict);
    }
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    const auto refusal = [](const std::string& options) {
        return refusal_of(&make_dns, "192.0.2.1", options);
    };
    BOOST_TEST(refusal("query_name: example.test") == "");
    BOOST_TEST(refusal("{}").contains("query_name"));
    BOOST_TEST(refusal("query_name: a..b") != "");
    BOOST_TEST(refusal("query_name: a\nquery_type: AA") != "");
    BOOST_TEST(refusal("query_name: a\nquery_class: IX") != "");
    BOOST_TEST(refusal("query_name: a\nvalid_rcodes: [OK]") != "");
    BOOST_TEST(refusal("query_name: a\ndns_over_tls: true").contains("tcp"));
    BOOST_TEST(refusal("query_name: a\ntransport_protocol: sctp") != "");
    BOOST_TEST(refusal("query_name: a\nvalidate_answer_rrs: {fail_if_matches: [a]}") != "");
    BOOST_TEST(refusal("query_name: a\nvalidate_answer_rrs: {fail_if_matches_regexp: ['(']}") !=
               "");
    BOOST_TEST(refusal_of(&make_dns, "2001:db8::1", "query_name: a") == "");
    BOOST_TEST(refusal_of(&make_dns, "h:port", "query_name: a") != "");
}

BOOST_AUTO_TEST_SUITE_END()
