#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "exporters/http.h"

namespace pilotlight::exporters {

/// Why a request may not change anything, in one sentence; nothing if it may.
///
/// It may when it has a login, or comes straight from loopback (a proxy's forwarding header says
/// that it does not), is addressed to this machine by an IP address, `localhost` or one of
/// `host_names` (a page whose own name was rebound to 127.0.0.1 has that name in `Host`), and no
/// browser says that another origin's page sent it (`Origin`, Fetch Metadata's `Sec-Fetch-Site`):
/// that holds with a login too, which a browser sends along whoever's page asks. curl sends neither
/// and passes.
[[nodiscard]] std::optional<std::string> refuse_change(const Request& request,
                                                       std::span<const std::string> host_names);

/// 127.0.0.0/8, ::1, and the former written as IPv6.
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace pilotlight::exporters
