#include "exporters/query/reading.h"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <thread>

using namespace pilotlight;
using namespace pilotlight::query;
using namespace std::chrono_literals;

namespace {

Matchers named(const std::string& name) {
    return {*Matcher::make("__name__", Matcher::Op::equal, name)};
}

series::Store filled(int count) {
    series::Store store({.retention = series::Retention::forever()});
    for (int i = 0; i < count; ++i) {
        for (int at = 0; at < 3; ++at) {
            store.append(Labels{{"__name__", "up"}, {"i", std::to_string(i)}},
                         WallTime(std::chrono::seconds(at)), at);
        }
    }
    return store;
}

std::vector<Read> of(const std::string& name) {
    return {{named(name), WallTime(0s), WallTime(10s)}};
}

const auto kAtOnce = [] { return false; };
const auto kAlways = [] { return true; };

}  // namespace

BOOST_AUTO_TEST_SUITE(reading)

BOOST_AUTO_TEST_CASE(slices_end_when_they_are_told_to) {
    const series::Store store = filled(1000);
    Reading reading(of("up"), Reading::What::samples, {});
    int slices = 1;
    while (!reading.step(store, kAlways))
        ++slices;
    BOOST_TEST(slices > 10);
    BOOST_TEST((reading.wait(kAlways) == Reading::Outcome::complete));
    std::set<std::string> seen;
    for (const series::SeriesCopy& copy : reading.take()) {
        seen.insert(copy.labels.to_string());
        BOOST_TEST(copy.samples() >= 3U);
    }
    BOOST_TEST(seen.size() == 1000U);
    BOOST_TEST(reading.step(store, kAtOnce));
}

BOOST_AUTO_TEST_CASE(the_reader_wakes_when_the_owner_is_done) {
    const series::Store store = filled(1000);
    const auto reading =
        std::make_shared<Reading>(of("up"), Reading::What::samples, ReadingLimits{});
    Reading::Outcome outcome = Reading::Outcome::given_up;
    std::thread reader([&] { outcome = reading->wait([] { return false; }); });
    while (!reading->step(store, kAlways)) {
    }
    reader.join();
    BOOST_TEST((outcome == Reading::Outcome::complete));
    BOOST_TEST(reading->take().size() == 1000U);
}

BOOST_AUTO_TEST_CASE(a_reader_that_gives_up_frees_the_owner) {
    const series::Store store = filled(1000);
    Reading reading(of("up"), Reading::What::samples, {});
    BOOST_TEST(!reading.step(store, kAlways));
    BOOST_TEST((reading.wait(kAlways) == Reading::Outcome::given_up));
    BOOST_TEST(reading.step(store, kAlways));
    BOOST_TEST(reading.take().empty());
}

BOOST_AUTO_TEST_CASE(limits_end_it_early) {
    const series::Store store = filled(1000);
    for (const ReadingLimits limits : {ReadingLimits{.series = 10}, ReadingLimits{.samples = 10},
                                       ReadingLimits{.bytes = 1000}}) {
        Reading reading(of("up"), Reading::What::samples, limits);
        BOOST_TEST(reading.step(store, kAtOnce));
        BOOST_TEST((reading.wait(kAlways) == Reading::Outcome::too_much));
        BOOST_TEST(reading.take().size() < 100U);
    }
}

BOOST_AUTO_TEST_CASE(several_reads_follow_each_other) {
    series::Store store = filled(3);
    store.append(Labels{{"__name__", "other"}}, WallTime(0s), 1);
    std::vector<Read> reads = of("up");
    reads.push_back({named("nothing"), WallTime(0s), WallTime(1s)});
    reads.push_back({named("other"), WallTime(0s), WallTime(1s)});
    Reading reading(std::move(reads), Reading::What::labels_only, {});
    BOOST_TEST(reading.step(store, kAtOnce));
    const Reading::Copies copies = reading.take();
    BOOST_TEST(copies.size() == 4U);
    for (const series::SeriesCopy& copy : copies)
        BOOST_TEST(copy.history == nullptr);
}

BOOST_AUTO_TEST_CASE(nothing_to_read_is_over_at_once) {
    Reading reading({}, Reading::What::samples, {});
    BOOST_TEST(reading.step(filled(1), kAlways));
    BOOST_TEST((reading.wait(kAlways) == Reading::Outcome::complete));
}

BOOST_AUTO_TEST_SUITE_END()
