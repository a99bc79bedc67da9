#include "rules/promql/functions.h"

#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/promql/sheet.h"

using pilotlight::promql::Compatibility;
using pilotlight::promql::Function;
using pilotlight::promql::Sheet;
using pilotlight::promql::ValueType;

BOOST_AUTO_TEST_SUITE(functions)

BOOST_AUTO_TEST_CASE(every_row_can_be_called) {
    std::set<std::string_view> names;
    for (const Function* function : pilotlight::promql::all_functions()) {
        BOOST_TEST_CONTEXT(function->name) {
            BOOST_TEST(names.insert(function->name).second);
            BOOST_TEST((function->returns == ValueType::scalar) == (function->scalar != nullptr));
            BOOST_TEST((function->returns == ValueType::vector) == (function->vector != nullptr));
            BOOST_TEST((function->argument_count() > 0 || function->variadic == 0));
        }
    }
    BOOST_TEST(names.size() > 80U);
}

BOOST_AUTO_TEST_CASE(math_value_by_value) {
    Sheet sheet;
    sheet.load("g", "-2.5").load("n", "NaN").load("big", "1000");
    BOOST_TEST(sheet.eval("abs(g)") == "{} 2.5");
    BOOST_TEST(sheet.eval("ceil(g)") == "{} -2");
    BOOST_TEST(sheet.eval("floor(g)") == "{} -3");
    BOOST_TEST(sheet.eval("round(g)") == "{} -2");
    BOOST_TEST(sheet.eval("round(g, 2)") == "{} -2");
    BOOST_TEST(sheet.eval("round(big, 400)") == "{} 1200");
    BOOST_TEST(sheet.eval("sgn(g)") == "{} -1");
    BOOST_TEST(sheet.eval("sgn(n)") == "{} NaN");
    BOOST_TEST(sheet.eval("sqrt(g)") == "{} NaN");
    BOOST_TEST(sheet.eval("ln(exp(g))") == "{} -2.5");
    BOOST_TEST(sheet.eval("log10(big)") == "{} 3");
    BOOST_TEST(sheet.eval("log2(vector(8))") == "{} 3");
    BOOST_TEST(sheet.eval("ln(vector(0))") == "{} -Inf");
    BOOST_TEST(sheet.eval("ln(vector(-1))") == "{} NaN");
    BOOST_TEST(sheet.eval("deg(vector(pi()))") == "{} 180");
    BOOST_TEST(sheet.eval("rad(vector(180)) - pi()") == "{} 0");
    BOOST_TEST(sheet.eval("clamp(g, -1, 1)") == "{} -1");
    BOOST_TEST(sheet.eval("clamp(g, 1, -1)") == "");
    BOOST_TEST(sheet.eval("clamp(g, NaN, 1)") == "{} NaN");
    BOOST_TEST(sheet.eval("clamp_min(g, 0)") == "{} 0");
    BOOST_TEST(sheet.eval("clamp_max(big, 10)") == "{} 10");
    for (const char* inverse :
         {"asin(sin", "acos(cos", "atan(tan", "asinh(sinh", "acosh(cosh", "atanh(tanh"}) {
        BOOST_TEST(sheet.eval("round(" + std::string(inverse) + "(vector(0.5))) * 1e9)") ==
                   "{} 500000000");
    }
    BOOST_TEST(sheet.eval("max_of(-2, 3) + min_of(-2, 3)") == "1");
}

BOOST_AUTO_TEST_CASE(dates_in_utc) {
    Sheet sheet;
    // 2024-02-29T23:59:59Z, a Thursday.
    sheet.load("t", "1709251199").load("old", "-1").load("n", "NaN");
    BOOST_TEST(sheet.eval("year(t)") == "{} 2024");
    BOOST_TEST(sheet.eval("month(t)") == "{} 2");
    BOOST_TEST(sheet.eval("day_of_month(t)") == "{} 29");
    BOOST_TEST(sheet.eval("day_of_year(t)") == "{} 60");
    BOOST_TEST(sheet.eval("day_of_week(t)") == "{} 4");
    BOOST_TEST(sheet.eval("days_in_month(t)") == "{} 29");
    BOOST_TEST(sheet.eval("hour(t)") == "{} 23");
    BOOST_TEST(sheet.eval("minute(t)") == "{} 59");
    BOOST_TEST(sheet.eval("month(t + 1)") == "{} 3");
    BOOST_TEST(sheet.eval("year(old)") == "{} 1969");
    BOOST_TEST(sheet.eval("hour(old)") == "{} 23");
    BOOST_TEST(sheet.eval("day_of_week(old)") == "{} 3");
    BOOST_TEST(sheet.eval("hour()", "5h") == "{} 5");
    BOOST_TEST(sheet.eval("year(vector(1e300))") == sheet.eval("year(n)"));
    BOOST_TEST(sheet.eval("time()", "90s") == "90");
    BOOST_TEST(sheet.eval("days_in_month(vector(951782400))") == "{} 29");
    BOOST_TEST(sheet.eval("days_in_month(vector(4107456000))") == "{} 28");
}

