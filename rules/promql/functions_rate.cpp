#include <algorithm>
#include <cmath>

#include "rules/promql/evaluator.h"
#include "rules/promql/quoting.h"

// What happens to a value over a range. Source: Prometheus's promql/functions (extrapolatedRate,
// instantValue), and extended_vectors for anchored and smoothed.
namespace pilotlight::promql {
namespace {

using series::Point;

constexpr auto kTime = [](const Point& point) { return point.at; };

enum class Kind { rate, increase, delta };

double seconds_between(WallTime from, WallTime to) {
    return to_seconds(to - from);
}

/// What a counter grew, resets made good.
double growth(std::span<const Point> points, bool counter) {
    double grown = points.back().value - points.front().value;
    if (!counter) return grown;
    for (std::size_t i = 1; i < points.size(); ++i) {
        if (points[i].value < points[i - 1].value) grown += points[i - 1].value;
    }
    return grown;
}

/// How far the growth is thought to go on beyond the first and last sample: to the range's end
/// where that is about a step away, else half a step; a counter not below zero.
double extrapolated_seconds(const Window& window, double grown, bool counter, bool is_3) {
    const auto points = window.points;
    const double sampled = seconds_between(points.front().at, points.back().at);
    const double step = sampled / static_cast<double>(points.size() - 1);
    const double near = step * 1.1;
    double to_start = seconds_between(window.start, points.front().at);
    double to_end = seconds_between(points.back().at, window.end);
    const auto to_zero = [&] {
        if (!counter || !(grown > 0) || !(points.front().value >= 0)) return;
        to_start = std::min(to_start, sampled * (points.front().value / grown));
    };
    // Prometheus 2 asked how near the start is after looking at zero, Prometheus 3 before.
    if (!is_3) to_zero();
    if (to_start >= near) to_start = step / 2;
    if (is_3) to_zero();
    if (to_end >= near) to_end = step / 2;
    return sampled + to_start + to_end;
}

double per_range(const Window& window, double value, Kind kind) {
    return kind == Kind::rate ? value / seconds_between(window.start, window.end) : value;
}

std::optional<double> plain(const Window& window, Kind kind, bool is_3) {
    const auto points = window.points;
    if (points.size() < 2) return std::nullopt;
    const bool counter = kind != Kind::delta;
    const double grown = growth(points, counter);
    const double sampled = seconds_between(points.front().at, points.back().at);
    double factor = extrapolated_seconds(window, grown, counter, is_3) / sampled;
    if (kind == Kind::rate) factor /= seconds_between(window.start, window.end);
    return grown * factor;
}

/// The samples in the range, with the last one at or before its start moved to the start; nothing
/// where no sample lies within.
std::vector<Point> anchored_points(const Window& window) {
    const auto inside = std::ranges::upper_bound(window.points, window.start, {}, kTime);
    if (inside == window.points.end()) return {};
    std::vector<Point> points;
    const Point first = inside == window.points.begin() ? *inside : *std::prev(inside);
    points.push_back({window.start, first.value});
    points.insert(points.end(), inside, window.points.end());
    return points;
}

/// The value at `at` on the line between two samples; a counter that was reset starts at zero.
double between(const Point& before, const Point& after, WallTime at, bool counter) {
    const double from = counter && after.value < before.value ? 0 : before.value;
    // Multiplied first, by whole milliseconds: exact where the growth is a whole number of steps.
    const auto elapsed = static_cast<double>((at - before.at).count());
    const auto whole = static_cast<double>((after.at - before.at).count());
    return from + (after.value - from) * elapsed / whole;
}

/// The samples in the range, with values at its two ends put between those around them.
std::vector<Point> smoothed_points(const Window& window, bool counter) {
    const auto all = window.points;
    const auto inside = std::ranges::upper_bound(all, window.start, {}, kTime);
    const auto behind = std::ranges::lower_bound(all, window.end, {}, kTime);
    const bool nothing_before_end = all.front().at > window.end;
    if (all.back().at <= window.start || nothing_before_end) return {};
    std::vector<Point> points;
    if (inside == all.begin()) {
        points.push_back({window.start, inside->value});
    } else {
        const Point& before = *std::prev(inside);
        points.push_back({window.start, between(before, *inside, window.start, counter)});
    }
    if (inside < behind) points.insert(points.end(), inside, behind);
    if (behind == all.end()) {
        points.push_back({window.end, all.back().value});
    } else if (behind->at == window.end || behind == all.begin()) {
        points.push_back({window.end, behind->value});
    } else {
        points.push_back({window.end, between(*std::prev(behind), *behind, window.end, counter)});
    }
    return points;
}

std::optional<double> measure(const Window& window, Kind kind, bool is_3) {
    const bool counter = kind != Kind::delta;
    if (window.mode == RangeMode::plain) return plain(window, kind, is_3);
    const std::vector<Point> points = window.mode == RangeMode::anchored
                                          ? anchored_points(window)
                                          : smoothed_points(window, counter);
    if (points.empty()) return std::nullopt;
    return per_range(window, growth(points, counter), kind);
}

bool is_named_like_counter(std::string_view name) {
    return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
           name.ends_with("_bucket");
}

/// Tells of the names that are probably no counters'.
class NonCounters {
  public:
    explicit NonCounters(Frame& frame) : frame_(frame), wanted_(frame.evaluator().wants_infos()) {}

