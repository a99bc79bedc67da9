#pragma once

#include <cstddef>
#include <string>

#include "core/time.h"

namespace pilotlight::exporters {

/// An accepted TCP connection that is read and written before absolute deadlines: a client that
/// sends a byte now and then gains no time by it. Owns the descriptor.
/// Thread: one, but for shut_down().
class Connection {
  public:
    explicit Connection(int descriptor);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// From now on reads, or writes, fail after `deadline`.
    void read_until(SteadyTime deadline) { read_deadline_ = deadline; }
    void write_until(SteadyTime deadline) { write_deadline_ = deadline; }

    /// Whether bytes, or the peer's end, can be read before `deadline`.
    [[nodiscard]] bool wait_readable(SteadyTime deadline) const;
    [[nodiscard]] bool wait_writable(SteadyTime deadline) const;

    /// As recv(2): the count, 0 at the peer's end, -1 on a failure or when the deadline passed.
    [[nodiscard]] long read(char* to, std::size_t size);
    /// As send(2), of what fits now, at least a byte; -1 as above.
    [[nodiscard]] long write(const char* from, std::size_t size);

    /// Reads off what the peer still sends, within limits and for a moment: closing with unread
    /// bytes would reset the connection and with it the answer that is still under way.
    void drain();

    /// Makes every pending and later call fail at once. Thread: any.
    void shut_down();

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] std::string peer_address() const;
    [[nodiscard]] int peer_port() const;

  private:
    int descriptor_;
    SteadyTime read_deadline_ = SteadyTime::max();
    SteadyTime write_deadline_ = SteadyTime::max();
};

}  // namespace pilotlight::exporters
