#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "probes/dns_codec.h"
#include "probes/dns_options.h"
#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "runtime/datagram.h"
#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr std::uint16_t kDns = 53;
constexpr std::uint16_t kDnsOverTls = 853;
constexpr std::size_t kMaxMessage = 65'535;
/// How often a datagram is sent before the deadline: it, or the answer, may be lost on the way.
constexpr int kAttempts = 3;

using runtime::Attempt;
using runtime::Deadline;

/// What nobody else can guess, so that a forged answer does not pass (RFC 5452).
std::uint16_t random_id() {
    thread_local std::random_device device;
    return static_cast<std::uint16_t>(device());
}

/// What came of one question.
struct DnsExchange {
    std::optional<Outcome> failure;
    DnsAnswer answer;
    std::chrono::nanoseconds resolve{};
    std::chrono::nanoseconds connect{};
    std::chrono::nanoseconds request{};
    std::optional<runtime::IpAddress> address;
    /// For who asks why it failed.
    std::vector<runtime::IpAddress> resolved;
    std::vector<runtime::DialAttempt> refusals;
    std::optional<runtime::TlsInfo> tls;
};

Outcome by_fault(const DnsFault& fault) {
    return Outcome::failed("response", std::string(fault.reason), fault.detail);
}

/// One question to one server, over a connection or by datagrams.
class DnsCall {
  public:
    DnsCall(runtime::Services& services, const DnsOptions& options, runtime::HostPort server,
            Deadline deadline)
        : services_(services), options_(options), server_(std::move(server)), deadline_(deadline) {}

    asio::awaitable<DnsExchange> ask() {
        // The question was made once already, when the options were read.
        query_ = make_dns_query(options_.question, id_).value();
        if (options_.over_tcp) {
            co_await ask_by_stream();
        } else {
            co_await ask_by_datagrams();
        }
        co_return std::move(out_);
    }

  private:
    asio::awaitable<void> ask_by_datagrams() {
        const SteadyTime began = steady_now();
        Attempt<std::vector<runtime::IpAddress>> addresses =
            co_await services_.resolver().resolve(server_.host, options_.ip, deadline_);
        const SteadyTime resolved = steady_now();
        out_.resolve = resolved - began;
        if (!addresses) {
            out_.failure = outcome_of(std::move(addresses.error()));
            co_return;
        }
        out_.resolved = std::move(*addresses);
        std::unique_ptr<runtime::DatagramSocket> socket = open(out_.resolved);
        const SteadyTime connected = steady_now();
        out_.connect = connected - resolved;
        if (!socket) co_return;
        co_await repeat_until_answered(*socket);
        out_.request = steady_now() - connected;
    }

    /// The first address that there is a way to.
    std::unique_ptr<runtime::DatagramSocket> open(
        const std::vector<runtime::IpAddress>& addresses) {
        for (const runtime::IpAddress& address : addresses) {
            if (options_.source && options_.source->version != address.version) continue;
            runtime::DatagramRequest request;
            request.peer = address;
            request.port = server_.port;
            request.source = options_.source;
            auto opened = runtime::DatagramSocket::open(services_.executor(), request);
            if (!out_.address || opened) out_.address = address;
            if (opened) {
                services_.note_address(server_.host, address);
                return std::move(*opened);
            }
            out_.refusals.push_back({address, opened.error().detail});
            if (!out_.failure) {
                out_.failure = outcome_of(std::move(opened.error()).in_phase("connect"));
            }
        }
        if (!out_.failure) {
            out_.failure = Outcome::unknown("connect", "source_address",
                                            "the server has no address of source_ip_address's "
                                            "family");
        }
        return nullptr;
    }

    asio::awaitable<void> repeat_until_answered(runtime::DatagramSocket& socket) {
        out_.failure.reset();
        const SteadyTime began = steady_now();
        for (int attempt = 1; attempt <= kAttempts; ++attempt) {
            Attempt<void> sent = socket.send(query_);
            if (!sent) {
                out_.failure = outcome_of(std::move(sent.error()).in_phase("request"));
                co_return;
            }
            const auto share = (deadline_.at - began) * attempt / kAttempts;
            const Deadline until{attempt == kAttempts ? deadline_.at : began + share};
            const bool done = co_await receive_answer(socket, until);
            if (done) co_return;
        }
        out_.failure = stray_ ? by_fault(*stray_)
                              : Outcome::failed("response", "timeout",
                                                fmt::format("no answer to {} queries", kAttempts));
    }

