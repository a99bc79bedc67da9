#pragma once

#include <span>

#include "alerting/routing_config.h"
#include "config/config.h"
#include "core/error.h"

namespace pilotlight::alerting {

/// `routing` with what pilotlight.yaml's `receivers` say of its receivers. Errors, each at its
/// place: names that the alerting file has not, fallbacks that tell nobody, fallbacks that come
/// round to where they began.
[[nodiscard]] Checked<SharedRouting> with_receiver_options(
    const SharedRouting& routing, std::span<const config::ReceiverOptions> options);

}  // namespace pilotlight::alerting
