#include "rules/vector_of.h"

namespace pilotlight::rules {

Result<promql::Vector> vector_of(promql::Value value) {
    if (auto* vector = std::get_if<promql::Vector>(&value)) return std::move(*vector);
    if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
        return promql::Vector{{Labels(), scalar->value, scalar->at}};
    }
    return fail("rule result is not a vector or scalar");
}

}  // namespace pilotlight::rules
