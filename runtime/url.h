#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"

namespace pilotlight::runtime {

/// An absolute http or https URL, taken apart (RFC 3986). Percent-encoding is kept as written.
struct Url {
    /// "http" or "https".
    std::string scheme;
    /// Decoded from the userinfo; nothing where there is none.
    std::optional<Secret> user;
    std::optional<Secret> password;
    /// Lower case; IPv6 without brackets.
    std::string host;
    /// The scheme's own where none is written.
    std::uint16_t port = 0;
    /// Path and query, never empty: what stands in a request line. The fragment is dropped.
    std::string target;

    [[nodiscard]] bool is_tls() const { return scheme == "https"; }
    /// `host:port`, IPv6 in brackets: for messages.
    [[nodiscard]] std::string host_and_port() const;
    /// The Host header: without a port that is the scheme's own (RFC 9110, 7.2).
    [[nodiscard]] std::string host_header() const;
    /// Without userinfo.
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] bool same_origin(const Url& other) const {
        return scheme == other.scheme && host == other.host && port == other.port;
    }
};

/// Fails where `text` is no http or https URL with a host, or has characters that no URL has
/// (spaces and control characters would split a request). The message never repeats the text.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// What `reference` (absolute or relative, as in a Location header) means on `base`; RFC 3986, 5.2.
/// `base`'s userinfo is not carried over.
[[nodiscard]] Result<Url> resolve_reference(const Url& base, std::string_view reference);

/// A host and a port: `example.com:443`, `[::1]:443`, `192.0.2.1:80`.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

/// Fails where there is no port, unless a default is given.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text,
                                               std::optional<std::uint16_t> default_port = {});

/// Base64 with padding (RFC 4648, 4), for Basic authorization.
[[nodiscard]] std::string base64(std::string_view bytes);
/// `Basic ...`.
[[nodiscard]] Secret basic_authorization(const Secret& user, const Secret& password);

}  // namespace pilotlight::runtime
