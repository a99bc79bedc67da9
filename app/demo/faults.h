#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "core/time.h"

namespace pilotlight::app::demo {

/// What can be made to go wrong, in the order of the keys 1, 2, 3...
struct FaultKind {
    std::string_view name;
    std::string_view description;
    /// The alert that it leads to.
    std::string_view alert;
};
[[nodiscard]] std::span<const FaultKind> fault_kinds();

/// Which faults of the demo's application are on. A fault ends by itself after a while, so that
/// whoever watches sees the alert resolve. Thread: any.
class Faults {
  public:
    /// Switches `name` on until `until`; false where no fault has that name.
    bool switch_on(std::string_view name, SteadyTime until);
    /// False where no fault has that name; switching off what is off is no mistake.
    bool switch_off(std::string_view name);
    [[nodiscard]] bool is_on(std::string_view name, SteadyTime now) const;

  private:
    mutable std::mutex mutex_;
    std::array<SteadyTime, 8> until_{};
};

}  // namespace pilotlight::app::demo
