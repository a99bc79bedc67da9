#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace pilotlight::runtime {

/// Why a dialogue with a peer broke off: a value, because the world misbehaves all the time.
struct Failure {
    /// Where: "resolve", "connect", "proxy", "tls", "request", "response", "body". Empty where the
    /// caller has yet to say it.
    std::string phase;
    /// Why, from the closed set below.
    std::string reason;
    /// One line for people: on what, what happened. No secrets: hosts and ports, never paths,
    /// queries, users or passwords.
    std::string detail;
    /// The prober's own trouble (no descriptors, no route from here, resolver dead, certificate
    /// files of ours unreadable): says nothing of the peer.
    bool unknown = false;

    [[nodiscard]] Failure in_phase(std::string_view where) && {
        phase = where;
        return std::move(*this);
    }
};

template <class T>
using Attempt = std::expected<T, Failure>;

/// Every reason that a Failure of runtime/ may have:
/// resolve: nxdomain, no_addresses, timeout, server_failure, resolver_unreachable (unknown),
///          resolver_refuses (unknown)
/// connect: refused, timeout, unreachable, reset, network_unreachable (unknown), no_descriptors
///          (unknown), no_local_ports (unknown), no_memory (unknown), no_permission (unknown),
///          source_address (unknown), connect_error; of a unix socket also not_found,
///          not_a_socket
/// proxy:   proxy_refused, proxy_protocol, and those of connect and response
/// tls:     certificate_expired, certificate_not_yet_valid, certificate_name_mismatch,
///          certificate_self_signed, certificate_untrusted, certificate_revoked,
///          certificate_invalid, no_certificate, protocol_version, handshake, not_tls, timeout,
///          reset, closed,
///          tls_settings (unknown)
/// request, response, body: timeout, reset, closed, tls_error, io_error, protocol,
///          network_unreachable (unknown), no_memory (unknown), header_too_large,
///          body_too_large, truncated, bad_encoding, too_many_redirects, bad_redirect, bad_url

}  // namespace pilotlight::runtime
