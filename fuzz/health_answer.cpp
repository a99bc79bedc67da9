// What a gRPC server answers to the health check.
#include "core/check.h"
#include "probes/grpc_codec.h"

namespace pilotlight::fuzz {

void health_answer(std::string_view input) {
    const auto status = probes::read_health_answer(input);
    PILOT_CHECK(status ? !to_string(*status).empty() : !status.error().empty());
}

}  // namespace pilotlight::fuzz
