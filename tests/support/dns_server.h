#pragma once

#include <cstdint>

#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace pilotlight::testing {

/// A real dnsmasq on a free port of 127.0.0.1 (UDP and TCP) with authority over the zone
/// `example.test`: SOA serial 2026112301, NS ns, MX 10 mail, a TXT `v=spf1 -all`, and
/// www.example.test with 192.0.2.1 and 2001:db8::1, all with a TTL of 600. It refuses other names.
/// Up when constructed.
class DnsServer {
  public:
    DnsServer();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  private:
    TemporaryFolder folder_;
    std::uint16_t port_ = free_port();
    ChildProcess process_;
};

}  // namespace pilotlight::testing
