#include <sys/un.h>

#include <algorithm>
#include <utility>

#include "probes/conversation.h"
#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "runtime/dialer.h"
#include "runtime/services.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

using UnixOptions = ConversationOptions;

constexpr config::Option<UnixOptions> kOptions[] = {
    query_response_row<UnixOptions>(),
    tls_row<UnixOptions>(),
    tls_config_row<UnixOptions>(),
};

class UnixProber final : public Prober {
  public:
    UnixProber(std::string path, UnixOptions options)
        : path_(std::move(path)), options_(std::move(options)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        std::optional<runtime::TlsSettings> tls;
        if (options_.tls) tls = options_.tls_config;
        runtime::DialResult dialled =
            co_await runtime::dial_unix(services, path_, std::move(tls), deadline);
        Report report;
        add_session(report, dialled.tls);
        if (dialled.failure) {
            report.outcome = outcome_of(std::move(*dialled.failure));
            if (wants_evidence(report.outcome)) report.evidence = evidence_of(dialled);
            co_return report;
        }
        Heard heard;
        report.outcome =
            co_await converse(services, options_, "", std::move(dialled.stream), report, heard);
        if (wants_evidence(report.outcome)) {
            report.evidence = evidence_of(dialled);
            if (heard.tls) add_tls(*report.evidence, *heard.tls);
            add_heard(*report.evidence, heard.text, redaction());
        }
        co_return report;
    }

  private:
    std::string path_;
    UnixOptions options_;
};

/// Nobody could hold a certificate against a path.
bool needs_server_name(const UnixOptions& options) {
    const bool speaks_tls =
        options.tls || std::ranges::any_of(options.query_response, &Exchange::starttls);
    return speaks_tls && options.tls_config.server_name.empty() &&
           !options.tls_config.insecure_skip_verify;
}

}  // namespace

Checked<std::unique_ptr<Prober>> make_unix(const config::TargetConfig& target) {
    Errors errors;
    UnixOptions options;
    config::read_options(target.options, kOptions, options, errors);
    check_conversation(target.options, options, errors);
    if (needs_server_name(options)) {
        errors.push_back(target.options.error(
            "TLS over a unix socket needs tls_config's server_name (or insecure_skip_verify)"));
    }
    std::string path = target.target.reveal();
    if (path.starts_with("unix://")) path.erase(0, 7);
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
        errors.emplace_back("target: expected the path of a unix socket, at most 107 bytes",
                            target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<UnixProber>(std::move(path), std::move(options));
}

std::vector<config::OptionDoc> unix_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
