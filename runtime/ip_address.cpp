#include "runtime/ip_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <charconv>

namespace pilotlight::runtime {

namespace {

std::optional<std::uint32_t> parse_zone(std::string_view zone) {
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
    if (error == std::errc() && end == zone.data() + zone.size()) return index;
    index = ::if_nametoindex(std::string(zone).c_str());
    if (index == 0) return std::nullopt;
    return index;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    // Longer texts are no addresses: spares a copy of every host name.
    if (text.empty() || text.size() > INET6_ADDRSTRLEN + IF_NAMESIZE) return std::nullopt;
    IpAddress address;
    const std::string plain(text.substr(0, text.find('%')));
    if (::inet_pton(AF_INET, plain.c_str(), address.bytes.data()) == 1) {
        if (plain.size() != text.size()) return std::nullopt;
        return address;
    }
    address.version = 6;
    if (::inet_pton(AF_INET6, plain.c_str(), address.bytes.data()) != 1) return std::nullopt;
    if (plain.size() != text.size()) {
        const std::optional<std::uint32_t> zone = parse_zone(text.substr(plain.size() + 1));
        if (!zone) return std::nullopt;
        address.scope = *zone;
    }
    return address;
}

std::string IpAddress::to_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(version == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
    if (scope == 0) return text;
    return std::string(text) + "%" + std::to_string(scope);
}

}  // namespace pilotlight::runtime
