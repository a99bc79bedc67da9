#include "series/store.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace std::chrono_literals;
using pilotlight::Duration;
using pilotlight::Label;
using pilotlight::Labels;
using pilotlight::Matcher;
using pilotlight::Matchers;
using pilotlight::SampleBatch;
using pilotlight::WallTime;
using pilotlight::series::Appended;
using pilotlight::series::Origin;
using pilotlight::series::Retention;
using pilotlight::series::Series;
using pilotlight::series::Store;
using pilotlight::series::StoreOptions;

namespace {

WallTime sec(std::int64_t value) {
    return WallTime(std::chrono::seconds(value));
}

Matcher match(std::string name, Matcher::Op op, std::string value) {
    return *Matcher::make(std::move(name), op, std::move(value));
}
Matcher name_is(std::string name) {
    return match("__name__", Matcher::Op::equal, std::move(name));
}

Labels up(const std::string& job) {
    return Labels{{"__name__", "up"}, {"job", job}};
}

std::set<std::string> names(const std::vector<const Series*>& found) {
    std::set<std::string> texts;
    for (const Series* series : found)
        texts.insert(series->labels().to_string());
    return texts;
}

Store keeping(Duration everything) {
    return Store(StoreOptions{.retention = {.everything = everything, .by_name = {}}});
}

const Series& only(const Store& store, const Matchers& matchers) {
    const auto found = store.select(matchers);
    BOOST_REQUIRE(found.size() == 1U);
    return *found[0];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store)

BOOST_AUTO_TEST_CASE(keeps_only_the_newest_where_nothing_reads_back) {
    Store store;
    for (int i = 0; i < 100; ++i)
        store.append(up("a"), sec(i), i);
    BOOST_TEST(store.series() == 1U);
    BOOST_TEST(store.samples() == 1U);
    const Series& series = only(store, {name_is("up")});
    BOOST_TEST(series.newest().value == 99);
    BOOST_TEST(!series.last_at(sec(98)).has_value());
}

BOOST_AUTO_TEST_CASE(keeps_history_of_the_names_that_are_read_back) {
    Retention retention;
    retention.need("up", 1min);
    retention.need("up", 30s);
    Store store(StoreOptions{.retention = retention});
    const Labels other{{"__name__", "other"}};
    for (int i = 0; i < 100; ++i) {
        store.append(up("a"), sec(i), i);
        store.append(other, sec(i), i);
    }
    const Series& series = only(store, {name_is("up")});
    BOOST_TEST(series.last_at(sec(50))->value == 50);
    std::vector<pilotlight::series::Point> points;
    series.points(sec(39), sec(99), points);
    BOOST_TEST(points.size() == 61U);
    BOOST_TEST(only(store, {name_is("other")}).samples() == 1U);
}

BOOST_AUTO_TEST_CASE(refuses_and_counts_what_is_out_of_order) {
    Store store;
    BOOST_CHECK(store.append(up("a"), sec(10), 1) == Appended::stored);
    BOOST_CHECK(store.append(up("a"), sec(9), 2) == Appended::out_of_order);
    BOOST_CHECK(store.append(up("a"), sec(10), 2) == Appended::duplicate);
    BOOST_CHECK(store.append(up("a"), sec(10), 1) == Appended::repeated);
    BOOST_TEST(store.refusals().out_of_order == 1U);
    BOOST_TEST(store.refusals().duplicate == 1U);
    BOOST_TEST(only(store, {name_is("up")}).newest().value == 1);
}

BOOST_AUTO_TEST_CASE(refuses_and_counts_series_beyond_the_limit) {
    Store store(StoreOptions{.series_limit = 2, .retention = {}});
    store.append(up("a"), sec(1), 1);
    store.append(up("b"), sec(1), 1);
    BOOST_CHECK(store.append(up("c"), sec(1), 1) == Appended::series_limit);
    BOOST_CHECK(store.append(up("a"), sec(2), 1) == Appended::stored);
    BOOST_TEST(store.series() == 2U);
    BOOST_TEST(store.refusals().series_limit == 1U);
}

BOOST_AUTO_TEST_CASE(a_stale_marker_makes_no_series) {
    Store store;
    store.append(up("a"), sec(1), pilotlight::stale_marker());
    BOOST_TEST(store.series() == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_source_no_longer_brings_ends_at_once) {
    Store store;
    Origin origin;
    const SampleBatch first{sec(1), {{up("a"), 1}, {up("b"), 1}}, {}};
    const SampleBatch second{sec(2), {{up("b"), 1}, {up("c"), 1}}, {}};
    BOOST_TEST(store.append(first, origin, 15s) == 2U);
    BOOST_TEST(store.append(second, origin, 15s) == 2U);
    const auto stale = [&](const std::string& job) {
        const auto newest =
            only(store, {name_is("up"), match("job", Matcher::Op::equal, job)}).newest();
        return pilotlight::is_stale(newest.value) && newest.at == sec(2);
    };
    BOOST_TEST(stale("a"));
    BOOST_TEST(!stale("b"));
    BOOST_TEST(!stale("c"));
}

BOOST_AUTO_TEST_CASE(a_removed_source_ends_all_it_brought_and_nothing_else) {
    Store store;
    Origin origin;
    store.append(SampleBatch{sec(1), {{up("a"), 1}}, {}}, origin, 15s);
    store.append(up("other"), sec(1), 1);
    store.end(origin, sec(5));
    BOOST_TEST(origin.live.empty());
    int stale = 0;
    store.for_each([&](const Series& s) { stale += pilotlight::is_stale(s.newest().value); });
    BOOST_TEST(stale == 1);
    store.end({match("job", Matcher::Op::equal, "other")}, sec(6));
    BOOST_TEST(pilotlight::is_stale(
        only(store, {match("job", Matcher::Op::equal, "other")}).newest().value));
}

BOOST_AUTO_TEST_CASE(an_origin_does_not_end_a_series_that_took_a_forgotten_ones_place) {
    Store store;
    Origin origin;
    store.append(SampleBatch{sec(1), {{up("a"), 1}}, {}}, origin, 15s);
    BOOST_TEST(store.forget(sec(3600)) == 1U);
    store.append(up("new"), sec(3600), 1);
    store.end(origin, sec(3601));
    BOOST_TEST(!pilotlight::is_stale(only(store, {name_is("up")}).newest().value));
}

BOOST_AUTO_TEST_CASE(forgets_only_what_no_evaluation_can_see) {
    Store store;
    store.append(up("fast"), sec(0), 1, 15s);
    store.append(up("hourly"), sec(0), 1, 1h);
    BOOST_TEST(store.forget(sec(300)) == 0U);
    BOOST_TEST(store.forget(sec(301)) == 1U);
    BOOST_TEST(only(store, {name_is("up")}).labels().get("job") == "hourly");
    BOOST_TEST(store.forget(sec(7200)) == 0U);
    BOOST_TEST(store.forget(sec(7261)) == 1U);
    BOOST_TEST(store.series() == 0U);
}

BOOST_AUTO_TEST_CASE(forgets_a_few_at_a_time_until_all_are_looked_at) {
    Store store;
    for (int i = 0; i < 100; ++i)
        store.append(up(std::to_string(i)), sec(0), 1);
    std::size_t dropped = 0;
    for (int i = 0; i < 10; ++i)
        dropped += store.forget(sec(10'000), 10);
    BOOST_TEST(dropped == 100U);
}

BOOST_AUTO_TEST_CASE(a_series_probed_each_hour_stays_valid_beyond_one_missed_probe) {
    BOOST_TEST(pilotlight::series::lookback_for(15s).count() == Duration(5min).count());
    BOOST_TEST(pilotlight::series::lookback_for(1h).count() >= Duration(2h).count());
}

BOOST_AUTO_TEST_CASE(new_retention_drops_history_and_starts_it) {
    Store store = keeping(10min);
    for (int i = 0; i < 100; ++i)
        store.append(up("a"), sec(i), i);
    BOOST_TEST(store.samples() == 100U);
    store.set_retention({});
    BOOST_TEST(store.samples() == 1U);
    store.set_retention(Retention::forever());
    store.append(up("a"), sec(200), 200);
    BOOST_TEST(only(store, {name_is("up")}).last_at(sec(150))->value == 99);
}

BOOST_AUTO_TEST_CASE(selects_by_every_kind_of_matcher) {
    Store store;
    for (const char* job : {"a", "b", "c"})
        store.append(up(job), sec(1), 1);
    store.append(Labels{{"__name__", "up"}}, sec(1), 1);
    store.append(Labels{{"__name__", "down"}, {"job", "a"}}, sec(1), 1);
    using Op = Matcher::Op;
    BOOST_TEST(names(store.select(Matchers{name_is("up"), match("job", Op::equal, "a")})) ==
                   std::set<std::string>{"up{job=\"a\"}"},
               boost::test_tools::per_element());
    BOOST_TEST(store.select(Matchers{name_is("up"), match("job", Op::not_equal, "a")}).size() ==
               3U);
    BOOST_TEST(store.select(Matchers{name_is("up"), match("job", Op::regexp, "a|b")}).size() == 2U);
    BOOST_TEST(store.select(Matchers{name_is("up"), match("job", Op::not_regexp, ".+")}).size() ==
               1U);
    BOOST_TEST(store.select(Matchers{name_is("up"), match("job", Op::equal, "")}).size() == 1U);
    BOOST_TEST(store.select(Matchers{match("job", Op::equal, "a")}).size() == 2U);
    BOOST_TEST(store
                   .select(Matchers{match("__name__", Op::regexp, "up|down"),
                                    match("job", Op::equal, "a")})
                   .size() == 2U);
    BOOST_TEST(store.select(Matchers{name_is("up"), name_is("down")}).empty());
    BOOST_TEST(store.select(Matchers{name_is("nothing")}).empty());
}

BOOST_AUTO_TEST_CASE(answers_like_a_plain_map_through_random_changes) {
    std::mt19937 random(7);
    Store store;
    std::map<std::string, std::pair<Labels, std::int64_t>> naive;
    const Matchers by_target{name_is("m"), match("target", Matcher::Op::equal, "3")};
    for (int at = 1; at < 20'000; ++at) {
        const std::string target = std::to_string(random() % 10);
        const std::string path = std::to_string(random() % 60);
        const Labels labels{{"__name__", "m"}, {"path", path}, {"target", target}};
        store.append(labels, sec(at), at);
        naive[labels.to_string()] = {labels, at};
        if (random() % 50 == 0) {
            store.forget(sec(at));
            std::erase_if(naive, [&](const auto& e) { return at - e.second.second > 300; });
        }
        if (at % 200 != 0) continue;
        std::set<std::string> expected;
        for (const auto& [text, entry] : naive) {
            if (entry.first.get("target") == "3") expected.insert(text);
        }
        std::set<std::string> found = names(store.select(by_target));
        // Not yet forgotten is fine; what is live must be there.
        BOOST_REQUIRE(std::ranges::includes(found, expected));
        BOOST_REQUIRE(store.series() >= naive.size());
        for (const Series* series : store.select(by_target)) {
            BOOST_REQUIRE(series->labels().get("target") == "3");
        }
    }
}

BOOST_AUTO_TEST_CASE(is_small_where_only_the_newest_is_kept) {
    Store store;
    std::size_t labels = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Labels made{{"__name__", "probe_success"}, {"target", "target" + std::to_string(i)}};
        for (const Label label : made)
            labels += label.name.size() + label.value.size() + 8;
        store.append(made, sec(1), 1);
    }
    BOOST_TEST(store.bytes() - labels < 10'000U * 130U);
}

BOOST_AUTO_TEST_SUITE_END()
