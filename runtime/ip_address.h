#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pilotlight::runtime {

/// An IPv4 or IPv6 address.
struct IpAddress {
    /// Network order; IPv4 uses the first four.
    std::array<std::uint8_t, 16> bytes{};
    /// 4 or 6.
    int version = 4;
    /// The zone of a link-local IPv6 address, as an interface index; 0 for none.
    std::uint32_t scope = 0;

    /// `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`; with or without brackets. Nothing if it is no
    /// numeric address.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] std::span<const std::uint8_t> octets() const {
        return {bytes.data(), version == 4 ? std::size_t{4} : std::size_t{16}};
    }

    bool operator==(const IpAddress&) const = default;
};

/// Which addresses of a name are used: the preferred family first; with `fallback` the other
/// family after it.
struct IpPreference {
    int preferred = 6;
    bool fallback = true;
};

}  // namespace pilotlight::runtime
