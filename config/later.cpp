#include "config/sections.h"

namespace pilotlight::config {

void read_later_sections(const Node& root, Reading& reading) {
    for (const Node::Entry& entry : root.entries) {
        if (entry.key == "escalations" && !entry.value.is_null()) {
            reading.not_yet(entry, "only the alerting file's routes are followed");
        }
    }
}

}  // namespace pilotlight::config
