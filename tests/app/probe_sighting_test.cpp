#include "app/probe_sighting.h"

#include <boost/test/unit_test.hpp>

#include "tests/app/probe_runs.h"

using namespace pilotlight;
using namespace pilotlight::app;
using probes::Outcome;
using testing::made_up_run;
using Changes = std::vector<std::string>;

namespace {

probes::ProbeRun seen(double status, const std::string& address = "192.0.2.1",
                      const std::string& fingerprint = "aa") {
    auto run = made_up_run({{"probe_http_status_code", "", status}});
    Evidence evidence;
    evidence.addresses = {{"2001:db8::1", true, "refused"}, {address, true, ""}};
    evidence.tls.emplace();
    evidence.tls->chain.emplace_back().fingerprint_sha256 = fingerprint;
    run.evidence = std::make_shared<const Evidence>(std::move(evidence));
    return run;
}

Changes changes(const probes::ProbeRun& before, const probes::ProbeRun& now) {
    return changes_between(sighting_of(before), sighting_of(now));
}

std::string line(const probes::ProbeRun& run, const Changes& changes = {},
                 const Terminal& terminal = {}) {
    return line_of(sighting_of(run), changes, terminal);
}

const Outcome kRefused = Outcome::failed("connect", "refused", "127.0.0.1:1");

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_sightings)

BOOST_AUTO_TEST_CASE(one_like_the_other_is_no_news_however_long_it_took) {
    auto slower = seen(200);
    slower.duration *= 5;
    BOOST_TEST(changes(seen(200), slower) == Changes{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_outcome_or_another_reason_is_a_change) {
    const auto refused = made_up_run({}, kRefused);
    const auto slow = made_up_run({}, Outcome::failed("connect", "timeout", "x"));
    BOOST_TEST(changes(made_up_run({}), refused) == Changes{"was ok"},
               boost::test_tools::per_element());
    BOOST_TEST(changes(refused, slow) == Changes{"was failed (connect: refused)"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_status_address_or_certificate_is_a_change) {
    const Changes expected = {"status was 200", "address was 192.0.2.1", "another certificate"};
    BOOST_TEST(changes(seen(200), seen(404, "192.0.2.2", "bb")) == expected,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_not_seen_has_not_changed) {
    const auto refused = made_up_run({{"probe_http_status_code", "", 0}}, kRefused);
    BOOST_TEST(changes(seen(200), refused) == Changes{"was ok"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_certificate_is_known_by_its_metric_too) {
    auto run = made_up_run({});
    auto batch = std::make_shared<SampleBatch>();
    batch->samples = {
        {Labels{{kMetricName, "probe_ssl_last_chain_info"}, {"fingerprint_sha256", "cc"}}, 1}};
    run.batch = std::move(batch);
    BOOST_TEST(sighting_of(run).certificate == "cc");
}

BOOST_AUTO_TEST_CASE(a_line_says_when_what_and_how_long) {
    BOOST_TEST(line(seen(200)) == "  14:00:00.250Z  ok         100.000 ms  200  192.0.2.1");
}

BOOST_AUTO_TEST_CASE(a_line_of_a_failure_says_why_and_a_change_is_marked) {
    BOOST_TEST(line(made_up_run({}, kRefused), {"was ok", "status was 200"}) ==
               "* 14:00:00.250Z  failed     100.000 ms  Connecting failed: nothing listens there, "
               "or a firewall refuses.  (was ok, status was 200)");
}

BOOST_AUTO_TEST_CASE(a_line_has_colors_on_a_terminal_only) {
    const Terminal colors{.has_color = true, .columns = 80};
    BOOST_TEST(line(seen(200), {}, colors).find("\x1b[32mok     \x1b[0m") != std::string::npos);
    BOOST_TEST(line(seen(200), {"was ok"}).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_end_says_how_many_there_were) {
    SightingCounts counts;
    BOOST_TEST(counts_in_words(counts) == "0 probes: 0 ok; 0 changes");
    counts.add(sighting_of(seen(200)), false);
    counts.add(sighting_of(made_up_run({}, kRefused)), true);
    counts.add(sighting_of(made_up_run({}, Outcome::unknown("prober", "exception", "x"))), true);
    BOOST_TEST(counts_in_words(counts) == "3 probes: 1 ok, 1 failed, 1 unknown; 2 changes");
    BOOST_TEST(counts.all() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
