#include "exporters/open_connections.h"

#include <algorithm>

namespace pilotlight::exporters {

OpenConnections::Entry::Entry(OpenConnections& all, Connection& connection)
    : all_(all), connection_(connection) {
    const std::lock_guard lock(all_.mutex_);
    all_.connections_.emplace(&connection, SteadyTime::max());
}

OpenConnections::Entry::~Entry() {
    const std::lock_guard lock(all_.mutex_);
    all_.connections_.erase(&connection_);
    all_.changed_.notify_all();
}

bool OpenConnections::Entry::begin_idle() {
    const std::lock_guard lock(all_.mutex_);
    if (all_.closing_) return false;
    all_.connections_[&connection_] = steady_now();
    return true;
}

void OpenConnections::Entry::end_idle() {
    const std::lock_guard lock(all_.mutex_);
    all_.connections_[&connection_] = SteadyTime::max();
}

void OpenConnections::close_an_idle_one() {
    const std::lock_guard lock(mutex_);
    const auto oldest = std::ranges::min_element(
        connections_, {}, [](const auto& connection) { return connection.second; });
    if (oldest == connections_.end() || oldest->second == SteadyTime::max()) return;
    oldest->first->shut_down();
    oldest->second = SteadyTime::max();
}

void OpenConnections::close_all(Duration patience) {
    std::unique_lock lock(mutex_);
    closing_ = true;
    for (const auto& [connection, idle_since] : connections_) {
        if (idle_since != SteadyTime::max()) connection->shut_down();
    }
    changed_.wait_for(lock, patience, [this] { return connections_.empty(); });
    for (const auto& [connection, idle_since] : connections_)
        connection->shut_down();
}

bool OpenConnections::is_closing() const {
    const std::lock_guard lock(mutex_);
    return closing_;
}

}  // namespace pilotlight::exporters
