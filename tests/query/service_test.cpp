#include "exporters/query/service.h"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/query/live.h"

using namespace pilotlight;
using namespace pilotlight::query;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kNameless = R"({__name__=~".+"})";

struct Filled : Live {
    explicit Filled(Limits limits = {}) : Live(limits) {
        load({{"__name__", "up"}, {"job", "b"}}, {1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1});
        load({{"__name__", "up"}, {"job", "a"}}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
        load({{"__name__", "requests_total"}, {"job", "a"}},
             {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100});
        load({{"__name__", "gone"}, {"job", "a"}}, {1, stale_marker()});
    }
};

struct Refused {
    Live::Parameters parameters;
    std::string why;
};

void check_refusals(Live& live, const std::string& name, const std::vector<Refused>& cases) {
    for (const Refused& wanted : cases) {
        std::string told;
        for (const auto& [key, value] : wanted.parameters)
            told += " " + key + "=" + value.substr(0, 60);
        BOOST_TEST_INFO(name << told);
        BOOST_TEST(live.refusal(name, wanted.parameters) == wanted.why);
    }
}

/// With what a range needs.
Live::Parameters range(const std::string& query, const std::string& start, const std::string& end,
                       const std::string& step) {
    return {{"query", query}, {"start", start}, {"end", end}, {"step", step}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(service)

BOOST_AUTO_TEST_CASE(each_type_of_result_has_its_document) {
    Filled live;
    BOOST_TEST(live.ask("query", {{"query", "up"}}) ==
               R"(200 {"status":"success","data":{"resultType":"vector","result":[)"
               R"({"metric":{"__name__":"up","job":"a"},"value":[100,"1"]},)"
               R"({"metric":{"__name__":"up","job":"b"},"value":[100,"1"]}]}})");
    BOOST_TEST(live.ask("query", {{"query", "1/3"}, {"time", "1.5"}}) ==
               R"(200 {"status":"success","data":{"resultType":"scalar",)"
               R"("result":[1.5,"0.3333333333333333"]}})");
    BOOST_TEST(live.ask("query", {{"query", "\"a\\\"b\""}}) ==
               R"(200 {"status":"success","data":{"resultType":"string","result":[100,"a\"b"]}})");
    BOOST_TEST(live.ask("query", {{"query", "up[15s]"}, {"time", "1970-01-01T00:00:20Z"}}) ==
               R"(200 {"status":"success","data":{"resultType":"matrix","result":[)"
               R"({"metric":{"__name__":"up","job":"a"},"values":[[10,"1"],[20,"1"]]},)"
               R"({"metric":{"__name__":"up","job":"b"},"values":[[10,"1"],[20,"0"]]}]}})");
    BOOST_TEST(live.ask("query_range", range("sum(up)", "10", "30", "10")) ==
               R"(200 {"status":"success","data":{"resultType":"matrix","result":[)"
               R"({"metric":{},"values":[[10,"2"],[20,"1"],[30,"2"]]}]}})");
    BOOST_TEST(live.ask("query", {{"query", "nothing"}}) ==
               R"(200 {"status":"success","data":{"resultType":"vector","result":[]}})");
    BOOST_TEST(live.ask("query_range", range("nothing", "0", "10", "1")) ==
               R"(200 {"status":"success","data":{"resultType":"matrix","result":[]}})");
}

BOOST_AUTO_TEST_CASE(instant_queries_that_are_refused) {
    Filled live;
    const std::string bad = "400 bad_data: invalid parameter ";
    check_refusals(
        live, "query",
        {
            {{}, bad + "\"query\": 1:1: parse error: no expression found in input"},
            {{{"query", ""}}, bad + "\"query\": 1:1: parse error: no expression found in input"},
            {{{"query", "1+"}}, bad + "\"query\": 1:3: parse error: unexpected end of input"},
            {{{"query", "1"}, {"time", "abc"}},
             bad + "\"time\": Invalid time value for 'time': cannot parse \"abc\" to a valid "
                   "timestamp"},
            {{{"query", "1"}, {"time", "1e300"}},
             bad + "\"time\": Invalid time value for 'time': cannot parse \"1e300\" to a valid "
                   "timestamp"},
            {{{"query", "1"}, {"time", "NaN"}},
             bad + "\"time\": Invalid time value for 'time': cannot parse \"NaN\" to a valid "
                   "timestamp"},
            {{{"query", "1"}, {"timeout", "x"}},
             bad + "\"timeout\": cannot parse \"x\" to a valid duration"},
            {{{"query", "1"}, {"timeout", "0"}}, "503 timeout: query timed out in query execution"},
            {{{"query", "1"}, {"timeout", "-5s"}},
             bad + "\"timeout\": cannot parse \"-5s\" to a valid duration"},
            {{{"query", "1"}, {"timeout", "-5"}},
             "503 timeout: query timed out in query execution"},
            {{{"query", "1"}, {"limit", "x"}},
             bad + "\"limit\": cannot parse \"x\" to a whole number"},
            {{{"query", "1"}, {"limit", "1.5"}},
             bad + "\"limit\": cannot parse \"1.5\" to a whole number"},
            {{{"query", "1"}, {"limit", "-1"}}, bad + "\"limit\": limit must be non-negative"},
            {{{"query", "1"}, {"lookback_delta", "x"}},
             bad + "\"lookback_delta\": error parsing lookback delta duration: cannot parse \"x\" "
                   "to a valid duration"},
            {{{"query", "1"}, {"compatibility", "4"}},
             bad + "\"compatibility\": \"4\", expected 2 or 3"},
            {{{"query", "up * on(nothing) up"}},
             "422 execution: found duplicate series for the match group {} on the right hand-side "
             "of the operation: [{__name__=\"up\", job=\"b\"}, {__name__=\"up\", job=\"a\"}];"
             "many-to-many matching not allowed: matching labels must be unique on one side"},
        });
}

