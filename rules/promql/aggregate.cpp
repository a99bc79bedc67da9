#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/check.h"
#include "rules/promql/evaluator.h"
#include "rules/promql/label_sets.h"
#include "rules/promql/printer.h"
#include "rules/promql/quoting.h"
#include "rules/promql/statistics.h"

// Aggregations. Source: Prometheus's promql/engine (aggregation, aggregationK).
namespace pilotlight::promql {
namespace {

struct Group {
    Labels labels;
    bool drop_name = false;
    /// Indexes of the group's items.
    std::vector<std::size_t> members;
};

class Grouping {
  public:
    explicit Grouping(const Aggregation& aggregation)
        : names_(aggregation.grouping), without_(aggregation.without) {
        keeps_name_ = !without_ && std::ranges::find(names_, kMetricName) != names_.end();
    }

    [[nodiscard]] std::vector<Group> split(const Items& items) const {
        std::vector<Group> groups;
        std::unordered_map<std::uint64_t, std::size_t> by_hash;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const auto [known, is_new] = by_hash.try_emplace(hash(items[i].labels), groups.size());
            if (is_new) groups.push_back({labels(items[i].labels), false, {}});
            Group& group = groups[known->second];
            group.drop_name |= keeps_name_ && items[i].drop_name;
            group.members.push_back(i);
        }
        return groups;
    }

  private:
    [[nodiscard]] std::uint64_t hash(const Labels& labels) const {
        if (!without_ && names_.empty()) return 0;
        return without_ ? hash_of_rest(labels, names_) : hash_of_kept(labels, names_);
    }
    [[nodiscard]] Labels labels(const Labels& labels) const {
        if (!without_ && names_.empty()) return {};
        return without_ ? drop_labels(labels, names_, true) : keep_labels(labels, names_);
    }

    std::span<const std::string> names_;
    bool without_;
    bool keeps_name_ = false;
};

double sum(std::span<const double> values, bool compensated) {
    if (!compensated) {
        double total = values[0];
        for (const double value : values.subspan(1))
            total += value;
        return total;
    }
    KahanSum total{values[0], 0};
    for (const double value : values.subspan(1))
        total.add(value);
    return total.total();
}

template <class M>
double mean(std::span<const double> values) {
    M mean;
    for (const double value : values)
        mean.add(value);
    return mean.value();
}

/// NaN only where there is nothing else.
template <class Better>
double extreme(std::span<const double> values, Better better) {
    double best = values[0];
    for (const double value : values) {
        if (better(value, best) || std::isnan(best)) best = value;
    }
    return best;
}

double variance(std::span<const double> values, bool is_3) {
    double mean = values[0];
    double squares = is_3 && !std::isfinite(mean) ? std::numeric_limits<double>::quiet_NaN() : 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        const double delta = values[i] - mean;
        mean += delta / static_cast<double>(i + 1);
        squares += delta * (values[i] - mean);
    }
    return squares / static_cast<double>(values.size());
}

double reduce(AggregationOp op, std::span<const double> values, bool is_3) {
    switch (op) {
        case AggregationOp::sum:
            return sum(values, is_3);
        case AggregationOp::avg:
            return is_3 ? mean<Mean>(values) : mean<SteppedMean>(values);
        case AggregationOp::count:
            return static_cast<double>(values.size());
        case AggregationOp::min:
            return extreme(values, std::less<>());
        case AggregationOp::max:
            return extreme(values, std::greater<>());
        case AggregationOp::group:
            return 1;
        case AggregationOp::stddev:
            return std::sqrt(variance(values, is_3));
        case AggregationOp::stdvar:
            return variance(values, is_3);
        default:
            break;
    }
    PILOT_CHECK(false);
}

std::vector<double> values_of(const Items& items, const Group& group) {
    std::vector<double> values;
    values.reserve(group.members.size());
    for (const std::size_t member : group.members)
        values.push_back(items[member].value);
    return values;
}

template <class Reduce>
Items reduce_groups(const Items& items, std::vector<Group> groups, Reduce reduce) {
    Items out;
    out.reserve(groups.size());
    for (Group& group : groups) {
        const double value = reduce(values_of(items, group));
        out.push_back({std::move(group.labels), value, group.drop_name});
    }
    return out;
}

/// k as a whole number; nothing, and a failure, where it is none.
std::optional<std::int64_t> whole_parameter(Evaluator& evaluator, double k) {
    if (std::isnan(k) && evaluator.is_3()) {
        evaluator.fail("Parameter value is NaN");
        return std::nullopt;
    }
    if (!(k <= 9223372036854774784.0 && k >= -9223372036854775808.0)) {
        evaluator.fail(fmt::format("Scalar value {} overflows int64", format_float(k)));
        return std::nullopt;
    }
    return static_cast<std::int64_t>(k);
}

