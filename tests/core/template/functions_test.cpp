#include "core/template/functions.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/template/humanize.h"
#include "core/template/number.h"
#include "core/template/template.h"
#include "core/template/text_functions.h"
#include "core/template/time.h"

using pilotlight::tmpl::format;
using pilotlight::tmpl::format_real;
using pilotlight::tmpl::Functions;
using pilotlight::tmpl::List;
using pilotlight::tmpl::Template;
using pilotlight::tmpl::Value;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string expand(std::string_view text, const Value& data = {}) {
    const auto parsed = Template::parse("t", text, pilotlight::tmpl::text_functions());
    if (!parsed) return "error: " + parsed.error().message;
    const auto done = parsed->execute(data, pilotlight::tmpl::text_functions());
    return done ? *done : "error: " + done.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(template_functions)

BOOST_AUTO_TEST_CASE(printf_follows_gos_verbs) {
    const std::vector<std::pair<const char*, std::vector<Value>>> kWell = {
        {"%5.2f|", {3.14159}},
        {"%-8s|", {"ab"}},
        {"%08.3f|", {-2.5}},
        {"%+d|", {7}},
        {"%x|", {255}},
        {"%q|", {"a\"b"}},
        {"%v|", {Value(List{Value(1), Value("x")})}},
        {"%t|", {true}},
        {"%e|", {12345.678}},
        {"%g|", {1e21}},
        {"%6.2f%%|", {12.345}},
        {"%.3s|", {"abcdef"}},
        {"%c%U|", {65, 65}},
        {"%[2]s%[1]s|", {"a", "b"}},
        {"%*d|", {5, 42}},
        {"%T|", {2.5}},
        {"% d|", {5}},
        {"%#x|", {"hi"}},
        {"%s|", {nullptr}},
        {"%v|", {nullptr}}};
    const std::vector<std::string> kExpected = {
        " 3.14|", "ab      |",     "-002.500|", "+7|",      "ff|",         "\"a\\\"b\"|", "[1 x]|",
        "true|",  "1.234568e+04|", "1e+21|",    " 12.35%|", "abc|",        "AU+0041|",    "ba|",
        "   42|", "float64|",      " 5|",       "0x6869|",  "%!s(<nil>)|", "<nil>|"};
    for (std::size_t i = 0; i < kWell.size(); ++i) {
        BOOST_TEST(format(kWell[i].first, kWell[i].second) == kExpected[i]);
    }
}

BOOST_AUTO_TEST_CASE(printf_keeps_gos_flags) {
    const auto one = [](std::string_view form, Value value) {
        return format(form, std::vector<Value>{std::move(value)});
    };
    BOOST_TEST(one("%+q", "\u00e9\U0001f600") == R"("\u00e9\U0001f600")");
    BOOST_TEST(one("%#q", "a\\b") == "`a\\b`");
    BOOST_TEST(one("%#q", "a`b") == "\"a`b\"");
    BOOST_TEST(one("%#U", 0x1F600) == "U+1F600 '\U0001f600'");
    BOOST_TEST(one("%.6U", 65) == "U+000041");
    BOOST_TEST(one("%U", -1) == "U+FFFFFFFFFFFFFFFF");
    BOOST_TEST(one("%c", -1) == "\uFFFD");
    BOOST_TEST(one("%#08x", 255) == "0x000000ff");
    BOOST_TEST(one("%+.3d|", 7) == "+007|");
    BOOST_TEST(one("%5.0d|", 0) == "     |");
    BOOST_TEST(one("%#o", 8) == "010");
    BOOST_TEST(one("%b", 1.5) == "6755399441055744p-52");
    BOOST_TEST(one("%#g", 1.0) == "1.00000");
    BOOST_TEST(one("%#x", 1.5) == "0x1.8000p+00");
    BOOST_TEST(one("%.0x", 1e21) == "0x1p+70");
    BOOST_TEST(one("%+08.1f", kInfinity) == "    +Inf");
    BOOST_TEST(one("%.2x", "\u00e9x") == "c3a9");
    BOOST_TEST(one("%.3T", 1.5) == "flo");
    BOOST_TEST(one("%#v", Value(List{Value("a"), Value()})) ==
               R"([]interface {}{"a", interface {}(nil)})");
}

BOOST_AUTO_TEST_CASE(what_a_verb_does_not_fit_is_printed_by_the_same_flags) {
    const auto one = [](std::string_view form, Value value) {
        return format(form, std::vector<Value>{std::move(value)});
    };
    BOOST_TEST(one("%8.2d", "abcdef") == "%!d(string=      ab)");
    BOOST_TEST(one("%-8d|", 1.5) == "%!d(float64=1.5     )|");
    BOOST_TEST(one("%+e", 3) == "%!e(int=+3)");
    BOOST_TEST(one("%08x", true) == "%!x(bool=0000true)");
    BOOST_TEST(one("%5d", nullptr) == "%!d(<nil>)");
    BOOST_TEST(one("%d", Value(List{Value("a"), Value()})) == "[%!d(string=a) <nil>]");
}

BOOST_AUTO_TEST_CASE(printf_complains_as_go_does) {
    const std::vector<Value> one = {Value(1)};
    BOOST_TEST(format("%d %d", one) == "1 %!d(MISSING)");
    BOOST_TEST(format("", one) == "%!(EXTRA int=1)");
    BOOST_TEST(format("%s", one) == "%!s(int=1)");
    BOOST_TEST(format("%d", std::vector<Value>{Value(1.5)}) == "%!d(float64=1.5)");
    BOOST_TEST(format("%", {}) == "%!(NOVERB)");
    BOOST_TEST(format("%[5]d", one) == "%!d(BADINDEX)");
    BOOST_TEST(format("%[x]d", one) == "%!d(BADINDEX)");
    BOOST_TEST(format("%*d", std::vector<Value>{Value("w"), Value(3)}) == "%!(BADWIDTH)3");
    BOOST_TEST(format("%z", one) == "%!z(int=1)");
}

BOOST_AUTO_TEST_CASE(reals_are_as_short_as_go_writes_them) {
    BOOST_TEST(format_real(100000, 'g', -1) == "100000");
    BOOST_TEST(format_real(1000000, 'g', -1) == "1e+06");
    BOOST_TEST(format_real(123456789, 'g', -1) == "1.23456789e+08");
    BOOST_TEST(format_real(0.0001, 'g', -1) == "0.0001");
    BOOST_TEST(format_real(0.00001, 'g', -1) == "1e-05");
    BOOST_TEST(format_real(2, 'E', -1) == "2E+00");
    BOOST_TEST(format_real(0.1, 'f', -1) == "0.1");
    BOOST_TEST(format_real(-kInfinity, 'f', 2) == "-Inf");
    BOOST_TEST(format_real(1.5, 'x', -1) == "0x1.8p+00");
}

BOOST_AUTO_TEST_CASE(numbers_in_texts_are_read_as_go_reads_them) {
    const auto read = [](std::string_view text) { return pilotlight::tmpl::parse_real(text); };
    const auto why = [&](std::string_view text) {
        const auto number = read(text);
        return number ? std::string_view("a number") : number.error();
    };
    BOOST_TEST(read("1_000").value() == 1000);
    BOOST_TEST(read("1e1_0").value() == 1e10);
    BOOST_TEST(read("0x_1p4").value() == 16);
    BOOST_TEST(read("-0X1.8P1").value() == -3);
    BOOST_TEST(read("5.").value() == 5);
    BOOST_TEST(read("1e-999").value() == 0);
    BOOST_TEST(read("0x1p-2000").value() == 0);
    BOOST_TEST(read("-inFinity").value() == -kInfinity);
    BOOST_TEST(std::isnan(read("nAn").value()));
    for (const auto* text : {"0x2A", "0x", "0xp1", "1__0", "_1", "1_", "1_e1", "+nan", "nan(1)",
                             "infin", "1e", "1e+", "--1", "+-1", ".", "", "-", "1 ", "1,5"}) {
        BOOST_TEST(why(text) == "invalid syntax", text);
    }
    BOOST_TEST(why("1e999") == "value out of range");
    BOOST_TEST(why("-0x1p2000") == "value out of range");
}

BOOST_AUTO_TEST_CASE(comparisons_are_gos) {
    BOOST_TEST(expand("{{ eq 1 2 1 }} {{ ne `a` `b` }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 2.5 1.5 }} "
                      "{{ ge `b` `a` }}") == "true true true true true true");
    BOOST_TEST(expand("{{ lt true false }}").find("invalid type for comparison") !=
               std::string::npos);
    BOOST_TEST(expand("{{ eq 1 }}").find("missing argument for comparison") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(index_and_slice_keep_to_their_bounds) {
    const Value items(List{Value("a"), Value("b"), Value("c")});
    BOOST_TEST(expand("{{ index . 1 }} {{ slice . 1 }} {{ slice `abc` 0 2 }} {{ len . }}", items) ==
               "b [b c] ab 3");
    BOOST_TEST(expand("{{ index . 3 }}", items).find("index out of range: 3") != std::string::npos);
    BOOST_TEST(expand("{{ index . -1 }}", items).find("index out of range: -1") !=
               std::string::npos);
    BOOST_TEST(expand("{{ slice . 2 1 }}", items).find("invalid slice index: 2 > 1") !=
               std::string::npos);
    BOOST_TEST(expand("{{ index 5 1 }}").find("can't index item of type int") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(there_is_nothing_to_call) {
    BOOST_TEST(
        expand("{{ call 1.5 2 }}").ends_with("error calling call: non-function of type float64"));
    BOOST_TEST(expand("{{ call nil }}").ends_with("error calling call: call of nil"));
    BOOST_TEST(
        expand("{{ call }}").ends_with("wrong number of args for call: want at least 1 got 0"));
}

BOOST_AUTO_TEST_CASE(a_character_of_a_text_is_a_byte) {
    BOOST_TEST(expand("{{ index `abc` 1 }} {{ printf `%T` (index `abc` 1) }}") == "98 uint8");
    BOOST_TEST(
        expand("{{ humanizeDuration (index `abc` 1) }}").ends_with("can't convert uint8 to float"));
}

BOOST_AUTO_TEST_CASE(texts_are_escaped) {
    BOOST_TEST(expand(R"({{ html "<a href='x'>&\"" }})") == "&lt;a href=&#39;x&#39;&gt;&amp;&#34;");
    BOOST_TEST(expand(R"({{ js "it's <x> \"y\" = \\" }})") ==
               R"(it\'s \u003Cx\u003E \"y\" \u003D \\)");
    BOOST_TEST(expand(R"({{ urlquery "a b&c/ü" }})") == "a+b%26c%2F%C3%BC");
    BOOST_TEST(expand(R"({{ js "\x00\x7f" }})") == "\\u0000\x7f");
    BOOST_TEST(expand("{{ html 1.5 nil 2 }}") == "1.5&lt;no value&gt;2");
}

BOOST_AUTO_TEST_CASE(texts_are_changed) {
    BOOST_TEST(expand(R"({{ title "hello wORLD foo-bar_baz" }})") == "Hello WORLD Foo-Bar_baz");
    BOOST_TEST(expand(R"({{ toUpper "straße é" }} {{ toLower "ÀÉX" }} [{{ trimSpace " a " }}])") ==
               "STRAßE É àéx [a]");
    BOOST_TEST(expand(R"({{ reReplaceAll "(.*):\\d+" "$1" "host:80" }} {{ match "a+" "caat" }})") ==
               "host true");
    BOOST_TEST(expand(R"({{ join ", " (stringSlice "a" "b") }})") == "a, b");
    BOOST_TEST(expand(R"({{ match "(" "x" }})").find("error parsing regexp") != std::string::npos);
    BOOST_TEST(expand("{{ toUpper 5 }}").find("expected string; got int") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(numbers_are_written_for_people) {
    using pilotlight::tmpl::humanize;
    using pilotlight::tmpl::humanize_1024;
    using pilotlight::tmpl::humanize_duration;
    using pilotlight::tmpl::humanize_percentage;
    BOOST_TEST(humanize(0) == "0");
    BOOST_TEST(humanize(1234567) == "1.235M");
    BOOST_TEST(humanize(0.12) == "120m");
    BOOST_TEST(humanize(kInfinity) == "+Inf");
    BOOST_TEST(humanize_1024(1048576) == "1Mi");
    BOOST_TEST(humanize_1024(-2048) == "-2ki");
    BOOST_TEST(humanize_duration(0) == "0s");
    BOOST_TEST(humanize_duration(90061) == "1d 1h 1m 1s");
    BOOST_TEST(humanize_duration(-60) == "-1m 0s");
    BOOST_TEST(humanize_duration(0.5) == "500ms");
    BOOST_TEST(humanize_duration(1e30) == "106481481481481d 11h 33m 20s");
    BOOST_TEST(humanize_percentage(0.1235) == "12.35%");
}

BOOST_AUTO_TEST_CASE(times_have_gos_methods_and_layouts) {
    const Value time = pilotlight::tmpl::time_value_ns(1'435'065'584'128'000'000);
    BOOST_TEST(expand("{{ . }}", time) == "2015-06-23 13:19:44.128 +0000 UTC");
    BOOST_TEST(expand("{{ .Year }} {{ .Month }} {{ .Weekday }} {{ .Unix }}", time) ==
               "2015 June Tuesday 1435065584");
    BOOST_TEST(expand("{{ .Format `Mon Jan _2 03:04:05 PM MST 2006 Z07:00 .000` }}", time) ==
               "Tue Jun 23 01:19:44 PM UTC 2015 Z .128");
    BOOST_TEST(expand("{{ .Sub . }} {{ (.Add 5400000000000).Hour }} {{ .After . }}", time) ==
               "0s 14 false");
    BOOST_TEST(expand("{{ . }} {{ .Seconds }} {{ .Round 1000000000 }}",
                      pilotlight::tmpl::duration_value(3'725'600'000'000)) ==
               "1h2m5.6s 3725.6 1h2m6s");
    BOOST_TEST(expand("{{ .Sub 1 2 }}", time).starts_with("error: "));
    // A time is a struct to Go: true even at the epoch.
    BOOST_TEST(expand("{{ if . }}yes{{ end }}", pilotlight::tmpl::time_value_ns(0)) == "yes");
}

BOOST_AUTO_TEST_CASE(regular_expressions_do_not_search_without_end) {
    const auto text = [](std::size_t size) { return std::string(size, 'a'); };
    BOOST_TEST(expand("{{ reReplaceAll `a(.*b)?` `x` `" + text(20'000) + "` | len }}") == "20000");
    BOOST_TEST(expand("{{ reReplaceAll `a(.*b)?` `x` `" + text(200'000) + "` | len }}")
                   .ends_with("more than 67108864 bytes of text"));
    BOOST_TEST(expand("{{ range 20000 }}{{ if match `(a{1,50}){1,20}` `b` }}{{ end }}{{ end }}")
                   .ends_with("more than 67108864 bytes of text"));
}

BOOST_AUTO_TEST_CASE(widths_do_not_make_much_of_little) {
    std::string list = "{{ $x := stringSlice `a` `b` }}";
    for (int i = 0; i < 16; ++i)
        list += "{{ $x = stringSlice $x $x }}";
    BOOST_TEST(expand(list + "{{ printf `%9999v` $x | len }}").ends_with("bytes of text"));
}

BOOST_AUTO_TEST_SUITE_END()
