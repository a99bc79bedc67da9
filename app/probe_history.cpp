#include "app/probe_history.h"

#include <algorithm>
#include <ranges>

namespace pilotlight::app {

void ProbeHistory::add(PastProbe probe) {
    if (probe.batch != nullptr && probe.batch->samples.size() > kSamplesMax) probe.batch.reset();
    const std::scoped_lock lock(mutex_);
    probe.id = next_id_++;
    last_.push_back(std::make_shared<const PastProbe>(std::move(probe)));
    if (last_.size() <= kKept) return;
    if (!last_.front()->successful) failures_.push_back(last_.front());
    last_.pop_front();
    if (failures_.size() > kKept) failures_.pop_front();
}

std::vector<SharedPastProbe> ProbeHistory::all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<SharedPastProbe> probes(last_.rbegin(), last_.rend());
    probes.insert(probes.end(), failures_.rbegin(), failures_.rend());
    return probes;
}

SharedPastProbe ProbeHistory::by_id(std::uint64_t id) const {
    for (const SharedPastProbe& probe : all()) {
        if (probe->id == id) return probe;
    }
    return nullptr;
}

SharedPastProbe ProbeHistory::by_target(std::string_view target) const {
    for (const SharedPastProbe& probe : all()) {
        if (probe->target == target) return probe;
    }
    return nullptr;
}

}  // namespace pilotlight::app
