#include "probes/admission.h"

#include "core/check.h"

namespace pilotlight::probes {

struct Admission::Gate {
    std::size_t limit = 0;
    SkipCause cause{};
    std::size_t inside = 0;
    std::list<Pass*> line;

    [[nodiscard]] bool has_room() const { return inside < limit; }
};

Admission::Admission(Limits limits, int loops) : limits_(std::move(limits)) {
    for (int i = 0; i < loops; ++i) {
        loops_.push_back(std::make_shared<Gate>());
        loops_.back()->limit = limits_.per_loop;
        loops_.back()->cause = SkipCause::in_flight_limit;
    }
}

Admission::~Admission() = default;

Admission::Way Admission::way(const std::string& host, const std::string& prober, int loop) {
    const std::scoped_lock lock(mutex_);
    Way way;
    if (!host.empty()) {
        std::shared_ptr<Gate>& gate = hosts_[host];
        if (gate == nullptr) {
            gate = std::make_shared<Gate>();
            gate->limit = limits_.per_host;
            gate->cause = SkipCause::host_limit;
        }
        way.gates_[0] = gate;
    }
    std::shared_ptr<Gate>& gate = probers_[prober];
    if (gate == nullptr) {
        const auto own = limits_.of_prober.find(prober);
        gate = std::make_shared<Gate>();
        gate->limit = own == limits_.of_prober.end() ? limits_.per_prober : own->second;
        gate->cause = SkipCause::prober_limit;
    }
    way.gates_[1] = gate;
    way.gates_[2] = loops_.at(static_cast<std::size_t>(loop));
    return way;
}

void Admission::forget_unused() {
    const std::scoped_lock lock(mutex_);
    std::erase_if(hosts_, [](const auto& host) { return host.second.use_count() == 1; });
}

bool Admission::Pass::enter() {
    const std::scoped_lock lock(admission_.mutex_);
    PILOT_CHECK(passed_ == 0 && !waiting_);
    for (const auto& gate : way_.gates_) {
        if (gate != nullptr && !gate->has_room()) return false;
    }
    advance();
    return true;
}

void Admission::Pass::wait(std::function<void()> moved) {
    const std::scoped_lock lock(admission_.mutex_);
    PILOT_CHECK(passed_ == 0 && !waiting_);
    moved_ = std::move(moved);
    advance();
}

std::optional<SkipCause> Admission::Pass::waits_for() const {
    const std::scoped_lock lock(admission_.mutex_);
    if (!waiting_) return std::nullopt;
    return way_.gates_.at(passed_)->cause;
}

/// As far as there is room.
void Admission::Pass::advance() {
    for (; passed_ < way_.gates_.size(); ++passed_) {
        Gate* const gate = way_.gates_.at(passed_).get();
        if (gate == nullptr) continue;
        if (!gate->has_room()) {
            waiting_ = true;
            in_line_ = gate->line.insert(gate->line.end(), this);
            return;
        }
        ++gate->inside;
    }
}

/// Gives back its places, each to the first in its line.
void Admission::Pass::leave(News& news) {
    if (waiting_) way_.gates_.at(passed_)->line.erase(in_line_);
    waiting_ = false;
    while (passed_ > 0) {
        Gate* const gate = way_.gates_.at(--passed_).get();
        if (gate == nullptr) continue;
        --gate->inside;
        if (gate->line.empty()) continue;
        Pass& next = *gate->line.front();
        gate->line.pop_front();
        next.waiting_ = false;
        next.advance();
        news.push_back(next.moved_);
    }
}

Admission::Pass::~Pass() {
    News news;
    {
        const std::scoped_lock lock(admission_.mutex_);
        leave(news);
    }
    for (const auto& moved : news)
        moved();
}

}  // namespace pilotlight::probes
