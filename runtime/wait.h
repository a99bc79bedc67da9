#pragma once

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <utility>

#include "core/time.h"
#include "runtime/deadline.h"

namespace pilotlight::runtime {

/// Waits until `at` on the coroutine's own loop. Throws system_error(operation_aborted) when the
/// coroutine is cancelled.
[[nodiscard]] boost::asio::awaitable<void> sleep_until(SteadyTime at);
[[nodiscard]] boost::asio::awaitable<void> sleep_for(Duration duration);

/// Throws what a cancelled operation throws: for code that met the abort as an error code.
[[noreturn]] void throw_cancelled();
/// Whether the exception in flight is that of a cancelled operation. Only inside a catch block.
[[nodiscard]] bool is_cancellation();

namespace detail {

/// Runs `operation` until it ends or `deadline` passes; then it is cancelled and joined. True if
/// it ended by itself; what it throws is passed on.
[[nodiscard]] boost::asio::awaitable<bool> run_until(boost::asio::awaitable<void> operation,
                                                     Deadline deadline);

template <class T>
boost::asio::awaitable<void> store_result(boost::asio::awaitable<T> operation,
                                          std::optional<T>& result) {
    T value = co_await std::move(operation);
    result.emplace(std::move(value));
}

}  // namespace detail

/// What `operation` gives, or nothing if it has not ended by `deadline`: it is then cancelled and
/// waited for. A failure of it is passed on at once. Streams, dials and fetches keep deadlines by
/// themselves, at less cost; this is for everything else.
template <class T>
[[nodiscard]] boost::asio::awaitable<std::optional<T>> with_deadline(
    boost::asio::awaitable<T> operation, Deadline deadline) {
    std::optional<T> result;
    boost::asio::awaitable<void> stored = detail::store_result(std::move(operation), result);
    const bool ended = co_await detail::run_until(std::move(stored), deadline);
    if (!ended) result.reset();
    co_return result;
}

/// True if it ended in time.
[[nodiscard]] inline boost::asio::awaitable<bool> with_deadline(
    boost::asio::awaitable<void> operation, Deadline deadline) {
    const bool ended = co_await detail::run_until(std::move(operation), deadline);
    co_return ended;
}

}  // namespace pilotlight::runtime
