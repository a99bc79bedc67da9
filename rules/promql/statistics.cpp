#include "rules/promql/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pilotlight::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// An infinite mean cannot be moved by what is finite or has its own sign; subtracting would make
/// it NaN.
bool stays_infinite(double mean, double value) {
    if (!std::isinf(mean)) return false;
    if (std::isinf(value)) return (mean > 0) == (value > 0);
    return !std::isnan(value);
}

}  // namespace

void KahanSum::add(double value) {
    if (std::isinf(sum + value)) {
        sum += value;
        lost = 0;
    } else {
        add_unguarded(value);
    }
}

void KahanSum::add_unguarded(double value) {
    const double next = sum + value;
    if (std::abs(sum) >= std::abs(value)) {
        lost += (sum - next) + value;
    } else {
        lost += (value - next) + sum;
    }
    sum = next;
}

double KahanSum::total() const {
    return std::isinf(sum) ? sum : sum + lost;
}

void Mean::add(double value) {
    count_ += 1;
    if (count_ == 1) {
        sum_.sum = value;
        return;
    }
    if (!stepwise_) {
        KahanSum next = sum_;
        next.add(value);
        if (!std::isinf(next.sum)) {
            sum_ = next;
            return;
        }
        stepwise_ = true;
        mean_ = sum_.sum / (count_ - 1);
        sum_.lost /= count_ - 1;
    }
    if (stays_infinite(mean_, value)) return;
    const double kept = (count_ - 1) / count_;
    KahanSum next{kept * mean_, kept * sum_.lost};
    next.add(value / count_);
    mean_ = next.sum;
    sum_.lost = next.lost;
}

double Mean::value() const {
    if (stepwise_) return mean_ + sum_.lost;
    return sum_.sum / count_ + sum_.lost / count_;
}

void SteppedMean::add(double value) {
    count_ += 1;
    if (count_ == 1) {
        mean_ = value;
    } else if (!stays_infinite(mean_, value)) {
        // Divided one by one: the difference itself could overflow.
        mean_ += value / count_ - mean_ / count_;
    }
}

void CompensatedMean::add(double value) {
    count_ += 1;
    if (!stays_infinite(mean_.sum, value)) mean_.add(value / count_ - mean_.sum / count_);
}

double quantile(double q, std::vector<double> values) {
    if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
    if (q < 0) return -kInfinity;
    if (q > 1) return kInfinity;
    // NaN first, as Go's sort.Float64s has it.
    std::ranges::sort(
        values, [](double a, double b) { return a < b || (std::isnan(a) && !std::isnan(b)); });
    const auto count = static_cast<double>(values.size());
    const double rank = q * (count - 1);
    const double lower = std::max(0.0, std::floor(rank));
    const double upper = std::min(count - 1, lower + 1);
    const double weight = rank - std::floor(rank);
    return values[static_cast<std::size_t>(lower)] * (1 - weight) +
           values[static_cast<std::size_t>(upper)] * weight;
}

}  // namespace pilotlight::promql
