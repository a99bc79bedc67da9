#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

#include "rules/promql/evaluator.h"
#include "rules/promql/label_sets.h"
#include "rules/promql/numbers.h"
#include "rules/promql/printer.h"
#include "rules/promql/quoting.h"

// Classic histograms: cumulative buckets with a label `le`. Source: Prometheus's promql/quantile.
namespace pilotlight::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Bucket {
    double upper = 0;
    double count = 0;
};

struct Histogram {
    Labels labels;
    std::vector<Bucket> buckets;
};

/// With the metric's name, where there is one.
std::string of_metric(std::string message, std::string_view name) {
    if (!name.empty()) message += " for metric name " + quote(name);
    return message;
}

/// The buckets of each histogram among the samples; the names still there.
std::vector<Histogram> histograms_of(Evaluator& evaluator, const Items& items, const Expr& at) {
    static const std::vector<std::string> kBound{"le"};
    std::vector<Histogram> histograms;
    std::unordered_map<Labels, std::size_t> by_labels;
    for (const Item& item : items) {
        const std::string_view bound = item.labels.get("le");
        const auto upper = parse_go_float(bound);
        if (!upper) {
            std::string message = fmt::format(
                "bucket label \"le\" is missing or has a malformed value of {}", quote(bound));
            evaluator.warn(of_metric(std::move(message), item.labels.metric_name()), at);
            continue;
        }
        Labels labels = drop_labels(item.labels, kBound, false);
        const auto [known, is_new] = by_labels.try_emplace(labels, histograms.size());
        if (is_new) histograms.push_back({std::move(labels), {}});
        histograms[known->second].buckets.push_back({*upper, item.value});
    }
    return histograms;
}

