#pragma once

#include <vector>

#include "alerting/outbox.h"
#include "exporters/snapshot.h"
#include "rules/engine.h"

namespace pilotlight::app {

/// Puts the groups into the snapshot, their alerts into its list.
void add_rules(exporters::Snapshot& snapshot, std::vector<rules::GroupView> groups);

[[nodiscard]] exporters::ReceiverView view_of(const alerting::ReceiverStatus& status);

}  // namespace pilotlight::app
