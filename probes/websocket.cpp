#include <fmt/format.h>

#include <array>
#include <random>
#include <utility>

#include "probes/conversation.h"
#include "probes/evidence.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "probes/websocket_codec.h"
#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr std::size_t kMaxHeader = 64 * 1024;

using runtime::Attempt;

/// blackbox_exporter's `http_config` of a websocket module.
struct WebsocketLogin {
    runtime::TlsSettings tls_config;
    Secret username;
    Secret password;
    Secret bearer_token;
    std::vector<std::pair<std::string, Secret>> headers;
};

void read_login(const Node& node, WebsocketLogin& out, Errors& errors) {
    static constexpr config::Option<WebsocketLogin> kRows[] = {
        config::option<&WebsocketLogin::username>("username", "", "the user"),
        config::option<&WebsocketLogin::password>("password", "", "the password"),
    };
    config::read_options(node, kRows, out, errors);
}

/// A value, or a list of them for a header that is sent several times.
void read_headers(const Node& node, WebsocketLogin& out, Errors& errors) {
    if (!node.is_mapping()) {
        config::expected_value(node, "a mapping of names to texts or lists of texts", errors);
        return;
    }
    for (const Node::Entry& entry : node.entries) {
        std::vector<Secret> values;
        if (entry.value.is_sequence()) {
            config::read_value(entry.value, values, errors);
        } else {
            config::read_value(entry.value, values.emplace_back(), errors);
        }
        for (Secret& value : values) {
            if (value.reveal().find_first_of("\r\n") != std::string::npos) {
                errors.push_back(entry.value.error("a header must not hold line breaks"));
                continue;
            }
            out.headers.emplace_back(entry.key, std::move(value));
        }
    }
}

constexpr config::Option<WebsocketLogin> kLoginOptions[] = {
    tls_config_row<WebsocketLogin>(),
    config::option_read_by<WebsocketLogin>(&read_login, "basic_auth", "section", "",
                                           "username and password"),
    config::option<&WebsocketLogin::bearer_token>("bearer_token", "", "the bearer token"),
    config::option_read_by<WebsocketLogin>(&read_headers, "headers", "map of secret texts", "",
                                           "headers of the handshake"),
};

struct WebsocketOptions {
    WebsocketLogin login;
    std::vector<Exchange> query_response;
    runtime::IpPreference ip;
};

constexpr config::Option<WebsocketOptions> kOptions[] = {
    config::option_read_by<WebsocketOptions>(
        [](const Node& node, WebsocketOptions& out, Errors& errors) {
            config::read_options(node, kLoginOptions, out.login, errors);
        },
        "http_config", "section", "",
        "of the handshake: tls_config, basic_auth (username, password), bearer_token, headers"),
    config::option_read_by<WebsocketOptions>(
        [](const Node& node, WebsocketOptions& out, Errors& errors) {
            read_exchanges(node, out.query_response, errors);
        },
        "query_response", "list of {expect, labels, send}", "",
        "messages to expect and to send, in order; each expect is held against the next message"),
    preferred_ip_protocol_row<WebsocketOptions>(),
    ip_protocol_fallback_row<WebsocketOptions>(),
};

std::string random_bytes(std::size_t count) {
    thread_local std::random_device device;
    std::string bytes;
    while (bytes.size() < count)
        bytes += static_cast<char>(device());
    return bytes;
}

std::array<std::uint8_t, 4> random_mask() {
    std::array<std::uint8_t, 4> mask{};
    const std::string bytes = random_bytes(mask.size());
    std::copy(bytes.begin(), bytes.end(), mask.begin());
    return mask;
}

/// One probe in progress, over a connection that is there.
class WebsocketDialogue {
  public:
    WebsocketDialogue(const WebsocketOptions& options, const runtime::Url& url,
                      std::unique_ptr<runtime::Stream> stream, Report& report)
        : options_(options), url_(url), stream_(std::move(stream)), report_(report) {}

    asio::awaitable<Outcome> shake_hands() {
        const std::string key = runtime::base64(random_bytes(16));
        const std::string request = handshake_request(key);
        Attempt<void> written = co_await stream_->write(request);
        if (!written) co_return outcome_of(std::move(written.error()).in_phase("request"));
        std::string received;
        std::size_t end = std::string::npos;
        while (end == std::string::npos) {
            if (received.size() > kMaxHeader) {
                co_return Outcome::failed("response", "header_too_large",
                                          "the header is over 64 KiB");
            }
            std::array<char, 4'096> chunk;
            Attempt<std::size_t> got = co_await stream_->read_some(chunk);
            if (!got) co_return outcome_of(std::move(got.error()).in_phase("response"));
            if (*got == 0) {
                co_return Outcome::failed("response", "closed",
                                          "the peer hung up before its answer was whole");
            }
            received.append(chunk.data(), *got);
            end = received.find("\r\n\r\n");
        }
        const auto handshake = read_websocket_handshake(received.substr(0, end + 4), key);
        if (!handshake) {
            co_return Outcome::failed("response", "protocol", "the answer is no HTTP/1.1");
        }
        status_ = handshake->status;
        upgraded_ = handshake->upgraded;
        reader_.feed(std::string_view(received).substr(end + 4));
        heard_ = std::move(received);
        heard_.resize(end);
        if (upgraded_) co_return Outcome::ok();
        co_return Outcome::failed("response", status_ == 101 ? "protocol" : "status",
                                  handshake->fault);
    }

