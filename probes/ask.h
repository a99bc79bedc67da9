#pragma once

#include <boost/asio/awaitable.hpp>

#include "probes/probe.h"
#include "runtime/deadline.h"

namespace pilotlight::probes {

/// Runs a prober once, and makes a report of what should never come: an exception out of it.
/// Throws only when cancelled. `prober` and `services` outlive the call.
[[nodiscard]] boost::asio::awaitable<Report> ask(Prober& prober, runtime::Services& services,
                                                 runtime::Deadline deadline);

}  // namespace pilotlight::probes
