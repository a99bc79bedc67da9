#include "alerting/uuid.h"

#include <fmt/format.h>

#include <cstdint>
#include <random>

namespace pilotlight::alerting {

std::string random_uuid() {
    std::random_device source;
    const auto word = [&source] { return static_cast<std::uint32_t>(source()); };
    const std::uint32_t third = (word() & 0x0fffU) | 0x4000U;
    const std::uint32_t fourth = (word() & 0x3fffU) | 0x8000U;
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:08x}{:04x}", word(), word() & 0xffffU, third,
                       fourth, word(), word() & 0xffffU);
}

bool is_uuid(std::string_view text) {
    constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != kForm.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_hex =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (kForm[i] == '-' ? c != '-' : !is_hex) return false;
    }
    return true;
}

}  // namespace pilotlight::alerting
