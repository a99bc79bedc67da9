#pragma once

#include <cstddef>
#include <vector>

/// Sums and quantiles as Prometheus computes them, to the last bit.
namespace pilotlight::promql {

/// A sum that keeps what rounding loses: Kahan's, in Neumaier's form.
struct KahanSum {
    double sum = 0;
    double lost = 0;

    void add(double value);
    /// As Prometheus 2 adds where nothing asks for total(): an infinite sum loses NaN.
    void add_unguarded(double value);
    /// Once infinite, what was lost means nothing.
    [[nodiscard]] double total() const;
};

/// A mean as a sum divided, until that would overflow; step by step from then on.
class Mean {
  public:
    void add(double value);
    /// Precondition: at least one value.
    [[nodiscard]] double value() const;

  private:
    KahanSum sum_;
    double count_ = 0;
    double mean_ = 0;
    bool stepwise_ = false;
};

/// The mean step by step from the first value on: Prometheus 2's.
class SteppedMean {
  public:
    void add(double value);
    [[nodiscard]] double value() const { return mean_; }

  private:
    double mean_ = 0;
    double count_ = 0;
};

/// The same with what rounding loses: Prometheus 2's over time.
class CompensatedMean {
  public:
    void add(double value);
    [[nodiscard]] double value() const { return mean_.total(); }

  private:
    KahanSum mean_;
    double count_ = 0;
};

/// The q-quantile, 0 <= q <= 1, between the two nearest values; -Inf and +Inf beyond, NaN for no
/// values and for NaN.
[[nodiscard]] double quantile(double q, std::vector<double> values);

}  // namespace pilotlight::promql
