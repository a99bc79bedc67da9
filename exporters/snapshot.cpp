#include "exporters/snapshot.h"

#include "core/check.h"

namespace pilotlight::exporters {

std::string_view to_string(Health health) {
    switch (health) {
        case Health::up:
            return "up";
        case Health::degraded:
            return "degraded";
        case Health::down:
            return "down";
        case Health::unknown:
            return "unknown";
    }
    PILOT_CHECK(false);
}

std::string_view to_string(Mute mute) {
    switch (mute) {
        case Mute::none:
            return "";
        case Mute::silenced:
            return "silenced";
        case Mute::inhibited:
            return "inhibited";
    }
    PILOT_CHECK(false);
}

}  // namespace pilotlight::exporters