BOOST_AUTO_TEST_CASE(range_queries_that_are_refused) {
    Filled live;
    const std::string bad = "400 bad_data: invalid parameter ";
    check_refusals(
        live, "query_range",
        {
            {{{"query", "1"}}, bad + "\"start\": cannot parse \"\" to a valid timestamp"},
            {{{"query", "1"}, {"start", "0"}},
             bad + "\"end\": cannot parse \"\" to a valid timestamp"},
            {range("1", "0", "10", ""), bad + "\"step\": cannot parse \"\" to a valid duration"},
            {range("1", "0", "10", "0"),
             bad + "\"step\": zero or negative query resolution step widths are not accepted. Try "
                   "a positive integer"},
            {range("1", "0", "10", "-1"),
             bad + "\"step\": zero or negative query resolution step widths are not accepted. Try "
                   "a positive integer"},
            {range("1", "0", "10", "0.0001"),
             bad + "\"step\": zero or negative query resolution step widths are not accepted. Try "
                   "a positive integer"},
            {range("1", "0", "10", "99999999999999999999"),
             bad + "\"step\": cannot parse \"99999999999999999999\" to a valid duration. It "
                   "overflows int64"},
            {range("1", "10", "0", "1"),
             bad + "\"end\": end timestamp must not be before start time"},
            {range("1", "0", "11001", "1"),
             "400 bad_data: exceeded maximum resolution of 11,000 points per timeseries. Try "
             "decreasing the query resolution (?step=XX)"},
            {range("up[5m]", "0", "10", "1"),
             bad + "\"query\": invalid expression type \"range vector\" for range query, must be "
                   "Scalar or instant Vector"},
            {range("\"a\"", "0", "10", "1"),
             bad + "\"query\": invalid expression type \"string\" for range query, must be Scalar "
                   "or instant Vector"},
            {range("1+", "0", "10", "1"),
             bad + "\"query\": 1:3: parse error: unexpected end of input"},
        });
    BOOST_TEST(live.refusal("query_range", range("1", "0", "11000", "1")) == "answered");
    BOOST_TEST(live.refusal("query_range", range("1", "0", "10", "1m")) == "answered");
}

BOOST_AUTO_TEST_CASE(paths_that_are_not_there) {
    Filled live;
    for (const char* name : {"label/x", "label/values", "label/", "label", "nothing", ""})
        BOOST_TEST(live.get(name, {}).status == 404, name);
}

BOOST_AUTO_TEST_CASE(a_limit_cuts_and_says_so) {
    Filled live;
    const json cut = json::parse(live.get("query", {{"query", "up"}, {"limit", "1"}}).text());
    BOOST_TEST(cut["data"]["result"].size() == 1U);
    BOOST_TEST(cut["warnings"].dump() == R"(["results truncated due to limit"])");
    for (const char* enough : {"0", "2", "100"}) {
        const json all =
            json::parse(live.get("query", {{"query", "up"}, {"limit", enough}}).text());
        BOOST_TEST(all["data"]["result"].size() == 2U);
        BOOST_TEST(!all.contains("warnings"));
    }
    auto parameters = range("up", "0", "10", "5");
    parameters.emplace_back("limit", "1");
    const json ranged = json::parse(live.get("query_range", parameters).text());
    BOOST_TEST(ranged["data"]["result"].size() == 1U);
    BOOST_TEST(ranged["warnings"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_an_evaluation_warns_of_is_told) {
    Filled live;
    const json warned = json::parse(live.get("query", {{"query", "quantile(2, up)"}}).text());
    BOOST_TEST(warned["warnings"].dump() ==
               R"_(["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"])_");
    BOOST_TEST(!warned.contains("infos"));
}

BOOST_AUTO_TEST_CASE(what_is_odd_of_an_expression_is_told_apart) {
    Filled live;
    const json told = json::parse(live.get("query", {{"query", "rate(up[1m])"}}, 30).text());
    BOOST_TEST(told["infos"].dump() ==
               R"(["PromQL info: metric might not be a counter, name does not end in )"
               R"_(_total/_sum/_count/_bucket: \"up\" (1:6)"])_");
    BOOST_TEST(!told.contains("warnings"));
}

