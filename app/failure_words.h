#pragma once

#include "app/target_states.h"
#include "core/alert.h"
#include "exporters/snapshot.h"

namespace pilotlight::app {

/// `connect: refused: 192.0.2.1:443: Connection refused`.
[[nodiscard]] std::string in_words(const exporters::FailureView& failure);

/// Adds to a pending or firing alert of one target that is down why its last probe failed, as the
/// annotation `evidence`, unless its rule has one of that name. Annotations are no part of an
/// alert's identity.
void add_evidence(Alert& alert, const TargetStates& states);

}  // namespace pilotlight::app
