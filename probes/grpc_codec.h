#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// The messages of grpc.health.v1.Health/Check, and gRPC's framing of messages over HTTP/2. Two
/// fields do not need a protobuf library.
namespace pilotlight::probes {

/// grpc.health.v1.HealthCheckResponse.ServingStatus.
enum class ServingStatus { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

/// "SERVING", ... as the protocol names them.
[[nodiscard]] std::string_view to_string(ServingStatus status);

/// The request for `service`, framed.
[[nodiscard]] std::string make_health_request(std::string_view service);

/// The status that a framed answer holds; the error says what is wrong with the bytes. Unknown
/// fields are passed over, as protobuf has it; a number that has no name reads as unknown.
[[nodiscard]] std::expected<ServingStatus, std::string> read_health_answer(std::string_view framed);

/// "OK", "DEADLINE_EXCEEDED", ...; the number where it has no name.
[[nodiscard]] std::string grpc_code_name(int code);
/// What a client makes of an answer without a grpc-status (grpc's http-grpc-status-mapping.md).
[[nodiscard]] int grpc_code_of_http(int status);

}  // namespace pilotlight::probes
