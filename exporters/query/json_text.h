#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/time.h"
#include "rules/promql/value.h"

/// The parts of Prometheus's documents, appended to a text: results may be far too large for a tree
/// of values.
namespace pilotlight::query {

/// In quotes; bytes that are no UTF-8 become U+FFFD.
void append_string(std::string& out, std::string_view text);
/// A sample's value as Prometheus's API has it: in quotes, `f` without exponent from 1e-6 up to
/// 1e21, `e` beyond, `NaN`, `+Inf` (util/jsonutil, MarshalFloat).
void append_sample_value(std::string& out, double value);
/// Unix seconds with as many of three digits behind the point as there are (MarshalTimestamp).
void append_timestamp(std::string& out, WallTime time);
void append_labels(std::string& out, const Labels& labels);

/// `[...]` of a result. False where `bytes_max` is reached: `out` is then cut anywhere.
bool append_result(std::string& out, const promql::Value& value, std::size_t bytes_max);

/// `{"status":"success","data":DATA,"warnings":[...],"infos":[...]}`; warnings and infos are left
/// out where there are none, and beyond ten of each only counted.
[[nodiscard]] std::string success_document(std::string_view data,
                                           const std::vector<std::string>& warnings = {},
                                           const std::vector<std::string>& infos = {});
/// `["a","b"]`
[[nodiscard]] std::string string_list(const std::vector<std::string>& texts);

}  // namespace pilotlight::query
