#include "probes/address_verdict.h"

#include <boost/test/unit_test.hpp>

#include "tests/probes/probe_now.h"

using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;
using config::AddressPolicy;
using pilotlight::testing::value_of;

namespace {

Report good() {
    return {Outcome::ok(), {{"test_value", 1}}};
}

Report bad(const std::string& reason = "refused") {
    return {Outcome::failed("connect", reason, "nobody there"), {{"test_value", 0}}};
}

Report unknown() {
    return {Outcome::unknown("connect", "network_unreachable", "no way")};
}

/// At 192.0.2.1 and so on.
std::vector<AddressReport> at_addresses(std::vector<Report> reports) {
    std::vector<AddressReport> all;
    for (Report& report : reports) {
        const std::string address = "192.0.2." + std::to_string(all.size() + 1);
        all.push_back({runtime::IpAddress::parse(address).value(), std::move(report)});
    }
    return all;
}

Report combined(AddressPolicy policy, std::vector<Report> reports) {
    return combine(policy, at_addresses(std::move(reports)), 0ns);
}

Verdict verdict(AddressPolicy policy, std::vector<Report> reports) {
    return combined(policy, std::move(reports)).outcome.verdict;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(address_verdict)

BOOST_AUTO_TEST_CASE(any_takes_one) {
    BOOST_CHECK(verdict(AddressPolicy::any, {bad(), good(), bad()}) == Verdict::ok);
    BOOST_CHECK(verdict(AddressPolicy::any, {bad(), bad()}) == Verdict::failed);
}

BOOST_AUTO_TEST_CASE(each_takes_all) {
    BOOST_CHECK(verdict(AddressPolicy::each, {good(), good()}) == Verdict::ok);
    BOOST_CHECK(verdict(AddressPolicy::each, {good(), bad(), good()}) == Verdict::failed);
}

BOOST_AUTO_TEST_CASE(a_quorum_is_more_than_half) {
    BOOST_CHECK(verdict(AddressPolicy::quorum, {good(), bad(), good()}) == Verdict::ok);
    BOOST_CHECK(verdict(AddressPolicy::quorum, {good(), bad()}) == Verdict::failed);
    BOOST_CHECK(verdict(AddressPolicy::quorum, {bad(), bad(), good()}) == Verdict::failed);
    BOOST_CHECK(verdict(AddressPolicy::quorum, {good()}) == Verdict::ok);
}

BOOST_AUTO_TEST_CASE(addresses_that_cannot_be_judged_do_not_count) {
    BOOST_CHECK(verdict(AddressPolicy::each, {unknown(), good()}) == Verdict::ok);
    BOOST_CHECK(verdict(AddressPolicy::any, {unknown(), bad()}) == Verdict::failed);
    BOOST_CHECK(verdict(AddressPolicy::quorum, {unknown(), unknown(), good()}) == Verdict::ok);
    for (const AddressPolicy policy :
         {AddressPolicy::any, AddressPolicy::each, AddressPolicy::quorum}) {
        const Report report = combined(policy, {unknown(), unknown()});
        BOOST_CHECK(report.outcome.verdict == Verdict::unknown);
        BOOST_TEST(report.outcome.reason == "network_unreachable");
        BOOST_TEST(report.measurements.empty());
    }
}

BOOST_AUTO_TEST_CASE(says_which_failed_and_why) {
    const Report report = combined(AddressPolicy::each, {good(), bad(), unknown(), bad("timeout")});
    BOOST_TEST(report.outcome.phase == "connect");
    BOOST_TEST(report.outcome.reason == "refused");
    BOOST_TEST(report.outcome.detail ==
               "2 of 3 addresses failed: 192.0.2.2 connect/refused (nobody there); "
               "192.0.2.4 connect/timeout (nobody there); 1 could not be judged from here");
}

BOOST_AUTO_TEST_CASE(says_it_although_the_whole_is_ok) {
    const Report report = combined(AddressPolicy::any, {bad(), good()});
    BOOST_CHECK(report.outcome.verdict == Verdict::ok);
    BOOST_TEST(report.outcome.reason == "");
    BOOST_TEST(report.outcome.detail ==
               "1 of 2 addresses failed: 192.0.2.1 connect/refused (nobody there)");
    BOOST_TEST(combined(AddressPolicy::any, {good(), good()}).outcome.detail == "");
}

BOOST_AUTO_TEST_CASE(many_failures_are_summed_up) {
    const Report report =
        combined(AddressPolicy::each, {bad(), bad(), bad(), bad(), bad(), bad(), good()});
    BOOST_TEST(report.outcome.detail.starts_with("6 of 7 addresses failed: 192.0.2.1 "));
    BOOST_TEST(
        report.outcome.detail.ends_with("192.0.2.4 connect/refused (nobody there); "
                                        "and 2 more"));
}

BOOST_AUTO_TEST_CASE(measurements_are_those_of_an_address_that_is_as_the_whole) {
    const Report failed = combined(AddressPolicy::each, {good(), bad()});
    BOOST_TEST(value_of(failed, "test_value").value() == 0.0);
    const Report ok = combined(AddressPolicy::any, {bad(), good()});
    BOOST_TEST(value_of(ok, "test_value").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(each_judged_address_has_a_measurement) {
    const Report report = combined(AddressPolicy::any, {bad(), unknown(), good()});
    BOOST_TEST(value_of(report, "probe_address_success", "192.0.2.1").value() == 0.0);
    BOOST_TEST(!value_of(report, "probe_address_success", "192.0.2.2").has_value());
    BOOST_TEST(value_of(report, "probe_address_success", "192.0.2.3").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(the_expiry_is_the_earliest_of_all) {
    const auto expires = [](double at) {
        Report report = good();
        report.measurements.push_back({"probe_ssl_earliest_cert_expiry", at});
        return report;
    };
    const Report report = combined(AddressPolicy::each, {expires(300), expires(100), expires(200)});
    BOOST_TEST(value_of(report, "probe_ssl_earliest_cert_expiry").value() == 100.0);
    const Report plain = combined(AddressPolicy::any, {good(), expires(100)});
    BOOST_TEST(!value_of(plain, "probe_ssl_earliest_cert_expiry").has_value());
}

BOOST_AUTO_TEST_CASE(what_was_seen_names_every_address) {
    Report seen = bad();
    seen.evidence = std::make_shared<Evidence>();
    seen.evidence->status_line = "HTTP/1.1 503 Service Unavailable";
    const Report report = combined(AddressPolicy::each, {good(), seen});
    BOOST_REQUIRE(report.evidence != nullptr);
    BOOST_TEST(report.evidence->status_line == "HTTP/1.1 503 Service Unavailable");
    BOOST_REQUIRE(report.evidence->addresses.size() == 2U);
    BOOST_TEST(report.evidence->addresses[0].address == "192.0.2.1");
    BOOST_TEST(report.evidence->addresses[0].error == "");
    BOOST_TEST(report.evidence->addresses[1].error == "connect/refused");
}

BOOST_AUTO_TEST_CASE(the_look_up_counts_as_resolving) {
    Report timed = good();
    timed.measurements.push_back({"probe_dns_lookup_time_seconds", 0});
    timed.measurements.push_back({"probe_http_duration_seconds", 0, {{"phase", "resolve"}}});
    timed.measurements.push_back({"probe_http_duration_seconds", 0.25, {{"phase", "connect"}}});
    const Report report = combine(AddressPolicy::each, at_addresses({timed}), 500ms);
    BOOST_TEST(value_of(report, "probe_dns_lookup_time_seconds").value() == 0.5);
    BOOST_TEST(value_of(report, "probe_http_duration_seconds", "resolve").value() == 0.5);
    BOOST_TEST(value_of(report, "probe_http_duration_seconds", "connect").value() == 0.25);
}

BOOST_AUTO_TEST_SUITE_END()