BOOST_AUTO_TEST_CASE(scalar_and_vector) {
    Sheet sheet;
    sheet.load("one", "5").load("two{a=\"1\"}", "1").load("two{a=\"2\"}", "2");
    BOOST_TEST(sheet.eval("scalar(one)") == "5");
    BOOST_TEST(sheet.eval("scalar(two)") == "NaN");
    BOOST_TEST(sheet.eval("scalar(nothing)") == "NaN");
    BOOST_TEST(sheet.eval("vector(time())", "7s") == "{} 7");
}

BOOST_AUTO_TEST_CASE(order) {
    Sheet sheet;
    sheet.load("g{cpu=\"cpu10\"}", "1").load("g{cpu=\"cpu2\"}", "NaN").load("g{cpu=\"cpu1\"}", "3");
    BOOST_TEST(sheet.eval_ordered("sort(g)") ==
               "g{cpu=\"cpu10\"} 1; g{cpu=\"cpu1\"} 3; g{cpu=\"cpu2\"} NaN");
    BOOST_TEST(sheet.eval_ordered("sort_desc(g)") ==
               "g{cpu=\"cpu1\"} 3; g{cpu=\"cpu10\"} 1; g{cpu=\"cpu2\"} NaN");
    BOOST_TEST(sheet.eval_ordered("sort_by_label(g, \"cpu\")") ==
               "g{cpu=\"cpu1\"} 3; g{cpu=\"cpu2\"} NaN; g{cpu=\"cpu10\"} 1");
    BOOST_TEST(sheet.eval_ordered("sort_by_label_desc(g, \"cpu\")") ==
               "g{cpu=\"cpu10\"} 1; g{cpu=\"cpu2\"} NaN; g{cpu=\"cpu1\"} 3");
}

BOOST_AUTO_TEST_CASE(label_replace_sets_by_groups) {
    Sheet sheet;
    sheet.load("g{instance=\"db-1:9100\"}", "1");
    BOOST_TEST(sheet.eval("label_replace(g, \"host\", \"$1\", \"instance\", \"(.*):.*\")") ==
               "g{host=\"db-1\", instance=\"db-1:9100\"} 1");
    BOOST_TEST(
        sheet.eval("label_replace(g, \"x\", \"${n}!\", \"instance\", \"db-(?P<n>\\\\d).*\")") ==
        "g{instance=\"db-1:9100\", x=\"1!\"} 1");
    BOOST_TEST(sheet.eval("label_replace(g, \"host\", \"$1\", \"instance\", \"no(.*)\")") ==
               "g{instance=\"db-1:9100\"} 1");
    BOOST_TEST(sheet.eval("label_replace(g, \"instance\", \"\", \"instance\", \".*\")") == "g 1");
    BOOST_TEST(sheet.eval("label_replace(g, \"x\", \"y\", \"gone\", \"\")") ==
               "g{instance=\"db-1:9100\", x=\"y\"} 1");
    BOOST_TEST(sheet.eval("label_replace(g + 1, \"__name__\", \"h\", \"\", \"\")") ==
               "h{instance=\"db-1:9100\"} 2");
    BOOST_TEST(sheet.eval("label_replace(g, \"x\", \"\", \"x\", \"(\")") ==
               "error: invalid regular expression in label_replace(): (");
    BOOST_TEST(sheet.eval("label_replace(g, \"~x\", \"\", \"x\", \"\")") ==
               "error: invalid destination label name in label_replace(): ~x");
    sheet.load("g{instance=\"db-2:9100\"}", "2");
    BOOST_TEST(sheet.eval("label_replace(g, \"instance\", \"\", \"\", \"\")") ==
               "error: vector cannot contain metrics with the same labelset");
}

