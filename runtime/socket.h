#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

#include "runtime/deadline.h"
#include "runtime/failure.h"
#include "runtime/stream.h"

/// Inside of streams and dialer: a socket that is closed when its deadline passes.
namespace pilotlight::runtime {

/// Owned by one stream and, while it runs, by its timer's handler. Closing, not cancelling: an
/// operation of several steps that is between two of them would not notice a cancellation.
class Socket : public std::enable_shared_from_this<Socket> {
  public:
    explicit Socket(const boost::asio::any_io_executor& executor)
        : io(executor), timer_(executor) {}

    void set_deadline(Deadline deadline);
    [[nodiscard]] Deadline deadline() const { return deadline_; }
    [[nodiscard]] bool expired() const { return expired_; }
    void close();

    /// What `error` of an operation on this socket is, phase left empty: the deadline if that has
    /// closed it. Throws when the coroutine was cancelled.
    [[nodiscard]] Failure failure_of(const boost::system::error_code& error) const;

    /// Of TCP or of a unix socket.
    boost::asio::generic::stream_protocol::socket io;

  private:
    void arm();

    boost::asio::steady_timer timer_;
    Deadline deadline_{SteadyTime::max()};
    bool armed_ = false;
    bool closed_ = false;
    bool expired_ = false;
};

class PlainStream final : public Stream {
  public:
    explicit PlainStream(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
    ~PlainStream() override {
        if (socket_) socket_->close();
    }

    boost::asio::awaitable<Attempt<std::size_t>> read_some(std::span<char> into) override;
    boost::asio::awaitable<Attempt<void>> write(std::string_view bytes) override;
    void set_deadline(Deadline deadline) override { socket_->set_deadline(deadline); }
    [[nodiscard]] Deadline deadline() const override { return socket_->deadline(); }
    boost::asio::any_io_executor executor() override { return socket_->io.get_executor(); }

    /// The socket itself, for TLS to go on with; the stream is dead then.
    [[nodiscard]] std::shared_ptr<Socket> release() { return std::move(socket_); }

  private:
    std::shared_ptr<Socket> socket_;
};

}  // namespace pilotlight::runtime
