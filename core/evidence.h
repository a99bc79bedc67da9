#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace pilotlight {

/// What a handshake showed.
struct TlsEvidence {
    struct Certificate {
        std::string subject;
        std::string issuer;
        /// Some of the subject alternative names: host names, then addresses.
        std::vector<std::string> names;
        /// How many more there are.
        std::size_t more_names = 0;
        std::string serial;
        std::string fingerprint_sha256;
        WallTime not_before{};
        WallTime not_after{};
    };
    /// "TLS 1.3"; empty where the handshake did not come so far.
    std::string version;
    std::string cipher;
    std::string alpn;
    bool verified = false;
    /// The reason that the chain does not verify, and one line on it; empty where it does.
    std::string reason;
    std::string detail;
    /// As the server sent it, leaf first.
    std::vector<Certificate> chain;
};

/// What one probe saw, for people who want to know why it failed. All of it is text that may be
/// shown: valid UTF-8, no control characters but line breaks and tabs, and no secret that the
/// target's configuration knows. What the probe did not come to is empty.
struct Evidence {
    /// An address of the target (or of its proxy), in the order to try them.
    struct Address {
        /// `192.0.2.1`, `2001:db8::1`; a unix socket's path.
        std::string address;
        bool tried = false;
        /// Why it was not connected to; empty where it was, and where it was not tried.
        std::string error;
    };
    struct Phase {
        /// "resolve", "connect", "tls", "processing", "transfer", "query", ...
        std::string name;
        std::chrono::nanoseconds took{};
    };
    struct Header {
        std::string name;
        std::string value;
    };

    /// When the probe began.
    WallTime at{};
    std::vector<Address> addresses;
    /// In their order; what took no time because it was not there is left out.
    std::vector<Phase> phases;
    std::optional<TlsEvidence> tls;
    /// `HTTP/1.1 503 Service Unavailable`.
    std::string status_line;
    std::vector<Header> headers;
    /// The beginning of the body, and its whole length as far as it was read.
    std::string body;
    std::size_t body_bytes = 0;
    /// What was said, a line each: `> ` before what was sent, `< ` before what came.
    std::vector<std::string> dialogue;
};
using SharedEvidence = std::shared_ptr<const Evidence>;

/// What a piece of evidence may hold: more is cut.
struct EvidenceLimits {
    std::size_t addresses = 16;
    std::size_t certificates = 6;
    std::size_t names = 6;
    std::size_t headers = 24;
    std::size_t line = 240;
    std::size_t lines = 16;
    std::size_t body = 1'024;
    /// All of it together.
    std::size_t bytes = 4'096;
};

/// The beginning of `text`, at most `limit` bytes on a character's boundary, bytes that are no
/// UTF-8 and control characters but line breaks and tabs as U+FFFD.
[[nodiscard]] std::string showable(std::string_view text, std::size_t limit);

/// About how many bytes of memory it takes.
[[nodiscard]] std::size_t size_of(const Evidence& evidence);

/// Cuts what is beyond the limits: first each part to its own, then, while all of it is too much,
/// what tells least.
void fit(Evidence& evidence, const EvidenceLimits& limits = {});

}  // namespace pilotlight