    asio::awaitable<Outcome> converse() {
        for (const Exchange& exchange : options_.query_response) {
            ++step_;
            std::string to_send = exchange.send.reveal();
            if (exchange.expect) {
                Outcome outcome = co_await expect_message(exchange, to_send);
                if (outcome.verdict != Verdict::ok) co_return outcome;
            }
            if (to_send.empty()) continue;
            Outcome outcome = co_await send(WebsocketOpcode::text, std::move(to_send));
            if (outcome.verdict != Verdict::ok) co_return outcome;
        }
        co_return Outcome::ok();
    }

    /// What the peer said last: the answer to the handshake, or a message.
    [[nodiscard]] std::string take_heard() { return std::move(heard_); }
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] bool upgraded() const { return upgraded_; }
    [[nodiscard]] bool failed_due_to_regexp() const { return failed_due_to_regexp_; }

  private:
    [[nodiscard]] std::string handshake_request(const std::string& key) const {
        const WebsocketLogin& login = options_.login;
        std::string text = "GET " + url_.target + " HTTP/1.1\r\n";
        const auto add = [&](std::string_view name, std::string_view value) {
            text.append(name).append(": ").append(value).append("\r\n");
        };
        bool has_host = false;
        for (const auto& [name, value] : login.headers)
            has_host = has_host || name == "Host" || name == "host";
        if (!has_host) add("Host", url_.host_header());
        add("User-Agent", "Pilotlight");
        add("Upgrade", "websocket");
        add("Connection", "Upgrade");
        add("Sec-WebSocket-Key", key);
        add("Sec-WebSocket-Version", "13");
        if (!login.username.empty() || !login.password.empty()) {
            add("Authorization",
                runtime::basic_authorization(login.username, login.password).reveal());
        } else if (!login.bearer_token.empty()) {
            add("Authorization", "Bearer " + login.bearer_token.reveal());
        }
        for (const auto& [name, value] : login.headers)
            add(name, value.reveal());
        return text + "\r\n";
    }

    asio::awaitable<Outcome> expect_message(const Exchange& exchange, std::string& to_send) {
        std::string message;
        Outcome outcome = co_await read_message(message);
        if (outcome.verdict != Verdict::ok) co_return outcome;
        if (!exchange.expect->matches(message)) {
            failed_due_to_regexp_ = true;
            heard_ = std::move(message);
            co_return failed("regexp", "the message does not match " + exchange.expect->pattern());
        }
        to_send = exchange.expect->expand(message, to_send).value_or("");
        if (exchange.labels.empty()) co_return Outcome::ok();
        Measurement info{"probe_expect_info", 1, {}};
        for (const LabelTemplate& label : exchange.labels) {
            info.labels.emplace_back(label.name,
                                     exchange.expect->expand(message, label.value).value_or(""));
        }
        report_.measurements.push_back(std::move(info));
        co_return Outcome::ok();
    }

    /// The next text or binary message; pings are answered on the way.
    asio::awaitable<Outcome> read_message(std::string& message) {
        while (true) {
            std::optional<WebsocketReader::Message> next = reader_.next();
            if (!reader_.fault().empty()) {
                co_return failed(std::string(reader_.fault()), "what came is no good frame");
            }
            if (!next) {
                std::array<char, 4'096> chunk;
                Attempt<std::size_t> got = co_await stream_->read_some(chunk);
                if (!got) co_return outcome_of(std::move(got.error()).in_phase("query"));
                if (*got == 0) co_return failed("closed", "the peer hung up");
                reader_.feed({chunk.data(), *got});
                continue;
            }
            if (next->opcode == WebsocketOpcode::close) {
                co_return failed("closed", "the peer closed the WebSocket");
            }
            if (next->opcode == WebsocketOpcode::ping) {
                Outcome outcome = co_await send(WebsocketOpcode::pong, std::move(next->payload));
                if (outcome.verdict != Verdict::ok) co_return outcome;
                continue;
            }
            if (next->opcode == WebsocketOpcode::pong) continue;
            message = std::move(next->payload);
            co_return Outcome::ok();
        }
    }

    asio::awaitable<Outcome> send(WebsocketOpcode opcode, std::string payload) {
        const std::string frame = make_websocket_frame(opcode, payload, random_mask());
        Attempt<void> written = co_await stream_->write(frame);
        if (!written) co_return outcome_of(std::move(written.error()).in_phase("query"));
        co_return Outcome::ok();
    }

    [[nodiscard]] Outcome failed(std::string reason, const std::string& detail) const {
        return Outcome::failed("query", std::move(reason),
                               fmt::format("step {}: {}", step_, detail));
    }

    const WebsocketOptions& options_;
    const runtime::Url& url_;
    std::unique_ptr<runtime::Stream> stream_;
    Report& report_;
    WebsocketReader reader_;
    std::string heard_;
    int status_ = 0;
    bool upgraded_ = false;
    bool failed_due_to_regexp_ = false;
    std::size_t step_ = 0;
};

