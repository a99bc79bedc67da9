#include "rules/series_by_row.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "rules/row_match.h"
#include "tests/rules/world.h"

using namespace pilotlight;
using namespace pilotlight::rules;

namespace {

struct Fixture {
    series::Store store;
    Matchers matchers = {*Matcher::make("__name__", Matcher::Op::equal, "bad")};

    Fixture() {
        for (int i = 0; i < 40; ++i) {
            const std::string number = std::to_string(i);
            const std::string target = i % 2 == 0 ? "even" : "odd";
            add("bad{target=\"" + target + "\",n=\"" + number + "\"}");
            add("bad{target=\"" + target + "\",n=\"" + number + "\",part=\"x\"}");
        }
        add("bad{target=\"even\"}");
        add("other{target=\"even\",n=\"0\"}");
    }
    void add(const std::string& series) { store.append(labels_of(series), at(0), 1); }

    /// What every series was asked for, one by one.
    std::vector<const series::Series*> one_by_one(const Labels& row) const {
        std::vector<const series::Series*> found = store.select(matchers);
        const std::string_view target = row.get("target");
        std::erase_if(found, [&](const series::Series* series) {
            if (!target.empty() && series->labels().get("target") != target) return true;
            return !shares_labels(series->labels(), row);
        });
        std::ranges::sort(found);
        return found;
    }
    void check(SeriesByRow& by_row, const Labels& row, std::size_t count) {
        auto found = by_row.find(matchers, row, store);
        std::ranges::sort(found);
        BOOST_TEST_CONTEXT(row.to_string()) {
            BOOST_TEST(found.size() == count);
            BOOST_TEST((found == one_by_one(row)));
        }
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(series_by_row, Fixture)

BOOST_AUTO_TEST_CASE(gives_what_each_series_would_say_for_itself_before_and_after_it_is_indexed) {
    SeriesByRow by_row;
    for (int turn = 0; turn < 3; ++turn) {
        // With the one that has no number, which may be of any row.
        check(by_row, Labels{{"target", "even"}, {"n", "4"}}, 3);
        check(by_row, Labels{{"target", "odd"}, {"n", "5"}}, 2);
        check(by_row, Labels{{"target", "even"}, {"n", "5"}}, 1);
        check(by_row, Labels{{"target", "nobody"}, {"n", "4"}}, 0);
        check(by_row, Labels{{"n", "4"}}, 3);
    }
}

BOOST_AUTO_TEST_CASE(rows_of_other_labels_than_those_it_is_indexed_by_are_found_all_the_same) {
    SeriesByRow by_row;
    check(by_row, Labels{{"target", "even"}, {"n", "4"}}, 3);
    check(by_row, Labels{{"target", "even"}, {"n", "6"}}, 3);
    check(by_row, Labels{{"target", "even"}}, 41);
    check(by_row, Labels{{"target", "even"}, {"n", "4"}, {"part", "y"}}, 2);
    check(by_row, Labels{{"target", "even"}, {"n", "4"}, {"part", "x"}}, 3);
    check(by_row, Labels{{"target", "even"}, {"m", "4"}}, 41);
}

BOOST_AUTO_TEST_CASE(the_metric_name_of_a_row_does_not_count) {
    SeriesByRow by_row;
    for (int turn = 0; turn < 3; ++turn) {
        check(by_row, Labels{{"__name__", "shown"}, {"target", "odd"}, {"n", "5"}}, 2);
    }
}

BOOST_AUTO_TEST_SUITE_END()
