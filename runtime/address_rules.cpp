#include "runtime/address_rules.h"

#include <algorithm>

namespace pilotlight::runtime {

bool AddressRules::are_for(std::string_view name) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(name, host, {}, lower);
}

void AddressRules::sort(std::vector<IpAddress>& addresses) const {
    const auto rank = [&](const IpAddress& address) {
        if (std::ranges::find(used, address) != used.end()) return 2;
        return std::ranges::find(used, address.version, &IpAddress::version) != used.end() ? 1 : 0;
    };
    std::ranges::stable_sort(addresses, {}, rank);
}

void AddressRules::note(const IpAddress& address) {
    if (std::ranges::find(used, address) == used.end()) used.push_back(address);
}

}  // namespace pilotlight::runtime