/// topk and bottomk: the first come among equals, best first, NaN last.
Items pick_best(Items items, const std::vector<Group>& groups, std::int64_t k, bool largest) {
    Items out;
    for (const Group& group : groups) {
        std::vector<std::size_t> order = group.members;
        std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
            const double left = items[a].value;
            const double right = items[b].value;
            if (std::isnan(left) || std::isnan(right)) return !std::isnan(left);
            return largest ? left > right : left < right;
        });
        const std::size_t kept = std::min(order.size(), static_cast<std::size_t>(k));
        for (std::size_t i = 0; i < kept; ++i)
            out.push_back(std::move(items[order[i]]));
    }
    return out;
}

Items limit_k(Items items, const std::vector<Group>& groups, std::int64_t k) {
    Items out;
    for (const Group& group : groups) {
        const std::size_t kept = std::min(group.members.size(), static_cast<std::size_t>(k));
        for (std::size_t i = 0; i < kept; ++i)
            out.push_back(std::move(items[group.members[i]]));
    }
    return out;
}

/// A share of the series, chosen by their labels: r and -(1 - r) give complements.
Items limit_ratio(Evaluator& evaluator, Items items, double given, const Expr& parameter) {
    if (std::isnan(given)) evaluator.fail("Ratio value is NaN");
    const double ratio = std::clamp(given, -1.0, 1.0);
    if (ratio != given) {
        evaluator.warn(fmt::format("ratio value should be between -1 and 1, got {}, capping to {}",
                                   format_float(given), format_float(ratio)),
                       parameter);
    }
    std::erase_if(items, [&](const Item& item) {
        // The fingerprint's upper bits hardly differ for short labels.
        const std::uint64_t mixed = item.labels.hash() * 0x9e3779b97f4a7c15U;
        const double place = static_cast<double>(mixed ^ mixed >> 32) / 18446744073709551616.0;
        return ratio >= 0 ? place >= ratio : place < 1 + ratio;
    });
    return items;
}

Items count_values(Evaluator& evaluator, const Aggregation& aggregation, const Items& items) {
    const std::string label = evaluator.string(*aggregation.parameter);
    const bool valid =
        evaluator.is_3() ? !label.empty() && is_valid_utf8(label) : is_legacy_label_name(label);
    if (!valid) {
        evaluator.fail(fmt::format("invalid label name {}", quote(label)));
        return {};
    }
    Items labelled = items;
    for (Item& item : labelled) {
        item.labels = LabelsBuilder(item.labels).set(label, format_fixed(item.value)).build();
        item.series = nullptr;
    }
    Aggregation grouping;
    grouping.grouping = aggregation.grouping;
    grouping.without = aggregation.without;
    if (!grouping.without) grouping.grouping.push_back(label);
    return reduce_groups(labelled, Grouping(grouping).split(labelled),
                         [](const auto& values) { return static_cast<double>(values.size()); });
}

}  // namespace

Items evaluate_aggregation(Evaluator& evaluator, const Aggregation& aggregation, WallTime at) {
    const AggregationOp op = aggregation.op;
    double parameter = 0;
    if (aggregation.parameter != nullptr && op != AggregationOp::count_values) {
        parameter = evaluator.scalar(*aggregation.parameter, at);
    }
    Items items = evaluator.vector(*aggregation.expr, at);
    if (evaluator.failed()) return {};
    if (op == AggregationOp::count_values) return count_values(evaluator, aggregation, items);
    if (op == AggregationOp::limit_ratio) {
        return limit_ratio(evaluator, std::move(items), parameter, *aggregation.parameter);
    }
    std::vector<Group> groups = Grouping(aggregation).split(items);
    if (op == AggregationOp::quantile) {
        if (std::isnan(parameter) || parameter < 0 || parameter > 1) {
            evaluator.warn(fmt::format("quantile value should be between 0 and 1, got {}",
                                       format_float(parameter)),
                           *aggregation.parameter);
        }
        return reduce_groups(items, std::move(groups), [&](std::vector<double> values) {
            return quantile(parameter, std::move(values));
        });
    }
    if (op == AggregationOp::topk || op == AggregationOp::bottomk || op == AggregationOp::limitk) {
        const auto k = whole_parameter(evaluator, parameter);
        if (!k || *k < 1) return {};
        if (op == AggregationOp::limitk) return limit_k(std::move(items), groups, *k);
        return pick_best(std::move(items), groups, *k, op == AggregationOp::topk);
    }
    return reduce_groups(items, std::move(groups), [&](const std::vector<double>& values) {
        return reduce(op, values, evaluator.is_3());
    });
}

}  // namespace pilotlight::promql
