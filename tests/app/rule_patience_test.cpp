#include "app/rule_patience.h"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using pilotlight::steady_now;
using pilotlight::app::RulePatience;

namespace {

/// Works until it is told to stop, at most for ten seconds; whether it was told.
bool is_stopped(RulePatience& patience) {
    const auto limit = steady_now() + 10s;
    while (steady_now() < limit) {
        if (patience.is_over()) return true;
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_patience)

BOOST_AUTO_TEST_CASE(work_without_end_is_stopped) {
    RulePatience patience(0ms, 5ms);
    patience.begin();
    BOOST_TEST(is_stopped(patience));
}

BOOST_AUTO_TEST_CASE(each_rule_begins_anew) {
    RulePatience patience(0ms, 5ms);
    patience.begin();
    BOOST_TEST(is_stopped(patience));
    patience.begin();
    BOOST_TEST(!patience.is_over());
}

BOOST_AUTO_TEST_SUITE_END()
