#pragma once

#include <chrono>
#include <vector>

#include "config/config.h"
#include "probes/probe.h"
#include "runtime/ip_address.h"

namespace pilotlight::probes {

/// What was seen at one address of a name.
struct AddressReport {
    runtime::IpAddress address;
    Report report;
};

/// One report of all, at least one, in the order of the addresses. Addresses of which nothing could
/// be judged do not count, unless there are no others. The measurements are those of the first
/// address that is as the whole is, but for probe_ssl_earliest_cert_expiry, the earliest of all,
/// and for `resolve`, which the look-up took before; besides there is
/// probe_address_success{address} for each that could be judged. Which failed, and why, stands in
/// the detail.
[[nodiscard]] Report combine(config::AddressPolicy policy, std::vector<AddressReport> reports,
                             std::chrono::nanoseconds resolve);

}  // namespace pilotlight::probes
