#include "tests/support/run_coroutine_test.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <stdexcept>
#include <utility>

namespace asio = boost::asio;

namespace pilotlight::testing {

void run_coroutine_test(std::function<asio::awaitable<void>(runtime::Services&)> test,
                        std::chrono::milliseconds limit, runtime::Services::Options options) {
    asio::io_context context(1);
    runtime::BlockingPool blocking;
    runtime::Services services(context.get_executor(), blocking, std::move(options));
    asio::cancellation_signal cancel;
    bool ended = false;
    std::exception_ptr thrown;
    auto on_end = [&](std::exception_ptr escaped) {
        ended = true;
        thrown = std::move(escaped);
        context.stop();
    };
    auto body = [&test, &services] { return test(services); };
    asio::co_spawn(context, body, asio::bind_cancellation_slot(cancel.slot(), on_end));
    context.run_for(limit);
    if (!ended) {
        cancel.emit(asio::cancellation_type::terminal);
        context.run_for(std::chrono::seconds(5));
        throw std::runtime_error("the test's coroutine has not ended within " +
                                 std::to_string(limit.count()) + " ms");
    }
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace pilotlight::testing
