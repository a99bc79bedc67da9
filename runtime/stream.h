#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <span>
#include <string_view>

#include "runtime/deadline.h"
#include "runtime/failure.h"

namespace pilotlight::runtime {

/// A connected byte stream, plain or TLS, that one coroutine reads and writes in turn. Every call
/// ends by the stream's deadline, with reason `timeout`; throws only when the coroutine is
/// cancelled. Destroying it closes the socket at once; no farewell is sent. Thread: its loop's.
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    /// Reads at least one byte, or 0 at the end of the stream (a TLS peer that just hangs up
    /// included). Fails with `timeout`, `reset`, `tls_error`, `io_error`; phase left empty.
    [[nodiscard]] virtual boost::asio::awaitable<Attempt<std::size_t>> read_some(
        std::span<char> into) = 0;

    /// Writes all of `bytes`, which must outlive the call. Fails as read_some, or with `closed`.
    [[nodiscard]] virtual boost::asio::awaitable<Attempt<void>> write(std::string_view bytes) = 0;

    /// Replaces the deadline that the dial gave.
    virtual void set_deadline(Deadline deadline) = 0;
    [[nodiscard]] virtual Deadline deadline() const = 0;

    [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;
};

}  // namespace pilotlight::runtime
