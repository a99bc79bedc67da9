#include "exporters/query/json_text.h"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace pilotlight;
using namespace pilotlight::query;

namespace {

std::string value(double number) {
    std::string text;
    append_sample_value(text, number);
    return text;
}

std::string time_text(std::int64_t milliseconds) {
    std::string text;
    append_timestamp(text, WallTime(Duration(milliseconds)));
    return text;
}

std::string quoted(std::string_view plain) {
    std::string text;
    append_string(text, plain);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_text)

BOOST_AUTO_TEST_CASE(values_are_as_go_prints_them) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    BOOST_TEST(value(0) == "\"0\"");
    BOOST_TEST(value(-0.0) == "\"-0\"");
    BOOST_TEST(value(1) == "\"1\"");
    BOOST_TEST(value(0.1) == "\"0.1\"");
    BOOST_TEST(value(1e20) == "\"100000000000000000000\"");
    BOOST_TEST(value(1e21) == "\"1e+21\"");
    BOOST_TEST(value(1e-6) == "\"0.000001\"");
    BOOST_TEST(value(9e-7) == "\"9e-07\"");
    BOOST_TEST(value(-1.5e300) == "\"-1.5e+300\"");
    BOOST_TEST(value(5e-324) == "\"5e-324\"");
    BOOST_TEST(value(kInfinity) == "\"+Inf\"");
    BOOST_TEST(value(-kInfinity) == "\"-Inf\"");
    BOOST_TEST(value(std::numeric_limits<double>::quiet_NaN()) == "\"NaN\"");
}

BOOST_AUTO_TEST_CASE(times_have_milliseconds_where_there_are_any) {
    BOOST_TEST(time_text(0) == "0");
    BOOST_TEST(time_text(1'435'781'451'781) == "1435781451.781");
    BOOST_TEST(time_text(1'435'781'451'000) == "1435781451");
    BOOST_TEST(time_text(1'005) == "1.005");
    BOOST_TEST(time_text(-500) == "-0.500");
}

BOOST_AUTO_TEST_CASE(texts_are_escaped_and_valid) {
    BOOST_TEST(quoted("a\"b\\c\nd") == R"("a\"b\\c\nd")");
    BOOST_TEST(quoted(std::string_view("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\\u007f\"");
    BOOST_TEST(quoted("\u20ac") == "\"\u20ac\"");
    BOOST_TEST(quoted("a\xff\xc3") == "\"a\uFFFD\uFFFD\"");
}

BOOST_AUTO_TEST_CASE(many_warnings_are_counted) {
    const std::vector<std::string> warnings(13, "w");
    BOOST_TEST(
        success_document("1", warnings) ==
        R"({"status":"success","data":1,"warnings":["w","w","w","w","w","w","w","w","w","w",)"
        R"("3 more warning annotations omitted"]})");
    BOOST_TEST(success_document("1") == R"({"status":"success","data":1})");
}

BOOST_AUTO_TEST_CASE(a_result_ends_at_its_limit) {
    promql::Matrix matrix{{Labels{{"a", "b"}}, {}}};
    for (int i = 0; i < 10'000; ++i)
        matrix[0].points.push_back({WallTime(Duration(i)), 1});
    std::string text;
    BOOST_TEST(!append_result(text, matrix, 1000));
    BOOST_TEST(text.size() < 1100U);
    text.clear();
    BOOST_TEST(append_result(text, matrix, 1'000'000));
}

BOOST_AUTO_TEST_SUITE_END()
