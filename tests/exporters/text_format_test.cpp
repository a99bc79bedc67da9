#include "exporters/text_format.h"

#include <boost/test/unit_test.hpp>

#include <string_view>
#include <vector>

using pilotlight::exporters::accepts_gzip;
using pilotlight::exporters::content_type;
using pilotlight::exporters::negotiate_text_format;
using pilotlight::exporters::TextFormat;

namespace {

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

std::string_view chosen(std::string_view accept) {
    return content_type(negotiate_text_format(accept));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_format)

BOOST_AUTO_TEST_CASE(prometheus_2_gets_open_metrics) {
    BOOST_TEST(chosen("application/openmetrics-text;version=1.0.0,"
                      "application/openmetrics-text;version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == kOpenMetrics);
}

BOOST_AUTO_TEST_CASE(prometheus_3_gets_quoted_names) {
    BOOST_TEST(chosen("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                      "application/openmetrics-text;version=0.0.1;q=0.5,"
                      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2") ==
               "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
    BOOST_TEST(chosen("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.2") ==
               "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
}

BOOST_AUTO_TEST_CASE(who_asks_for_nothing_of_ours_gets_text) {
    for (const std::string_view accept :
         {"", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "text/*", "application/json",
          "application/openmetrics-text;version=0.0.1", "text/plain;version=9",
          ",,;;=,q=", "application/openmetrics-text;q=0", "application/openmetrics-text;q=7",
          "application/openmetrics-text;q=nan"}) {
        BOOST_TEST_INFO(accept);
        BOOST_TEST(chosen(accept) == kText);
    }
}

BOOST_AUTO_TEST_CASE(quality_decides_and_then_the_order) {
    BOOST_TEST(chosen("application/openmetrics-text;q=0.2, text/plain;q=0.3") == kText);
    BOOST_TEST(chosen("text/plain;q=0.3, application/openmetrics-text;q=0.3") == kText);
    BOOST_TEST(chosen("application/OpenMetrics-Text; Version=\"1.0.0\" ; q=1") == kOpenMetrics);
}

BOOST_AUTO_TEST_CASE(gzip_only_when_it_is_wanted) {
    for (const std::string_view wanted :
         {"gzip", "deflate, gzip;q=0.5", "x-gzip", "*", "br, GZIP"}) {
        BOOST_TEST_INFO(wanted);
        BOOST_TEST(accepts_gzip(wanted));
    }
    for (const std::string_view unwanted :
         {"", "br", "identity", "gzip;q=0", "*;q=0", "gzip;q=0, *", "zgzip"}) {
        BOOST_TEST_INFO(unwanted);
        BOOST_TEST(!accepts_gzip(unwanted));
    }
}

BOOST_AUTO_TEST_SUITE_END()