class WebsocketProber final : public Prober {
  public:
    WebsocketProber(runtime::Url url, WebsocketOptions options)
        : url_(std::move(url)), options_(std::move(options)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        Seen seen;
        Report report = co_await ask(services, deadline, seen);
        if (wants_evidence(report.outcome)) {
            report.evidence = evidence_of(seen.dialled);
            add_heard(*report.evidence, seen.heard, redaction());
        }
        co_return report;
    }

  private:
    struct Seen {
        runtime::DialResult dialled;
        std::string heard;
    };

    asio::awaitable<Report> ask(runtime::Services& services, runtime::Deadline deadline,
                                Seen& seen) {
        runtime::DialRequest request;
        request.host = url_.host;
        request.port = url_.port;
        request.ip = options_.ip;
        if (url_.is_tls()) request.tls = options_.login.tls_config;
        seen.dialled = co_await runtime::dial(services, std::move(request), deadline);
        runtime::DialResult& dialled = seen.dialled;
        Report report;
        add_connection(report, dialled);
        add_phase(report, "resolve", dialled.timings.resolve);
        add_phase(report, "connect", dialled.timings.connect);
        add_phase(report, "tls", dialled.timings.tls);
        if (dialled.failure) {
            report.outcome = outcome_of(std::move(*dialled.failure));
            add_result(report, 0, false);
            co_return report;
        }
        const SteadyTime connected = steady_now();
        WebsocketDialogue dialogue(options_, url_, std::move(dialled.stream), report);
        report.outcome = co_await dialogue.shake_hands();
        const SteadyTime upgraded = steady_now();
        add_phase(report, "upgrade", upgraded - connected);
        add_result(report, dialogue.status(), dialogue.upgraded());
        seen.heard = dialogue.take_heard();
        if (report.outcome.verdict != Verdict::ok || options_.query_response.empty()) {
            co_return report;
        }
        report.outcome = co_await dialogue.converse();
        if (std::string heard = dialogue.take_heard(); !heard.empty())
            seen.heard = std::move(heard);
        add_phase(report, "query", steady_now() - upgraded);
        report.measurements.push_back({"probe_websocket_failed_due_to_regex",
                                       dialogue.failed_due_to_regexp() ? 1.0 : 0.0,
                                       {}});
        co_return report;
    }

    static void add_phase(Report& report, const char* phase, std::chrono::nanoseconds time) {
        report.measurements.push_back(
            {"probe_websocket_duration_seconds", seconds_of(time), {{"phase", phase}}});
    }

    static void add_result(Report& report, int status, bool upgraded) {
        report.measurements.push_back(
            {"probe_websocket_status_code", static_cast<double>(status), {}});
        report.measurements.push_back(
            {"probe_websocket_connection_upgraded", upgraded ? 1.0 : 0.0, {}});
    }

    runtime::Url url_;
    WebsocketOptions options_;
};

/// What the steps of a byte stream have, and messages do not.
void refuse_stream_steps(const Node& node, const WebsocketOptions& options, Errors& errors) {
    for (const Exchange& exchange : options.query_response) {
        if (exchange.expect_bytes.empty() && !exchange.starttls) continue;
        errors.push_back(node.error("expect_bytes and starttls are of tcp and unix only"));
    }
}

}  // namespace

Checked<std::unique_ptr<Prober>> make_websocket(const config::TargetConfig& target) {
    Errors errors;
    WebsocketOptions options;
    config::read_options(target.options, kOptions, options, errors);
    refuse_stream_steps(target.options, options, errors);
    std::string text = target.target.reveal();
    // ws and wss are http and https but for the name.
    if (text.starts_with("ws://") || text.starts_with("wss://")) text.replace(0, 2, "http");
    Result<runtime::Url> url = runtime::parse_url(text);
    if (!url) {
        errors.emplace_back("target: expected a URL that begins with ws:// or wss://",
                            target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<WebsocketProber>(std::move(*url), std::move(options));
}

std::vector<config::OptionDoc> websocket_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
