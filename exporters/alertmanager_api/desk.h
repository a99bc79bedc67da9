#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alerting/alerting_view.h"
#include "alerting/outside_alerts.h"
#include "alerting/silences.h"

/// Alertmanager's API v2 (its api/v2/openapi.yaml of 0.25, and what later versions add).
namespace pilotlight::exporters::alertmanager_api {

/// Who asks for a change: for the audit trail.
struct Author {
    /// Who says so of themselves; "" where nobody did.
    std::string name;
    /// The client's address.
    std::string from;
};

/// What the API may ask of the alerting half. Called on HTTP threads, each call waits with a limit;
/// nothing (or null) means that the engine has not answered within it. A change has been committed
/// when its call returns, where the disk allows.
struct AlertDesk {
    std::function<std::shared_ptr<const alerting::AlertingView>()> view;

    using Put = std::expected<alerting::Silences::Change, alerting::Silences::Refusal>;
    std::function<std::optional<Put>(alerting::Silence wanted, Author author)> put_silence;

    using Expire = std::expected<void, alerting::Silences::Refusal>;
    std::function<std::optional<Expire>(std::string id, Author author)> expire_silence;

    /// Why some were refused; the others were taken.
    std::function<std::optional<std::vector<std::string>>(std::vector<alerting::PostedAlert>)>
        post_alerts;
};

}  // namespace pilotlight::exporters::alertmanager_api
