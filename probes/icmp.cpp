#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <utility>

#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "runtime/datagram.h"
#include "runtime/services.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

using runtime::Attempt;
using runtime::Datagram;
using runtime::DatagramRequest;
using runtime::DatagramSocket;
using runtime::IpAddress;

constexpr std::string_view kPayload = "Pilotlight probes this address.";
/// What fits into an IP packet beside both headers.
constexpr int kMaxPayload = 65'507;
constexpr std::size_t kEchoHeader = 8;

struct IcmpOptions {
    runtime::IpPreference ip;
    std::optional<IpAddress> source;
    int payload_size = 0;
    bool dont_fragment = false;
    std::optional<int> ttl;
};

void read_payload_size(const Node& node, IcmpOptions& out, Errors& errors) {
    int size = -1;
    const std::size_t before = errors.size();
    config::read_value(node, size, errors);
    if (errors.size() != before) return;
    if (size < 0 || size > kMaxPayload) {
        config::expected_value(node, fmt::format("0 to {} bytes", kMaxPayload), errors);
        return;
    }
    out.payload_size = size;
}

void read_ttl(const Node& node, IcmpOptions& out, Errors& errors) {
    int ttl = -1;
    const std::size_t before = errors.size();
    config::read_value(node, ttl, errors);
    if (errors.size() != before) return;
    if (ttl < 0 || ttl > 255) {
        config::expected_value(node, "a TTL from 0 to 255", errors);
        return;
    }
    // 0 leaves it to the system, as blackbox_exporter has it.
    out.ttl = ttl == 0 ? std::nullopt : std::optional(ttl);
}

using I = IcmpOptions;

constexpr config::Option<IcmpOptions> kOptions[] = {
    config::option_read_by<I>(&read_payload_size, "payload_size", "bytes", "31",
                              "how much to send along; 0 leaves the default"),
    config::option<&I::dont_fragment>("dont_fragment", "false",
                                      "set the DF bit (IPv4): routers must not cut the packet up"),
    config::option_read_by<I>(&read_ttl, "ttl", "0 to 255", "64",
                              "how many hops the request may go"),
    preferred_ip_protocol_row<I>(),
    ip_protocol_fallback_row<I>(),
    source_ip_address_row<I>(),
};

/// RFC 1071.
std::uint16_t checksum(std::string_view bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
        const auto high = static_cast<std::uint8_t>(bytes[i]);
        const auto low = i + 1 < bytes.size() ? static_cast<std::uint8_t>(bytes[i + 1]) : 0U;
        sum += static_cast<std::uint32_t>(high << 8) | low;
    }
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

void put_number(std::string& packet, std::size_t at, std::uint16_t number) {
    packet[at] = static_cast<char>(number >> 8);
    packet[at + 1] = static_cast<char>(number & 0xff);
}

/// Tells the probes of one process, on all its loops, apart; begins anywhere, so that two processes
/// that start together do not go in step.
std::uint16_t next_sequence() {
    static std::atomic<std::uint16_t> sequence{static_cast<std::uint16_t>(std::random_device()())};
    return ++sequence;
}

/// An echo request (RFC 792; RFC 4443, 4.1) and what its answer must look like.
class Echo {
  public:
    Echo(int version, int payload_size)
        : request_type_(version == 4 ? 8 : 128), reply_type_(version == 4 ? 0 : 129) {
        std::string payload(
            payload_size == 0 ? kPayload.size() : static_cast<std::size_t>(payload_size), '\0');
        std::copy_n(kPayload.begin(), std::min(kPayload.size(), payload.size()), payload.begin());
        packet_.assign(kEchoHeader, '\0');
        packet_ += payload;
        packet_[0] = static_cast<char>(request_type_);
        put_number(packet_, 4, static_cast<std::uint16_t>(std::random_device()()));
        put_number(packet_, 6, next_sequence());
        // The kernel fills in IPv6's, which covers addresses too, and those of ping sockets.
        if (version == 4) put_number(packet_, 2, checksum(packet_));
    }

    [[nodiscard]] const std::string& packet() const { return packet_; }

    /// Ping sockets have an identifier of the kernel's.
    [[nodiscard]] bool is_answered_by(std::string_view reply, DatagramRequest::Kind kind) const {
        if (reply.size() != packet_.size() || reply[0] != static_cast<char>(reply_type_) ||
            reply[1] != 0) {
            return false;
        }
        const std::size_t from = kind == DatagramRequest::Kind::ping ? 6 : 4;
        return reply.substr(from) == std::string_view(packet_).substr(from);
    }

  private:
    int request_type_;
    int reply_type_;
    std::string packet_;
};

/// What came of one ping.
struct Ping {
    std::optional<Outcome> failure;
    std::chrono::nanoseconds resolve{};
    std::chrono::nanoseconds setup{};
    std::chrono::nanoseconds rtt{};
    std::optional<IpAddress> address;
    std::vector<IpAddress> resolved;
    std::optional<int> hop_limit;
};

/// The address to ask: the first of the source's family, where there is one.
std::optional<IpAddress> chosen(const std::vector<IpAddress>& addresses,
                                const std::optional<IpAddress>& source) {
    for (const IpAddress& address : addresses) {
        if (!source || source->version == address.version) return address;
    }
    return std::nullopt;
}

