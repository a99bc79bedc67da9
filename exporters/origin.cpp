#include "exporters/origin.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace pilotlight::exporters {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

/// `[::1]:9897` to `::1`, `name:80` to `name`, without a root dot; "" for what is no authority.
std::string host_of(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        return end == authority.npos ? "" : lower(authority.substr(1, end - 1));
    }
    std::string_view host = authority.substr(0, authority.find(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    return lower(host);
}

bool is_ip_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes;
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool names_this_machine(std::string_view authority, std::span<const std::string> host_names) {
    const std::string host = host_of(authority);
    if (host == "localhost" || host.ends_with(".localhost") || is_ip_address(host)) return true;
    return std::ranges::any_of(host_names,
                               [&](const std::string& name) { return lower(name) == host; });
}

/// The authority of an `Origin` header; "" for `null` and what is no web origin.
std::string_view authority_of(std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme)) return origin.substr(scheme.size());
    }
    return {};
}

}  // namespace

bool is_loopback(std::string_view address) {
    const std::string text(address.starts_with("::ffff:") ? address.substr(7) : address);
    in_addr v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

namespace {

/// Why it does not come from this machine's own people.
std::optional<std::string> refuse_stranger(const Request& request,
                                           std::span<const std::string> host_names) {
    if (!is_loopback(request.remote_address)) {
        return "only a client on loopback may change anything here";
    }
    for (const std::string_view name : {"Forwarded", "X-Forwarded-For", "X-Real-IP"}) {
        if (request.has_header(name)) {
            return "a forwarded request may not change anything here: ask on loopback, without "
                   "the proxy";
        }
    }
    if (request.has_header("Host") && !names_this_machine(request.header("Host"), host_names)) {
        return "the Host header does not name this server";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> refuse_change(const Request& request,
                                         std::span<const std::string> host_names) {
    if (!request.has_login) {
        if (auto reason = refuse_stranger(request, host_names)) return reason;
    }
    const std::string_view site = request.header("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none") {
        return "a page of another origin may not change anything here";
    }
    if (!request.has_header("Origin")) return std::nullopt;
    const std::string_view origin = authority_of(request.header("Origin"));
    if (origin.empty() || lower(origin) != lower(request.header("Host"))) {
        return "a page of another origin may not change anything here";
    }
    return std::nullopt;
}

}  // namespace pilotlight::exporters
