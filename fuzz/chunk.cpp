// Compressed samples: what was appended is read back, bit by bit.
#include "series/chunk.h"

#include <bit>
#include <cstring>

#include "core/check.h"

namespace pilotlight::fuzz {

namespace {

/// Takes a number of `T`'s size off the front of `input`; zero bytes follow its end.
template <class T>
T take(std::string_view& input) {
    T value{};
    std::memcpy(&value, input.data(), std::min(input.size(), sizeof value));
    input.remove_prefix(std::min(input.size(), sizeof value));
    return value;
}

}  // namespace

void chunk(std::string_view input) {
    constexpr std::size_t kPoints = 2'000;
    std::vector<series::Point> points;
    series::Chunk chunk;
    WallTime at{Duration(take<std::int32_t>(input))};
    while (!input.empty() && points.size() < kPoints) {
        // A byte says how far the step reaches, so that short and long ones are found alike.
        const auto width = take<std::uint8_t>(input) % 41;
        const std::uint64_t step = take<std::uint64_t>(input) & ((std::uint64_t{1} << width) - 1);
        at += Duration(static_cast<std::int64_t>(step) + 1);
        const series::Point point{at, std::bit_cast<double>(take<std::uint64_t>(input))};
        chunk.append(point);
        points.push_back(point);
    }
    PILOT_CHECK(chunk.size() == points.size());
    std::size_t index = 0;
    chunk.for_each([&](const series::Point& got) {
        const auto& expected = points[index++];
        PILOT_CHECK(got.at == expected.at);
        PILOT_CHECK(std::bit_cast<std::uint64_t>(got.value) ==
                    std::bit_cast<std::uint64_t>(expected.value));
        return true;
    });
    PILOT_CHECK(index == points.size());
}

}  // namespace pilotlight::fuzz
