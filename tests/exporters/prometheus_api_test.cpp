// The documents of Prometheus's HTTP API v1.
#include <boost/test/unit_test.hpp>

#include <limits>
#include <nlohmann/json.hpp>

#include "exporters/site.h"
#include "tests/exporters/made_up.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;
using made_up::firing;
using made_up::get;
using made_up::kNow;
using nlohmann::json;

namespace {

json ask(const Snapshot& snapshot, const std::string& path,
         std::vector<std::pair<std::string, std::string>> parameters = {}) {
    Request request = get(path);
    request.parameters = std::move(parameters);
    return json::parse(handle(request, made_up::site_of(snapshot), kNow).text());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(prometheus_api)

BOOST_AUTO_TEST_CASE(alerts_are_as_prometheus_has_them) {
    Snapshot snapshot = made_up::calm();
    snapshot.alerts = {firing("Down", "critical", "application", "It is down", 5min)};
    BOOST_TEST(ask(snapshot, "/api/v1/alerts") == json::parse(R"({
        "status": "success",
        "data": {"alerts": [{
            "labels": {"alertname": "Down", "service": "application", "severity": "critical"},
            "annotations": {"runbook_url": "https://wiki.example.com/runbooks/Down",
                            "summary": "It is down"},
            "state": "firing",
            "activeAt": "2026-03-01T11:54:00.000Z",
            "value": "1e+00"}]}})"));
}

BOOST_AUTO_TEST_CASE(no_alerts_are_an_empty_list) {
    BOOST_TEST(ask(made_up::calm(), "/api/v1/alerts") ==
               json::parse(R"({"status": "success", "data": {"alerts": []}})"));
}

BOOST_AUTO_TEST_CASE(resolved_alerts_are_left_out) {
    Snapshot snapshot = made_up::outage();
    snapshot.alerts[1].state = AlertState::resolved;
    BOOST_TEST(ask(snapshot, "/api/v1/alerts")["data"]["alerts"].size() == 4U);
    const json rule = ask(snapshot, "/api/v1/rules")["data"]["groups"][0]["rules"][0];
    BOOST_TEST(rule["state"] == "inactive");
    BOOST_TEST(rule["alerts"].empty());
}

BOOST_AUTO_TEST_CASE(values_have_go_s_exponent_form) {
    const std::vector<std::pair<double, std::string>> cases{
        {0, "0e+00"},
        {91.25, "9.125e+01"},
        {-0.001, "-1e-03"},
        {1e100, "1e+100"},
        {std::numeric_limits<double>::infinity(), "+Inf"},
        {std::numeric_limits<double>::quiet_NaN(), "NaN"}};
    for (const auto& [value, text] : cases) {
        Snapshot snapshot = made_up::calm();
        snapshot.alerts = {firing("A", "critical", "", "", 1min)};
        snapshot.alerts[0].value = value;
        BOOST_TEST(ask(snapshot, "/api/v1/alerts")["data"]["alerts"][0]["value"] == text);
    }
}

BOOST_AUTO_TEST_CASE(rules_carry_their_alerts_and_the_worst_of_their_states) {
    Snapshot snapshot = made_up::outage();
    const json group = ask(snapshot, "/api/v1/rules")["data"]["groups"][0];
    BOOST_TEST(group["name"] == "critical");
    BOOST_TEST(group["interval"] == 15);
    const json& rule = group["rules"][0];
    BOOST_TEST(rule["type"] == "alerting");
    BOOST_TEST(rule["state"] == "firing");
    BOOST_TEST(rule["duration"] == 60);
    BOOST_TEST(rule["query"] == "pg_up == 0");
    BOOST_TEST(rule["health"] == "ok");
    BOOST_TEST(rule["alerts"][0]["labels"]["alertname"] == "DatabaseConnectionFailure");
    snapshot.rule_groups[0].rules[0].alerts = {4};
    BOOST_TEST(ask(snapshot, "/api/v1/rules")["data"]["groups"][0]["rules"][0]["state"] ==
               "pending");
    snapshot.rule_groups[0].rules[0].alerts = {4, 0, 4, 99};
    BOOST_TEST(ask(snapshot, "/api/v1/rules")["data"]["groups"][0]["rules"][0]["state"] ==
               "firing");
}

BOOST_AUTO_TEST_CASE(rules_can_be_asked_for_by_type) {
    const Snapshot snapshot = made_up::calm();
    const auto rules = [&](const char* type) {
        return ask(snapshot, "/api/v1/rules", {{"type", type}})["data"]["groups"][0]["rules"];
    };
    BOOST_TEST(rules("ALERT").size() == 1U);
    BOOST_TEST(rules("alert").size() == 1U);
    BOOST_TEST(rules("record").size() == 1U);
    BOOST_TEST(rules("record")[0]["name"] == "service:probe_success:avg5m");
    BOOST_TEST(!rules("record")[0].contains("alerts"));
    const json refused = ask(snapshot, "/api/v1/rules", {{"type", "others"}});
    BOOST_TEST(refused["status"] == "error");
    BOOST_TEST(refused["errorType"] == "bad_data");
}

BOOST_AUTO_TEST_CASE(rules_can_be_asked_for_by_what_they_are) {
    Snapshot snapshot = made_up::outage();
    snapshot.rule_groups.clear();
    for (const char* name : {"a", "b", "c"}) {
        RuleView rule;
        rule.name = std::string("R") + name;
        rule.labels = Labels{{"severity", name}, {"made", "{{ $value }}"}};
        rule.alerts = {0};
        RuleGroupView group;
        group.name = name;
        group.file = std::string(name) + ".yaml";
        group.rules = {rule, rule};
        group.rules[1].name = "Shared";
        snapshot.rule_groups.push_back(group);
    }
    using Parameters = std::vector<std::pair<std::string, std::string>>;
    const auto found = [&](const Parameters& parameters) {
        std::string text;
        const json answer = ask(snapshot, "/api/v1/rules", parameters);
        if (answer["status"] != "success") return "refused: " + answer["error"].get<std::string>();
        for (const json& group : answer["data"]["groups"]) {
            for (const json& rule : group["rules"])
                text +=
                    group["name"].get<std::string>() + "/" + rule["name"].get<std::string>() + " ";
        }
        return text;
    };
    BOOST_TEST(found({{"rule_name[]", "Ra"}}) == "a/Ra ");
    BOOST_TEST(found({{"rule_name[]", "Ra"}, {"rule_name[]", "Rb"}}) == "a/Ra b/Rb ");
    BOOST_TEST(found({{"rule_group[]", "b"}}) == "b/Rb b/Shared ");
    BOOST_TEST(found({{"file[]", "c.yaml"}, {"rule_name[]", "Shared"}}) == "c/Shared ");
    BOOST_TEST(found({{"file[]", "c.yaml"}, {"rule_group[]", "a"}}) == "");
    BOOST_TEST(found({{"match[]", "{severity=\"b\"}"}}) == "b/Rb b/Shared ");
    BOOST_TEST(found({{"match[]", "{severity=\"b\"}"},
                      {"match[]", "{severity=\"a\"}"},
                      {"rule_name[]", "Shared"}}) == "a/Shared b/Shared ");
    // What a template makes of a label is not known yet.
    BOOST_TEST(found({{"match[]", "{made=~\".+\"}"}}) == "");
    const std::string bad = "refused: invalid parameter ";
    BOOST_TEST(found({{"match[]", "{severity=~\".*\"}"}}) ==
               bad + "\"match[]\": match[] must contain at least one non-empty matcher");
    BOOST_TEST(found({{"match[]", "{"}}).starts_with(bad + "\"match[]\": "));
    BOOST_TEST(found({{"type", "x"}}) == bad + "\"type\": not supported value \"x\"");
    BOOST_TEST(found({{"exclude_alerts", "x"}}).starts_with(bad + "\"exclude_alerts\": "));
    BOOST_TEST(found({{"group_limit", "x"}}).starts_with(bad + "\"group_limit\": "));
    BOOST_TEST(found({{"group_limit", "0"}}) ==
               bad + "\"group_limit\": group_limit needs to be greater than 0");
    BOOST_TEST(found({{"group_next_token", "x"}}) ==
               bad +
                   "\"group_next_token\": group_limit needs to be present in order to paginate "
                   "over the groups");
    BOOST_TEST(found({{"group_next_token", "x"}, {"group_limit", "1"}}) ==
               bad +
                   "\"group_next_token\": invalid group_next_token 'x'. were rule groups "
                   "changed?");

    const auto alerts = [&](const char* exclude) {
        return ask(snapshot, "/api/v1/rules",
                   {{"exclude_alerts", exclude}})["data"]["groups"][0]["rules"][0]["alerts"]
            .size();
    };
    BOOST_TEST(alerts("false") == 1U);
    BOOST_TEST(alerts("true") == 0U);
}

BOOST_AUTO_TEST_CASE(rule_groups_come_in_pages) {
    Snapshot snapshot = made_up::calm();
    const RuleGroupView group = snapshot.rule_groups[0];
    snapshot.rule_groups.clear();
    for (int i = 0; i < 5; ++i) {
        snapshot.rule_groups.push_back(group);
        snapshot.rule_groups.back().name = std::to_string(i);
    }
    std::string seen;
    std::string token;
    int pages = 0;
    do {
        const json data = ask(snapshot, "/api/v1/rules",
                              {{"group_limit", "2"}, {"group_next_token", token}})["data"];
        for (const json& one : data["groups"])
            seen += one["name"].get<std::string>();
        token = data.value("groupNextToken", "");
        ++pages;
    } while (!token.empty() && pages < 10);
    BOOST_TEST(seen == "01234");
    BOOST_TEST(pages == 3);
}

BOOST_AUTO_TEST_CASE(targets_can_be_asked_for_by_pool_and_state) {
    const auto count = [](const char* state, const char* pool) {
        return ask(made_up::calm(), "/api/v1/targets",
                   {{"state", state}, {"scrapePool", pool}})["data"]["activeTargets"]
            .size();
    };
    BOOST_TEST(count("", "") == 9U);
    BOOST_TEST(count("Active", "") == 9U);
    BOOST_TEST(count("other", "") == 0U);
    BOOST_TEST(count("", "postgres") < 9U);
    BOOST_TEST(count("", "postgres") > 0U);
    BOOST_TEST(count("", "nothing") == 0U);
}

BOOST_AUTO_TEST_CASE(a_rule_that_was_never_evaluated_has_go_s_zero_time) {
    Snapshot snapshot = made_up::calm();
    snapshot.rule_groups[0].rules[0].last_evaluation.reset();
    snapshot.rule_groups[0].rules[0].health = "unknown";
    const json rule = ask(snapshot, "/api/v1/rules")["data"]["groups"][0]["rules"][0];
    BOOST_TEST(rule["lastEvaluation"] == "0001-01-01T00:00:00Z");
    BOOST_TEST(rule["health"] == "unknown");
}

BOOST_AUTO_TEST_CASE(targets_tell_their_health_in_prometheus_s_words_and_ours) {
    Snapshot snapshot = made_up::outage();
    snapshot.targets[5].health = Health::degraded;
    const json targets = ask(snapshot, "/api/v1/targets")["data"]["activeTargets"];
    BOOST_TEST(targets.size() == 9U);
    BOOST_TEST(targets[3]["health"] == "down");
    BOOST_TEST(targets[3]["lastError"] ==
               "connect: refused: db1.lpg.internal:5432 refused the connection");
    BOOST_TEST(targets[3]["scrapeInterval"] == "15s");
    BOOST_TEST(targets[3]["labels"]["target"] == "primary-database");
    BOOST_TEST(targets[5]["health"] == "up");
    BOOST_TEST(targets[5]["pilotlight"]["health"] == "degraded");
    BOOST_TEST(targets[0]["lastError"] == "response: status: the status is 503, expected 200");
    BOOST_TEST(targets[1]["lastError"] == "");
}

BOOST_AUTO_TEST_CASE(dropped_targets_there_are_none) {
    const json data = ask(made_up::calm(), "/api/v1/targets", {{"state", "dropped"}})["data"];
    BOOST_TEST(data["activeTargets"].empty());
    BOOST_TEST(data["droppedTargets"].empty());
    BOOST_TEST(ask(made_up::calm(), "/api/v1/targets", {{"state", "any"}})["data"]["activeTargets"]
                   .size() == 9U);
}

BOOST_AUTO_TEST_CASE(build_info_is_there_before_any_configuration) {
    Site site = made_up::site_of({});
    site.snapshot = [] { return SharedSnapshot{}; };
    const Response response = handle(get("/api/v1/status/buildinfo"), site, kNow);
    BOOST_TEST(json::parse(response.text())["data"]["version"] == "0.1.0");
}

BOOST_AUTO_TEST_CASE(tools_learn_what_is_true_of_a_prometheus_and_no_more) {
    Snapshot snapshot = made_up::outage();
    snapshot.started_at = made_up::kNow;
    Site site = made_up::site_of(snapshot);
    const auto data = [&](const std::string& path) {
        const Response answer = handle(made_up::get("/api/v1/" + path), site, made_up::kNow);
        BOOST_TEST(answer.status == 200, path);
        return json::parse(answer.text())["data"];
    };
    // Before there is a configuration there is nothing to tell.
    BOOST_TEST(data("status/config").dump() == R"({"yaml":""})");
    BOOST_TEST(data("status/flags").dump() == "{}");
    site.prometheus_view = [] {
        return PrometheusView{
            .yaml = "global:\n", .flags = {{"query.timeout", "2m"}}, .retention = "1h"};
    };
    BOOST_TEST(data("status/config")["yaml"] == "global:\n");
    BOOST_TEST(data("status/flags").dump() == R"({"query.timeout":"2m"})");
    const json runtime = data("status/runtimeinfo");
    BOOST_TEST(runtime["startTime"] == "2026-03-01T12:00:00.000Z");
    BOOST_TEST(runtime["reloadConfigSuccess"] == false);
    BOOST_TEST(runtime["goroutineCount"] > 0);
    BOOST_TEST(runtime["storageRetention"] == "1h");
    BOOST_TEST(data("status/walreplay").dump() == R"({"current":0,"max":0,"min":0})");
    BOOST_TEST(data("alertmanagers")["activeAlertmanagers"].empty());
    BOOST_TEST(data("notifications")[0]["text"] == "Configuration reload has failed.");
    BOOST_TEST(data("scrape_pools")["scrapePools"].size() > 1U);
    site = made_up::site_of(made_up::calm());
    BOOST_TEST(data("notifications").empty());
}

BOOST_AUTO_TEST_CASE(administration_is_refused_as_where_it_is_switched_off) {
    const Site site = made_up::site_of(made_up::calm());
    for (const char* job : {"delete_series", "clean_tombstones", "snapshot"}) {
        const std::string path = std::string("/api/v1/admin/tsdb/") + job;
        const Response refused = handle(made_up::post(path), site, made_up::kNow);
        BOOST_TEST(refused.status == 503);
        BOOST_TEST(refused.text() == R"({"status":"error","errorType":"unavailable",)"
                                     R"("error":"admin APIs disabled"})");
        BOOST_TEST(handle(made_up::get(path), site, made_up::kNow).status == 405);
    }
}

BOOST_AUTO_TEST_SUITE_END()
