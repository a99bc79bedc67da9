#include "app/probe_json.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/app/probe_runs.h"

using namespace pilotlight;
using namespace pilotlight::app;
using nlohmann::json;
using probes::Outcome;
using testing::made_up_run;

namespace {

/// What is at a place, as JSON without spaces.
std::string at(const json& told, const char* place) {
    return told.at(json::json_pointer(place)).dump();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_json)

BOOST_AUTO_TEST_CASE(all_that_is_known_is_told) {
    auto run = made_up_run({{"probe_http_duration_seconds", "connect", 0.002}},
                           Outcome::failed("tls", "certificate_expired", "expired"));
    Evidence evidence;
    evidence.addresses = {{"192.0.2.1", true, ""}};
    evidence.status_line = "HTTP/1.1 200 OK";
    evidence.headers = {{"Server", "nginx"}};
    evidence.body = "{}";
    evidence.body_bytes = 2;
    evidence.dialogue = {"> a"};
    evidence.tls.emplace();
    evidence.tls->version = "TLS 1.3";
    evidence.tls->reason = "certificate_expired";
    TlsEvidence::Certificate& leaf = evidence.tls->chain.emplace_back();
    leaf.names = {"a"};
    leaf.not_after = *parse_time("2026-11-20T00:00:00Z");
    run.evidence = std::make_shared<const Evidence>(std::move(evidence));

    const json told = json::parse(json_of(run, 2));
    const std::pair<const char*, const char*> expected[] = {
        {"/target", R"("api")"},
        {"/started_at", R"("2026-11-23T14:00:00.250Z")"},
        {"/result", R"("failed")"},
        {"/in_words", R"("The TLS handshake failed: the certificate has expired.")"},
        {"/duration_seconds", "0.1"},
        {"/phases", R"([{"name":"connect","seconds":0.002}])"},
        {"/samples/0/value", R"("0.002")"},
        {"/evidence/addresses", R"([{"address":"192.0.2.1","error":"","tried":true}])"},
        {"/evidence/status_line", R"("HTTP/1.1 200 OK")"},
        {"/evidence/headers", R"([{"name":"Server","value":"nginx"}])"},
        {"/evidence/body", R"("{}")"},
        {"/evidence/body_bytes", "2"},
        {"/evidence/dialogue", R"(["> a"])"},
        {"/evidence/tls/verified", "false"},
        {"/evidence/tls/version", R"("TLS 1.3")"},
        {"/evidence/tls/chain/0/names", R"(["a"])"},
        {"/evidence/tls/chain/0/not_after", R"("2026-11-20T00:00:00.000Z")"},
    };
    for (const auto& [place, value] : expected)
        BOOST_TEST(at(told, place) == value);
}

BOOST_AUTO_TEST_CASE(what_was_not_seen_is_null) {
    auto run = made_up_run({});
    BOOST_TEST(at(json::parse(json_of(run, 2)), "/evidence") == "null");
    run.evidence = std::make_shared<const Evidence>();
    BOOST_TEST(at(json::parse(json_of(run, 2)), "/evidence/tls") == "null");
}

BOOST_AUTO_TEST_CASE(values_that_json_has_not_are_texts) {
    const json told = json::parse(json_of(made_up_run({{"a", "", std::nan("")}}), -1));
    BOOST_TEST(at(told, "/samples/0/value") == R"("NaN")");
}

BOOST_AUTO_TEST_CASE(one_line_holds_it_where_lines_are_records) {
    auto run = made_up_run({});
    run.outcome = Outcome::failed("response", "protocol", "two\nlines \xff");
    const std::string line = json_of(run, -1);
    BOOST_TEST(line.find('\n') == std::string::npos);
    BOOST_TEST(json::parse(line).is_object());
}

BOOST_AUTO_TEST_SUITE_END()
