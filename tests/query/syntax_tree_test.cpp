#include "exporters/query/syntax_tree.h"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "rules/promql/parser.h"

using nlohmann::json;
using namespace pilotlight;

namespace {

json tree(std::string_view text) {
    const auto parsed = promql::parse(text);
    BOOST_TEST_REQUIRE(parsed.has_value(), text);
    return json::parse(query::syntax_tree(**parsed));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(syntax_tree)

BOOST_AUTO_TEST_CASE(a_selector_has_its_matchers_and_its_time) {
    BOOST_TEST(tree(R"(up{job!="a"} offset 5m @ 12.5)").dump() ==
               R"({"anchored":false,"matchers":[{"name":"job","type":"!=","value":"a"},)"
               R"({"name":"__name__","type":"=","value":"up"}],"name":"up","offset":300000,)"
               R"("smoothed":false,"startOrEnd":null,"timestamp":12500,"type":"vectorSelector"})");
    BOOST_TEST(tree("up @ end()")["startOrEnd"] == "end");
    BOOST_TEST(tree("up[5m] @ start()")["range"] == 300'000);
    BOOST_TEST(tree("{a=~\"x\",b!~\"y\"}")["matchers"][1]["type"] == "!~");
}

BOOST_AUTO_TEST_CASE(operators_have_their_sides_and_their_matching) {
    const json binary = tree("a / on (x) group_left (y) (b > bool 1)");
    BOOST_TEST(binary["type"] == "binaryExpr");
    BOOST_TEST(binary["op"] == "/");
    BOOST_TEST(binary["matching"]["card"] == "many-to-one");
    BOOST_TEST(binary["matching"]["labels"].dump() == R"(["x"])");
    BOOST_TEST(binary["matching"]["include"].dump() == R"(["y"])");
    BOOST_TEST(binary["matching"]["on"] == true);
    BOOST_TEST(binary["rhs"]["type"] == "parenExpr");
    BOOST_TEST(binary["rhs"]["expr"]["bool"] == true);
    BOOST_TEST(binary["rhs"]["expr"]["matching"].is_null());
    BOOST_TEST(tree("a and b")["matching"]["card"] == "many-to-many");
    BOOST_TEST(tree("-a").dump().starts_with(R"({"expr":{)"));
    BOOST_TEST(tree("-a")["op"] == "-");
}

BOOST_AUTO_TEST_CASE(aggregations_and_calls_have_their_arguments) {
    const json top = tree("topk without (a) (3, b)");
    BOOST_TEST(top["op"] == "topk");
    BOOST_TEST(top["param"].dump() == R"({"type":"numberLiteral","val":"3"})");
    BOOST_TEST(top["grouping"].dump() == R"(["a"])");
    BOOST_TEST(top["without"] == true);
    BOOST_TEST(tree("sum(a)")["param"].is_null());
    BOOST_TEST(tree("sum(a)")["grouping"].dump() == "[]");
    const json call = tree("round(a, 0.5)");
    BOOST_TEST(
        call["func"].dump() ==
        R"({"argTypes":["vector","scalar"],"name":"round","returnType":"vector","variadic":1})");
    BOOST_TEST(call["args"].size() == 2U);
    BOOST_TEST(tree("time()")["args"].dump() == "[]");
}

BOOST_AUTO_TEST_CASE(literals_and_subqueries) {
    BOOST_TEST(tree("+Inf")["val"] == "+Inf");
    BOOST_TEST(tree("\"a\\n\"")["val"] == "a\n");
    const json subquery = tree("max_over_time(a[1h:5m] offset -1m)")["args"][0];
    BOOST_TEST(subquery["type"] == "subquery");
    BOOST_TEST(subquery["range"] == 3'600'000);
    BOOST_TEST(subquery["step"] == 300'000);
    BOOST_TEST(subquery["offset"] == -60'000);
    BOOST_TEST(tree("max_over_time(a[1h:])")["args"][0]["step"] == 0);
}

BOOST_AUTO_TEST_SUITE_END()
