#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"
#include "core/time.h"
#include "probes/redaction.h"

namespace pilotlight::app {

/// Which heartbeats are known, what a ping of each must show, and how many may come: asked before
/// anything else, so that whoever asks for what is not there, or all too often, costs the engine
/// nothing. Thread: any.
class HeartbeatDoors {
  public:
    enum class Answer { open, unknown, wrong_token, too_often };

    struct Heartbeat {
        std::string name;
        /// Empty where it needs none.
        Secret token;
        /// Its other secrets; null where it has none.
        std::shared_ptr<const probes::Redaction> secrets = nullptr;
    };
    /// Makes these all. What was counted of a name that stays goes on.
    void replace(const std::vector<Heartbeat>& heartbeats);

    /// A ping of `name` that shows `token`. One with the wrong token takes away nothing from the
    /// rightful ones.
    [[nodiscard]] Answer knock(std::string_view name, std::string_view token, SteadyTime now);

    /// What is kept of a body that came with a ping of `name`: its end, without secrets.
    [[nodiscard]] std::string kept_of(std::string_view name, std::string_view body);

    /// So many at once, and so many per second after that.
    static constexpr double kBurst = 200;
    static constexpr double kPerSecond = 20;

  private:
    struct Door {
        Secret token;
        std::shared_ptr<const probes::Redaction> secrets;
        double room = kBurst;
        SteadyTime filled_at{};
        bool listed = false;
    };

    std::mutex mutex_;
    std::map<std::string, Door, std::less<>> doors_;
};

}  // namespace pilotlight::app
