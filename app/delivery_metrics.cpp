#include "app/delivery_metrics.h"

#include <spdlog/spdlog.h>

#include <string_view>
#include <vector>

namespace pilotlight::app {

alerting::OutboxObserver counting_observer(exporters::SelfMetrics& metrics) {
    alerting::OutboxObserver observer;
    observer.on_delivered = [&metrics](const alerting::Address& to, Duration delay) {
        metrics.notification_delivered(to.receiver, to.integration, delay);
    };
    observer.on_failed = [&metrics](const alerting::Address& to, alerting::Reason reason) {
        metrics.notification_failed(to.receiver, to.integration, alerting::to_string(reason));
    };
    observer.on_dead = [&metrics](const alerting::Address& to) {
        metrics.notification_dead(to.receiver, to.integration);
    };
    observer.on_trouble = [](const std::string& line) { spdlog::warn("{}", line); };
    return observer;
}

void declare_receivers(exporters::SelfMetrics& metrics, const alerting::RoutingConfig& routing) {
    std::vector<std::string_view> reasons;
    for (const alerting::Reason reason : alerting::all_reasons()) {
        reasons.push_back(alerting::to_string(reason));
    }
    for (const alerting::ReceiverConfig& receiver : routing.receivers) {
        for (const alerting::IntegrationPtr& integration : receiver.integrations) {
            const alerting::Address& address = integration->address();
            metrics.declare_receiver(address.receiver, address.integration, reasons);
        }
    }
}

}  // namespace pilotlight::app
