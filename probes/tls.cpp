#include <utility>

#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr std::uint16_t kHttps = 443;

struct TlsOptions {
    runtime::TlsSettings tls;
    runtime::IpPreference ip;
};

constexpr config::Option<TlsOptions> kOptions[] = {
    preferred_ip_protocol_row<TlsOptions>(),
    ip_protocol_fallback_row<TlsOptions>(),
};

/// Reads a server's certificates by one handshake. What they say is reported whether or not they
/// verify; that they do not is the failure.
class TlsProber final : public Prober {
  public:
    TlsProber(runtime::HostPort target, TlsOptions options)
        : target_(std::move(target)), options_(std::move(options)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        runtime::DialRequest request;
        request.host = target_.host;
        request.port = target_.port;
        request.ip = options_.ip;
        request.tls = options_.tls;
        runtime::DialResult dialled =
            co_await runtime::dial(services, std::move(request), deadline);
        Report report;
        add_connection(report, dialled);
        if (dialled.failure) report.outcome = outcome_of(std::move(*dialled.failure));
        if (wants_evidence(report.outcome)) report.evidence = evidence_of(dialled);
        co_return report;
    }

  private:
    runtime::HostPort target_;
    TlsOptions options_;
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
    Result<runtime::HostPort> address = runtime::parse_host_port(target.target.reveal(), kHttps);
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
