#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rules/active_alert.h"

namespace pilotlight::rules {

/// The alerts of one rule by their labels, and by the target that their row is of: what has to do
/// with one target costs no look at the others.
class ActiveAlerts {
  public:
    using ByLabels = std::unordered_map<Labels, ActiveAlert>;
    using Entry = ByLabels::value_type;

    ActiveAlerts() = default;
    ActiveAlerts(ActiveAlerts&&) = default;
    ActiveAlerts& operator=(ActiveAlerts&&) = default;
    /// Entries are known by where they are.
    ActiveAlerts(const ActiveAlerts&) = delete;
    ActiveAlerts& operator=(const ActiveAlerts&) = delete;
    ~ActiveAlerts() = default;

    [[nodiscard]] const ByLabels& all() const { return alerts_; }
    [[nodiscard]] std::size_t size() const { return alerts_.size(); }
    /// Null where there is none.
    [[nodiscard]] Entry* find(const Labels& labels);

    /// Entries stay where they are until they are erased. Their rows must not change.
    [[nodiscard]] std::vector<Entry*> entries();
    /// Those whose row is of this target; of none, where it is "".
    [[nodiscard]] std::vector<Entry*> of(std::string_view target);
    [[nodiscard]] std::size_t count(std::string_view target) const;
    /// Every target that an alert is of, "" among them where one is of none.
    [[nodiscard]] std::vector<std::string> targets() const;

    /// Instead of what was there under these labels.
    void put(const Labels& labels, ActiveAlert alert);
    void erase(Entry& entry);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view target) const {
            return std::hash<std::string_view>{}(target);
        }
    };

    ByLabels alerts_;
    std::unordered_map<std::string, std::unordered_set<Entry*>, Hash, std::equal_to<>> by_target_;
};

}  // namespace pilotlight::rules
