#include "core/sample.h"

#include <boost/test/unit_test.hpp>

#include <charconv>
#include <clocale>
#include <cmath>
#include <limits>

#include "core/hash.h"
#include "core/secret.h"

using pilotlight::format_value;
using pilotlight::hash_bytes;
using pilotlight::is_stale;
using pilotlight::MetricType;
using pilotlight::Secret;
using pilotlight::stale_marker;

BOOST_AUTO_TEST_SUITE(sample)

BOOST_AUTO_TEST_CASE(values_are_the_shortest_that_read_back) {
    BOOST_TEST(format_value(0) == "0");
    BOOST_TEST(format_value(-0.0) == "-0");
    BOOST_TEST(format_value(1) == "1");
    BOOST_TEST(format_value(0.1) == "0.1");
    BOOST_TEST(format_value(1e21) == "1e+21");
    BOOST_TEST(format_value(1.7e9) == "1.7e+09");
    for (const double value : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.123}) {
        const std::string text = format_value(value);
        double read = 0;
        std::from_chars(text.data(), text.data() + text.size(), read);
        BOOST_TEST(read == value, text);
    }
}

BOOST_AUTO_TEST_CASE(special_values_have_prometheus_words) {
    BOOST_TEST(format_value(std::numeric_limits<double>::infinity()) == "+Inf");
    BOOST_TEST(format_value(-std::numeric_limits<double>::infinity()) == "-Inf");
    BOOST_TEST(format_value(std::nan("")) == "NaN");
    BOOST_TEST(format_value(stale_marker()) == "NaN");
}

BOOST_AUTO_TEST_CASE(the_stale_marker_is_a_nan_of_its_own) {
    BOOST_TEST(is_stale(stale_marker()));
    BOOST_TEST(std::isnan(stale_marker()));
    BOOST_TEST(!is_stale(std::nan("")));
    BOOST_TEST(!is_stale(std::numeric_limits<double>::quiet_NaN()));
    BOOST_TEST(!is_stale(0));
}

BOOST_AUTO_TEST_CASE(types_have_the_words_of_the_text_format) {
    BOOST_TEST(to_string(MetricType::unknown) == "untyped");
    BOOST_TEST(to_string(MetricType::counter) == "counter");
    BOOST_TEST(to_string(MetricType::gauge) == "gauge");
    BOOST_TEST(to_string(MetricType::histogram) == "histogram");
    BOOST_TEST(to_string(MetricType::summary) == "summary");
}

BOOST_AUTO_TEST_CASE(hashes_are_the_same_for_ever) {
    BOOST_TEST(hash_bytes("") == 0xaf64724c8602eb6eU);
    BOOST_TEST(hash_bytes("b", hash_bytes("a")) != hash_bytes("ab"));
    BOOST_TEST(hash_bytes("c", hash_bytes("ab")) != hash_bytes("bc", hash_bytes("a")));
}

BOOST_AUTO_TEST_CASE(a_secret_prints_as_one) {
    const Secret secret("hunter2");
    BOOST_TEST(fmt::format("{}", secret) == "<secret>");
    BOOST_TEST(secret.reveal() == "hunter2");
    BOOST_TEST(Secret{}.empty());
}

BOOST_AUTO_TEST_SUITE_END()