BOOST_AUTO_TEST_CASE(trees_and_statistics_are_given) {
    Filled live;
    const json tree = json::parse(live.get("parse_query", {{"query", "sum(up)"}}).text());
    BOOST_TEST(tree["data"]["expr"]["name"] == "up");
    BOOST_TEST(live.refusal("parse_query", {{"query", "sum("}}).starts_with("400 bad_data: "));

    const auto data = [&](Live::Parameters parameters) {
        return json::parse(live.get("status/tsdb", std::move(parameters)).text())["data"];
    };
    const json all = data({{"limit", "100"}});
    const json series =
        json::parse(live.get("series", {{"match[]", "{__name__!=\"\"}"}}).text())["data"];
    BOOST_TEST(all["headStats"]["numSeries"] == series.size());
    std::map<std::string, std::size_t> by_name;
    for (const json& labels : series)
        ++by_name[labels["__name__"].get<std::string>()];
    for (const json& entry : all["seriesCountByMetricName"])
        BOOST_TEST(by_name[entry["name"].get<std::string>()] == entry["value"]);
    BOOST_TEST(all["seriesCountByMetricName"].size() == by_name.size());
    BOOST_TEST(data({{"limit", "1"}})["seriesCountByMetricName"].size() == 1U);
    for (const char* wrong : {"0", "-1", "x"}) {
        BOOST_TEST(live.refusal("status/tsdb", {{"limit", wrong}}) ==
                   "400 bad_data: limit must be a positive number");
    }
}

BOOST_AUTO_TEST_CASE(the_lookback_is_the_series_own_unless_the_request_says_one) {
    Live live;
    live.store.append(Labels{{"__name__", "certificate"}}, WallTime(0s), 5, 1h);
    const auto found = [&](Live::Parameters parameters) {
        parameters.emplace_back("query", "certificate");
        return json::parse(live.get("query", parameters, 3600).text())["data"]["result"].size();
    };
    BOOST_TEST(found({}) == 1U);
    BOOST_TEST(found({{"lookback_delta", "5m"}}) == 0U);
    BOOST_TEST(found({{"lookback_delta", "3601"}}) == 1U);
}

BOOST_AUTO_TEST_CASE(either_generation_of_prometheus_answers) {
    Filled live;
    const auto count = [&](const char* compatibility) {
        return json::parse(live.get("query", {{"query", "count_over_time(up{job=\"a\"}[20s])"},
                                              {"compatibility", compatibility}})
                               .text())["data"]["result"][0]["value"][1]
            .get<std::string>();
    };
    BOOST_TEST(count("3") == "2");
    BOOST_TEST(count("2") == "3");
    live.service->set_semantics({.compatibility = promql::Compatibility::prometheus2});
    BOOST_TEST(count("") == "3");
}

