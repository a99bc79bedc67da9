#pragma once

#include <string>

#include "alerting/integration.h"
#include "runtime/services.h"
#include "tests/alerting/samples.h"
#include "tests/support/run_coroutine_test.h"

namespace pilotlight::alerting::testing {

/// Sends once, on a loop of its own.
inline Sent send_once(const IntegrationPtr& integration, Notification notification,
                      std::string memory = "",
                      Duration timeout = std::chrono::milliseconds(2'000)) {
    Sent sent;
    pilotlight::testing::run_coroutine_test(
        [&](runtime::Services& services) -> boost::asio::awaitable<void> {
            sent = co_await integration->send(services, notification, memory,
                                              runtime::Deadline::in(timeout));
        });
    return sent;
}

}  // namespace pilotlight::alerting::testing
