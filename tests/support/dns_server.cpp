#include "tests/support/dns_server.h"

namespace pilotlight::testing {
namespace {

std::vector<std::string> command_line(std::uint16_t port) {
    return {"/usr/sbin/dnsmasq",
            "--no-daemon",
            "--conf-file=/dev/null",
            "--pid-file=",
            "--user=",
            "--port=" + std::to_string(port),
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--no-resolv",
            "--no-hosts",
            "--log-facility=-",
            "--host-record=www.example.test,192.0.2.1,2001:db8::1",
            "--mx-host=example.test,mail.example.test,10",
            "--txt-record=example.test,v=spf1 -all",
            "--auth-server=ns.example.test,127.0.0.1",
            "--auth-zone=example.test",
            "--auth-soa=2026112301,hostmaster.example.test"};
}

}  // namespace

DnsServer::DnsServer() : process_(command_line(port_), {.log = folder_.path() / "log"}) {
    wait_until("dnsmasq", std::chrono::seconds(60), [this] { return accepts_connections(port_); });
}

}  // namespace pilotlight::testing