bool almost_equal(double a, double b) {
    constexpr double kTolerance = 1e-12;
    constexpr double kLeastNormal = std::numeric_limits<double>::min();
    if (a == b) return true;
    const double sum = std::abs(a) + std::abs(b);
    const double difference = std::abs(a - b);
    if (a == 0 || b == 0 || sum < kLeastNormal) return difference < kTolerance * kLeastNormal;
    return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

/// Sorted, equal bounds made one, counts never falling. Prometheus 3 takes tiny steps for rounding.
/// True where counts fell by more than that.
bool make_cumulative(std::vector<Bucket>& buckets, bool is_3) {
    std::vector<Bucket> merged;
    for (const Bucket& bucket : buckets) {
        if (!merged.empty() && merged.back().upper == bucket.upper) {
            merged.back().count += bucket.count;
        } else {
            merged.push_back(bucket);
        }
    }
    double before = merged[0].count;
    bool forced = false;
    for (Bucket& bucket : merged) {
        const bool rounding = is_3 && almost_equal(before, bucket.count);
        if (rounding || bucket.count < before) {
            forced = forced || !rounding;
            bucket.count = before;
        } else {
            before = bucket.count;
        }
    }
    buckets = std::move(merged);
    return forced;
}

/// False where the last bucket is not +Inf: there is no saying how many there were in all.
bool sort_buckets(std::vector<Bucket>& buckets) {
    std::ranges::stable_sort(buckets, {}, &Bucket::upper);
    return buckets.back().upper == kInfinity;
}

/// `forced` is set where counts had to be kept from falling.
double bucket_quantile(double q, std::vector<Bucket> buckets, bool is_3, bool& forced) {
    if (std::isnan(q)) return kNan;
    if (q < 0) return -kInfinity;
    if (q > 1) return kInfinity;
    if (!sort_buckets(buckets)) return kNan;
    const bool falls = make_cumulative(buckets, is_3);
    if (buckets.size() < 2) return kNan;
    const double observations = buckets.back().count;
    if (observations == 0) return kNan;
    forced = falls;
    double rank = q * observations;
    const std::size_t last = buckets.size() - 1;
    std::size_t hit = 0;
    while (hit < last && !(buckets[hit].count >= rank))
        ++hit;
    if (hit == last) return buckets[last - 1].upper;
    if (hit == 0 && buckets[0].upper <= 0) return buckets[0].upper;
    double lower = 0;
    double count = buckets[hit].count;
    if (hit > 0) {
        lower = buckets[hit - 1].upper;
        count -= buckets[hit - 1].count;
        rank -= buckets[hit - 1].count;
    }
    return lower + (buckets[hit].upper - lower) * (rank / count);
}

/// How many observations are at or below `bound`, evenly spread within each bucket.
double rank_of(double bound, const std::vector<Bucket>& buckets) {
    double rank = 0;
    double lower = buckets[0].upper > 0 ? 0 : -kInfinity;
    for (const Bucket& bucket : buckets) {
        if (lower >= bound) return rank;
        if (bucket.upper > bound) {
            if (std::isinf(lower)) return rank;
            if (std::isinf(bucket.upper)) return rank;
            return rank + (bucket.count - rank) * (bound - lower) / (bucket.upper - lower);
        }
        rank = bucket.count;
        lower = bucket.upper;
    }
    return rank;
}

double bucket_fraction(double from, double to, std::vector<Bucket> buckets, bool is_3) {
    if (!sort_buckets(buckets)) return kNan;
    make_cumulative(buckets, is_3);
    const double count = buckets.back().count;
    if (count == 0 || std::isnan(from) || std::isnan(to)) return kNan;
    if (from >= to) return 0;
    const double upper = to == kInfinity ? count : std::min(rank_of(to, buckets), count);
    return (upper - std::min(rank_of(from, buckets), count)) / count;
}

void warn_of_quantile(Evaluator& evaluator, double q, const Expr& at) {
    if (q >= 0 && q <= 1) return;
    evaluator.warn(fmt::format("quantile value should be between 0 and 1, got {}", format_float(q)),
                   at);
}

void inform_of_falling(Evaluator& evaluator, const Labels& labels, const Expr& at) {
    if (!evaluator.wants_infos()) return;
    evaluator.inform(
        of_metric("input to histogram_quantile needed to be fixed for monotonicity (see "
                  "https://prometheus.io/docs/prometheus/latest/querying/functions/"
                  "#histogram_quantile)",
                  labels.metric_name()),
        at);
}

template <class Measure>
Items measure(Frame& frame, std::size_t argument, Measure measure) {
    Evaluator& evaluator = frame.evaluator();
    Items items;
    for (Histogram& histogram :
         histograms_of(evaluator, frame.vector(argument), frame.argument(argument))) {
        const double value = measure(histogram);
        items.push_back({std::move(histogram.labels), value});
        evaluator.drop_name(items.back());
    }
    return items;
}

Items histogram_quantile(Frame& frame) {
    const double q = frame.scalar(0);
    Evaluator& evaluator = frame.evaluator();
    warn_of_quantile(evaluator, q, frame.argument(0));
    return measure(frame, 1, [&](Histogram& histogram) {
        bool forced = false;
        const double value =
            bucket_quantile(q, std::move(histogram.buckets), evaluator.is_3(), forced);
        if (forced) inform_of_falling(evaluator, histogram.labels, frame.argument(1));
        return value;
    });
}

Items histogram_fraction(Frame& frame) {
    const double from = frame.scalar(0);
    const double to = frame.scalar(1);
    if (!frame.evaluator().is_3()) {
        // In 2.42 it knows native histograms only, and there are none. Errors are errors still.
        static_cast<void>(frame.vector(2));
        return {};
    }
    return measure(frame, 2, [&](Histogram& histogram) {
        return bucket_fraction(from, to, std::move(histogram.buckets), true);
    });
}

/// One sample a histogram and quantile, told apart by a label.
Items histogram_quantiles(Frame& frame) {
    Evaluator& evaluator = frame.evaluator();
    const std::string label = frame.string(1);
    if (label.empty()) evaluator.fail("invalid label name \"\" in histogram_quantiles()");
    const std::vector<Histogram> histograms =
        histograms_of(evaluator, frame.vector(0), frame.argument(0));
    Items items;
    for (std::size_t i = 2; i < frame.size(); ++i) {
        const double q = frame.scalar(i);
        warn_of_quantile(evaluator, q, frame.argument(i));
        for (const Histogram& histogram : histograms) {
            const Labels labels =
                LabelsBuilder(histogram.labels).set(label, format_float(q)).build();
            bool forced = false;
            items.push_back({labels, bucket_quantile(q, histogram.buckets, true, forced)});
            if (forced) inform_of_falling(evaluator, histogram.labels, frame.argument(0));
            evaluator.drop_name(items.back());
        }
    }
    return items;
}

/// What only native histograms have: of float samples there is nothing to tell.
Items nothing_of_floats(Frame& frame) {
    if (!frame.vector(0).empty()) {
        frame.evaluator().warn(fmt::format("{}() reads native histograms, which are not supported: "
                                           "float samples give no result",
                                           frame.function().name),
                               frame.argument(0));
    }
    return {};
}

constexpr Function native(std::string_view name, Function::Since since) {
    return {.name = name,
            .arguments = {ValueType::vector},
            .vector = nothing_of_floats,
            .since = since};
}

constexpr Function kFunctions[] = {
    {.name = "histogram_quantile",
     .arguments = {ValueType::scalar, ValueType::vector},
     .vector = histogram_quantile},
    {.name = "histogram_fraction",
     .arguments = {ValueType::scalar, ValueType::scalar, ValueType::vector},
     .vector = histogram_fraction},
    {.name = "histogram_quantiles",
     .arguments = {ValueType::vector, ValueType::string, ValueType::scalar, ValueType::scalar},
     .variadic = -1,
     .vector = histogram_quantiles,
     .since = Function::Since::from_3},
    native("histogram_count", Function::Since::always),
    native("histogram_sum", Function::Since::always),
    native("histogram_avg", Function::Since::from_3),
    native("histogram_stddev", Function::Since::from_3),
    native("histogram_stdvar", Function::Since::from_3),
};

}  // namespace

std::span<const Function> histogram_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql
