#include "exporters/alertmanager_api/routes.h"

#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include "alerting/dispatcher.h"
#include "tests/alerting/routing_text.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::exporters;
using namespace pilotlight::exporters::alertmanager_api;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const WallTime kNoon = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 12h);

constexpr const char* kRouting = R"(
global: {slack_api_url: 'https://hooks.slack.com/S3CRET'}
route:
  receiver: ops
  group_by: [job]
  routes:
    - {matchers: [team=db], receiver: dba, mute_time_intervals: [always]}
inhibit_rules:
  - {source_matchers: [alertname=Root], target_matchers: [alertname=Leaf], equal: [job]}
receivers: [{name: ops, slack_configs: [{channel: '#ops'}]}, {name: dba}]
time_intervals: [{name: always, time_intervals: [{weekdays: ['sunday:saturday']}]}]
)";

/// The routes at noon over a real dispatcher, without threads.
class Api {
  public:
    Api() {
        AlertDesk desk;
        desk.view = [this]() -> std::shared_ptr<const AlertingView> {
            if (!answers) return nullptr;
            return std::make_shared<AlertingView>(dispatcher.view(kNoon));
        };
        desk.put_silence = [this](Silence wanted, Author author) -> std::optional<AlertDesk::Put> {
            last_author = author;
            if (!answers) return std::nullopt;
            return dispatcher.silences().put(std::move(wanted), kNoon);
        };
        desk.expire_silence = [this](const std::string& id,
                                     Author author) -> std::optional<AlertDesk::Expire> {
            last_author = author;
            if (!answers) return std::nullopt;
            auto expired = dispatcher.silences().expire(id, kNoon);
            if (!expired) return std::unexpected(expired.error());
            return AlertDesk::Expire();
        };
        desk.post_alerts =
            [this](
                const std::vector<PostedAlert>& posted) -> std::optional<std::vector<std::string>> {
            if (!answers) return std::nullopt;
            auto change = outside.post(posted, kNoon, 5min);
            dispatcher.accept(change.alerts, kNoon, Dispatcher::Origin::outside);
            return change.refused;
        };
        routes_ = routes(desk, {.version = "1.2.3", .revision = "abc", .started_at = kNoon - 1h});
    }

    Response ask(const std::string& method, const std::string& path, const std::string& body = "",
                 std::vector<std::pair<std::string, std::string>> parameters = {}) {
        Request request;
        request.method = method;
        request.path = "/api/v2" + path;
        request.parameters = std::move(parameters);
        request.body = body;
        request.remote_address = "127.0.0.1";
        if (method == "POST") request.headers.emplace_back("Content-Type", type);
        for (const ExtraRoute& route : routes_) {
            if (route.method == method) return route.handle(request);
        }
        BOOST_FAIL("no route for " + method);
        return {};
    }
    Json get(const std::string& path,
             std::vector<std::pair<std::string, std::string>> parameters = {}) {
        const Response response = ask("GET", path, "", std::move(parameters));
        BOOST_TEST(response.status == 200, response.text());
        return Json::parse(response.text());
    }
    /// `200` or `400 the body`.
    std::string told(const std::string& method, const std::string& path,
                     const std::string& body = "") {
        const Response response = ask(method, path, body);
        std::string text = std::to_string(response.status);
        if (response.size() > 0) text += " " + response.text();
        while (text.ends_with('\n'))
            text.pop_back();
        return text;
    }
    std::string post_alerts(const std::string& body) { return told("POST", "/alerts", body); }
    std::string silence(const std::string& body) {
        const Response response = ask("POST", "/silences", body);
        BOOST_TEST(response.status == 200, response.text());
        return Json::parse(response.text()).at("silenceID").get<std::string>();
    }
    std::string names(std::vector<std::pair<std::string, std::string>> parameters) {
        std::vector<std::string> found;
        for (const Json& alert : get("/alerts", std::move(parameters)))
            found.push_back(alert.at("labels").at("alertname"));
        std::ranges::sort(found);
        std::string text;
        for (const std::string& name : found)
            text += name + " ";
        return text;
    }

    Dispatcher dispatcher{alerting::testing::routing(kRouting), ""};
    OutsideAlerts outside;
    bool answers = true;
    std::string type = "application/json";
    Author last_author;

  private:
    std::vector<ExtraRoute> routes_;
};

std::string silence_text(const std::string& matchers, const std::string& more = "") {
    return R"({"matchers":)" + matchers +
           R"(,"startsAt":"2026-01-02T11:00:00Z","endsAt":"2026-01-02T14:00:00+01:00",)" +
           R"("createdBy":"ada","comment":"why")" + more + "}";
}

const std::string kRoot = R"([{"name":"alertname","value":"Root","isRegex":false}])";

void fill(Api& api) {
    BOOST_TEST(api.post_alerts(R"([
        {"labels":{"alertname":"Root","job":"api"},"annotations":{"summary":"s"},
         "startsAt":"2026-01-02T11:59:00Z","generatorURL":"http://prometheus/graph"},
        {"labels":{"alertname":"Leaf","job":"api","empty":""}},
        {"labels":{"alertname":"Table","team":"db"},"endsAt":"2026-01-02T12:01:00.5Z"}])") ==
               "200");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(alertmanager_api)

BOOST_AUTO_TEST_CASE(shows_an_alert_as_alertmanager_does) {
    Api api;
    fill(api);
    api.silence(silence_text(kRoot));
    const Json alerts = api.get("/alerts", {{"filter", "alertname=Root"}});
    BOOST_REQUIRE(alerts.size() == 1U);
    const std::string id = alerts[0].at("status").at("silencedBy").at(0);
    const Json wanted = Json::parse(R"({
        "annotations": {"summary": "s"}, "endsAt": "2026-01-02T12:05:00.000Z",
        "fingerprint": "17d5d1c6b1c1ab8f", "generatorURL": "http://prometheus/graph",
        "labels": {"alertname": "Root", "job": "api"}, "receivers": [{"name": "ops"}],
        "startsAt": "2026-01-02T11:59:00.000Z", "updatedAt": "2026-01-02T12:00:00.000Z",
        "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": ["ID"],
                   "state": "suppressed"}})");
    Json shown = alerts[0];
    BOOST_TEST(shown.at("fingerprint").get<std::string>().size() == 16U);
    shown["fingerprint"] = wanted.at("fingerprint");
    shown["status"]["silencedBy"] = {"ID"};
    BOOST_TEST(shown == wanted, shown.dump(1));
    BOOST_TEST(id.size() == 36U);
}

BOOST_AUTO_TEST_CASE(fingerprints_are_prometheus_own) {
    Api api;
    (void)api.post_alerts(R"([{"labels":{"alertname":"ok"}}])");
    BOOST_TEST(api.get("/alerts").at(0).at("fingerprint") == "01167342b0fed1b2");
}

BOOST_AUTO_TEST_CASE(names_the_inhibiting_alert_by_its_fingerprint) {
    Api api;
    fill(api);
    const Json root = api.get("/alerts", {{"filter", "alertname=Root"}}).at(0);
    const Json leaf = api.get("/alerts", {{"filter", "alertname=Leaf"}}).at(0);
    BOOST_TEST(leaf.at("status").at("inhibitedBy") == Json::array({root.at("fingerprint")}));
    BOOST_TEST(leaf.at("status").at("state") == "suppressed");
    BOOST_TEST(!leaf.at("labels").contains("empty"));
}

BOOST_AUTO_TEST_CASE(filters_choose_as_alertmanagers_do) {
    Api api;
    fill(api);
    api.silence(silence_text(kRoot));
    BOOST_TEST(api.names({}) == "Leaf Root Table ");
    BOOST_TEST(api.names({{"active", "false"}}) == "Leaf Root ");
    BOOST_TEST(api.names({{"silenced", "false"}}) == "Leaf Table ");
    BOOST_TEST(api.names({{"inhibited", "false"}}) == "Root Table ");
    BOOST_TEST(api.names({{"silenced", "0"}, {"inhibited", "no"}}) == "Table ");
    BOOST_TEST(api.names({{"silenced", "TRUE"}, {"unprocessed", "false"}}) == "Leaf Root Table ");
    BOOST_TEST(api.names({{"receiver", "db.*"}}) == "Table ");
    BOOST_TEST(api.names({{"receiver", "db"}}) == "");
    BOOST_TEST(api.names({{"filter", "job=api"}, {"filter", "alertname!=Root"}}) == "Leaf ");
    BOOST_TEST(api.names({{"filter", R"(alertname=~"R.*|T.*")"}}) == "Root Table ");
    BOOST_TEST(api.names({{"filter", R"(team="")"}}) == "Leaf Root ");
}

BOOST_AUTO_TEST_CASE(groups_have_their_alerts_and_what_mutes_them) {
    Api api;
    fill(api);
    const Json groups = api.get("/alerts/groups");
    BOOST_REQUIRE(groups.size() == 2U);
    BOOST_TEST(groups[0].at("receiver").at("name") == "dba");
    BOOST_TEST(groups[0].at("labels") == Json::object());
    BOOST_TEST(groups[0].at("alerts").at(0).at("status").at("mutedBy") == Json::array({"always"}));
    BOOST_TEST(groups[0].at("alerts").at(0).at("status").at("state") == "suppressed");
    BOOST_TEST(groups[1].at("labels") == Json({{"job", "api"}}));
    BOOST_TEST(groups[1].at("alerts").size() == 2U);
    BOOST_TEST(api.get("/alerts/groups", {{"muted", "false"}}).size() == 1U);
    BOOST_TEST(
        api.get("/alerts/groups", {{"filter", "alertname=Leaf"}}).at(0).at("alerts").size() == 1U);
    BOOST_TEST(api.get("/alerts/groups", {{"receiver", "nobody"}}) == Json::array());
}

BOOST_AUTO_TEST_CASE(filters_that_are_none_are_told_of) {
    Api api;
    for (const char* path : {"/alerts", "/alerts/groups", "/silences"}) {
        BOOST_TEST(api.ask("GET", path, "", {{"filter", "{"}}).status == 400);
        BOOST_TEST(api.ask("GET", path, "", {{"filter", "a=b,c=d"}}).text() ==
                   "\"bad matcher format: a=b,c=d\"\n");
    }
    const Response receiver = api.ask("GET", "/alerts", "", {{"receiver", "("}});
    BOOST_TEST(receiver.status == 400);
    BOOST_TEST(receiver.text().starts_with("\"failed to parse receiver param: "));
}

BOOST_AUTO_TEST_CASE(bad_messages_of_alerts_are_answered_as_there) {
    Api api;
    BOOST_TEST(api.post_alerts("") == R"(422 {"code":602,"message":"alerts in body is required"})");
    BOOST_TEST(api.post_alerts("[{}]") ==
               R"(422 {"code":602,"message":"0.labels in body is required"})");
    BOOST_TEST(api.post_alerts("[null]") ==
               R"(422 {"code":602,"message":"0.labels in body is required"})");
    BOOST_TEST(api.post_alerts(R"([{"labels":{}}])") ==
               R"(400 "at least one label pair required")");
    for (const char* bad : {"x", "{}", "[1]", R"([{"labels":{"a":1}}])", R"([{"labels":[]}])",
                            R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])",
                            R"([{"labels":{"a":"b"},"annotations":"x"}])",
                            "[{\"labels\":{\"a\":\""
                            "\xff\"}}]"}) {
        BOOST_TEST(api.post_alerts(bad).starts_with(
                       R"(400 {"code":400,"message":"parsing alerts body from)"),
                   bad);
    }
    BOOST_TEST(api.post_alerts(R"([{"labels":{"a":"b"},"generatorURL":"::bad"}])") ==
               R"(422 {"code":601,"message":"0.generatorURL in body must be of type uri: )"
               R"(\"::bad\""})");
    BOOST_TEST(api.post_alerts("[]") == "200");
    BOOST_TEST(api.post_alerts("null") == "200");
    api.type = "text/plain";
    BOOST_TEST(api.post_alerts("[]") ==
               R"(415 {"code":415,"message":"unsupported media type \"text/plain\", only )"
               R"([application/json] are allowed"})");
    api.type = "application/json; charset=utf-8";
    BOOST_TEST(api.post_alerts("[]") == "200");
    BOOST_TEST(api.outside.size() == 0U);
}

