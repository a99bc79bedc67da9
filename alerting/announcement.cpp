#include "alerting/announcement.h"

#include <fmt/format.h>

namespace pilotlight::alerting {

std::vector<Notification> announcements(const NotifiedAlert& alert, const RoutingConfig& routing,
                                        const std::string& external_url, WallTime now) {
    std::vector<Notification> all;
    for (const ReceiverConfig& receiver : routing.receivers) {
        for (const IntegrationPtr& integration : receiver.integrations) {
            Notification notification;
            notification.to = integration->address();
            notification.group_labels = alert.labels;
            notification.group_key =
                fmt::format("{}:{}#pilotlight", receiver.name, alert.labels.to_string());
            notification.dedup_key = make_dedup_key(receiver.name, alert.labels, "pilotlight");
            notification.alerts = {alert};
            notification.external_url = external_url;
            notification.decided_at = now;
            all.push_back(std::move(notification));
        }
    }
    return all;
}

}  // namespace pilotlight::alerting