    /// True when the question is answered or cannot be any more. An answer to something else may be
    /// forged or late, and the right one still on its way.
    asio::awaitable<bool> receive_answer(runtime::DatagramSocket& socket, Deadline until) {
        std::vector<char> buffer(kMaxMessage);
        while (true) {
            auto got = co_await socket.receive(buffer, until);
            if (!got) {
                out_.failure = outcome_of(std::move(got.error()).in_phase("response"));
                co_return true;
            }
            if (!got->has_value()) co_return false;
            auto answer = read_dns_answer({buffer.data(), (*got)->size}, options_.question, id_);
            if (answer) {
                out_.answer = std::move(*answer);
                co_return true;
            }
            const bool may_be_forged = answer.error().reason == "wrong_id" ||
                                       answer.error().reason == "wrong_question" ||
                                       answer.error().reason == "not_an_answer";
            if (!may_be_forged) {
                out_.failure = by_fault(answer.error());
                co_return true;
            }
            stray_ = std::move(answer.error());
        }
    }

    asio::awaitable<void> ask_by_stream() {
        runtime::DialRequest request;
        request.host = server_.host;
        request.port = server_.port;
        request.ip = options_.ip;
        request.source = options_.source;
        if (options_.over_tls) request.tls = options_.tls_config;
        runtime::DialResult dialled =
            co_await runtime::dial(services_, std::move(request), deadline_);
        out_.resolve = dialled.timings.resolve;
        out_.connect = dialled.timings.connect + dialled.timings.tls;
        out_.address = dialled.address;
        out_.resolved = std::move(dialled.resolved);
        out_.refusals = std::move(dialled.refusals);
        out_.tls = std::move(dialled.tls);
        if (dialled.failure) {
            out_.failure = outcome_of(std::move(*dialled.failure));
            co_return;
        }
        const SteadyTime connected = steady_now();
        co_await exchange_on(*dialled.stream);
        out_.request = steady_now() - connected;
    }

    /// A message over a stream has its length before it (RFC 1035, 4.2.2).
    asio::awaitable<void> exchange_on(runtime::Stream& stream) {
        std::string framed;
        framed += static_cast<char>(query_.size() >> 8);
        framed += static_cast<char>(query_.size() & 0xff);
        framed += query_;
        Attempt<void> written = co_await stream.write(framed);
        if (!written) {
            out_.failure = outcome_of(std::move(written.error()).in_phase("request"));
            co_return;
        }
        std::string received;
        while (!is_complete(received)) {
            std::array<char, 4'096> chunk;
            Attempt<std::size_t> got = co_await stream.read_some(chunk);
            if (!got) {
                out_.failure = outcome_of(std::move(got.error()).in_phase("response"));
                co_return;
            }
            if (*got == 0) {
                out_.failure =
                    Outcome::failed("response", received.empty() ? "closed" : "truncated",
                                    "the server hung up before its answer was whole");
                co_return;
            }
            received.append(chunk.data(), *got);
        }
        auto answer = read_dns_answer(std::string_view(received).substr(2, length_of(received)),
                                      options_.question, id_);
        if (!answer) {
            out_.failure = by_fault(answer.error());
            co_return;
        }
        out_.answer = std::move(*answer);
    }

    static std::size_t length_of(std::string_view received) {
        return std::size_t{static_cast<std::uint8_t>(received[0])} << 8 |
               static_cast<std::uint8_t>(received[1]);
    }
    static bool is_complete(std::string_view received) {
        return received.size() >= 2 && received.size() - 2 >= length_of(received);
    }

    runtime::Services& services_;
    const DnsOptions& options_;
    runtime::HostPort server_;
    Deadline deadline_;
    std::uint16_t id_ = random_id();
    std::string query_;
    /// The last answer to something else.
    std::optional<DnsFault> stray_;
    DnsExchange out_;
};