BOOST_AUTO_TEST_CASE(good_alerts_of_a_mixed_message_are_stored) {
    Api api;
    BOOST_TEST(api.post_alerts(R"([{"labels":{}},{"labels":{"alertname":"Good"}},
        {"labels":{"a":"b"},"startsAt":"2030-01-01T00:00:00Z","endsAt":"2029-01-01T00:00:00Z"}])") ==
               R"(400 "at least one label pair required; start time must be before end time")");
    BOOST_TEST(api.names({}) == "Good ");
}

BOOST_AUTO_TEST_CASE(the_time_that_amtool_sends_for_none_is_none) {
    Api api;
    BOOST_TEST(
        api.post_alerts(R"([{"labels":{"alertname":"A"},"startsAt":"0001-01-01T00:00:00.000Z",
        "endsAt":"0001-01-01T00:00:00.000Z"}])") == "200");
    BOOST_TEST(api.get("/alerts").at(0).at("startsAt") == "2026-01-02T12:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(shows_a_silence_as_alertmanager_does) {
    Api api;
    const std::string id =
        api.silence(silence_text(R"([{"name":"job","value":"a.*","isRegex":true},)"
                                 R"({"name":"x","value":"y","isRegex":false,"isEqual":false}])"));
    BOOST_TEST(api.last_author.name == "ada");
    BOOST_TEST(api.last_author.from == "127.0.0.1");
    const Json silence = api.get("/silence/" + id);
    BOOST_TEST(silence == Json::parse(R"({
        "id": ")" + id + R"(", "status": {"state": "active"}, "annotations": {},
        "updatedAt": "2026-01-02T12:00:00.000Z", "startsAt": "2026-01-02T12:00:00.000Z",
        "endsAt": "2026-01-02T13:00:00.000Z", "createdBy": "ada", "comment": "why",
        "matchers": [{"name": "job", "value": "a.*", "isRegex": true, "isEqual": true},
                     {"name": "x", "value": "y", "isRegex": false, "isEqual": false}]})"),
               silence.dump(1));
    BOOST_TEST(api.get("/silences") == Json::array({silence}));
    BOOST_TEST(api.get("/silences", {{"filter", R"(job=~"a.*")"}}).size() == 1U);
    BOOST_TEST(api.get("/silences", {{"filter", "job=a.*"}}).empty());
}