BOOST_AUTO_TEST_CASE(hostile_queries_end_within_their_limits) {
    Limits limits;
    limits.timeout = 60s;
    limits.answer_bytes = 100'000;
    limits.samples = 100'000;
    Filled live(limits);
    const auto refused = [&](const std::string& query) {
        const SteadyTime began = steady_now();
        std::string why = live.refusal("query", {{"query", query}});
        BOOST_TEST((steady_now() - began < 180s), query.substr(0, 80));
        return why;
    };
    const std::string too_much =
        "422 execution: query processing would read or make more than 100000 samples";
    BOOST_TEST(refused("count_over_time(" + kNameless + "[20h:1ms])") == too_much);
    BOOST_TEST(refused("max_over_time(vector(1)[90d:1ms])") == too_much);
    BOOST_TEST(refused("1" + std::string(100'000, '-') + "1").starts_with("400 bad_data"));
    BOOST_TEST(refused(std::string(500'000, '(')).starts_with("400 bad_data"));
    BOOST_TEST(refused("sum(" + std::string(10'500'000, ' ') + "up)").starts_with("400 bad_data"));
    BOOST_TEST(live.refusal("query_range", range("up", "0", "100", "0.01")) ==
               "422 execution: the answer would be larger than 100000 bytes");
}

BOOST_AUTO_TEST_CASE(a_query_that_takes_too_long_times_out) {
    Limits limits;
    limits.samples = ~std::uint64_t{0};
    limits.timeout = 200ms;
    Filled live(limits);
    BOOST_TEST(live.refusal("query", {{"query", "max_over_time(vector(1)[90d:1ms])"}}) ==
               "503 timeout: query timed out in expression evaluation");
    limits.timeout = 10min;
    Filled patient(limits);
    BOOST_TEST(patient.refusal("query", {{"query", "max_over_time(vector(1)[90d:1ms])"},
                                         {"timeout", "100ms"}}) ==
               "503 timeout: query timed out in expression evaluation");
}

BOOST_AUTO_TEST_CASE(more_than_may_be_copied_is_refused) {
    for (const auto& [series, samples, bytes] : {std::array<std::size_t, 3>{3, 1'000, 1'000'000},
                                                 {100, 20, 1'000'000},
                                                 {100, 1'000, 500}}) {
        Limits limits;
        limits.reading = {.series = series, .samples = samples, .bytes = bytes};
        Filled live(limits);
        BOOST_TEST(live.refusal("query", {{"query", kNameless + "[1h]"}}) ==
                   "422 execution: query processing would load too many samples into memory in "
                   "query preparation");
        BOOST_TEST(live.refusal("query", {{"query", "nothing"}}) == "answered");
    }
}

BOOST_AUTO_TEST_CASE(an_owner_who_does_not_come_is_not_waited_for_any_longer_than_the_limit) {
    Limits limits;
    limits.timeout = 50ms;
    Filled live(limits);
    live.owner_works = false;
    BOOST_TEST(live.refusal("query", {{"query", "up"}}) ==
               "503 timeout: query timed out in query preparation");
    BOOST_TEST(live.refusal("query", {{"query", "1"}}) == "answered");
    live.has_owner = false;
    BOOST_TEST(live.refusal("query", {{"query", "up"}}) ==
               "503 unavailable: no configuration is live yet");
}

BOOST_AUTO_TEST_CASE(beyond_those_that_may_wait_queries_are_sent_away) {
    Limits limits;
    limits.timeout = 10s;
    Live live(limits, {.inside = 1, .waiting = 1});
    live.owner_works = false;
    const std::string full = "503 unavailable: too many queries wait for their turn already";
    std::vector<std::string> answers(2, full);
    std::vector<std::thread> threads;
    for (std::string& answer : answers) {
        threads.emplace_back([&] {
            // The one that looks whether there is room may be in its place.
            while (answer == full)
                answer = live.refusal("query", {{"query", "up"}});
        });
    }
    // One is inside and one waits; a third cannot.
    while (live.refusal("query", {{"query", "up"}, {"timeout", "0.02"}}) != full) {
    }
    live.service->stop();
    for (std::thread& thread : threads)
        thread.join();
    // The one that waited may still have had its turn.
    for (const std::string& answer : answers)
        BOOST_TEST(answer.starts_with("503 canceled: "), answer);
    BOOST_TEST(live.refusal("query", {{"query", "1"}}) ==
               "503 canceled: query was canceled in query execution");
}

BOOST_AUTO_TEST_CASE(stopping_ends_an_evaluation) {
    Limits limits;
    limits.samples = ~std::uint64_t{0};
    Filled live(limits);
    std::string answer;
    std::thread asking([&] {
        answer = live.refusal("query", {{"query", "max_over_time(vector(1)[9000d:1ms])"}});
    });
    live.service->stop();
    asking.join();
    BOOST_TEST(answer.starts_with("503 canceled: "), answer);
}

BOOST_AUTO_TEST_CASE(expressions_are_formatted) {
    Filled live;
    BOOST_TEST(live.ask("format_query", {{"query", "sum(x)by(y)"}}) ==
               R"x(200 {"status":"success","data":"sum by (y) (x)"})x");
    check_refusals(live, "format_query",
                   {{{{"query", "sum("}},
                     "400 bad_data: invalid parameter \"query\": 1:5: parse error: unclosed left "
                     "parenthesis"}});
    BOOST_TEST(live.ask("query_exemplars", {{"query", "up"}}) ==
               R"(200 {"status":"success","data":[]})");
    BOOST_TEST(live.get("query_exemplars", {{"query", "up{"}}).status == 400);
}

BOOST_AUTO_TEST_SUITE_END()
