#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alerting/change_event.h"
#include "core/secret.h"

/// PagerDuty's change events: what was changed, shown beside the incidents that came after. Source:
/// https://developer.pagerduty.com/docs/send-change-event
namespace pilotlight::alerting {

/// Where they go when events go to `events_url`; nothing where that is no address of Events API v2.
[[nodiscard]] std::optional<std::string> pagerduty_change_url(std::string_view events_url);

/// The JSON to POST, cut to PagerDuty's limits.
[[nodiscard]] std::string pagerduty_change_body(const Secret& routing_key,
                                                const ChangeEvent& event);

}  // namespace pilotlight::alerting
