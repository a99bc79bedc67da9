#pragma once

#include <string>

#include "exporters/alertmanager_api/desk.h"
#include "exporters/alertmanager_api/routes.h"
#include "exporters/http.h"

/// What answers which path: each a function of the request and the desk.
namespace pilotlight::exporters::alertmanager_api {

struct Call {
    const Request& request;
    const AlertDesk& desk;
    const About& about;
    /// The last part of the path, where the route takes one.
    std::string id;
};

[[nodiscard]] Response get_alerts(const Call& call);
[[nodiscard]] Response post_alerts(const Call& call);
[[nodiscard]] Response get_groups(const Call& call);
[[nodiscard]] Response get_silences(const Call& call);
[[nodiscard]] Response post_silence(const Call& call);
[[nodiscard]] Response get_silence(const Call& call);
[[nodiscard]] Response delete_silence(const Call& call);
[[nodiscard]] Response get_receivers(const Call& call);
[[nodiscard]] Response get_status(const Call& call);

}  // namespace pilotlight::exporters::alertmanager_api
