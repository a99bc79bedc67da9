#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/ip_address.h"

namespace pilotlight::runtime {

/// Which addresses of one host a piece of work may use, for whoever asks the same host again in
/// another way; see Services. Thread: one loop.
struct AddressRules {
    /// Lower case. Another name than this one is looked up as ever.
    std::string host;
    /// The one address that it has, without looking it up.
    std::optional<IpAddress> only;
    /// What it went to before. Addresses that are not among them come first, those of a family that
    /// is not before those.
    std::vector<IpAddress> used;

    /// Whether they are for `name`, in any case.
    [[nodiscard]] bool are_for(std::string_view name) const;
    /// In the order of the rules.
    void sort(std::vector<IpAddress>& addresses) const;
    /// Notes where work goes.
    void note(const IpAddress& address);
};

}  // namespace pilotlight::runtime
