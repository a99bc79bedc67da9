#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alerting/integration.h"
#include "core/secret.h"

namespace pilotlight::alerting {

/// A mail server and how to log in to it.
struct SmtpServer {
    std::string host;
    std::uint16_t port = 25;
    /// What EHLO says.
    std::string hello = "localhost";
    /// "" for no login.
    std::string user;
    /// For PLAIN and LOGIN, whichever the server offers.
    Secret password;
    /// For CRAM-MD5, where there is no password.
    Secret secret;
    /// Whom PLAIN acts for, "" for the user.
    std::string identity;
    /// STARTTLS before anything else is said; without it there is no TLS but implicit one.
    bool require_tls = true;
    /// TLS from the first byte.
    bool implicit_tls = false;
    runtime::TlsSettings tls;
};

struct Envelope {
    std::string from;
    std::vector<std::string> to;
    /// Head and body, lines ended by CRLF.
    std::string text;
};

/// Hands one mail to the server on a connection of its own (RFC 5321, 3207, 4954), and says what it
/// made of it: 4xx is worth another try, 5xx is not. A mail counts as delivered once the server has
/// taken it for every recipient. Blocks until it is done or `deadline` has passed.
[[nodiscard]] Delivery hand_over(const SmtpServer& server, const Envelope& envelope,
                                 runtime::Deadline deadline);

/// What no error may repeat: passwords, and as AUTH writes them.
[[nodiscard]] std::vector<Secret> secrets_of(const SmtpServer& server);

}  // namespace pilotlight::alerting