Outcome judge(const DnsOptions& options, const DnsAnswer& answer) {
    const std::vector<int>& valid = options.valid_rcodes;
    const bool is_valid =
        valid.empty() ? answer.rcode == 0 : std::ranges::find(valid, answer.rcode) != valid.end();
    if (!is_valid) {
        return Outcome::failed("response", "rcode",
                               "the server answered " + dns_rcode_name(answer.rcode));
    }
    struct Part {
        const char* reason;
        const char* name;
        const RecordRules& rules;
        const DnsSection& section;
    };
    const Part parts[] = {
        {"answer_rrs", "answer", options.answer, answer.answer},
        {"authority_rrs", "authority section", options.authority, answer.authority},
        {"additional_rrs", "additional section", options.additional, answer.additional},
    };
    for (const Part& part : parts) {
        const std::optional<std::string> broken = broken_rule(part.rules, part.section.records);
        if (!broken) continue;
        return Outcome::failed("response", part.reason,
                               fmt::format("{}: {}{}", part.name, *broken,
                                           answer.truncated ? " (the answer was cut to fit)" : ""));
    }
    return Outcome::ok();
}

class DnsProber final : public Prober {
  public:
    DnsProber(runtime::HostPort server, DnsOptions options)
        : server_(std::move(server)), options_(std::move(options)) {}

    asio::awaitable<Report> run(runtime::Services& services, Deadline deadline) override {
        DnsCall call(services, options_, server_, deadline);
        DnsExchange exchange = co_await call.ask();
        Report report;
        add_measurements(report, exchange);
        report.outcome = exchange.failure ? *exchange.failure : judge(options_, exchange.answer);
        if (wants_evidence(report.outcome)) report.evidence = gather(exchange);
        co_return report;
    }

  private:
    [[nodiscard]] std::shared_ptr<Evidence> gather(const DnsExchange& exchange) const {
        auto evidence = std::make_shared<Evidence>();
        add_addresses(*evidence, exchange.resolved, exchange.refusals, exchange.address);
        add_phase(*evidence, "resolve", exchange.resolve);
        add_phase(*evidence, "connect", exchange.connect);
        add_phase(*evidence, "request", exchange.request);
        if (exchange.tls) add_tls(*evidence, *exchange.tls);
        const DnsQuestion& question = options_.question;
        evidence->dialogue.push_back(
            fmt::format("> {} {}", question.name, dns_type_name(question.type)));
        if (exchange.failure) return evidence;
        const DnsAnswer& answer = exchange.answer;
        evidence->dialogue.push_back(
            fmt::format("< {}: {} answer, {} authority, {} additional records{}",
                        dns_rcode_name(answer.rcode), answer.answer.count, answer.authority.count,
                        answer.additional.count, answer.truncated ? ", cut to fit" : ""));
        for (const std::string& record : answer.answer.records) {
            if (evidence->dialogue.size() >= EvidenceLimits().lines) break;
            evidence->dialogue.push_back("< " + showable(record, EvidenceLimits().line));
        }
        return evidence;
    }

    void add_measurements(Report& report, const DnsExchange& exchange) const {
        constexpr std::uint16_t kSoa = 6;
        const DnsAnswer& answer = exchange.answer;
        const auto add = [&](const char* name, double value) {
            report.measurements.push_back({name, value, {}});
        };
        const auto add_phase = [&](const char* phase, std::chrono::nanoseconds time) {
            report.measurements.push_back(
                {"probe_dns_duration_seconds", seconds_of(time), {{"phase", phase}}});
        };
        add_address(report, exchange.resolve, exchange.address);
        add_phase("resolve", exchange.resolve);
        add_phase("connect", exchange.connect);
        add_phase("request", exchange.request);
        add("probe_dns_answer_rrs", static_cast<double>(answer.answer.count));
        add("probe_dns_authority_rrs", static_cast<double>(answer.authority.count));
        add("probe_dns_additional_rrs", static_cast<double>(answer.additional.count));
        add("probe_dns_query_succeeded", exchange.failure ? 0 : 1);
        if (!exchange.failure && options_.question.type == kSoa) {
            add("probe_dns_serial", answer.serial.value_or(0));
        }
    }

    runtime::HostPort server_;
    DnsOptions options_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_dns(const config::TargetConfig& target) {
    Errors errors;
    DnsOptions options = read_dns_options(target.options, errors);
    Result<runtime::HostPort> server =
        runtime::parse_host_port(target.target.reveal(), options.over_tls ? kDnsOverTls : kDns);
    if (!server) errors.emplace_back("target: " + server.error().message, target.where);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<DnsProber>(std::move(*server), std::move(options));
}

std::vector<config::OptionDoc> dns_options() {
    return dns_option_docs();
}

}  // namespace pilotlight::probes
