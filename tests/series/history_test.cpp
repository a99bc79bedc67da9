#include "series/history.h"

#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using pilotlight::Duration;
using pilotlight::WallTime;
using pilotlight::series::History;
using pilotlight::series::Point;

namespace {

WallTime sec(std::int64_t value) {
    return WallTime(std::chrono::seconds(value));
}

/// The same, the plain way.
struct NaiveHistory {
    std::vector<Point> points;

    [[nodiscard]] std::vector<double> between(WallTime from, WallTime to) const {
        std::vector<double> values;
        for (const Point& point : points) {
            if (point.at >= from && point.at <= to) values.push_back(point.value);
        }
        return values;
    }
    [[nodiscard]] double last_at(WallTime at) const {
        double value = -1;
        for (const Point& point : points) {
            if (point.at <= at) value = point.value;
        }
        return value;
    }
};

std::vector<double> between(const History& history, WallTime from, WallTime to) {
    std::vector<Point> points;
    history.points(from, to, points);
    std::vector<double> values;
    for (const Point& point : points)
        values.push_back(point.value);
    return values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(history)

BOOST_AUTO_TEST_CASE(answers_like_a_plain_vector) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        std::mt19937 random(seed);
        History history;
        NaiveHistory naive;
        std::int64_t at = 0;
        for (int i = 0; i < 700; ++i) {
            at += 1 + std::int64_t(random() % 30);
            const Point point{sec(at), double(i)};
            history.append(point, Duration::max());
            naive.points.push_back(point);
        }
        BOOST_TEST(history.size() == naive.points.size());
        for (int i = 0; i < 200; ++i) {
            const WallTime from = sec(std::int64_t(random() % (at + 40)) - 20);
            const WallTime to = from + std::chrono::seconds(random() % 900);
            BOOST_TEST(between(history, from, to) == naive.between(from, to),
                       boost::test_tools::per_element());
            const auto last = history.last_at(to);
            BOOST_TEST((last ? last->value : -1) == naive.last_at(to));
        }
    }
}

BOOST_AUTO_TEST_CASE(is_empty_before_its_first_sample) {
    History history;
    BOOST_TEST(!history.last_at(sec(1000)).has_value());
    history.append({sec(10), 1}, 5min);
    BOOST_TEST(!history.last_at(sec(9)).has_value());
    BOOST_TEST(history.last_at(sec(10)).has_value());
}

BOOST_AUTO_TEST_CASE(keeps_the_retention_and_little_more) {
    History history;
    for (int i = 0; i < 10'000; ++i)
        history.append({sec(i * 15), double(i)}, 5min);
    const WallTime end = sec(9999 * 15);
    // All 21 of the last five minutes are there ...
    BOOST_TEST(between(history, end - 5min, end).size() == 21U);
    // ... and no more than three chunks' worth.
    BOOST_TEST(history.size() < 70U);
    BOOST_TEST(history.bytes() < 700U);
}

BOOST_AUTO_TEST_SUITE_END()
