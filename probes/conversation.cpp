#include "probes/conversation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/dialer.h"
#include "runtime/services.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

constexpr std::size_t kMaxLine = 64 * 1024;
constexpr std::size_t kMaxRead = 1 << 20;
/// How much of what was read is kept behind what is read next.
constexpr std::size_t kKept = 4 * 1024;

constexpr config::Option<LabelTemplate> kLabelOptions[] = {
    config::option<&LabelTemplate::name>("name", "required", "the label of probe_expect_info"),
    config::option<&LabelTemplate::value>("value", "required", "its value, ${1} for a group"),
};

void read_labels(const Node& node, Exchange& out, Errors& errors) {
    if (!node.is_sequence()) {
        config::expected_value(node, "a list of {name, value}", errors);
        return;
    }
    for (const Node& item : node.items) {
        LabelTemplate label;
        const std::size_t before = errors.size();
        config::read_options(item, kLabelOptions, label, errors);
        if (errors.size() != before) continue;
        if (!is_legacy_label_name(label.name)) {
            errors.push_back(item.error("'" + label.name + "' is no label name"));
        }
        out.labels.push_back(std::move(label));
    }
}

constexpr config::Option<Exchange> kExchangeOptions[] = {
    config::option<&Exchange::expect>("expect", "",
                                      "read lines until one matches; the probe fails without one"),
    config::option<&Exchange::expect_bytes>("expect_bytes", "", "read exactly these bytes"),
    config::option_read_by<Exchange>(&read_labels, "labels", "list of {name, value}", "",
                                     "labels of probe_expect_info, from the groups of expect"),
    config::option<&Exchange::send>("send", "",
                                    "send this line; ${1} stands for a group of expect"),
    config::option<&Exchange::starttls>("starttls", "false", "then go on with TLS"),
};

/// What has been read and not used yet, in lines or bytes. Bounded in line and in whole.
class Input {
  public:
    /// The next line without its end; nothing at the end of the stream.
    asio::awaitable<runtime::Attempt<std::optional<std::string>>> line(runtime::Stream& stream) {
        while (true) {
            const std::size_t end = bytes_.find('\n', begin_);
            if (end != std::string::npos) co_return take_line(end, end + 1);
            if (bytes_.size() - begin_ > kMaxLine) {
                co_return std::unexpected(too_much("a line is over 64 KiB"));
            }
            const runtime::Attempt<std::size_t> got = co_await more(stream);
            if (!got) co_return std::unexpected(got.error());
            if (*got > 0) continue;
            if (empty()) co_return std::optional<std::string>();
            co_return take_line(bytes_.size(), bytes_.size());
        }
    }

    /// Exactly `count` bytes, or fewer at the end of the stream.
    asio::awaitable<runtime::Attempt<std::string>> bytes(runtime::Stream& stream,
                                                         std::size_t count) {
        while (bytes_.size() - begin_ < count) {
            const runtime::Attempt<std::size_t> got = co_await more(stream);
            if (!got) co_return std::unexpected(got.error());
            if (*got == 0) break;
        }
        std::string taken = bytes_.substr(begin_, count);
        advance(begin_ + taken.size());
        co_return taken;
    }

    [[nodiscard]] bool empty() const { return begin_ == bytes_.size(); }

    /// The last that came, read or not.
    [[nodiscard]] std::string take_heard() {
        if (bytes_.size() > kKept) bytes_.erase(0, bytes_.size() - kKept);
        return std::move(bytes_);
    }

  private:
    static runtime::Failure too_much(std::string detail) {
        return {"", "answer_too_large", std::move(detail)};
    }

    std::optional<std::string> take_line(std::size_t end, std::size_t next) {
        std::string line = bytes_.substr(begin_, end - begin_);
        advance(next);
        if (line.ends_with('\r')) line.pop_back();
        return line;
    }

    asio::awaitable<runtime::Attempt<std::size_t>> more(runtime::Stream& stream) {
        if (read_ > kMaxRead) co_return std::unexpected(too_much("the answers are over 1 MiB"));
        std::array<char, 4'096> chunk;
        runtime::Attempt<std::size_t> got = co_await stream.read_some(chunk);
        if (got) {
            bytes_.append(chunk.data(), *got);
            read_ += *got;
        }
        co_return got;
    }

    void advance(std::size_t next) {
        begin_ = next;
        if (begin_ <= 2 * kKept) return;
        bytes_.erase(0, begin_ - kKept);
        begin_ = kKept;
    }

    /// What came last: what is read before `begin_`, what is not after it.
    std::string bytes_;
    std::size_t begin_ = 0;
    std::size_t read_ = 0;
};

/// One probe in progress: the conversation over a connection that is there.
class Conversation {
  public:
    Conversation(runtime::Services& services, const ConversationOptions& options, std::string host,
                 std::unique_ptr<runtime::Stream> stream, Report& report, Heard& heard)
        : services_(services),
          options_(options),
          host_(std::move(host)),
          stream_(std::move(stream)),
          report_(report),
          heard_(heard) {}

    asio::awaitable<Outcome> run() {
        Outcome outcome = co_await run_steps();
        heard_.text = input_.take_heard();
        co_return outcome;
    }

    [[nodiscard]] bool failed_due_to_regexp() const { return failed_due_to_regexp_; }
    [[nodiscard]] bool failed_due_to_bytes() const { return failed_due_to_bytes_; }