class IcmpProber final : public Prober {
  public:
    IcmpProber(std::string host, IcmpOptions options) : host_(std::move(host)), options_(options) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        Ping ping = co_await do_ping(services, deadline);
        Report report;
        add_address(report, ping.resolve, ping.address);
        const auto add_phase = [&](const char* phase, std::chrono::nanoseconds time) {
            report.measurements.push_back(
                {"probe_icmp_duration_seconds", seconds_of(time), {{"phase", phase}}});
        };
        add_phase("resolve", ping.resolve);
        add_phase("setup", ping.setup);
        add_phase("rtt", ping.rtt);
        if (ping.hop_limit) {
            report.measurements.push_back(
                {"probe_icmp_reply_hop_limit", static_cast<double>(*ping.hop_limit), {}});
        }
        if (ping.failure) report.outcome = std::move(*ping.failure);
        if (wants_evidence(report.outcome)) report.evidence = gather(ping);
        co_return report;
    }

  private:
    static std::shared_ptr<Evidence> gather(const Ping& ping) {
        auto evidence = std::make_shared<Evidence>();
        add_addresses(*evidence, ping.resolved, {}, ping.address);
        add_phase(*evidence, "resolve", ping.resolve);
        add_phase(*evidence, "setup", ping.setup);
        add_phase(*evidence, "rtt", ping.rtt);
        return evidence;
    }

    asio::awaitable<Ping> do_ping(runtime::Services& services, runtime::Deadline deadline) const {
        Ping ping;
        const SteadyTime began = steady_now();
        Attempt<std::vector<IpAddress>> addresses =
            co_await services.resolver().resolve(host_, options_.ip, deadline);
        const SteadyTime resolved = steady_now();
        ping.resolve = resolved - began;
        if (!addresses) {
            ping.failure = outcome_of(std::move(addresses.error()));
            co_return ping;
        }
        ping.resolved = std::move(*addresses);
        ping.address = chosen(ping.resolved, options_.source);
        if (!ping.address) {
            ping.failure = Outcome::unknown("setup", "source_address",
                                            "the host has no address of source_ip_address's "
                                            "family");
            co_return ping;
        }
        services.note_address(host_, *ping.address);
        DatagramRequest::Kind kind = DatagramRequest::Kind::ping;
        auto socket = open(services, *ping.address, kind);
        if (!socket) {
            ping.failure = outcome_of(std::move(socket.error()).in_phase("setup"));
            co_return ping;
        }
        const Echo echo(ping.address->version, options_.payload_size);
        const SteadyTime ready = steady_now();
        ping.setup = ready - resolved;
        Attempt<void> sent = (*socket)->send(echo.packet());
        if (!sent) {
            ping.failure = outcome_of(std::move(sent.error()).in_phase("request"));
            co_return ping;
        }
        co_await await_reply(**socket, echo, kind, deadline, ping);
        if (!ping.failure) ping.rtt = steady_now() - ready;
        co_return ping;
    }

    /// A ping socket where the system lets us have one, else a raw one; `kind` says which.
    Attempt<std::unique_ptr<DatagramSocket>> open(runtime::Services& services,
                                                  const IpAddress& address,
                                                  DatagramRequest::Kind& kind) const {
        DatagramRequest request;
        request.kind = kind;
        request.peer = address;
        request.source = options_.source;
        request.hop_limit = options_.ttl;
        request.dont_fragment = options_.dont_fragment;
        auto opened = DatagramSocket::open(services.executor(), request);
        if (opened || opened.error().reason != "no_permission") return opened;
        request.kind = kind = DatagramRequest::Kind::raw_icmp;
        opened = DatagramSocket::open(services.executor(), request);
        if (!opened && opened.error().reason == "no_permission") {
            opened.error().detail =
                "neither a ping socket (net.ipv4.ping_group_range) nor a raw one (CAP_NET_RAW) is "
                "allowed here";
        }
        return opened;
    }

    static asio::awaitable<void> await_reply(DatagramSocket& socket, const Echo& echo,
                                             DatagramRequest::Kind kind, runtime::Deadline deadline,
                                             Ping& ping) {
        std::vector<char> buffer(echo.packet().size() + 128);
        while (true) {
            Attempt<std::optional<Datagram>> got = co_await socket.receive(buffer, deadline);
            if (!got) {
                ping.failure = outcome_of(std::move(got.error()).in_phase("response"));
                co_return;
            }
            if (!got->has_value()) {
                ping.failure = Outcome::failed("response", "timeout", "no reply in time");
                co_return;
            }
            if (!echo.is_answered_by({buffer.data(), (*got)->size}, kind)) continue;
            ping.hop_limit = (*got)->hop_limit;
            co_return;
        }
    }

    std::string host_;
    IcmpOptions options_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_icmp(const config::TargetConfig& target) {
    Errors errors;
    IcmpOptions options;
    config::read_options(target.options, kOptions, options, errors);
    const std::string host = target.target.reveal();
    if (host.empty() || host.contains('/') || host.contains(' ')) {
        errors.emplace_back("target: expected a host or an address, without a port", target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<IcmpProber>(host, options);
}

std::vector<config::OptionDoc> icmp_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
