#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include "exporters/site.h"
#include "tests/exporters/made_up.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using made_up::get;
using made_up::kNow;
using made_up::outage;
using made_up::site_of;
using nlohmann::json;

namespace {

Response ask(const std::string& path, const Snapshot& snapshot = outage()) {
    return handle(get(path), site_of(snapshot), kNow);
}

json answer(const std::string& path, const Snapshot& snapshot = outage()) {
    const Response response = ask(path, snapshot);
    BOOST_REQUIRE(response.status == 200);
    return json::parse(response.text());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence_of_targets)

BOOST_AUTO_TEST_CASE(of_a_target_that_is_down_is_told_in_full) {
    const json told = answer("/api/targets/lpg-api/evidence");
    BOOST_TEST(told["target"] == "lpg-api");
    BOOST_TEST(told["health"] == "down");
    const json failure = told["last_failure"];
    BOOST_TEST(failure["phase"] == "response");
    BOOST_TEST(failure["reason"] == "status");
    BOOST_TEST(failure["blip"] == false);
    const json evidence = failure["evidence"];
    BOOST_TEST(evidence["addresses"].size() == 3U);
    BOOST_TEST(evidence["addresses"][0]["tried"] == true);
    BOOST_TEST(evidence["addresses"][0]["error"] == "[2001:db8:10::5]:443: Network is unreachable");
    BOOST_TEST(evidence["addresses"][2]["tried"] == false);
    BOOST_TEST(evidence["phases"][1]["name"] == "connect");
    BOOST_TEST(evidence["phases"][1]["seconds"] == 0.031);
    BOOST_TEST(evidence["tls"]["version"] == "TLS 1.3");
    BOOST_TEST(evidence["tls"]["chain"][0]["names"][1] == "www.lpg-distributor.com");
    BOOST_TEST(evidence["tls"]["chain"][1]["issuer"] == "CN=ISRG Root X1,O=ISRG,C=US");
    BOOST_TEST(evidence["status_line"] == "HTTP/2 503");
    BOOST_TEST(evidence["headers"][1]["value"] == "30");
    BOOST_TEST(evidence["body_bytes"] == evidence["body"].get<std::string>().size());
}

BOOST_AUTO_TEST_CASE(of_a_target_that_never_failed_is_null) {
    BOOST_TEST(answer("/api/targets/cache/evidence")["last_failure"].is_null());
    BOOST_TEST(answer("/api/targets/cache/evidence")["unknown_since"].is_null());
}

BOOST_AUTO_TEST_CASE(that_was_not_kept_is_null_and_the_reason_stays) {
    Snapshot snapshot = outage();
    auto failure = std::make_shared<FailureView>(*snapshot.targets[0].last_failure);
    failure->evidence = nullptr;
    snapshot.targets[0].last_failure = failure;
    const json told = answer("/api/targets/lpg-api/evidence", snapshot)["last_failure"];
    BOOST_TEST(told["reason"] == "status");
    BOOST_TEST(told["evidence"].is_null());
}

BOOST_AUTO_TEST_CASE(says_since_when_a_target_cannot_be_judged) {
    BOOST_TEST(answer("/api/targets/payment-gateway/evidence")["unknown_since"] ==
               "2026-03-01T11:58:00.000Z");
}

BOOST_AUTO_TEST_CASE(of_a_target_whose_name_has_slashes_is_found) {
    Snapshot snapshot = outage();
    snapshot.targets[0].name = "http://a.example/b";
    BOOST_TEST(answer("/api/targets/http://a.example/b/evidence", snapshot)["target"] ==
               "http://a.example/b");
}

BOOST_AUTO_TEST_CASE(of_nobody_is_404) {
    for (const char* path : {"/api/targets/nobody/evidence", "/api/targets/", "/api/targets/cache",
                             "/api/targets//evidence", "/api/targets/evidence"}) {
        BOOST_TEST_INFO(path);
        BOOST_TEST(ask(path).status == 404);
    }
}

BOOST_AUTO_TEST_CASE(the_status_document_says_that_there_is_some) {
    const json services = answer("/api/status")["services"];
    json found;
    for (const json& service : services) {
        for (const json& target : service["targets"]) {
            if (target["name"] == "lpg-api") found = target;
        }
    }
    BOOST_TEST(found["last_failure"]["reason"] == "status");
    BOOST_TEST(found["last_failure"]["has_evidence"] == true);
    BOOST_TEST(!found["last_failure"].contains("evidence"));
}

BOOST_AUTO_TEST_SUITE_END()
