#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "runtime/deadline.h"

namespace pilotlight::runtime {
class Services;
}

namespace pilotlight::probes {

/// Asks one source of targets, an entry of `dns_sd` or `http_sd`, what there is now.
class Discoverer {
  public:
    Discoverer() = default;
    Discoverer(const Discoverer&) = delete;
    Discoverer& operator=(const Discoverer&) = delete;
    virtual ~Discoverer() = default;

    /// All targets of the source, unlabelled by rules yet. Fails where the source does not answer
    /// or answers nonsense: what was known before is to be kept then. Messages hold no secrets.
    /// Ends by `deadline`; throws only when cancelled. `services` outlive the call.
    virtual boost::asio::awaitable<Result<std::vector<config::DiscoveredTarget>>> ask(
        runtime::Services& services, runtime::Deadline deadline) = 0;

    /// The source, for messages: names, or a URL without login and query.
    [[nodiscard]] virtual std::string name() const = 0;
};

/// What it asks and how, without the pattern of its targets: a reload keeps a source that is equal.
[[nodiscard]] std::uint64_t fingerprint_of(const config::DiscoveryConfig& discovery);

/// Fails where options of the HTTP client are wrong, with their places. Does no I/O.
[[nodiscard]] Checked<std::unique_ptr<Discoverer>> make_discoverer(
    const config::DiscoveryConfig& discovery);

}  // namespace pilotlight::probes
