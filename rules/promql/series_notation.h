#pragma once

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/matcher.h"
#include "rules/promql/parser.h"

/// The notation of promtool's unit-test files.
namespace pilotlight::promql {

/// One step of a series: a value, a stale marker (is_stale), or nothing (`_`).
using SeriesValue = std::optional<double>;

/// `m{a="b"}`, also `{__name__="m", a="b"}` and, in Prometheus 3, `{"m.x", "a.b"="c"}`: what
/// `input_series` and `exp_samples` name. An empty text is no labels.
[[nodiscard]] std::expected<Labels, SyntaxError> parse_series(std::string_view text,
                                                              const ParseOptions& options = {});

/// `1+2x3 _ _x3 stale -1-2x4`: `axn` is a repeated n more times, `a+bxn` a and n more, each b
/// greater. Native histograms (`{{...}}`) are refused. At most `limit` values.
[[nodiscard]] std::expected<std::vector<SeriesValue>, SyntaxError> parse_series_values(
    std::string_view text, std::size_t limit = 20'000'000);

/// `m{a=~"b.*"}` as matchers, the metric name among them: `match[]` of the query API.
[[nodiscard]] std::expected<Matchers, SyntaxError> parse_selector(std::string_view text,
                                                                  const ParseOptions& options = {});

}  // namespace pilotlight::promql
