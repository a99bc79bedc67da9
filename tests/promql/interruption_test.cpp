#include <boost/test/unit_test.hpp>
#include <string>

#include "rules/promql/evaluate.h"
#include "rules/promql/parser.h"

using namespace std::chrono_literals;
using pilotlight::Labels;
using pilotlight::WallTime;
namespace promql = pilotlight::promql;
namespace series = pilotlight::series;

namespace {

WallTime at(std::int64_t seconds) {
    return WallTime(std::chrono::seconds(seconds));
}

/// How often the hook was asked until `expression` was over; it says stop at the `last` time.
int asked(const std::string& expression, int last, bool& interrupted) {
    static const series::Store store = [] {
        series::Store made;
        for (int i = 0; i < 100; ++i) {
            made.append(Labels{{"__name__", "m"}, {"i", std::to_string(i)}}, at(100), i);
        }
        return made;
    }();
    int count = 0;
    promql::EvalOptions options;
    options.at = at(100);
    options.interrupted = [&] { return ++count >= last; };
    const auto value = promql::evaluate(**promql::parse(expression), store, options);
    interrupted = !value && value.error().message == "the evaluation was interrupted";
    return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interruption)

BOOST_AUTO_TEST_CASE(whatever_takes_long_is_interrupted) {
    for (const char* const expression :
         {"count_over_time(m[1h:1ms])", "max_over_time(vector(1)[1h:1ms])",
          "sum_over_time((m + m)[1h:1ms])", "count_over_time((m > 1e9)[1h:1ms])",
          "count_over_time(absent(m)[10h:1ms])", "min_over_time((vector(1+1+1+1))[1h:1ms])",
          "count_over_time(nothing[10h:1ms])"}) {
        bool interrupted = false;
        BOOST_TEST(asked(expression, 3, interrupted) == 3, expression);
        BOOST_TEST(interrupted, expression);
    }
}

BOOST_AUTO_TEST_CASE(what_is_quick_is_asked_once_and_for_each_selector) {
    bool interrupted = true;
    BOOST_TEST(asked("1 + 1", 9, interrupted) == 1);
    BOOST_TEST(!interrupted);
    BOOST_TEST(asked("m + m", 9, interrupted) == 3);
    BOOST_TEST(!interrupted);
}

BOOST_AUTO_TEST_CASE(a_range_of_steps_is_interrupted) {
    const series::Store store;
    int count = 0;
    promql::EvalOptions options;
    options.interrupted = [&] { return ++count >= 2; };
    const auto value =
        promql::evaluate_range(**promql::parse("1"), store, at(0), at(1'000'000), 1ms, options);
    BOOST_TEST(!value.has_value());
    BOOST_TEST(count == 2);
}

BOOST_AUTO_TEST_SUITE_END()
