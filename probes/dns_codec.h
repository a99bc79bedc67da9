#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

/// DNS messages (RFC 1035) to bytes and back. ldns's one home.
namespace pilotlight::probes {

struct DnsQuestion {
    /// In presentation form, with or without the dot at its end.
    std::string name;
    std::uint16_t type = 255;
    std::uint16_t klass = 1;
    bool recursion_desired = true;
};

/// "A", "SOA", "ANY", "TYPE65", ...; nothing for what is none.
[[nodiscard]] std::optional<std::uint16_t> dns_type(const std::string& name);
/// "TYPE65535" where it has no name.
[[nodiscard]] std::string dns_type_name(std::uint16_t type);
/// "IN", "CH" (or "CHAOS"), "HS", "CS", "NONE", "ANY".
[[nodiscard]] std::optional<std::uint16_t> dns_class(std::string_view name);
/// "NOERROR", "NXDOMAIN", ...
[[nodiscard]] std::optional<int> dns_rcode(std::string_view name);
/// "RCODE17" where it has no name.
[[nodiscard]] std::string dns_rcode_name(int rcode);

/// The query as it goes into a datagram. Fails where the name is no domain name.
[[nodiscard]] Result<std::string> make_dns_query(const DnsQuestion& question, std::uint16_t id);

struct DnsSection {
    /// As the header counts them.
    std::size_t count = 0;
    /// Each record in presentation form, as `example.com.\t300\tIN\tA\t192.0.2.1`; OPT left out.
    std::vector<std::string> records;
};

struct DnsAnswer {
    int rcode = 0;
    /// The server has more to say than fitted (the TC bit).
    bool truncated = false;
    DnsSection answer;
    DnsSection authority;
    DnsSection additional;
    /// Of the last SOA record among the answers.
    std::optional<std::uint32_t> serial;
};

/// Why bytes are not the answer to a question.
struct DnsFault {
    /// `malformed`, `truncated` (cut, and says so), `wrong_id`, `wrong_question`, `not_an_answer`.
    std::string_view reason;
    std::string detail;
};

/// Reads at most 64 KiB. Every pointer, length and count is held against the bytes that are there.
[[nodiscard]] std::expected<DnsAnswer, DnsFault> read_dns_answer(std::string_view wire,
                                                                 const DnsQuestion& question,
                                                                 std::uint16_t id);

}  // namespace pilotlight::probes
