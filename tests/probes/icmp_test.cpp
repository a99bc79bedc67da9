#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include "probes/probers.h"
#include "tests/probes/probe_now.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_icmp;
using probes::Report;
using std::chrono::milliseconds;

namespace {

bool may_open(int family, int type, int protocol) {
    const int socket = ::socket(family, type | SOCK_CLOEXEC, protocol);
    if (socket >= 0) ::close(socket);
    return socket >= 0;
}

/// Whether this user may ping at all, as it depends on the machine.
bool may_ping() {
    return may_open(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) || may_open(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

bool has_loopback6() {
    const int socket = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    const bool bound =
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return bound;
}

void write_file(const char* path, const char* text) {
    std::ofstream(path) << text;
}

void bring_loopback_up() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    ::ioctl(socket, SIOCSIFFLAGS, &request);
    ::close(socket);
}

/// What a ping of loopback comes to in a network of its own, which `prepare` may change. In a
/// child, as a process does not get its old network back. Nothing where we may not make a network.
std::optional<std::string> verdict_in_network(const std::function<void()>& prepare) {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::unshare(CLONE_NEWNET) != 0) ::_exit(2);
        prepare();
        const std::string verdict =
            verdict_of(probe_now(&make_icmp, "127.0.0.1", "{}", milliseconds(300)));
        const ssize_t written = ::write(ends[1], verdict.data(), verdict.size());
        ::_exit(written == static_cast<ssize_t>(verdict.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::array<char, 256> text;
    const ssize_t got = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    int status = 1;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return std::nullopt;
    BOOST_REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return std::string(text.data(), static_cast<std::size_t>(got));
}

void become_nobody() {
    constexpr gid_t kNobody = 65'534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) {
        ::_exit(1);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(icmp)

BOOST_AUTO_TEST_CASE(loopback_answers) {
    if (!may_ping()) {
        BOOST_TEST(verdict_of(probe_now(&make_icmp, "127.0.0.1")) ==
                   "unknown: setup/no_permission");
        return;
    }
    const Report report = probe_now(&make_icmp, "127.0.0.1");
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "probe_icmp_duration_seconds", "rtt").value() > 0);
    BOOST_TEST(value_of(report, "probe_icmp_duration_seconds", "setup").value() > 0);
    BOOST_TEST(value_of(report, "probe_icmp_duration_seconds", "resolve").has_value());
    BOOST_TEST(value_of(report, "probe_icmp_reply_hop_limit").value() == 64);
    BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 4);
}

BOOST_AUTO_TEST_CASE(the_loopback_of_ip_6_answers) {
    if (!may_ping() || !has_loopback6()) return;
    const Report report = probe_now(&make_icmp, "::1");
    BOOST_TEST(verdict_of(report) == "", report.outcome.detail);
    BOOST_TEST(value_of(report, "probe_icmp_reply_hop_limit").value() == 64);
    BOOST_TEST(value_of(report, "probe_ip_protocol").value() == 6);
}

BOOST_AUTO_TEST_CASE(options_are_sent) {
    if (!may_ping()) return;
    for (const char* options :
         {"payload_size: 1", "payload_size: 4000", "ttl: 1", "dont_fragment: true",
          "source_ip_address: 127.0.0.2", "preferred_ip_protocol: ip4"}) {
        const Report report = probe_now(&make_icmp, "localhost",
                                        std::string(options) + "\nip_protocol_fallback: true");
        BOOST_TEST(verdict_of(report) == "", options << ": " << report.outcome.detail);
    }
}

BOOST_AUTO_TEST_CASE(a_packet_that_may_not_be_cut_up_can_be_too_large) {
    if (!may_ping()) return;
    // Loopback's MTU is 65536.
    const Report report =
        probe_now(&make_icmp, "127.0.0.1", "payload_size: 65507\ndont_fragment: true");
    const std::string verdict = verdict_of(report);
    BOOST_TEST((verdict == "" || verdict == "request/too_large"), verdict);
}

BOOST_AUTO_TEST_CASE(what_the_network_does_is_told_apart) {
    const auto silent = verdict_in_network([] {
        bring_loopback_up();
        write_file("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1");
    });
    if (!silent) return;
    BOOST_TEST(*silent == "response/timeout");
    BOOST_TEST(verdict_in_network([] {}).value() == "unknown: setup/network_unreachable");
}

BOOST_AUTO_TEST_CASE(a_user_who_may_not_ping_says_nothing_of_the_target) {
    const auto refused = verdict_in_network([] {
        bring_loopback_up();
        write_file("/proc/sys/net/ipv4/ping_group_range", "1 0");
        become_nobody();
    });
    if (!refused) return;
    BOOST_TEST(*refused == "unknown: setup/no_permission");
    const auto allowed = verdict_in_network([] {
        bring_loopback_up();
        write_file("/proc/sys/net/ipv4/ping_group_range", "0 65535");
        become_nobody();
    });
    BOOST_TEST(allowed.value() == "");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_is_unknown) {
    const Report report =
        probe_now(&make_icmp, "127.0.0.1", "source_ip_address: '::1'", milliseconds(200));
    BOOST_TEST(verdict_of(report) == "unknown: setup/source_address");
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    const auto refusal = [](const std::string& options) {
        return refusal_of(&make_icmp, "192.0.2.1", options);
    };
    BOOST_TEST(refusal("ttl: 255\npayload_size: 0") == "");
    BOOST_TEST(refusal("ttl: 256") != "");
    BOOST_TEST(refusal("ttl: -1") != "");
    BOOST_TEST(refusal("payload_size: 65508") != "");
    BOOST_TEST(refusal("dont_fragment: maybe") != "");
    BOOST_TEST(refusal("source_ip_address: localhost") != "");
    BOOST_TEST(refusal_of(&make_icmp, "", "{}") != "");
    BOOST_TEST(refusal_of(&make_icmp, "http://h/", "{}") != "");
}

BOOST_AUTO_TEST_SUITE_END()