    void look_at(const Labels& labels) {
        if (!wanted_) return;
        const std::string_view name = labels.metric_name();
        // Series of a kind come one behind the other.
        if (name.empty() || name == last_) return;
        last_ = name;
        if (is_named_like_counter(name)) return;
        frame_.evaluator().inform(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
                quote(name),
            frame_.argument(0));
    }

  private:
    Frame& frame_;
    bool wanted_;
    std::string last_;
};

template <Kind kKind>
Items rate_like(Frame& frame) {
    const bool is_3 = frame.evaluator().is_3();
    NonCounters non_counters(frame);
    return frame.map_ranges(0, [&](const Window& window) {
        const std::optional<double> value = measure(window, kKind, is_3);
        if (value && kKind != Kind::delta) non_counters.look_at(*window.labels);
        return value;
    });
}

/// The last two samples' difference.
template <bool kRate>
Items last_step(Frame& frame) {
    return frame.map_ranges(0, [](const Window& window) -> std::optional<double> {
        if (window.points.size() < 2) return std::nullopt;
        const Point last = window.points.back();
        const Point before = window.points[window.points.size() - 2];
        if (!kRate) return last.value - before.value;
        const double grown = last.value < before.value ? last.value : last.value - before.value;
        return grown / seconds_between(before.at, last.at);
    });
}

template <class IsOne>
Items count_steps(Frame& frame, IsOne is_one) {
    return frame.map_ranges(0, [&](const Window& window) -> std::optional<double> {
        std::vector<Point> anchored;
        std::span<const Point> points = window.points;
        if (window.mode == RangeMode::anchored) {
            anchored = anchored_points(window);
            if (anchored.empty()) return std::nullopt;
            points = anchored;
        }
        double count = 0;
        for (std::size_t i = 1; i < points.size(); ++i) {
            if (is_one(points[i - 1].value, points[i].value)) count += 1;
        }
        return count;
    });
}

Items changes(Frame& frame) {
    return count_steps(frame, [](double before, double now) {
        return now != before && !(std::isnan(now) && std::isnan(before));
    });
}

Items resets(Frame& frame) {
    return count_steps(frame, [](double before, double now) { return now < before; });
}

constexpr Function kFunctions[] = {
    {.name = "rate", .arguments = {ValueType::matrix}, .vector = rate_like<Kind::rate>},
    {.name = "increase", .arguments = {ValueType::matrix}, .vector = rate_like<Kind::increase>},
    {.name = "delta", .arguments = {ValueType::matrix}, .vector = rate_like<Kind::delta>},
    {.name = "irate", .arguments = {ValueType::matrix}, .vector = last_step<true>},
    {.name = "idelta", .arguments = {ValueType::matrix}, .vector = last_step<false>},
    {.name = "changes", .arguments = {ValueType::matrix}, .vector = changes},
    {.name = "resets", .arguments = {ValueType::matrix}, .vector = resets},
};

}  // namespace

std::span<const Function> rate_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql
