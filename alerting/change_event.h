#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace pilotlight::alerting {

/// Something that was changed on purpose, for services that show it beside incidents. No secrets.
struct ChangeEvent {
    /// One line.
    std::string summary;
    /// Where: this machine's name.
    std::string source;
    WallTime at{};
    /// Name and text of each.
    std::vector<std::pair<std::string, std::string>> details;
    /// Of this Pilotlight; "" where there is none.
    std::string external_url;
};

}  // namespace pilotlight::alerting