  private:
    asio::awaitable<Outcome> run_steps() {
        for (const Exchange& exchange : options_.query_response) {
            ++step_;
            Outcome outcome = co_await run_step(exchange);
            if (outcome.verdict != Verdict::ok) co_return outcome;
        }
        co_return Outcome::ok();
    }

    asio::awaitable<Outcome> run_step(const Exchange& exchange) {
        std::string to_send = exchange.send.reveal();
        if (exchange.expect) {
            Outcome outcome = co_await expect_line(exchange, to_send);
            if (outcome.verdict != Verdict::ok) co_return outcome;
        }
        if (!exchange.expect_bytes.empty()) {
            Outcome outcome = co_await expect_bytes(exchange.expect_bytes);
            if (outcome.verdict != Verdict::ok) co_return outcome;
        }
        if (!to_send.empty()) {
            to_send += '\n';
            runtime::Attempt<void> written = co_await stream_->write(to_send);
            if (!written) co_return broken(std::move(written.error()));
        }
        if (exchange.starttls) {
            Outcome outcome = co_await upgrade();
            co_return outcome;
        }
        co_return Outcome::ok();
    }

    asio::awaitable<Outcome> expect_line(const Exchange& exchange, std::string& to_send) {
        std::size_t lines = 0;
        while (true) {
            runtime::Attempt<std::optional<std::string>> line = co_await input_.line(*stream_);
            if (!line) co_return broken(std::move(line.error()));
            if (!line->has_value()) {
                failed_due_to_regexp_ = true;
                co_return failed("regexp", "none of " + std::to_string(lines) + " lines matched " +
                                               exchange.expect->pattern() +
                                               " before the peer hung up");
            }
            ++lines;
            if (!exchange.expect->matches(**line)) continue;
            to_send = exchange.expect->expand(**line, to_send).value_or("");
            add_info(exchange, **line);
            co_return Outcome::ok();
        }
    }

    asio::awaitable<Outcome> expect_bytes(const std::string& expected) {
        runtime::Attempt<std::string> got = co_await input_.bytes(*stream_, expected.size());
        if (!got) co_return broken(std::move(got.error()));
        if (*got == expected) co_return Outcome::ok();
        failed_due_to_bytes_ = true;
        co_return failed("bytes", "the bytes that came are not those expected");
    }

    asio::awaitable<Outcome> upgrade() {
        // Plain bytes sent ahead of the handshake would be taken as part of the safe stream.
        if (!input_.empty()) {
            co_return failed("injected", "the peer sent plain bytes after it agreed to TLS");
        }
        runtime::TlsUpgrade upgraded = co_await runtime::start_tls(
            services_, std::move(stream_), host_, options_.tls_config, std::vector<std::string>());
        add_session(report_, upgraded.tls);
        heard_.tls = std::move(upgraded.tls);
        if (upgraded.failure) co_return outcome_of(std::move(*upgraded.failure));
        stream_ = std::move(upgraded.stream);
        co_return Outcome::ok();
    }

    void add_info(const Exchange& exchange, const std::string& line) {
        if (exchange.labels.empty()) return;
        Measurement info{"probe_expect_info", 1, {}};
        for (const LabelTemplate& label : exchange.labels) {
            info.labels.emplace_back(label.name,
                                     exchange.expect->expand(line, label.value).value_or(""));
        }
        report_.measurements.push_back(std::move(info));
    }

    Outcome broken(runtime::Failure failure) const {
        failure.detail = "step " + std::to_string(step_) + ": " + failure.detail;
        return outcome_of(std::move(failure).in_phase("query"));
    }

    [[nodiscard]] Outcome failed(std::string reason, const std::string& detail) const {
        return Outcome::failed("query", std::move(reason),
                               "step " + std::to_string(step_) + ": " + detail);
    }

    runtime::Services& services_;
    const ConversationOptions& options_;
    std::string host_;
    std::unique_ptr<runtime::Stream> stream_;
    Report& report_;
    Heard& heard_;
    Input input_;
    std::size_t step_ = 0;
    bool failed_due_to_regexp_ = false;
    bool failed_due_to_bytes_ = false;
};

}  // namespace

void read_exchanges(const Node& node, std::vector<Exchange>& out, Errors& errors) {
    if (!node.is_sequence()) {
        config::expected_value(node, "a list of {expect, expect_bytes, labels, send, starttls}",
                               errors);
        return;
    }
    for (const Node& item : node.items) {
        Exchange exchange;
        config::read_options(item, kExchangeOptions, exchange, errors);
        if (!exchange.labels.empty() && !exchange.expect) {
            errors.push_back(item.error("labels need an expect to take their values from"));
        }
        out.push_back(std::move(exchange));
    }
}

void check_conversation(const Node& node, const ConversationOptions& options, Errors& errors) {
    if (options.tls && std::ranges::any_of(options.query_response, &Exchange::starttls)) {
        errors.push_back(node.error("starttls in a conversation that has tls: true"));
    }
}

asio::awaitable<Outcome> converse(runtime::Services& services, const ConversationOptions& options,
                                  std::string host, std::unique_ptr<runtime::Stream> stream,
                                  Report& report, Heard& heard) {
    Conversation conversation(services, options, std::move(host), std::move(stream), report, heard);
    Outcome outcome = co_await conversation.run();
    report.measurements.push_back(
        {"probe_failed_due_to_regex", conversation.failed_due_to_regexp() ? 1.0 : 0.0, {}});
    report.measurements.push_back(
        {"probe_failed_due_to_bytes", conversation.failed_due_to_bytes() ? 1.0 : 0.0, {}});
    co_return outcome;
}

}  // namespace pilotlight::probes