BOOST_AUTO_TEST_CASE(label_join_puts_values_together) {
    Sheet sheet;
    sheet.load("g{a=\"1\", b=\"2\"}", "1");
    BOOST_TEST(sheet.eval("label_join(g, \"c\", \"-\", \"a\", \"gone\", \"b\")") ==
               "g{a=\"1\", b=\"2\", c=\"1--2\"} 1");
    BOOST_TEST(sheet.eval("label_join(g, \"a\", \"-\")") == "g{b=\"2\"} 1");
    BOOST_TEST(sheet.eval("label_join(g, \"c\", \"-\", \"~\")").starts_with("error: "));
    BOOST_TEST(sheet.eval("label_join(g, \"~\", \"-\", \"a\")").starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(label_values_do_not_grow_without_end) {
    Sheet sheet;
    sheet.load("g{a=\"0123456789\"}", "1");
    const std::string too_long = "error: a label's value is longer than 1048576 bytes";
    std::string joined = "g";
    std::string replaced = "g";
    for (int i = 0; i < 60; ++i) {
        joined = "label_join(" + joined + R"x(, "a", "", "a", "a"))x";
        replaced = "label_replace(" + replaced + R"x(, "a", "$1$1", "a", "(.*)"))x";
    }
    BOOST_TEST(sheet.eval(joined) == too_long);
    BOOST_TEST(sheet.eval(replaced) == too_long);
    std::string at_once;
    for (int i = 0; i < 200'000; ++i)
        at_once += "$1";
    BOOST_TEST(sheet.eval(R"x(label_replace(g, "a", ")x" + at_once + R"x(", "a", "(.*)"))x") ==
               too_long);
}

BOOST_AUTO_TEST_CASE(names_of_labels_may_be_utf_8_in_3) {
    Sheet sheet;
    sheet.load("g{app=\"shop\"}", "1");
    BOOST_TEST(sheet.eval("label_replace(g, \"service.name\", \"$1\", \"app\", \"(.*)\")") ==
               "g{app=\"shop\", \"service.name\"=\"shop\"} 1");
    BOOST_TEST(sheet.eval("label_join(g, \"größe\", \"\", \"app\")") ==
               "g{app=\"shop\", \"größe\"=\"shop\"} 1");
    for (const char* bad : {"~x", "", "1st", "\\xff", ".x"}) {
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(sheet.eval(std::string("label_replace(g, \"") + bad + R"(", "", "", ""))")
                           .starts_with("error: invalid destination label name"));
        }
    }
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(sheet.eval("label_replace(g, \"service.name\", \"\", \"\", \"\")") ==
               "error: invalid destination label name in label_replace(): service.name");
}

BOOST_AUTO_TEST_CASE(math_at_the_edges_of_numbers) {
    Sheet sheet;
    sheet.load("v{v=\"inf\"}", "Inf").load("v{v=\"ninf\"}", "-Inf").load("v{v=\"nan\"}", "NaN");
    const auto each = [&](const std::string& call) { return sheet.eval(call); };
    const auto all = [](std::string_view inf, std::string_view nan, std::string_view minus) {
        return "{v=\"inf\"} " + std::string(inf) + "; {v=\"nan\"} " + std::string(nan) +
               "; {v=\"ninf\"} " + std::string(minus);
    };
    BOOST_TEST(each("abs(v)") == all("+Inf", "NaN", "+Inf"));
    for (const char* same : {"ceil(v)", "floor(v)", "round(v)", "round(v, 0.1)", "sinh(v)",
                             "asinh(v)", "deg(v)", "rad(v)"}) {
        BOOST_TEST(each(same) == all("+Inf", "NaN", "-Inf"), same);
    }
    BOOST_TEST(each("sgn(v)") == all("1", "NaN", "-1"));
    BOOST_TEST(each("exp(v)") == all("+Inf", "NaN", "0"));
    BOOST_TEST(each("sqrt(v)") == all("+Inf", "NaN", "NaN"));
    for (const char* logarithm : {"ln(v)", "log2(v)", "log10(v)"}) {
        BOOST_TEST(each(logarithm) == all("+Inf", "NaN", "NaN"), logarithm);
    }
    for (const char* none : {"sin(v)", "cos(v)", "tan(v)", "asin(v)", "acos(v)", "atanh(v)"}) {
        BOOST_TEST(each(none) == all("NaN", "NaN", "NaN"), none);
    }
    BOOST_TEST(each("cosh(v)") == all("+Inf", "NaN", "+Inf"));
    BOOST_TEST(each("tanh(v)") == all("1", "NaN", "-1"));
    BOOST_TEST(each("acosh(v)") == all("+Inf", "NaN", "NaN"));
    BOOST_TEST(each("round(deg(atan(v)))") == all("90", "NaN", "-90"));
    BOOST_TEST(each("clamp_min(v, 0)") == all("+Inf", "NaN", "0"));
    BOOST_TEST(each("clamp_max(v, 0)") == all("0", "NaN", "-Inf"));
    BOOST_TEST(each("clamp(v, -1, 1)") == all("1", "NaN", "-1"));
    BOOST_TEST(each("clamp_min(v, NaN)") == all("+Inf", "NaN", "NaN"));
    BOOST_TEST(each("round(v, 0)") == all("NaN", "NaN", "NaN"));
    BOOST_TEST(sheet.eval("abs(gone)") == "");
    BOOST_TEST(sheet.eval("abs(1)").starts_with("error: "));
    BOOST_TEST(sheet.eval("min_of(NaN, -Inf)") == "-Inf");
    BOOST_TEST(sheet.eval("max_of(NaN, 1)") == "NaN");
    BOOST_TEST(sheet.eval("min_of(0, -0)") == "-0");
}

BOOST_AUTO_TEST_CASE(order_has_nothing_to_say_of_what_is_no_vector) {
    Sheet sheet;
    sheet.load("g{a=\"x\"}", "Inf").load("g{a=\"y\"}", "-Inf").load("g{a=\"z\"}", "NaN");
    BOOST_TEST(sheet.eval_ordered("sort(g)") == "g{a=\"y\"} -Inf; g{a=\"x\"} +Inf; g{a=\"z\"} NaN");
    BOOST_TEST(sheet.eval_ordered("sort_desc(g)") ==
               "g{a=\"x\"} +Inf; g{a=\"y\"} -Inf; g{a=\"z\"} NaN");
    BOOST_TEST(sheet.eval("sort(gone)") == "");
    BOOST_TEST(sheet.eval("sort(1)").starts_with("error: "));
    BOOST_TEST(sheet.eval("scalar(1)").starts_with("error: "));
    BOOST_TEST(sheet.eval("vector(g)").starts_with("error: "));
    BOOST_TEST(sheet.eval("absent(g)") == "");
    BOOST_TEST(sheet.eval("timestamp(gone)") == "");
}

BOOST_AUTO_TEST_CASE(a_querys_bounds_can_be_asked_for) {
    const Sheet sheet;
    BOOST_TEST(sheet.eval("start() + end() + step() + range()", "5s") == "10");
    BOOST_TEST(sheet.eval_range("end() - start()", "10s", "40s", "10s") ==
               "{} 30@10 30@20 30@30 30@40");
    BOOST_TEST(sheet.eval_range("vector(step() + range())", "0s", "20s", "10s") ==
               "{} 30@0 30@10 30@20");
    BOOST_TEST(sheet.eval("start(1)").starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(info_adds_labels_of_the_same_instance) {
    Sheet sheet;
    sheet.load("m{instance=\"i\", job=\"j\"}", "7")
        .load("m{instance=\"other\", job=\"j\"}", "8")
        .load("target_info{instance=\"i\", job=\"j\", version=\"2\", env=\"prod\"}", "1")
        .load("build_info{instance=\"i\", job=\"j\", rev=\"abc\"}", "1");
    BOOST_TEST(sheet.eval("info(m)") ==
               "m{env=\"prod\", instance=\"i\", job=\"j\", version=\"2\"} 7; "
               "m{instance=\"other\", job=\"j\"} 8");
    BOOST_TEST(sheet.eval("info(m, {version=~\".+\"})") ==
               "m{instance=\"i\", job=\"j\", version=\"2\"} 7");
    BOOST_TEST(sheet.eval("info(m{instance=\"i\"}, {__name__=\"build_info\"})") ==
               "m{instance=\"i\", job=\"j\", rev=\"abc\"} 7");
    BOOST_TEST(sheet.eval("info(m, foo)").starts_with("error: "));
}

BOOST_AUTO_TEST_SUITE_END()
