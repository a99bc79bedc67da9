#include "exporters/query/names.h"

#include <boost/test/unit_test.hpp>

#include "tests/query/live.h"

using namespace pilotlight;
using namespace pilotlight::query;
using namespace std::chrono_literals;

namespace {

struct Named : Live {
    Named() {
        load({{"__name__", "up"}, {"job", "b"}}, {1, 1, 1});
        load({{"__name__", "up"}, {"job", "a"}}, {1, 1, 1});
        load({{"__name__", "old"}, {"job", "z"}, {"only", "x"}}, {1});
        load({{"__name__", "dotted.name"}, {"my.label", "\"v\""}}, {1, 1, 1});
    }
    std::string data(const std::string& name, Parameters parameters) {
        const std::string answer = ask(name, std::move(parameters));
        const std::string_view begin = R"(200 {"status":"success","data":)";
        BOOST_TEST_REQUIRE(answer.starts_with(begin), answer);
        return answer.substr(begin.size(), answer.size() - begin.size() - 1);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(series_are_listed_once_in_order) {
    Named live;
    BOOST_TEST(live.data("series", {{"match[]", "up"}, {"match[]", "{job=\"a\"}"}}) ==
               R"([{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}])");
    BOOST_TEST(live.data("series", {{"match[]", "nothing"}}) == "[]");
    BOOST_TEST(live.data("series", {{"match[]", R"({"dotted.name"})"}}) ==
               R"([{"__name__":"dotted.name","my.label":"\"v\""}])");
    BOOST_TEST(live.data("series", {{"match[]", "up"}, {"limit", "1"}}) ==
               R"([{"__name__":"up","job":"a"}],"warnings":["results truncated due to limit"])");
}

BOOST_AUTO_TEST_CASE(names_and_values_are_listed_once_in_order) {
    Named live;
    BOOST_TEST(live.data("labels", {}) == R"(["__name__","job","my.label","only"])");
    BOOST_TEST(live.data("labels", {{"match[]", "up"}}) == R"(["__name__","job"])");
    BOOST_TEST(live.data("label/job/values", {}) == R"(["a","b","z"])");
    BOOST_TEST(live.data("label/__name__/values", {{"match[]", "{job=~\".+\"}"}}) ==
               R"(["old","up"])");
    BOOST_TEST(live.data("label/my.label/values", {}) == R"(["\"v\""])");
    BOOST_TEST(live.data("label/U__my_2e_label/values", {}) == R"(["\"v\""])");
    BOOST_TEST(live.data("label/nothing/values", {}) == "[]");
    BOOST_TEST(live.data("label/job/values", {{"limit", "2"}}) ==
               R"(["a","b"],"warnings":["results truncated due to limit"])");
}

BOOST_AUTO_TEST_CASE(what_ended_before_the_start_is_left_out) {
    Named live;
    BOOST_TEST(live.data("label/job/values", {{"start", "10"}}) == R"(["a","b"])");
    BOOST_TEST(live.data("series", {{"match[]", "up"}, {"start", "21"}}) == "[]");
    BOOST_TEST(live.data("labels", {{"start", "10"}, {"end", "5"}}) == "[]");
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
    Named live;
    const std::string bad = "400 bad_data: invalid parameter ";
    BOOST_TEST(live.refusal("series", {}) == "400 bad_data: no match[] parameter provided");
    for (const char* selector :
         {"", "{}", "up[5m]", "1", "sum(up)", "up offset 5m", "up @ 5", "{a=~\".*\"}", "up{"}) {
        for (const char* name : {"series", "labels", "label/job/values"}) {
            BOOST_TEST(live.refusal(name, {{"match[]", "up"}, {"match[]", selector}})
                           .starts_with(bad + "\"match[]\": "),
                       name << " " << selector);
        }
    }
    for (const char* name : {"series", "labels", "label/job/values"}) {
        BOOST_TEST(live.refusal(name, {{"match[]", "up"}, {"start", "x"}}) ==
                   bad +
                       "\"start\": Invalid time value for 'start': cannot parse \"x\" to a "
                       "valid timestamp");
        BOOST_TEST(live.refusal(name, {{"match[]", "up"}, {"end", "x"}}) ==
                   bad +
                       "\"end\": Invalid time value for 'end': cannot parse \"x\" to a valid "
                       "timestamp");
        BOOST_TEST(live.refusal(name, {{"match[]", "up"}, {"limit", "-2"}}) ==
                   bad + "\"limit\": limit must be non-negative");
    }
    BOOST_TEST(live.refusal("label/\xff/values", {}).starts_with("400 bad_data: invalid label"));
    BOOST_TEST(live.refusal("label//values", {}).starts_with("400 bad_data: invalid label"));
    live.service->set_semantics({.compatibility = promql::Compatibility::prometheus2});
    BOOST_TEST(live.refusal("label/a.b/values", {}) == "400 bad_data: invalid label name: \"a.b\"");
}

BOOST_AUTO_TEST_CASE(metadata_is_what_was_scraped_or_the_catalogue) {
    Live live;
    auto batch = std::make_shared<SampleBatch>();
    batch->samples = {{Labels{{"__name__", "probe_success"}}, 1}, {Labels{{"__name__", "x"}}, 1}};
    batch->families = {{"scraped_total", MetricType::counter, "a \"help\""},
                       {"untyped", MetricType::unknown, ""}};
    auto snapshot = std::make_shared<exporters::Snapshot>();
    snapshot->targets.resize(2);
    snapshot->targets[0].labels = Labels{{"target", "a"}};
    snapshot->targets[0].newest = batch;
    live.described.snapshot = snapshot;
    live.described.lookup = [](std::string_view name) {
        return name == "probe_success" ? std::optional<exporters::Description>(
                                             {MetricType::gauge, "Whether it succeeded."})
                                       : std::nullopt;
    };
    const std::string success =
        R"("probe_success":[{"type":"gauge","help":"Whether it succeeded.","unit":""}])";
    const std::string scraped =
        R"("scraped_total":[{"type":"counter","help":"a \"help\"","unit":""}])";
    BOOST_TEST(live.ask("metadata", {}) ==
               R"(200 {"status":"success","data":{)" + success + "," + scraped +
                   R"(,"untyped":[{"type":"unknown","help":"","unit":""}]}})");
    BOOST_TEST(live.ask("metadata", {{"limit", "1"}}) ==
               R"(200 {"status":"success","data":{)" + success + "}}");
    BOOST_TEST(live.ask("metadata", {{"metric", "scraped_total"}}) ==
               R"(200 {"status":"success","data":{)" + scraped + "}}");
    BOOST_TEST(live.ask("metadata", {{"metric", "x"}}) == R"(200 {"status":"success","data":{}})");
    BOOST_TEST(live.refusal("metadata", {{"limit", "x"}}) ==
               "400 bad_data: limit must be a number");
    BOOST_TEST(live.refusal("metadata", {{"limit_per_metric", "x"}}) ==
               "400 bad_data: limit_per_metric must be a number");
    BOOST_TEST(live.ask("targets/metadata",
                        {{"metric", "scraped_total"}, {"match_target", "{target=\"a\"}"}}) ==
               R"(200 {"status":"success","data":[{"target":{"target":"a"},)"
               R"("type":"counter","help":"a \"help\"","unit":""}]})");
    BOOST_TEST(live.ask("targets/metadata", {{"match_target", "{target=\"b\"}"}}) ==
               R"(200 {"status":"success","data":[]})");
    BOOST_TEST(
        live.refusal("targets/metadata", {{"match_target", "x{"}}).starts_with("400 bad_data"));
}

BOOST_AUTO_TEST_SUITE_END()
