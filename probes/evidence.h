#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/evidence.h"
#include "probes/redaction.h"
#include "runtime/dialer.h"
#include "runtime/http_client.h"
#include "runtime/tls.h"

/// Evidence out of what dialogues with peers bring. Called where Prober::wants_evidence() says so.
namespace pilotlight::probes {

/// Addresses, phases and handshake of a dial, whether or not it came to a connection.
[[nodiscard]] std::shared_ptr<Evidence> evidence_of(const runtime::DialResult& dialled);

/// The same of the last hop of a request, and what was answered, without `redaction`'s secrets
/// (null for none).
[[nodiscard]] std::shared_ptr<Evidence> evidence_of(const runtime::HttpResult& answer,
                                                    const Redaction* redaction);

/// `HTTP/1.1 503 Service Unavailable`.
[[nodiscard]] std::string status_line(std::string_view version, int status, std::string_view text);

/// `resolved` in its order, `refusals` among them with their errors; `address` is the one that was
/// used, where there was one.
void add_addresses(Evidence& evidence, const std::vector<runtime::IpAddress>& resolved,
                   const std::vector<runtime::DialAttempt>& refusals,
                   const std::optional<runtime::IpAddress>& address);

/// Nothing where it took no time.
void add_phase(Evidence& evidence, std::string_view name, std::chrono::nanoseconds took);

void add_tls(Evidence& evidence, const runtime::TlsInfo& tls);

/// Headers as they came, the values of those that look like a login hidden, and of Location what
/// comes after its path.
void add_headers(Evidence& evidence, const std::vector<runtime::HttpHeader>& headers,
                 const Redaction* redaction);

void add_body(Evidence& evidence, std::string_view body, const Redaction* redaction);

/// Lines that a peer sent, each under `< `.
void add_heard(Evidence& evidence, std::string_view text, const Redaction* redaction);

}  // namespace pilotlight::probes
