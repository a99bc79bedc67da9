#include "app/probe_report.h"

#include <boost/test/unit_test.hpp>

#include "tests/app/probe_runs.h"

using namespace pilotlight;
using namespace pilotlight::app;
using probes::Outcome;
using testing::made_up_run;

namespace {

std::string told(const probes::ProbeRun& run) {
    return debug_text(past_probe("http_2xx", "api.example", true, run, samples_of(run)));
}

bool has(const std::string& text, const std::string& part) {
    BOOST_TEST_INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_reports)

BOOST_AUTO_TEST_CASE(the_log_stands_before_the_metrics) {
    const std::string text = told(made_up_run({{"probe_success", "", 1}}));
    BOOST_TEST(
        text.starts_with("Logs for the probe:\n"
                         "ts=2026-11-23T14:00:00.250Z level=info module=http_2xx "
                         "target=api.example msg=\"Beginning probe\" probe=http"));
    BOOST_TEST(has(text, "msg=\"Probe succeeded\" duration_seconds=0.100000\n"));
    BOOST_TEST(has(text, "\nMetrics that would have been returned:\n"));
    BOOST_TEST(text.ends_with("\nprobe_success 1\n"));
}

BOOST_AUTO_TEST_CASE(a_failure_is_logged_with_all_that_was_seen) {
    auto run = made_up_run({{"probe_success", "", 0}},
                           Outcome::failed("response", "status", "got \"503\""));
    Evidence evidence;
    evidence.addresses = {{"192.0.2.1", true, "refused"}, {"192.0.2.2", true, ""}};
    evidence.tls.emplace();
    evidence.tls->version = "TLS 1.3";
    evidence.tls->chain.emplace_back().subject = "CN=a";
    evidence.status_line = "HTTP/1.1 503 Service Unavailable";
    evidence.headers = {{"Retry-After", "10"}};
    evidence.dialogue = {"< bye"};
    evidence.body = "two\nlines";
    evidence.body_bytes = 9;
    run.evidence = std::make_shared<const Evidence>(std::move(evidence));
    const std::string text = told(run);
    for (const char* part :
         {"level=error module=http_2xx target=api.example msg=\"Resolved target address\" "
          "ip=192.0.2.1 tried=true error=refused\n",
          "msg=\"TLS handshake\" version=\"TLS 1.3\"", "msg=Certificate subject=\"CN=a\"",
          "msg=\"Received answer\" status=\"HTTP/1.1 503 Service Unavailable\"\n",
          "msg=\"Received header\" name=Retry-After value=10\n", "line=\"< bye\"\n",
          "bytes=9 begins=\"two\\nlines\"\n",
          "result=failed phase=response reason=status detail=\"got \\\"503\\\"\""}) {
        BOOST_TEST(has(text, part));
    }
}

BOOST_AUTO_TEST_CASE(what_could_not_be_judged_did_not_succeed_for_a_scraper) {
    const auto run = made_up_run({}, Outcome::unknown("connect", "no_descriptors", "none left"));
    const std::string text = told(run);
    BOOST_TEST(has(text, "\nprobe_success 0\n"));
    BOOST_TEST(has(text, "\nprobe_failure_info{phase=\"connect\",reason=\"no_descriptors\"} 1\n"));
}

BOOST_AUTO_TEST_CASE(a_list_has_a_line_each) {
    auto failed = past_probe("tcp", "b:1", true, made_up_run({}, Outcome::failed("a", "b", "c")),
                             std::make_shared<SampleBatch>());
    failed.id = 7;
    const std::string text = list_text({std::make_shared<const PastProbe>(std::move(failed))});
    BOOST_TEST(
        has(text, "\n       7  2026-11-23T14:00:00.250Z  failure  tcp                   b:1\n"));
}

BOOST_AUTO_TEST_SUITE_END()
