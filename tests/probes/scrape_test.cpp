#include <boost/test/unit_test.hpp>

#include "core/time.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_scrape;
using probes::Report;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr const char* kPage =
    "# HELP requests_total Requests.\n# TYPE requests_total counter\n"
    "requests_total{code=\"200\"} 7\nrequests_total{code=\"500\"} 1 1700000000000\n";

const std::vector<std::string> kText{"Content-Type: text/plain; version=0.0.4"};

Report scrape(const ScriptedServer& server, const std::string& options = "{}") {
    return probe_now(&make_scrape, server.url("/metrics"), options);
}

void check_down(const Report& report, const std::string& verdict) {
    BOOST_TEST(verdict_of(report) == verdict);
    BOOST_TEST(value_of(report, "up").value() == 0.0);
    BOOST_TEST(value_of(report, "scrape_samples_scraped").value() == 0.0);
    BOOST_TEST(report.measurements.size() == 3U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scrape_prober)

BOOST_AUTO_TEST_CASE(brings_all_samples_with_their_families) {
    const ScriptedServer server(http_answer(200, kPage, kText));
    const Report report = scrape(server);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "up").value() == 1.0);
    BOOST_TEST(value_of(report, "scrape_samples_scraped").value() == 2.0);
    BOOST_TEST(value_of(report, "scrape_duration_seconds").value() > 0.0);
    BOOST_TEST(value_of(report, "requests_total", "200").value() == 7.0);
    BOOST_REQUIRE(report.families.size() == 1U);
    BOOST_TEST(report.families[0].help == "Requests.");
    BOOST_TEST((report.measurements[4].at == WallTime(milliseconds(1'700'000'000'000))));
    BOOST_TEST(!report.honor_labels);
}

