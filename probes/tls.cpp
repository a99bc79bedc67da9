#include <algorithm>
#include <utility>

#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "probes/starttls.h"
#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/tls_versions.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr std::uint16_t kHttps = 443;

struct TlsOptions {
    runtime::TlsSettings tls;
    runtime::IpPreference ip;
    std::optional<runtime::IpAddress> source;
    std::optional<StartTls> starttls;
    int full_every = 0;
};

constexpr config::Option<TlsOptions> kOptions[] = {
    preferred_ip_protocol_row<TlsOptions>(), ip_protocol_fallback_row<TlsOptions>(),
    source_ip_address_row<TlsOptions>(),     starttls_row<TlsOptions>(),
    resume_sessions_row<TlsOptions>(),
};

/// Reads a server's certificates by one handshake. What they say is reported whether or not they
/// verify; that they do not is the failure.
class TlsProber final : public Prober {
  public:
    TlsProber(runtime::HostPort target, TlsOptions options)
        : target_(std::move(target)),
          options_(std::move(options)),
          sessions_(make_sessions(options_.full_every)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        runtime::DialResult dialled = co_await shake_hands(services, options_.tls, deadline);
        const bool is_other_version =
            dialled.failure && dialled.failure->reason == "protocol_version";
        if (is_other_version && options_.starttls) {
            co_await look_again(services, deadline, dialled);
        }
        Report report;
        add_connection(report, dialled);
        add_resumed(report, sessions_, dialled.tls);
        if (dialled.failure) {
            report.outcome = outcome_of(std::move(*dialled.failure));
        } else {
            co_await part(*dialled.stream, dialled.timings.tls);
        }
        if (wants_evidence(report.outcome)) report.evidence = evidence_of(dialled);
        co_return report;
    }

  private:
    asio::awaitable<runtime::DialResult> shake_hands(runtime::Services& services,
                                                     runtime::TlsSettings tls,
                                                     runtime::Deadline deadline) {
        runtime::DialRequest request;
        request.host = target_.host;
        request.port = target_.port;
        request.ip = options_.ip;
        request.source = options_.source;
        if (!options_.starttls) {
            request.tls = tls;
            request.sessions = sessions_;
        }
        runtime::DialResult dialled =
            co_await runtime::dial(services, std::move(request), deadline);
        if (options_.starttls && !dialled.failure) {
            co_await secure(services, *options_.starttls, target_.host, std::move(tls), sessions_,
                            dialled);
        }
        co_return dialled;
    }

    /// What dial() does by itself where no dialogue comes first.
    asio::awaitable<void> look_again(runtime::Services& services, runtime::Deadline deadline,
                                     runtime::DialResult& dialled) {
        runtime::TlsSettings any = runtime::any_version(options_.tls);
        runtime::DialResult seen = co_await shake_hands(services, std::move(any), deadline);
        if (!seen.tls) co_return;
        dialled.failure->detail = "the server speaks " + seen.tls->version + ", expected " +
                                  runtime::allowed_versions(options_.tls);
        dialled.tls = std::move(seen.tls);
    }

    /// Parts as the protocol has it, and waits for a session to resume where one is wanted.
    asio::awaitable<void> part(runtime::Stream& stream, std::chrono::nanoseconds handshake) {
        // What comes after the handshake takes a round trip, of which that took one or two.
        const auto patience = std::clamp<std::chrono::nanoseconds>(
            4 * handshake, std::chrono::milliseconds(500), std::chrono::seconds(1));
        const runtime::Deadline until{std::min(steady_now() + patience, stream.deadline().at)};
        if (options_.starttls) {
            stream.set_deadline(until);
            co_await take_leave(stream, *options_.starttls);
        }
        if (sessions_) co_await runtime::await_session(stream, until);
    }

    runtime::HostPort target_;
    TlsOptions options_;
    std::shared_ptr<runtime::TlsSessions> sessions_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_tls(const config::TargetConfig& target) {
    Errors errors;
    TlsOptions options;
    const std::vector<config::OptionDoc> tls_keys = tls_config_docs();
    std::vector<std::string_view> other_keys;
    for (const config::OptionDoc& doc : tls_keys)
        other_keys.push_back(doc.key);
    config::read_options(target.options, kOptions, options, errors, other_keys);
    read_tls_rows(target.options, options.tls, errors);
    const std::uint16_t port = options.starttls ? default_port(*options.starttls) : kHttps;
    Result<runtime::HostPort> address = runtime::parse_host_port(target.target.reveal(), port);
    if (!address) errors.emplace_back("target: " + address.error().message, target.where);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<TlsProber>(std::move(*address), std::move(options));
}

std::vector<config::OptionDoc> tls_options() {
    std::vector<config::OptionDoc> docs = tls_config_docs();
    for (const auto& row : kOptions)
        docs.push_back(row);
    return docs;
}

}  // namespace pilotlight::probes
