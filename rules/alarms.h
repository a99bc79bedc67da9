#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/time.h"

namespace pilotlight::rules {

/// At most one time for each key, in order of time.
template <class Key>
class Alarms {
  public:
    /// Nothing for never.
    void set(const Key& key, std::optional<WallTime> at) {
        const auto known = times_.find(key);
        if (known != times_.end()) {
            if (at == known->second) return;
            order_.erase({known->second, key});
            times_.erase(known);
        }
        if (!at) return;
        times_.emplace(key, *at);
        order_.emplace(*at, key);
    }
    /// All of them later by so much.
    void shift(Duration by) {
        order_.clear();
        for (auto& [key, at] : times_) {
            at += by;
            order_.emplace(at, key);
        }
    }
    void clear() {
        times_.clear();
        order_.clear();
    }

    /// The earliest; null where there is none. Valid until the next change.
    [[nodiscard]] const std::pair<WallTime, Key>* first() const {
        return order_.empty() ? nullptr : &*order_.begin();
    }

  private:
    std::map<Key, WallTime> times_;
    std::set<std::pair<WallTime, Key>> order_;
};

}  // namespace pilotlight::rules
