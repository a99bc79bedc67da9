#include "app/heartbeat_doors.h"

#include "probes/heartbeat_address.h"
#include "probes/heartbeat_state.h"

namespace pilotlight::app {
namespace {

/// Takes as long wherever they differ.
bool is_equal(std::string_view secret, std::string_view shown) {
    if (secret.size() != shown.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < secret.size(); ++i)
        difference |= static_cast<unsigned char>(secret[i] ^ shown[i]);
    return difference == 0;
}

}  // namespace

void HeartbeatDoors::replace(const std::vector<Heartbeat>& heartbeats) {
    const std::scoped_lock lock(mutex_);
    for (auto& [name, door] : doors_)
        door.listed = false;
    for (const Heartbeat& heartbeat : heartbeats) {
        Door& door = doors_[heartbeat.name];
        door.token = heartbeat.token;
        // With the token, which may be a file's.
        auto secrets = heartbeat.secrets == nullptr ? probes::Redaction() : *heartbeat.secrets;
        secrets.hide(heartbeat.token);
        door.secrets = std::make_shared<const probes::Redaction>(std::move(secrets));
        door.listed = true;
    }
    std::erase_if(doors_, [](const auto& item) { return !item.second.listed; });
}

HeartbeatDoors::Answer HeartbeatDoors::knock(std::string_view name, std::string_view token,
                                             SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    const auto found = doors_.find(name);
    if (found == doors_.end()) return Answer::unknown;
    Door& door = found->second;
    if (!door.token.empty() && !is_equal(door.token.reveal(), token)) return Answer::wrong_token;
    const double seconds = std::chrono::duration<double>(now - door.filled_at).count();
    door.room = std::min(kBurst, door.room + std::max(seconds, 0.0) * kPerSecond);
    door.filled_at = now;
    if (door.room < 1) return Answer::too_often;
    door.room -= 1;
    return Answer::open;
}

std::string HeartbeatDoors::kept_of(std::string_view name, std::string_view body) {
    std::shared_ptr<const probes::Redaction> secrets;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = doors_.find(name);
        if (found != doors_.end()) secrets = found->second.secrets;
    }
    if (secrets == nullptr || secrets->empty()) {
        return std::string(probes::end_of(body, probes::kHeartbeatBodyMax));
    }
    // A cut through a secret would leave a part of it.
    return std::string(probes::end_of(secrets->hidden_in(body), probes::kHeartbeatBodyMax));
}

}  // namespace pilotlight::app
