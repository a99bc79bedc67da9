#include "exporters/site.h"

#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "exporters/assets.h"
#include "exporters/self_metrics.h"
#include "tests/exporters/made_up.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;
using made_up::batch;
using made_up::calm;
using made_up::get;
using made_up::header_of;
using made_up::kNow;
using made_up::post;
using made_up::site_of;
using nlohmann::json;

namespace {

Response ask(const Site& site, const Request& request) {
    return handle(request, site, kNow);
}

Site starting() {
    Site site = site_of({});
    site.snapshot = [] { return SharedSnapshot{}; };
    return site;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(site)

BOOST_AUTO_TEST_CASE(what_is_not_there_is_404_as_json) {
    for (const char* path : {"/nothing", "", "/metrics/", "/assets/", "/assets/../index.html",
                             "/assets/nothing.js", "/api/v1/query", "//"}) {
        const Response response = ask(site_of(calm()), get(path));
        BOOST_TEST_INFO(path);
        BOOST_TEST(response.status == 404);
        BOOST_TEST(json::parse(response.text())["status"] == "error");
    }
}

BOOST_AUTO_TEST_CASE(another_method_is_405_and_says_which) {
    const Response response = ask(site_of(calm()), get("/-/reload"));
    BOOST_TEST(response.status == 405);
    BOOST_TEST(header_of(response, "Allow") == "POST");
    BOOST_TEST(header_of(ask(site_of(calm()), post("/metrics")), "Allow") == "GET");
}

BOOST_AUTO_TEST_CASE(every_answer_forbids_to_guess_its_type_and_to_be_kept) {
    for (const char* path : {"/", "/metrics", "/nothing", "/api/status", "/-/healthy"}) {
        const Response response = ask(site_of(calm()), get(path));
        BOOST_TEST_INFO(path);
        BOOST_TEST(header_of(response, "X-Content-Type-Options") == "nosniff");
        BOOST_TEST(header_of(response, "Cache-Control") == "no-cache");
    }
}

BOOST_AUTO_TEST_CASE(is_healthy_at_once_and_ready_with_the_first_configuration) {
    BOOST_TEST(ask(starting(), get("/-/healthy")).status == 200);
    BOOST_TEST(ask(starting(), get("/-/ready")).status == 503);
    BOOST_TEST(ask(site_of(calm()), get("/-/ready")).status == 200);
    BOOST_TEST(ask(starting(), get("/api/status")).status == 503);
    BOOST_TEST(ask(starting(), get("/api/v1/targets")).status == 503);
    BOOST_TEST(ask(starting(), get("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(the_page_itself_and_the_commands_ask_the_engine_for_nothing) {
    Site site = starting();
    site.snapshot = []() -> SharedSnapshot { throw std::runtime_error("asked"); };
    site.quit = [] {};
    for (const char* path : {"/", "/assets/status.js", "/api/v1/status/buildinfo"}) {
        BOOST_TEST_INFO(path);
        BOOST_TEST(ask(site, get(path)).status == 200);
    }
    BOOST_TEST(ask(site, post("/-/quit")).status == 200);
}

BOOST_AUTO_TEST_CASE(is_not_healthy_when_the_engine_is_stuck) {
    BOOST_TEST(handle(get("/-/healthy"), site_of(calm()), kNow + 1min).status == 503);
}

BOOST_AUTO_TEST_CASE(a_reload_tells_what_was_wrong) {
    Site site = site_of(calm());
    site.reload = [] { return std::vector<std::string>{}; };
    BOOST_TEST(ask(site, post("/-/reload")).status == 200);
    site.reload = [] { return std::vector<std::string>{"a.yaml:3:1: unknown key \"x\""}; };
    const Response refused = ask(site, post("/-/reload"));
    BOOST_TEST(refused.status == 500);
    BOOST_TEST(refused.text().find("a.yaml:3:1: unknown key \"x\"\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_changes_something_is_refused_to_strangers) {
    int called = 0;
    Site site = site_of(calm());
    site.quit = [&] { ++called; };
    site.reload = [&] {
        ++called;
        return std::vector<std::string>{};
    };
    site.extra = {{"POST", "/demo/fault/", Access::change, [&](const Request&) {
                       ++called;
                       return text_response(200, "");
                   }}};
    for (const char* path : {"/-/quit", "/-/reload", "/demo/fault/slow"}) {
        Request stranger = post(path);
        stranger.remote_address = "192.0.2.9";
        BOOST_TEST_INFO(path);
        BOOST_TEST(ask(site, stranger).status == 403);
        BOOST_TEST(ask(site, post(path, {{"Host", "localhost"}, {"Origin", "http://evil.example"}}))
                       .status == 403);
        BOOST_TEST(called == 0);
        BOOST_TEST(ask(site, post(path)).status == 200);
        BOOST_TEST(called == 1);
        called = 0;
    }
}

BOOST_AUTO_TEST_CASE(strangers_may_read) {
    Request stranger = get("/metrics");
    stranger.remote_address = "192.0.2.9";
    BOOST_TEST(ask(site_of(calm()), stranger).status == 200);
}

BOOST_AUTO_TEST_CASE(routes_that_others_bring_match_whole_or_by_their_beginning) {
    Site site = site_of(calm());
    const auto answer = [](const Request& request) { return text_response(200, request.path); };
    site.extra = {{"GET", "/api/v1/query", Access::read, answer},
                  {"GET", "/api/v1/label/", Access::read, answer}};
    BOOST_TEST(ask(site, get("/api/v1/query")).text() == "/api/v1/query");
    BOOST_TEST(ask(site, get("/api/v1/query_range")).status == 404);
    BOOST_TEST(ask(site, get("/api/v1/label/job/values")).status == 200);
    BOOST_TEST(ask(site, post("/api/v1/query")).status == 405);
}

BOOST_AUTO_TEST_CASE(metrics_are_written_as_the_scraper_wants_them) {
    Snapshot snapshot = calm();
    snapshot.targets[0].newest = batch({{"probe_success", 1, {{"target", "lpg-api"}}}});
    const Site site = site_of(std::move(snapshot));
    const Response text = ask(site, get("/metrics"));
    BOOST_TEST(text.content_type == "text/plain; version=0.0.4; charset=utf-8");
    BOOST_TEST(text.text().find("probe_success{target=\"lpg-api\"} 1\n") != std::string::npos);
    const Response open =
        ask(site, get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}}));
    BOOST_TEST(open.content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    BOOST_TEST(open.text().ends_with("# EOF\n"));
    const Response packed = ask(site, get("/metrics", {{"Accept-Encoding", "gzip"}}));
    BOOST_TEST(header_of(packed, "Content-Encoding") == "gzip");
    BOOST_TEST(packed.text().starts_with("\x1f\x8b"));
}

BOOST_AUTO_TEST_CASE(own_metrics_are_there_before_the_first_configuration) {
    SelfMetrics own("1.2.3", "abc");
    Site site = starting();
    site.own_metrics = [&] { return own.collect(kNow); };
    const Response response = ask(site, get("/metrics"));
    BOOST_TEST(response.status == 200);
    BOOST_TEST(
        response.text().find("pilotlight_build_info{revision=\"abc\",version=\"1.2.3\"} 1") !=
        std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_scrapes_of_one_snapshot_cost_one_writing_a_second) {
    int collected = 0;
    Site site = site_of(calm());
    site.own_metrics = [&] {
        ++collected;
        return batch({{"x", 1, {}}});
    };
    (void)handle(get("/metrics"), site, kNow);
    (void)handle(get("/metrics"), site, kNow + 900ms);
    BOOST_TEST(collected == 1);
    (void)handle(get("/metrics"), site, kNow + 1s);
    BOOST_TEST(collected == 2);
    (void)handle(get("/metrics"), site, kNow);
    BOOST_TEST(collected == 3);
    site.snapshot = [] { return std::make_shared<const Snapshot>(calm()); };
    (void)handle(get("/metrics"), site, kNow);
    BOOST_TEST(collected == 4);
}

BOOST_AUTO_TEST_CASE(the_page_allows_nothing_from_elsewhere_and_nothing_inline) {
    const Response page = ask(site_of(calm()), get("/"));
    BOOST_TEST(page.content_type == "text/html; charset=utf-8");
    const std::string policy = header_of(page, "Content-Security-Policy");
    BOOST_TEST(policy.starts_with("default-src 'none';"));
    BOOST_TEST(policy.find("unsafe") == std::string::npos);
    const std::string html = page.text();
    for (const char* inside :
         {"<script>", "<style", " style=", " onclick=", "http://", "https://"}) {
        BOOST_TEST_INFO(inside);
        BOOST_TEST(html.find(inside) == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(every_asset_is_served_with_its_type_once) {
    for (const Asset& asset : assets()) {
        const Request request = get("/assets/" + std::string(asset.name));
        const Response response = ask(site_of(calm()), request);
        BOOST_TEST_INFO(asset.name);
        BOOST_TEST(response.status == 200);
        BOOST_TEST(response.text() == asset.content);
        BOOST_TEST(response.content_type != "application/octet-stream");
        Request again = request;
        again.headers = {{"If-None-Match", header_of(response, "ETag")}};
        BOOST_TEST(ask(site_of(calm()), again).status == 304);
    }
}

BOOST_AUTO_TEST_CASE(the_state_is_a_document_that_changes_only_with_the_state) {
    const Site site = site_of(calm());
    const Response first = ask(site, get("/api/status"));
    BOOST_TEST(first.status == 200);
    const Request again = get("/api/status", {{"If-None-Match", header_of(first, "ETag")}});
    BOOST_TEST(handle(again, site_of(calm()), kNow + 2s).status == 304);
    Snapshot changed = calm();
    changed.targets[0].health = Health::down;
    BOOST_TEST(handle(again, site_of(changed), kNow + 2s).status == 200);
}

BOOST_AUTO_TEST_CASE(the_state_holds_what_the_page_shows) {
    const json state = json::parse(ask(site_of(made_up::outage()), get("/api/status")).text());
    BOOST_TEST(state["headline"]["level"] == "down");
    BOOST_TEST(state["services"].size() == 5U);
    const json& database = state["services"][1];
    BOOST_TEST(database["title"] == "PostgreSQL");
    BOOST_TEST(database["rpo"] == 900);
    BOOST_TEST(database["targets"][0]["reason"] == "refused");
    BOOST_TEST(state["alerts"][0]["name"] == "ApplicationDown");
    BOOST_TEST(state["alerts"][0]["runbook"] ==
               "https://wiki.example.com/runbooks/ApplicationDown");
    BOOST_TEST(
        state["reload"]["errors"][0].get<std::string>().starts_with("rules/team.yaml:14:11"));
    BOOST_TEST(state["receivers"][0]["pending"] == 3);
    BOOST_TEST(!state["checks"][4]["ok"].get<bool>());
}

BOOST_AUTO_TEST_CASE(the_state_survives_labels_that_are_no_utf8) {
    Snapshot snapshot = calm();
    snapshot.targets[0].detail = "bad \xFF byte";
    const Response response = ask(site_of(snapshot), get("/api/status"));
    const json state = json::parse(response.text());
    BOOST_TEST(state["services"][0]["targets"][0]["detail"] == "bad \xEF\xBF\xBD byte");
}

BOOST_AUTO_TEST_CASE(a_service_that_names_a_target_which_is_gone_is_shown_without_it) {
    Snapshot snapshot = calm();
    snapshot.targets.erase(snapshot.targets.begin());
    const json state = json::parse(ask(site_of(snapshot), get("/api/status")).text());
    BOOST_TEST(state["services"][0]["targets"].size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
