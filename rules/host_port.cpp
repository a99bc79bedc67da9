#include "rules/host_port.h"

#include <arpa/inet.h>

#include <optional>
#include <utility>

namespace pilotlight::rules {

namespace {

/// Go's net.SplitHostPort.
std::optional<std::pair<std::string, std::string>> split(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string host = address.substr(0, colon);
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return std::nullopt;
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return std::nullopt;
    }
    if (host.find_first_of("[]") != std::string::npos) return std::nullopt;
    return std::pair(host, address.substr(colon + 1));
}

bool is_ip(const std::string& host) {
    in6_addr room{};
    return inet_pton(AF_INET, host.c_str(), &room) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

}  // namespace

std::string strip_port(const std::string& address) {
    const auto parts = split(address);
    return parts ? parts->first : address;
}

std::string strip_domain(const std::string& address) {
    const auto parts = split(address);
    const std::string host = parts ? parts->first : address;
    if (is_ip(host)) return address;
    const std::string name = host.substr(0, host.find('.'));
    return parts && !parts->second.empty() ? name + ':' + parts->second : name;
}

}  // namespace pilotlight::rules
