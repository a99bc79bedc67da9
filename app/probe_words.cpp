#include "app/probe_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace pilotlight::app {
namespace {

using Words = std::pair<std::string_view, std::string_view>;

constexpr Words kPhases[] = {
    {"resolve", "Looking up the name"},
    {"connect", "Connecting"},
    {"proxy", "Going through the proxy"},
    {"tls", "The TLS handshake"},
    {"request", "Sending the request"},
    {"response", "Getting an answer"},
    {"body", "Reading the answer"},
    {"auth", "Logging in"},
    {"query", "Asking"},
    {"parse", "Understanding the answer"},
    {"find", "Looking for the file"},
    {"check", "Checking the file"},
    {"read", "Reading"},
    {"credentials", "Reading the login"},
    {"setup", "Preparing the probe"},
    {"heartbeat", "Asking a heartbeat"},
};

constexpr Words kReasons[] = {
    {"bad_encoding", "the answer's compression is damaged or unknown"},
    {"bad_format", "what came is not in the form that was expected"},
    {"bad_redirect", "the server redirects to an address that is none"},
    {"bad_url", "the address is no URL that can be asked for"},
    {"body_regexp", "the body does not say what it should"},
    {"body_too_large", "the answer is larger than it may be"},
    {"certificate_expired", "the certificate has expired"},
    {"certificate_invalid", "the certificate is damaged or may not be used for this"},
    {"certificate_name_mismatch", "the certificate is for another name"},
    {"certificate_not_yet_valid", "the certificate is not valid yet, or a clock is wrong"},
    {"certificate_revoked", "the certificate was revoked"},
    {"certificate_self_signed", "the certificate is signed by itself, by no authority"},
    {"certificate_untrusted", "no authority that is trusted here vouches for the certificate"},
    {"closed", "the other side closed the connection too early"},
    {"connect_error", "the connection did not come about"},
    {"database_missing", "there is no database of that name"},
    {"grpc_status", "the service answered with an error"},
    {"handshake", "the two sides found no way to encrypt that both accept"},
    {"header_regexp", "a header does not say what it should"},
    {"header_too_large", "the answer's headers are larger than they may be"},
    {"http_version", "the server speaks a version of HTTP that is not wanted"},
    {"io_error", "the connection broke"},
    {"late", "the probe began too late"},
    {"missing", "there is none"},
    {"network_unreachable", "this machine has no route to that network"},
    {"no_addresses", "the name has no address of the wanted kind"},
    {"no_certificate", "the server showed no certificate"},
    {"no_descriptors", "this machine has no file descriptors left"},
    {"no_local_ports", "this machine has no ports left to connect from"},
    {"no_memory", "this machine has no memory left"},
    {"no_permission", "this user may not do that"},
    {"no_ssl", "the server was to encrypt and does not"},
    {"no_threads", "all threads for slow disks are busy"},
    {"not_a_socket", "what is there is no socket"},
    {"not_asked", "its job tells it, and the Pilotlight that runs knows: pilotlight targets"},
    {"not_found", "there is nothing of that name"},
    {"not_serving", "the service says that it does not serve"},
    {"not_tls", "what answered does not speak TLS"},
    {"nxdomain", "there is no such name in the DNS"},
    {"protocol", "what came is not the protocol that was expected"},
    {"proxy_protocol", "the proxy does not answer as a proxy does"},
    {"proxy_refused", "the proxy refuses to connect"},
    {"query_failed", "the query failed"},
    {"rcode", "the DNS server answered with an error"},
    {"refused", "nothing listens there, or a firewall refuses"},
    {"reset", "the other side broke the connection off"},
    {"resolver_refuses", "the DNS servers of this machine refuse to answer"},
    {"resolver_unreachable", "no DNS server of this machine answers"},
    {"sample_limit", "there is more than may be taken"},
    {"secret_file", "the file with the secret cannot be read"},
    {"server_failure", "the DNS server cannot find out"},
    {"source_address", "this machine does not have the source address that was asked for"},
    {"ssl", "the server encrypts and was not to"},
    {"stalled", "Pilotlight did not get to run while the probe waited"},
    {"status", "the server answered with a status that is not wanted"},
    {"suspended", "this machine was asleep while the probe waited"},
    {"timeout", "nothing came in time"},
    {"tls_error", "the encryption broke"},
    {"tls_settings", "the certificates or keys of this side cannot be used"},
    {"too_many_redirects", "the server redirects again and again"},
    {"too_many_rows", "there is more than may be taken"},
    {"too_small", "the file is smaller than it may be"},
    {"truncated", "the answer ends in the middle"},
    {"unexpected_value", "the value is not the one that was expected"},
    {"unreachable", "no way leads there: a router says so"},
    {"unreadable", "it cannot be read here"},
    {"wrong_password", "user or password is wrong"},
    {"wrong_role", "the server has another role than expected"},
};

template <std::size_t N>
std::string_view find(const Words (&words)[N], std::string_view word) {
    const auto* const found = std::ranges::find(words, word, &Words::first);
    return found == std::end(words) ? std::string_view{} : found->second;
}

std::string with_spaces(std::string_view word) {
    std::string out(word);
    std::ranges::replace(out, '_', ' ');
    return out;
}

}  // namespace

std::string reason_in_words(std::string_view reason) {
    const std::string_view words = find(kReasons, reason);
    return words.empty() ? with_spaces(reason) : std::string(words);
}

std::string outcome_in_words(const probes::Outcome& outcome) {
    if (outcome.verdict == probes::Verdict::ok) return "";
    const std::string_view known = find(kPhases, outcome.phase);
    const std::string where =
        known.empty() ? "The phase " + with_spaces(outcome.phase) : std::string(known);
    const std::string_view place = outcome.verdict == probes::Verdict::unknown
                                       ? " here, which says nothing of the target"
                                       : "";
    return fmt::format("{} failed{}: {}.", where, place, reason_in_words(outcome.reason));
}

std::string span_in_words(Duration span) {
    using Unit = std::pair<std::int64_t, std::string_view>;
    static constexpr Unit kUnits[] = {{86'400, "day"}, {3'600, "hour"}, {60, "minute"}};
    const std::int64_t seconds =
        std::abs(std::chrono::duration_cast<std::chrono::seconds>(span).count());
    const auto* const unit =
        std::ranges::find_if(kUnits, [&](const Unit& each) { return seconds >= 2 * each.first; });
    const auto [size, name] = unit == std::end(kUnits) ? Unit{1, "second"} : *unit;
    const std::int64_t count = seconds / size;
    return fmt::format("{} {}{}", count, name, count == 1 ? "" : "s");
}

}  // namespace pilotlight::app
