#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "probes/probe.h"
#include "probes/target.h"
#include "runtime/deadline.h"
#include "runtime/ip_address.h"

namespace pilotlight::probes {

/// More addresses of a name than these are not probed.
inline constexpr std::size_t kAddressesMax = 16;

/// Asks a target at each of its addresses at once, with a prober for each.
/// Thread: one loop's, one ask() at a time.
class AddressProbes {
  public:
    /// The target has a host and another policy than `first`.
    AddressProbes(SharedTarget target, std::function<std::unique_ptr<Prober>()> make_prober);

    /// Ends by `deadline`; throws only when cancelled. Nothing where the name has no address that
    /// could be asked, or cannot be looked up and there is time to try again: a prober has words
    /// for that. `services` outlive the call.
    [[nodiscard]] boost::asio::awaitable<std::optional<Report>> ask(runtime::Services& services,
                                                                    runtime::Deadline deadline);

  private:
    struct Slot {
        runtime::IpAddress address;
        std::unique_ptr<Prober> prober;
    };

    void read_options();
    void make_slots(const std::vector<runtime::IpAddress>& addresses);
    [[nodiscard]] std::vector<runtime::IpAddress> chosen(
        std::vector<runtime::IpAddress> found) const;

    SharedTarget target_;
    std::function<std::unique_ptr<Prober>()> make_prober_;
    /// What the target's prober says of addresses, under the names that all probers have.
    runtime::IpPreference preference_;
    std::optional<runtime::IpAddress> source_;
    std::vector<Slot> slots_;
};

}  // namespace pilotlight::probes
