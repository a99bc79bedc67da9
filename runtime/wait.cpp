#include "runtime/wait.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace asio = boost::asio;

namespace pilotlight::runtime {

asio::awaitable<void> sleep_until(SteadyTime at) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, at);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> sleep_for(Duration duration) {
    const SteadyTime at = steady_now() + duration;
    co_await sleep_until(at);
}

void throw_cancelled() {
    throw boost::system::system_error(asio::error::operation_aborted);
}

bool is_cancellation() {
    try {
        throw;
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

namespace detail {

asio::awaitable<bool> run_until(asio::awaitable<void> operation, Deadline deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, deadline.at);
    // wait_for_one, not `||`: that would wait for one *success* and lose the operation's failure.
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(operation), asio::deferred),
        timer.async_wait(asio::deferred));
    const auto [order, failure, timer_error] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 0) {
        if (failure) std::rethrow_exception(failure);
        co_return true;
    }
    // The timer ended first without having expired: the caller itself is being cancelled.
    if (timer_error) throw_cancelled();
    co_return false;
}

}  // namespace detail

}  // namespace pilotlight::runtime
