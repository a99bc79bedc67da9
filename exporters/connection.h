#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "core/time.h"

namespace pilotlight::exporters {

/// What encrypts a connection, on a descriptor that does not block: each step does what can be done
/// at once.
class SecureChannel {
  public:
    enum class Step { done, wants_read, wants_write, failed };

    SecureChannel() = default;
    SecureChannel(const SecureChannel&) = delete;
    SecureChannel& operator=(const SecureChannel&) = delete;
    virtual ~SecureChannel() = default;

    /// `done` with a count of 0 is the peer's end.
    [[nodiscard]] virtual Step read(char* to, std::size_t size, std::size_t& count) = 0;
    [[nodiscard]] virtual Step write(const char* from, std::size_t size, std::size_t& count) = 0;
    /// Whether read() gives something without the descriptor being readable.
    [[nodiscard]] virtual bool has_pending() const = 0;
    /// Says the end.
    virtual void close() = 0;
};

/// An accepted TCP connection that is read and written before absolute deadlines: a client that
/// sends a byte now and then gains no time by it. Owns the descriptor.
/// Thread: one, but for shut_down().
class Connection {
  public:
    explicit Connection(int descriptor);
    /// From now on all is read and written through `channel`; null for none.
    void encrypt(std::unique_ptr<SecureChannel> channel) { channel_ = std::move(channel); }
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
    [[nodiscard]] bool wait_step(SecureChannel::Step step, SteadyTime deadline) const;
    [[nodiscard]] long read_channel(char* to, std::size_t size);
    [[nodiscard]] long write_channel(const char* from, std::size_t size);

    int descriptor_;
    std::unique_ptr<SecureChannel> channel_;
    SteadyTime read_deadline_ = SteadyTime::max();
    SteadyTime write_deadline_ = SteadyTime::max();
};

}  // namespace pilotlight::exporters