BOOST_AUTO_TEST_CASE(asks_as_prometheus_asks) {
    const ScriptedServer server(http_answer(200, kPage, kText));
    (void)scrape(server, "{headers: {X-Scope: a}, basic_auth: {username: u, password: p}}");
    const std::string request = server.received();
    BOOST_TEST(request.starts_with("GET /metrics HTTP/1.1\r\n"));
    BOOST_TEST(request.find("application/openmetrics-text;version=1.0.0") != std::string::npos);
    BOOST_TEST(request.find("X-Prometheus-Scrape-Timeout-Seconds: ") != std::string::npos);
    BOOST_TEST(request.find("Accept-Encoding: gzip") != std::string::npos);
    BOOST_TEST(request.find("X-Scope: a\r\n") != std::string::npos);
    BOOST_TEST(request.find("Authorization: Basic dTpw\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_target_without_a_path_is_asked_for_metrics) {
    const ScriptedServer server(http_answer(200, kPage, kText));
    BOOST_TEST(verdict_of(probe_now(&make_scrape, server.address())) == "");
    BOOST_TEST(server.received().starts_with("GET /metrics "));
}

BOOST_AUTO_TEST_CASE(reads_a_token_from_its_file_at_every_probe) {
    const TemporaryFolder folder;
    const std::string file = folder.write("token", "first\n");
    const ScriptedServer server(http_answer(200, kPage, kText));
    const auto prober =
        make_scrape(
            make_target(server.url("/m"), "{authorization: {credentials_file: " + file + "}}"))
            .value();
    run_coroutine_test([&](runtime::Services& services) -> boost::asio::awaitable<void> {
        (void)co_await prober->run(services, runtime::Deadline::in(seconds(5)));
        folder.write("token", "second");
        (void)co_await prober->run(services, runtime::Deadline::in(seconds(5)));
    });
    BOOST_TEST(server.received(0).find("Authorization: Bearer first\r\n") != std::string::npos);
    BOOST_TEST(server.received(1).find("Authorization: Bearer second\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_token_file_that_is_gone_is_our_own_trouble) {
    const ScriptedServer server(http_answer(200, kPage, kText));
    const Report report = scrape(server, "{authorization: {credentials_file: /nonexistent/token}}");
    BOOST_TEST(verdict_of(report) == "unknown: credentials/unreadable");
}

BOOST_AUTO_TEST_CASE(reads_openmetrics_by_its_content_type) {
    const std::string page = "# TYPE a counter\na_total 1\n# EOF\n";
    const std::vector<std::string> type{
        "Content-Type: application/openmetrics-text; version=1.0.0"};
    const ScriptedServer server(http_answer(200, page, type));
    const Report report = scrape(server);
    BOOST_TEST(value_of(report, "a_total").value() == 1.0);
    BOOST_TEST(report.families.at(0).name == "a_total");
    const ScriptedServer cut(http_answer(200, "a_total 1\n", type));
    check_down(scrape(cut), "parse/bad_format");
}

BOOST_AUTO_TEST_CASE(times_on_the_page_may_be_left_out) {
    const ScriptedServer server(http_answer(200, kPage, kText));
    const Report report = scrape(server, "{honor_timestamps: false, honor_labels: true}");
    BOOST_TEST(report.honor_labels);
    for (const auto& each : report.measurements)
        BOOST_TEST(!each.at.has_value());
}

BOOST_AUTO_TEST_CASE(a_status_other_than_200_is_down) {
    const ScriptedServer server(http_answer(503, kPage, kText));
    const Report report = scrape(server);
    check_down(report, "response/status");
    BOOST_TEST(report.outcome.detail == "HTTP 503, expected 200");
}

BOOST_AUTO_TEST_CASE(a_page_that_is_no_metrics_is_down) {
    const ScriptedServer server(http_answer(200, "ok 1\n<html>\n", {"Content-Type: text/html"}));
    const Report report = scrape(server);
    check_down(report, "parse/bad_format");
    BOOST_TEST(report.outcome.detail.find("2:1: ") != std::string::npos, report.outcome.detail);
}

BOOST_AUTO_TEST_CASE(limits_fail_the_scrape_as_a_whole) {
    const ScriptedServer server(http_answer(200, kPage, kText));
    check_down(scrape(server, "{sample_limit: 1}"), "parse/sample_limit");
    check_down(scrape(server, "{body_size_limit: 50}"), "body/body_too_large");
    const auto prober = make_scrape(make_target(server.url("/"))).value();
    prober->set_limits(config::Limits{.scrape_samples = 1});
    Report report;
    run_coroutine_test([&](runtime::Services& services) -> boost::asio::awaitable<void> {
        report = co_await prober->run(services, runtime::Deadline::in(seconds(5)));
    });
    check_down(report, "parse/sample_limit");
}

BOOST_AUTO_TEST_CASE(nobody_there_and_nothing_said) {
    check_down(probe_now(&make_scrape, "127.0.0.1:" + std::to_string(refused_port())),
               "connect/refused");
    const ScriptedServer silent({stall()});
    check_down(probe_now(&make_scrape, silent.url(), "{}", milliseconds(200)), "response/timeout");
}

BOOST_AUTO_TEST_CASE(a_large_page_is_read_on_a_spare_thread) {
    std::string page;
    for (int i = 0; i < 5000; ++i)
        page += fmt::format("metric{{number=\"{}\"}} {}\n", i, i);
    const ScriptedServer server(http_answer(200, page, kText));
    const Report report = scrape(server);
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "scrape_samples_scraped").value() == 5000.0);
    const ScriptedServer broken(http_answer(200, page + "?", kText));
    check_down(scrape(broken), "parse/bad_format");
}

BOOST_AUTO_TEST_CASE(what_the_page_says_of_the_scrape_itself_does_not_count) {
    const ScriptedServer server(http_answer(200, "up 0\n", kText));
    // Ours comes first; of a series given twice the first stays.
    BOOST_TEST(scrape(server).measurements.at(0).value == 1.0);
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
    BOOST_TEST(refusal_of(&make_scrape, "ftp://x", "{}").find("target") != std::string::npos);
    BOOST_TEST(refusal_of(&make_scrape, "x:1", "{sample_limt: 1}").find("sample_limit") !=
               std::string::npos);
    BOOST_TEST(refusal_of(&make_scrape, "x:1",
                          "{basic_auth: {username: a}, authorization: {credentials: b}}")
                   .find("got both") != std::string::npos);
    BOOST_TEST(refusal_of(&make_scrape, "x:1", "{basic_auth: {password: a, password_file: b}}")
                   .find("got both") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
