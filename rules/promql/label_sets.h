#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/labels.h"
#include "rules/promql/evaluator.h"

/// Label sets made from others, and their fingerprints.
namespace pilotlight::promql {

/// The item's labels without the metric name and, as Prometheus 3 asks, without `__type__` and
/// `__unit__`, which say something of the metric, too.
[[nodiscard]] Labels without_name(const Item& item, bool type_too);
/// Only these labels / all but these and, if asked, the metric name.
[[nodiscard]] Labels keep_labels(const Labels& labels, std::span<const std::string> names);
[[nodiscard]] Labels drop_labels(const Labels& labels, std::span<const std::string> names,
                                 bool name_too);

/// A fingerprint of the labels that keep_labels / drop_labels (without the name) would leave.
/// 64 bits: that two sets share one by chance is not provided for, as in Prometheus.
[[nodiscard]] std::uint64_t hash_of_kept(const Labels& labels, std::span<const std::string> names);
[[nodiscard]] std::uint64_t hash_of_rest(const Labels& labels, std::span<const std::string> names);

/// Whether two of them have equal labels.
[[nodiscard]] bool has_equal_labels(const Items& items);

[[nodiscard]] std::vector<std::string> sorted_unique(std::vector<std::string> names);

}  // namespace pilotlight::promql
