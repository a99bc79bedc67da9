#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "probes/evidence.h"
#include "probes/grpc_codec.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "runtime/dialer.h"
#include "runtime/http2_exchange.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr const char* kCheckPath = "/grpc.health.v1.Health/Check";
constexpr std::uint64_t kMaxAnswer = 64 * 1024;
constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kTlsPort = 443;
constexpr int kDeadlineExceeded = 4;
constexpr int kUnavailable = 14;

using runtime::HttpExchange;
using runtime::HttpHeader;

struct GrpcOptions {
    std::string service;
    bool tls = false;
    runtime::TlsSettings tls_config;
    runtime::IpPreference ip;
};

constexpr config::Option<GrpcOptions> kOptions[] = {
    config::option<&GrpcOptions::service>("service", "",
                                          "the service whose health is asked for; the server's "
                                          "own without one"),
    config::option<&GrpcOptions::tls>("tls", "false", "speak TLS"),
    tls_config_row<GrpcOptions>(),
    preferred_ip_protocol_row<GrpcOptions>(),
    ip_protocol_fallback_row<GrpcOptions>(),
};

/// What came of one check.
struct Check {
    Outcome outcome;
    int code = 0;
    std::optional<ServingStatus> serving;
    HttpExchange answer = {};
};

/// The value of a header or trailer; an answer without a body has its trailers as headers.
std::optional<std::string> find_field(const HttpExchange& answer, std::string_view name) {
    for (const auto* fields : {&answer.trailers, &answer.headers}) {
        const auto found = std::ranges::find(*fields, name, &HttpHeader::name);
        if (found != fields->end()) return found->value;
    }
    return std::nullopt;
}

Check failed_check(runtime::Failure failure) {
    const int code = failure.reason == "timeout" ? kDeadlineExceeded : kUnavailable;
    return {outcome_of(std::move(failure)), code, std::nullopt};
}

Check judge(const HttpExchange& answer) {
    const std::optional<std::string> status = find_field(answer, "grpc-status");
    if (!status) {
        const std::string detail = answer.status == 200
                                       ? "the answer has no grpc-status"
                                       : fmt::format("HTTP {}, no gRPC", answer.status);
        return {Outcome::failed("response", answer.status == 200 ? "protocol" : "status", detail),
                grpc_code_of_http(answer.status), std::nullopt};
    }
    int code = 2;
    std::from_chars(status->data(), status->data() + status->size(), code);
    if (code != 0) {
        const std::string detail = fmt::format("{}: {}", grpc_code_name(code),
                                               find_field(answer, "grpc-message").value_or(""));
        return {Outcome::failed("response", "grpc_status", detail), code, std::nullopt};
    }
    const auto serving = read_health_answer(answer.body);
    if (!serving) {
        return {Outcome::failed("response", "protocol", serving.error()), 0, std::nullopt};
    }
    if (*serving == ServingStatus::serving) return {Outcome::ok(), 0, *serving};
    return {Outcome::failed("response", "not_serving",
                            fmt::format("the service is {}", to_string(*serving))),
            0, *serving};
}

class GrpcProber final : public Prober {
  public:
    GrpcProber(runtime::HostPort target, std::string authority, GrpcOptions options)
        : target_(std::move(target)),
          authority_(std::move(authority)),
          options_(std::move(options)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        const SteadyTime began = steady_now();
        runtime::DialRequest request;
        request.host = target_.host;
        request.port = target_.port;
        request.ip = options_.ip;
        if (options_.tls) {
            request.tls = options_.tls_config;
            request.alpn = {"h2"};
        }
        runtime::DialResult dialled =
            co_await runtime::dial(services, std::move(request), deadline);
        Report report;
        add_address(report, dialled.timings.resolve, dialled.address);
        if (dialled.tls) add_tls(report, *dialled.tls);
        Check check;
        if (dialled.failure) {
            check = failed_check(std::move(*dialled.failure));
        } else if (dialled.tls && dialled.tls->alpn != "h2") {
            check = failed_check({"tls", "no_http2", "the server does not choose HTTP/2 by ALPN"});
        } else {
            check = co_await ask(std::move(dialled.stream), deadline);
        }
        add_measurements(report, check, dialled.timings.resolve, steady_now() - began);
        report.measurements.push_back({"probe_grpc_ssl", dialled.tls ? 1.0 : 0.0, {}});
        report.outcome = std::move(check.outcome);
        if (wants_evidence(report.outcome)) {
            report.evidence = evidence_of(dialled);
            add_exchange(*report.evidence, check.answer);
        }
        co_return report;
    }

  private:
    asio::awaitable<Check> ask(std::unique_ptr<runtime::Stream> stream,
                               runtime::Deadline deadline) const {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline.at - steady_now());
        runtime::Http2Request request;
        request.method = "POST";
        request.scheme = options_.tls ? "https" : "http";
        request.authority = authority_;
        request.path = kCheckPath;
        request.headers = {
            {"content-type", "application/grpc"},
            {"te", "trailers"},
            {"user-agent", "Pilotlight"},
            {"grpc-timeout", fmt::format("{}m", std::max<std::int64_t>(left.count(), 1))}};
        request.body = make_health_request(options_.service);
        HttpExchange answer =
            co_await runtime::exchange_http2(*stream, std::move(request), kMaxAnswer);
        Check check = answer.failure ? failed_check(std::move(*answer.failure)) : judge(answer);
        check.answer = std::move(answer);
        co_return check;
    }

    void add_exchange(Evidence& evidence, const HttpExchange& answer) const {
        evidence.dialogue.push_back("> POST " + std::string(kCheckPath));
        if (answer.status == 0) return;
        evidence.status_line = status_line("2", answer.status, "");
        add_headers(evidence, answer.headers, redaction());
        add_headers(evidence, answer.trailers, redaction());
    }

    static void add_measurements(Report& report, const Check& check,
                                 std::chrono::nanoseconds resolve, std::chrono::nanoseconds whole) {
        std::vector<Measurement>& out = report.measurements;
        out.push_back({"probe_grpc_duration_seconds", seconds_of(resolve), {{"phase", "resolve"}}});
        out.push_back(
            {"probe_grpc_duration_seconds", seconds_of(whole - resolve), {{"phase", "check"}}});
        out.push_back({"probe_grpc_status_code", static_cast<double>(check.code), {}});
        for (const ServingStatus status :
             {ServingStatus::unknown, ServingStatus::serving, ServingStatus::not_serving,
              ServingStatus::service_unknown}) {
            out.push_back({"probe_grpc_healthcheck_response",
                           check.serving == status ? 1.0 : 0.0,
                           {{"serving_status", std::string(to_string(status))}}});
        }
    }

    runtime::HostPort target_;
    std::string authority_;
    GrpcOptions options_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_grpc(const config::TargetConfig& target) {
    Errors errors;
    GrpcOptions options;
    config::read_options(target.options, kOptions, options, errors);
    std::string text = target.target.reveal();
    for (const std::string_view scheme : {"http://", "https://", "grpc://", "grpcs://"}) {
        if (text.starts_with(scheme)) text.erase(0, scheme.size());
    }
    text = text.substr(0, text.find('/'));
    Result<runtime::HostPort> address =
        runtime::parse_host_port(text, options.tls ? kTlsPort : kPlainPort);
    if (!address) errors.emplace_back("target: " + address.error().message, target.where);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<GrpcProber>(std::move(*address), std::move(text), std::move(options));
}

std::vector<config::OptionDoc> grpc_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
