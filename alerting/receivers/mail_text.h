#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

/// Mails as text: RFC 5322, with MIME (RFC 2045 to 2047).
namespace pilotlight::alerting {

/// The addresses of a list such as `Ops <ops@example.com>, b@example.com`; nothing where one of
/// them is none.
[[nodiscard]] std::optional<std::vector<std::string>> parse_mail_addresses(std::string_view text);

struct MailText {
    /// By their canonical names; values may hold anything, and stay within their line.
    std::map<std::string, std::string> headers;
    std::string text;
    /// "" for none.
    std::string html;
    /// Tells the parts apart; letters and digits.
    std::string boundary;
};

/// The whole mail, lines ended by CRLF, none longer than 998 bytes, in ASCII. Headers go out on one
/// logical line each, whatever they hold.
[[nodiscard]] std::string compose_mail(const MailText& mail);

/// `Fri, 02 Jan 2026 12:13:00 +0000`.
[[nodiscard]] std::string mail_date(WallTime time);
/// `x-message-id` as `X-Message-Id`, so that two spellings are one header.
[[nodiscard]] std::string canonical_header(std::string_view name);

}  // namespace pilotlight::alerting
