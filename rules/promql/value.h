#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/labels.h"
#include "core/time.h"
#include "series/chunk.h"

namespace pilotlight::promql {

enum class ValueType { none, scalar, string, vector, matrix };

/// As messages of Prometheus's parser name them: "scalar", "string", "instant vector",
/// "range vector", "none".
[[nodiscard]] std::string_view documented_name(ValueType type);
/// As the query API names them: "scalar", "string", "vector", "matrix", "none".
[[nodiscard]] std::string_view to_string(ValueType type);

struct Scalar {
    double value = 0;
    WallTime at;
};

struct String {
    std::string value;
    WallTime at;
};

struct VectorSample {
    Labels labels;
    double value = 0;
    WallTime at;
};
using Vector = std::vector<VectorSample>;

struct MatrixSeries {
    Labels labels;
    std::vector<series::Point> points;
};
using Matrix = std::vector<MatrixSeries>;

using Value = std::variant<Scalar, String, Vector, Matrix>;

[[nodiscard]] ValueType type_of(const Value& value);

}  // namespace pilotlight::promql
