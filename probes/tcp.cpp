#include <algorithm>
#include <utility>

#include "probes/conversation.h"
#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "probes/starttls.h"
#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

struct TcpOptions : ConversationOptions {
    runtime::IpPreference ip;
    std::optional<runtime::IpAddress> source;
    std::optional<StartTls> starttls;
    int full_every = 0;
};

constexpr config::Option<TcpOptions> kOptions[] = {
    query_response_row<TcpOptions>(),
    tls_row<TcpOptions>(),
    tls_config_row<TcpOptions>(),
    preferred_ip_protocol_row<TcpOptions>(),
    ip_protocol_fallback_row<TcpOptions>(),
    source_ip_address_row<TcpOptions>(),
    starttls_row<TcpOptions>(),
    resume_sessions_row<TcpOptions>(),
};

class TcpProber final : public Prober {
  public:
    TcpProber(runtime::HostPort target, TcpOptions options)
        : target_(std::move(target)),
          options_(std::move(options)),
          sessions_(make_sessions(options_.full_every)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        runtime::DialRequest request;
        request.host = target_.host;
        request.port = target_.port;
        request.ip = options_.ip;
        request.source = options_.source;
        if (options_.tls) request.tls = options_.tls_config;
        request.sessions = sessions_;
        runtime::DialResult dialled =
            co_await runtime::dial(services, std::move(request), deadline);
        if (options_.starttls && !dialled.failure) {
            co_await secure(services, *options_.starttls, target_.host, options_.tls_config,
                            sessions_, dialled);
        }
        Report report;
        add_connection(report, dialled);
        add_resumed(report, sessions_, dialled.tls);
        if (dialled.failure) {
            report.outcome = outcome_of(std::move(*dialled.failure));
            if (wants_evidence(report.outcome)) report.evidence = evidence_of(dialled);
            co_return report;
        }
        Heard heard;
        report.outcome = co_await converse(services, options_, target_.host,
                                           std::move(dialled.stream), report, heard);
        if (wants_evidence(report.outcome)) {
            report.evidence = evidence_of(dialled);
            if (heard.tls) add_tls(*report.evidence, *heard.tls);
            add_heard(*report.evidence, heard.text, redaction());
        }
        co_return report;
    }

  private:
    runtime::HostPort target_;
    TcpOptions options_;
    std::shared_ptr<runtime::TlsSessions> sessions_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_tcp(const config::TargetConfig& target) {
    Errors errors;
    TcpOptions options;
    config::read_options(target.options, kOptions, options, errors);
    check_conversation(target.options, options, errors);
    const bool has_starttls = std::ranges::any_of(options.query_response, &Exchange::starttls);
    if (options.starttls && (options.tls || has_starttls)) {
        errors.push_back(
            target.options.error("expected one of starttls, tls: true and a starttls "
                                 "in query_response"));
    }
    if (options.full_every > 0 && !options.tls && !options.starttls) {
        errors.push_back(target.options.error("resume_sessions needs tls: true or starttls"));
    }
    std::string text = target.target.reveal();
    if (text.starts_with("tcp://")) text.erase(0, 6);
    Result<runtime::HostPort> address = runtime::parse_host_port(text);
    if (!address) errors.emplace_back("target: " + address.error().message, target.where);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<TcpProber>(std::move(*address), std::move(options));
}

std::vector<config::OptionDoc> tcp_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
