#pragma once

#include <cstddef>
#include <memory>

namespace pilotlight::runtime {

/// Sessions of TLS 1.2 and 1.3 that one target's probes may resume, instead of shaking hands in
/// full each time. Every so many handshakes with a server one is full all the same, so that a new
/// certificate is seen; so is one whose remembered chain has run out meanwhile, and any after a
/// change of the authorities' files. Only sessions whose certificate was accepted are kept, one per
/// server (a name at an address) and at most kServersMax. Thread: one loop's.
class TlsSessions {
  public:
    static constexpr std::size_t kServersMax = 16;

    /// Of `full_every` handshakes with a server the first is full; at least 2.
    explicit TlsSessions(int full_every);
    TlsSessions(const TlsSessions&) = delete;
    TlsSessions& operator=(const TlsSessions&) = delete;
    ~TlsSessions();

    /// The inside, for runtime/tls*.cpp.
    struct Kept;
    struct State;
    [[nodiscard]] State& state() { return *state_; }

  private:
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::runtime
