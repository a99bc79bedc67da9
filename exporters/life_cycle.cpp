#include "exporters/handlers.h"
#include "exporters/health.h"

namespace pilotlight::exporters {

Response show_healthy(const Call& call) {
    if (call.snapshot != nullptr && is_stuck(*call.snapshot, call.now)) {
        return text_response(503, "Pilotlight is not healthy: its engine no longer turns.\n");
    }
    return text_response(200, "Pilotlight is healthy.\n");
}

Response show_ready(const Call& call) {
    return call.snapshot == nullptr
               ? text_response(503, "Pilotlight is not ready: no configuration is live yet.\n")
               : text_response(200, "Pilotlight is ready.\n");
}

Response reload(const Call& call) {
    const std::vector<std::string> errors = call.site.reload();
    if (errors.empty()) return text_response(200, "The configuration was reloaded.\n");
    std::string text = "The configuration was not reloaded; the old one stays live.\n";
    for (const std::string& error : errors)
        text += error + '\n';
    return text_response(500, std::move(text));
}

Response quit(const Call& call) {
    call.site.quit();
    return text_response(200, "Pilotlight is going down.\n");
}

}  // namespace pilotlight::exporters
