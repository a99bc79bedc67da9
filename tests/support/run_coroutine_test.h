#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>

#include "runtime/services.h"

namespace pilotlight::testing {

/// Runs `test` on a loop of its own in this thread, with everything a probe loop has, and gives on
/// what it throws. Fails by throwing when it has not ended within `limit`.
void run_coroutine_test(std::function<boost::asio::awaitable<void>(runtime::Services&)> test,
                        std::chrono::milliseconds limit = std::chrono::seconds(20),
                        runtime::Services::Options options = {});

}  // namespace pilotlight::testing
