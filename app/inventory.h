#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "alerting/change_event.h"
#include "app/load.h"

namespace pilotlight::app {

/// What a configuration consists of, for telling one from the next: names and hashes, no contents,
/// no secrets.
struct Inventory {
    /// By path: of what is in the file.
    std::map<std::string, std::uint64_t> files;
    /// By name.
    std::map<std::string, std::uint64_t> targets;
    /// By group and name, those of one name numbered.
    std::map<std::string, std::uint64_t> rules;
};

/// `watched`: files and globs, as in LoadResult. Reads the files.
[[nodiscard]] Inventory inventory_of(const Loaded& loaded, std::span<const std::string> watched);

/// What a reload changed, for people; nothing where everything is as it was. `at` and
/// `external_url` are the caller's to set.
[[nodiscard]] std::optional<alerting::ChangeEvent> difference(const Inventory& before,
                                                              const Inventory& after);

}  // namespace pilotlight::app
