#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <string>

#include "series/store.h"

using namespace std::chrono_literals;
using pilotlight::Labels;
using pilotlight::Matcher;
using pilotlight::Matchers;
using pilotlight::WallTime;
using pilotlight::series::Point;
using pilotlight::series::Retention;
using pilotlight::series::Series;
using pilotlight::series::SeriesCopy;
using pilotlight::series::Store;
using pilotlight::series::StoreOptions;

namespace {

WallTime sec(std::int64_t value) {
    return WallTime(std::chrono::seconds(value));
}

Labels up(int number) {
    return Labels{{"__name__", "up"}, {"number", std::to_string(number)}};
}

Matchers named(const std::string& name) {
    return {*Matcher::make("__name__", Matcher::Op::equal, name)};
}
Matchers any_name() {
    return {*Matcher::make("__name__", Matcher::Op::regexp, ".+")};
}

Store filled(int series, int samples) {
    Store store(StoreOptions{.retention = Retention::forever()});
    for (int at = 0; at < samples; ++at) {
        for (int i = 0; i < series; ++i)
            store.append(up(i), sec(at * 10), at, 10s);
    }
    return store;
}

/// How often each series was visited, `change` having been done to the store after each piece.
template <class Change>
std::map<std::string, int> visits(Store& store, const Matchers& matchers, std::size_t piece,
                                  Change change) {
    std::map<std::string, int> seen;
    Store::Where where;
    while (store.visit_some(matchers, where, piece, [&](const Series& series) {
        ++seen[std::string(series.labels().get("number"))];
    })) {
        change();
    }
    return seen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(copy)

BOOST_AUTO_TEST_CASE(pieces_visit_each_series_of_a_store_at_rest_once) {
    Store store = filled(100, 1);
    store.append(Labels{{"__name__", "other"}}, sec(0), 1);
    for (const std::size_t piece : {1U, 7U, 1000U}) {
        const auto seen = visits(store, named("up"), piece, [] {});
        BOOST_TEST(seen.size() == 100U);
        for (const auto& [number, times] : seen)
            BOOST_TEST(times == 1);
        BOOST_TEST(visits(store, any_name(), piece, [] {}).size() == 101U);
    }
}

BOOST_AUTO_TEST_CASE(what_stays_is_visited_however_others_come_and_go) {
    for (const Matchers& matchers : {named("up"), any_name()}) {
        Store store(StoreOptions{.retention = {.everything = 1h, .by_name = {}}});
        // Every third is old, and goes while it is read.
        for (int i = 0; i < 90; ++i)
            store.append(up(i), sec(i % 3 == 0 ? 0 : 7200), i);
        int fresh = 1000;
        const auto seen = visits(store, matchers, 5, [&] {
            store.forget(sec(7200), 9);
            store.append(up(fresh++), sec(7200), 1);
        });
        for (int i = 0; i < 90; ++i) {
            if (i % 3 != 0) BOOST_TEST(seen.contains(std::to_string(i)), "series " << i);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_vanishes_meanwhile_ends_the_visit) {
    Store store = filled(10, 1);
    Store::Where where;
    BOOST_TEST(store.visit_some(named("up"), where, 3, [](const Series&) {}));
    store.clear();
    BOOST_TEST(!store.visit_some(named("up"), where, 3, [](const Series&) {}));
}

BOOST_AUTO_TEST_CASE(nothing_is_there_to_visit) {
    const Store store;
    Store::Where where;
    BOOST_TEST(!store.visit_some(named("up"), where, 3, [](const Series&) {}));
    Store::Where everywhere;
    BOOST_TEST(!store.visit_some(any_name(), everywhere, 3, [](const Series&) {}));
}

BOOST_AUTO_TEST_CASE(a_copy_answers_as_its_series_did_and_stays_as_it_was) {
    Store store = filled(1, 1000);
    const Series& original = *store.select(named("up"))[0];
    Store copies;
    BOOST_TEST(copies.adopt(original.copy(sec(5000), sec(6000))));
    store.append(up(0), sec(20'000), 7, 10s);

    const Series& copied = *copies.select(named("up"))[0];
    BOOST_TEST(copied.labels().to_string() == original.labels().to_string());
    BOOST_TEST(copied.newest().value == 999);
    BOOST_TEST((copied.lookback() == original.lookback()));
    std::vector<Point> wanted;
    std::vector<Point> found;
    original.points(sec(5000), sec(6000), wanted);
    copied.points(sec(5000), sec(6000), found);
    BOOST_REQUIRE(wanted.size() == 101U);
    BOOST_REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        BOOST_TEST((found[i].at == wanted[i].at));
        BOOST_TEST(found[i].value == wanted[i].value);
    }
    // The lookback before the window is there too.
    BOOST_TEST(copied.last_at(sec(4999))->value == 499);
}

BOOST_AUTO_TEST_CASE(a_copy_leaves_out_what_nobody_asked_for) {
    Store store = filled(1, 5000);
    const Series& original = *store.select(named("up"))[0];
    const SeriesCopy part = original.copy(sec(49'000), sec(49'100));
    BOOST_TEST(part.samples() < 500U);
    BOOST_TEST(part.bytes() < original.copy(sec(0), sec(50'000)).bytes() / 5);
    const SeriesCopy none = original.copy(sec(90'000), sec(90'100));
    BOOST_TEST(none.samples() == 1U);
}

BOOST_AUTO_TEST_CASE(a_series_without_history_is_copied_with_its_newest_sample) {
    Store store;
    store.append(up(1), sec(10), 3);
    Store copies;
    BOOST_TEST(copies.adopt(store.select(named("up"))[0]->copy(sec(0), sec(100))));
    std::vector<Point> found;
    copies.select(named("up"))[0]->points(sec(0), sec(100), found);
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].value == 3);
}

BOOST_AUTO_TEST_CASE(the_same_labels_are_adopted_once) {
    const Store store = filled(1, 3);
    const Series& original = *store.select(named("up"))[0];
    Store copies;
    BOOST_TEST(copies.adopt(original.copy(sec(0), sec(100))));
    BOOST_TEST(!copies.adopt(original.copy(sec(0), sec(100))));
    BOOST_TEST(copies.series() == 1U);
}

BOOST_AUTO_TEST_CASE(no_more_is_adopted_than_a_store_may_hold) {
    const Store store = filled(3, 1);
    Store copies(StoreOptions{.series_limit = 2, .retention = {}});
    std::size_t adopted = 0;
    for (const Series* series : store.select(named("up")))
        adopted += copies.adopt(series->copy(sec(0), sec(1))) ? 1 : 0;
    BOOST_TEST(adopted == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