BOOST_AUTO_TEST_CASE(bad_silences_are_answered_as_there) {
    Api api;
    const auto post = [&](const std::string& body) { return api.told("POST", "/silences", body); };
    BOOST_TEST(post("{}") == R"(422 {"code":602,"message":"comment in body is required"})");
    BOOST_TEST(post(silence_text("[]")) ==
               R"(422 {"code":612,"message":"matchers in body should have at least 1 items"})");
    BOOST_TEST(post(silence_text(R"([{"name":"a","value":"b"}])")) ==
               R"(422 {"code":602,"message":"matchers.0.isRegex in body is required"})");
    BOOST_TEST(post(silence_text(R"([{"name":"a","value":"(","isRegex":true}])"))
                   .starts_with("400 \"invalid silence: invalid label matcher 0: invalid regular "
                                "expression"));
    BOOST_TEST(post(silence_text(R"([{"name":"a","value":"","isRegex":false}])")) ==
               R"(400 "invalid silence: at least one matcher must not match the empty string")");
    BOOST_TEST(post(silence_text(kRoot, R"(,"endsAt":"2026-01-02T10:00:00Z")")) ==
               R"(400 "start time must be before end time")");
    BOOST_TEST(post(silence_text(kRoot, R"(,"startsAt":"2025-01-02T10:00:00Z",)"
                                        R"("endsAt":"2025-01-02T11:00:00Z")")) ==
               R"(400 "end time can't be in the past")");
    BOOST_TEST(post(silence_text(kRoot, R"(,"comment":"")"))
                   .starts_with("400 \"invalid silence: comment is empty"));
    BOOST_TEST(post(silence_text(kRoot, R"(,"id":"5b0b0d2e-0000-4000-8000-000000000000")")) ==
               R"(404 "silence not found")");
    BOOST_TEST(post(silence_text(kRoot, R"(,"endsAt":5)")).starts_with("400 {\"code\":400"));
    BOOST_TEST(post("[]").starts_with("4"));
    BOOST_TEST(api.get("/silences").empty());
}

BOOST_AUTO_TEST_CASE(a_silence_is_ended_by_its_id) {
    Api api;
    const std::string id = api.silence(silence_text(kRoot));
    const Response ended = api.ask("DELETE", "/silence/" + id, "", {{"by", "grace"}});
    BOOST_TEST(ended.status == 200);
    BOOST_TEST(ended.size() == 0U);
    BOOST_TEST(api.last_author.name == "grace");
    BOOST_TEST(api.get("/silence/" + id).at("status").at("state") == "expired");
    const std::string unknown = "/silence/5b0b0d2e-0000-4000-8000-000000000000";
    BOOST_TEST(api.told("DELETE", unknown) == "404");
    BOOST_TEST(api.told("GET", unknown) == "404");
    for (const char* method : {"GET", "DELETE"}) {
        BOOST_TEST(
            api.told(method, "/silence/xx") ==
            R"(422 {"code":601,"message":"silenceID in path must be of type uuid: \"xx\""})");
    }
}

BOOST_AUTO_TEST_CASE(silences_are_listed_by_state_and_by_what_comes_next) {
    Api api;
    const auto put = [&](int from, int to, const char* comment) {
        Silence silence;
        silence.matchers = parse_matchers("a=b").value();
        silence.starts_at = kNoon + std::chrono::hours(from);
        silence.ends_at = kNoon + std::chrono::hours(to);
        silence.created_by = "ada";
        silence.comment = comment;
        return api.dispatcher.silences().put(silence, kNoon - 10h).value().silence.id;
    };
    put(5, 6, "waits longer");
    put(-2, 8, "ends later");
    put(-9, -1, "ended last");
    put(2, 6, "waits");
    put(-9, -5, "ended first");
    put(-3, 1, "ends next");
    std::string order;
    for (const Json& silence : api.get("/silences"))
        order += silence.at("comment").get<std::string>() + ", ";
    BOOST_TEST(order == "ends next, ends later, waits, waits longer, ended last, ended first, ");
}

BOOST_AUTO_TEST_CASE(status_tells_of_the_program_and_no_secret) {
    Api api;
    const Json status = api.get("/status");
    BOOST_TEST(status.at("cluster") == Json::parse(R"({"peers":[],"status":"disabled"})"));
    BOOST_TEST(status.at("versionInfo").at("version") == "1.2.3");
    BOOST_TEST(status.at("uptime") == "2026-01-02T11:00:00.000Z");
    const std::string original = status.at("config").at("original");
    BOOST_TEST(original.contains("slack_api_url: <secret>"));
    BOOST_TEST(original.contains("receiver: ops"));
    BOOST_TEST(!original.contains("S3CRET"));
    BOOST_TEST(api.get("/receivers") == Json::parse(R"([{"name":"ops"},{"name":"dba"}])"));
}

BOOST_AUTO_TEST_CASE(other_paths_and_methods_are_refused_as_there) {
    Api api;
    BOOST_TEST(api.told("GET", "/nope") ==
               R"(404 {"code":404,"message":"path /api/v2/nope was not found"})");
    BOOST_TEST(api.told("GET", "/silence/") ==
               R"(404 {"code":404,"message":"path /api/v2/silence/ was not found"})");
    BOOST_TEST(api.told("PUT", "/alerts") ==
               R"(405 {"code":405,"message":"method PUT is not allowed, but [GET,POST] are"})");
    BOOST_TEST(api.get("/alerts/") == Json::array());
}

BOOST_AUTO_TEST_CASE(an_engine_that_does_not_answer_is_503) {
    Api api;
    api.answers = false;
    for (const char* path : {"/alerts", "/alerts/groups", "/silences", "/status", "/receivers"})
        BOOST_TEST(api.told("GET", path).starts_with("503 "));
    BOOST_TEST(api.post_alerts(R"([{"labels":{"a":"b"}}])").starts_with("503 "));
    BOOST_TEST(api.told("POST", "/silences", silence_text(kRoot)).starts_with("503 "));
}

BOOST_AUTO_TEST_CASE(only_reading_is_open_to_everybody) {
    for (const ExtraRoute& route : routes({}, {})) {
        BOOST_TEST((route.access == Access::read) == (route.method == "GET"), route.method);
    }
}

BOOST_AUTO_TEST_SUITE_END()
