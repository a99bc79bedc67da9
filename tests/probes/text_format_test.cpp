#include "probes/text_format.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <ctime>
#include <random>

using pilotlight::MetricType;
using pilotlight::probes::Exposition;
using pilotlight::probes::Measurement;
using pilotlight::probes::parse_text;
using pilotlight::probes::text_format_of;
using pilotlight::probes::TextFormat;
using pilotlight::probes::TextLimits;

namespace {

/// `name{a=b,c=d} value @time`, one line each.
std::string shown(const Exposition& exposition) {
    std::string out;
    for (const Measurement& each : exposition.samples) {
        out += each.name;
        for (std::size_t i = 0; i < each.labels.size(); ++i) {
            out += (i == 0 ? "{" : ",") + each.labels[i].first + "=" + each.labels[i].second;
        }
        if (!each.labels.empty()) out += "}";
        out += " " + pilotlight::format_value(each.value);
        if (each.at) out += " @" + std::to_string(each.at->time_since_epoch().count());
        out += "\n";
    }
    return out;
}

std::string read(std::string_view text, TextFormat format = TextFormat::prometheus) {
    const auto parsed = parse_text(text, format);
    return parsed ? shown(*parsed) : "error: " + parsed.error().to_string();
}

std::string read_open(std::string_view text) {
    return read(text, TextFormat::openmetrics);
}

/// `line:column` of the error, or "none".
std::string error_place(std::string_view text, TextFormat format = TextFormat::prometheus,
                        const TextLimits& limits = {}) {
    const auto parsed = parse_text(text, format, limits);
    if (parsed) return "none";
    return fmt::format("{}:{}", parsed.error().where.line, parsed.error().where.column);
}

double number(std::string_view text) {
    const auto parsed = parse_text("x " + std::string(text), TextFormat::prometheus);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
    return parsed->samples.at(0).value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_format)

BOOST_AUTO_TEST_CASE(reads_the_example_of_the_format_page) {
    BOOST_TEST(read(R"(# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045
)") == "http_requests_total{method=post,code=200} 1027 @1395066363000\n"
       "http_requests_total{method=post,code=400} 3 @1395066363000\n"
       "msdos_file_access_time_seconds{path=C:\\DIR\\FILE.TXT,error=Cannot find file:\n"
       "\"FILE.TXT\"} 1458255915\n"
       "metric_without_timestamp_and_labels 12.47\n"
       "something_weird{problem=division by zero} +Inf @-3982045\n");
}

BOOST_AUTO_TEST_CASE(keeps_types_and_help_of_families) {
    const auto parsed = parse_text(
        "# TYPE a counter\n# HELP a With \\\\ and \\n in it.\na 1\n# HELP only_help\n"
        "#\tTYPE\tb\tsummary  \n# TYPE c untyped\n# TYPE d histogram\n# TYPE a gauge\n",
        TextFormat::prometheus);
    BOOST_REQUIRE(parsed.has_value());
    BOOST_REQUIRE(parsed->families.size() == 5U);
    BOOST_TEST(parsed->families[0].help == "With \\ and \n in it.");
    BOOST_CHECK(parsed->families[0].type == MetricType::gauge);
    BOOST_TEST(parsed->families[1].name == "only_help");
    BOOST_CHECK(parsed->families[2].type == MetricType::summary);
    BOOST_CHECK(parsed->families[3].type == MetricType::unknown);
    BOOST_CHECK(parsed->families[4].type == MetricType::histogram);
}

BOOST_AUTO_TEST_CASE(is_as_lenient_about_blanks_and_commas_as_prometheus) {
    BOOST_TEST(read("  a\t{ x = \"1\" , y=\"2\" , } \t 3  4  \n") == "a{x=1,y=2} 3 @4\n");
    BOOST_TEST(read("a{}1") == "a 1\n");
    BOOST_TEST(read("a{x=\"1\"}2") == "a{x=1} 2\n");
    BOOST_TEST(
        read("#comment\n# HELPING is no keyword\n#HELP a b\n\n \na:b_1 1").ends_with("a:b_1 1\n"));
    BOOST_TEST(read("") == "");
    BOOST_TEST(read("a{x=\"\"} 1") == "a{x=} 1\n");
}

BOOST_AUTO_TEST_CASE(unknown_escapes_stay_as_they_are) {
    BOOST_TEST(read(R"(a{x="\d+\\"} 1)") == "a{x=\\d+\\} 1\n");
}

BOOST_AUTO_TEST_CASE(reads_quoted_names) {
    BOOST_TEST(read(R"({"http.status",host.name="no"} 1)") ==
               "error: 1:20: expected \"=\", got \".name=\"no\"} 1\"");
    BOOST_TEST(read(R"({"http.status", "host.name"="a"} 1)") == "http.status{host.name=a} 1\n");
    BOOST_TEST(read(R"(plain{"größe"="a"} 1)") == "plain{größe=a} 1\n");
    BOOST_TEST(read("# TYPE \"http.status\" gauge\n{\"http.status\"} 1") == "http.status 1\n");
    BOOST_TEST(error_place(R"({x="1"} 1)") == "1:8");
    BOOST_TEST(error_place(R"(named{"again"} 1)") == "1:14");
    BOOST_TEST(error_place(R"({"a","b"} 1)") == "1:9");
}

BOOST_AUTO_TEST_CASE(numbers_are_read_as_go_reads_them) {
    BOOST_TEST(number("1e3") == 1000.0);
    BOOST_TEST(number("+.5") == 0.5);
    BOOST_TEST(number("-0.25") == -0.25);
    BOOST_TEST(number("1e-400") == 0.0);
    BOOST_TEST(number("-inf") == -HUGE_VAL);
    BOOST_TEST(number("Infinity") == HUGE_VAL);
    BOOST_TEST(std::isnan(number("NaN")));
    BOOST_TEST(std::isnan(number("nan")));
    for (const char* wrong :
         {"0x10", "1_000", "1e400", "--1", "+-1", "1,5", "one", "nan(1)", "1\r", "0x1p-2"}) {
        BOOST_TEST(error_place("x " + std::string(wrong)) == "1:3", wrong);
    }
}

BOOST_AUTO_TEST_CASE(errors_name_line_and_column) {
    BOOST_TEST(error_place("a 1\nb{x=1} 2\n") == "2:5");
    BOOST_TEST(error_place("a") == "1:2");
    BOOST_TEST(error_place("a ") == "1:3");
    BOOST_TEST(error_place("1a 1") == "1:1");
    BOOST_TEST(error_place("a{x=\"1\" 2") == "1:9");
    BOOST_TEST(error_place("a{x=\"1} 2") == "1:5");
    BOOST_TEST(error_place("a{x=\"1\\") == "1:5");
    BOOST_TEST(error_place("a{x:y=\"1\"} 2") == "1:4");
    BOOST_TEST(error_place("a{=\"1\"} 2") == "1:3");
    BOOST_TEST(error_place("a{x=\"1\",,} 2") == "1:9");
    BOOST_TEST(error_place("a{x=\"1\",x=\"2\"} 2") == "1:9");
    BOOST_TEST(error_place("a{__name__=\"b\"} 2") == "1:3");
    BOOST_TEST(error_place("a{x=\"\xff\"} 2") == "1:5");
    BOOST_TEST(error_place("a 1 2 3") == "1:7");
    BOOST_TEST(error_place("a 1 1.5") == "1:5");
    BOOST_TEST(error_place("a-b 1") == "1:2");
    BOOST_TEST(error_place("# TYPE a meter\n") == "1:10");
    BOOST_TEST(error_place("# TYPE a info\n") == "1:10");
    BOOST_TEST(error_place("# TYPE 9 gauge\n") == "1:8");
    BOOST_TEST(error_place("<html><body>502 Bad Gateway</body></html>") == "1:1");
}

BOOST_AUTO_TEST_CASE(limits_hold) {
    const TextLimits limits{.samples = 2, .line_bytes = 30, .labels_per_sample = 2};
    const auto place = [&](std::string_view text) {
        return error_place(text, TextFormat::prometheus, limits);
    };
    BOOST_TEST(place("a 1\nb 2\n") == "none");
    BOOST_TEST(place("a{b=\"1\",c=\"2\"} 1") == "none");
    BOOST_TEST(place("a{b=\"1\",c=\"2\",d=\"3\"} 1") == "1:15");
    BOOST_TEST(place("# " + std::string(29, 'x')) == "1:1");
}

BOOST_AUTO_TEST_CASE(reads_no_further_than_the_sample_limit) {
    const auto parsed =
        parse_text("a 1\nb 2\nc 3\n?", TextFormat::openmetrics, TextLimits{.samples = 2});
    BOOST_REQUIRE(parsed.has_value());
    BOOST_TEST(parsed->too_many_samples);
    BOOST_TEST(shown(*parsed) == "a 1\nb 2\n");
    const auto exact = parse_text("a 1\nb 2\n", TextFormat::prometheus, TextLimits{.samples = 2});
    BOOST_TEST(!exact.value().too_many_samples);
}

BOOST_AUTO_TEST_CASE(openmetrics_example) {
    BOOST_TEST(read_open(R"(# TYPE foo counter
# UNIT foo_seconds seconds
# HELP foo A \"counter\".
foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879606.1
foo_created 1520430000.123
# TYPE bar histogram
bar_bucket{le="+Inf"} 17 # {} 9.8
bar_count 17
# TYPE build info
build_info{version="1"} 1
# EOF
)") == "foo_total{a=b} 17 @1520879607789\nfoo_created 1520430000.123\n"
       "bar_bucket{le=+Inf} 17\nbar_count 17\nbuild_info{version=1} 1\n");
}

BOOST_AUTO_TEST_CASE(openmetrics_families_get_the_names_of_the_text_format) {
    const auto parsed = parse_text(
        "# TYPE foo counter\n# HELP foo Says \\\"x\\\".\n# TYPE build info\n# TYPE s stateset\n"
        "# TYPE h gaugehistogram\n# EOF",
        TextFormat::openmetrics);
    BOOST_REQUIRE(parsed.has_value());
    BOOST_TEST(parsed->families[0].name == "foo_total");
    BOOST_TEST(parsed->families[0].help == "Says \"x\".");
    BOOST_TEST(parsed->families[1].name == "build_info");
    BOOST_CHECK(parsed->families[1].type == MetricType::gauge);
    BOOST_TEST(parsed->families[2].name == "s");
    BOOST_CHECK(parsed->families[3].type == MetricType::unknown);
}

BOOST_AUTO_TEST_CASE(openmetrics_is_stricter) {
    const auto place = [](std::string_view text) {
        return error_place(text, TextFormat::openmetrics);
    };
    BOOST_TEST(place("a 1\n") == "1:0");
    BOOST_TEST(place("") == "0:0");
    BOOST_TEST(place("a 1\n# EOF") == "none");
    BOOST_TEST(place("a 1\n# EOF\nb 1\n") == "3:1");
    BOOST_TEST(place("a 1\n\n# EOF\n") == "2:1");
    BOOST_TEST(place("# a comment\n# EOF\n") == "1:4");
    BOOST_TEST(place("# TYPE a untyped\n# EOF\n") == "1:10");
    BOOST_TEST(place("# UNIT a_seconds bytes\n# EOF\n") == "1:18");
    BOOST_TEST(place("a 1 NaN\n# EOF\n") == "1:5");
    BOOST_TEST(place("a 1 1e300\n# EOF\n") == "1:5");
    BOOST_TEST(place("a_total 1 # {x=\"1\"}\n# EOF\n") == "1:20");
    BOOST_TEST(place("a_total 1 # x 1\n# EOF\n") == "1:13");
}

BOOST_AUTO_TEST_CASE(the_content_type_decides) {
    BOOST_CHECK(text_format_of("application/openmetrics-text; version=1.0.0; charset=utf-8") ==
                TextFormat::openmetrics);
    BOOST_CHECK(text_format_of("Application/OpenMetrics-Text") == TextFormat::openmetrics);
    BOOST_CHECK(text_format_of("text/plain; version=0.0.4") == TextFormat::prometheus);
    BOOST_CHECK(text_format_of("") == TextFormat::prometheus);
    BOOST_CHECK(text_format_of("application/openmetrics-texts") == TextFormat::prometheus);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_or_read_but_never_worse) {
    std::mt19937 random(7);
    const std::string_view pieces[] = {"a",  "{",  "}",     "\"", "=",   ",",      " ",    "\n",
                                       "\\", "# ", "TYPE",  "1",  "NaN", "# HELP", "\xff", "\xc3",
                                       "\t", "le", "# EOF", ":",  "-",   "1e9",    "\0",   "#"};
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (unsigned j = 0, n = random() % 30; j < n; ++j)
            text += pieces[random() % std::size(pieces)];
        for (const TextFormat format : {TextFormat::prometheus, TextFormat::openmetrics}) {
            const auto parsed = parse_text(text, format);
            if (parsed) continue;
            BOOST_REQUIRE_MESSAGE(!parsed.error().message.empty(), text);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_cost_grows_with_the_text_and_no_faster) {
    // Processor time: how busy the machine is does not count.
    const auto cost = [](int samples) {
        std::string text;
        for (int i = 0; i < samples; ++i) {
            text +=
                fmt::format("requests_total{{path=\"/api/v1/things/{}\",code=\"200\"}} {}\n", i, i);
        }
        const std::clock_t begin = std::clock();
        const auto parsed = parse_text(text, TextFormat::prometheus);
        BOOST_TEST(parsed.value().samples.size() == static_cast<std::size_t>(samples));
        return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };
    const double few = cost(10'000);
    const double many = cost(100'000);
    BOOST_TEST_MESSAGE("100,000 samples: " << many * 1000 << " ms");
    BOOST_TEST(many < 50 * std::max(few, 0.001));
}

BOOST_AUTO_TEST_SUITE_END()
