#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pilotlight::testing {

/// A UDP socket on a free port of 127.0.0.1 that answers each datagram as a function says. A thread
/// of its own, joined at the end.
class DatagramServer {
  public:
    /// What to send back for the n-th datagram, counted from 0; called on the server's thread.
    using Answer = std::function<std::vector<std::string>(std::string_view datagram, int nth)>;

    explicit DatagramServer(Answer answer);
    DatagramServer(const DatagramServer&) = delete;
    DatagramServer& operator=(const DatagramServer&) = delete;
    ~DatagramServer();

    /// `127.0.0.1:PORT`.
    [[nodiscard]] std::string address() const;
    /// Datagrams that came so far.
    [[nodiscard]] int received() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::testing
