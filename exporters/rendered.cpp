#include "exporters/rendered.h"

namespace pilotlight::exporters {
namespace {

// What is not in the snapshot (Pilotlight's own counters) may be this old.
constexpr Duration kKept = std::chrono::seconds(1);

}  // namespace

Rendered::Entry& Rendered::entry(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto known = entries_.find(key);
    if (known != entries_.end()) return *known->second;
    return *entries_.emplace(std::string(key), std::make_unique<Entry>()).first->second;
}

SharedBody Rendered::get(std::string_view key, const SharedSnapshot& snapshot, WallTime now,
                         const std::function<SharedBody()>& make) {
    Entry& kept = entry(key);
    const std::lock_guard lock(kept.mutex);
    const bool fresh = now >= kept.made_at && now - kept.made_at < kKept;
    if (kept.body == nullptr || kept.of != snapshot || !fresh) {
        kept.body = make();
        kept.of = snapshot;
        kept.made_at = now;
    }
    return kept.body;
}

}  // namespace pilotlight::exporters
