#include "series/chunk.h"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "core/sample.h"

using pilotlight::Duration;
using pilotlight::WallTime;
using pilotlight::series::Chunk;
using pilotlight::series::Point;

namespace {

WallTime ms(std::int64_t value) {
    return WallTime(Duration(value));
}

std::vector<Point> read(const Chunk& chunk) {
    std::vector<Point> points;
    chunk.for_each([&](Point point) {
        points.push_back(point);
        return true;
    });
    return points;
}

void check_round_trip(const std::vector<Point>& points) {
    Chunk chunk;
    for (const Point point : points)
        chunk.append(point);
    const std::vector<Point> back = read(chunk);
    BOOST_REQUIRE(back.size() == points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        BOOST_REQUIRE(back[i].at == points[i].at);
        // Bits, not values: NaN and the stale marker are told apart by them.
        BOOST_REQUIRE(std::bit_cast<std::uint64_t>(back[i].value) ==
                      std::bit_cast<std::uint64_t>(points[i].value));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chunk)

BOOST_AUTO_TEST_CASE(gives_back_special_values_bit_by_bit) {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    check_round_trip({{ms(1), 0.0},
                      {ms(2), -0.0},
                      {ms(3), kInf},
                      {ms(4), -kInf},
                      {ms(5), std::numeric_limits<double>::quiet_NaN()},
                      {ms(6), pilotlight::stale_marker()},
                      {ms(7), std::numeric_limits<double>::denorm_min()},
                      {ms(8), std::numeric_limits<double>::max()},
                      {ms(9), 1.0}});
}

BOOST_AUTO_TEST_CASE(gives_back_times_before_the_epoch_and_far_apart) {
    check_round_trip({{ms(-9'000'000'000'000'000), 1},
                      {ms(-1), 2},
                      {ms(0), 3},
                      {ms(1), 4},
                      {ms(9'000'000'000'000'000), 5}});
}

BOOST_AUTO_TEST_CASE(gives_back_every_class_of_step_change) {
    std::vector<Point> points;
    std::int64_t at = 1'700'000'000'000;
    constexpr std::int64_t kSteps[] = {15000,     15000, 15127, 15000,     14872,  15000,
                                       23191,     15000, 6809,  15000,     539287, 15000,
                                       100000000, 1,     1,     2147483648};
    for (const std::int64_t step : kSteps) {
        points.push_back({ms(at += step), double(step)});
    }
    check_round_trip(points);
}

BOOST_AUTO_TEST_CASE(gives_back_random_series) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937_64 random(seed);
        std::vector<Point> points;
        std::int64_t at = 1'600'000'000'000;
        double value = 0;
        for (int i = 0; i < 300; ++i) {
            at += random() % 4 == 0 ? std::int64_t(1 + random() % 100000) : 15000;
            switch (random() % 4) {
                case 0:
                    break;
                case 1:
                    value += double(random() % 100);
                    break;
                case 2:
                    value = std::bit_cast<double>(random());
                    break;
                default:
                    value = double(random() % 1000) / 10;
                    break;
            }
            points.push_back({ms(at), value});
        }
        BOOST_TEST_CONTEXT("seed " << seed) {
            check_round_trip(points);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_regular_constant_series_costs_a_quarter_byte_a_sample) {
    Chunk chunk;
    for (int i = 0; i < 1000; ++i)
        chunk.append({ms(1'700'000'000'000 + i * 15000), 42});
    chunk.seal();
    BOOST_TEST(chunk.bytes() < 300U);
}

BOOST_AUTO_TEST_CASE(reading_stops_when_told_to) {
    Chunk chunk;
    for (int i = 0; i < 10; ++i)
        chunk.append({ms(i), double(i)});
    int seen = 0;
    chunk.for_each([&](Point) { return ++seen < 3; });
    BOOST_TEST(seen == 3);
}

BOOST_AUTO_TEST_SUITE_END()
