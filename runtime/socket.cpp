#include "runtime/socket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

void Socket::set_deadline(Deadline deadline) {
    const bool sooner = deadline < deadline_;
    deadline_ = deadline;
    // A later deadline is seen when the timer fires; only a sooner one needs it set anew.
    if (sooner || !armed_) arm();
}

void Socket::arm() {
    armed_ = true;
    timer_.expires_at(deadline_.at);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->closed_) return;
        if (!self->deadline_.passed()) {
            self->arm();
            return;
        }
        self->expired_ = true;
        boost::system::error_code ignored;
        self->io.close(ignored);
    });
}

void Socket::close() {
    closed_ = true;
    timer_.cancel();
    boost::system::error_code ignored;
    io.close(ignored);
}

Failure Socket::failure_of(const boost::system::error_code& error) const {
    if (expired_) return {"", "timeout", "not done by its deadline"};
    if (error == asio::error::operation_aborted) throw_cancelled();
    if (error == asio::error::connection_reset)
        return {"", "reset", "the peer reset the connection"};
    if (error == asio::error::broken_pipe || error == asio::error::eof) {
        return {"", "closed", "the peer closed the connection"};
    }
    if (error == asio::error::network_unreachable || error == asio::error::network_down) {
        return {"", "network_unreachable", error.message(), true};
    }
    if (error == asio::error::no_buffer_space || error == asio::error::no_memory) {
        return {"", "no_memory", error.message(), true};
    }
    return {"", "io_error", error.message()};
}

asio::awaitable<Attempt<std::size_t>> PlainStream::read_some(std::span<char> into) {
    const auto [error, count] = co_await socket_->io.async_read_some(
        asio::buffer(into.data(), into.size()), asio::as_tuple(asio::use_awaitable));
    if (!error) co_return count;
    if (error == asio::error::eof) co_return std::size_t{0};
    co_return std::unexpected(socket_->failure_of(error));
}

asio::awaitable<Attempt<void>> PlainStream::write(std::string_view bytes) {
    const auto [error, count] = co_await asio::async_write(
        socket_->io, asio::buffer(bytes.data(), bytes.size()), asio::as_tuple(asio::use_awaitable));
    if (error) co_return std::unexpected(socket_->failure_of(error));
    co_return Attempt<void>();
}

}  // namespace pilotlight::runtime
