#include <fmt/format.h>

#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/mail_text.h"
#include "alerting/receivers/registry.h"
#include "alerting/receivers/smtp.h"
#include "alerting/tls_options.h"
#include "runtime/blocking.h"
#include "runtime/services.h"
#include "runtime/url.h"

/// Mail, by a mail server. All mails of a group are one thread.
namespace pilotlight::alerting {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kSubjectMax = 250;
constexpr std::size_t kTextMax = 500'000;
/// A mail with more HTML goes out as text only.
constexpr std::size_t kHtmlMax = 2'000'000;

struct RawThreading {
    bool enabled = true;
    std::string thread_by_date = "none";
};

constexpr config::Option<RawThreading> kThreadingOptions[] = {
    config::option<&RawThreading::enabled>("enabled", "true",
                                           "whether the mails of a group are one thread"),
    config::option<&RawThreading::thread_by_date>("thread_by_date", "none",
                                                  "daily begins a new thread each day"),
};

struct RawEmail {
    bool send_resolved = false;
    TextOption to;
    TextOption from;
    std::string smarthost;
    std::string hello;
    std::string auth_username;
    Secret auth_password;
    std::string auth_password_file;
    Secret auth_secret;
    std::string auth_secret_file;
    std::string auth_identity;
    std::optional<bool> require_tls;
    std::optional<bool> force_implicit_tls;
    std::optional<Node> tls_config;
    std::optional<Node> headers;
    TextOption html{R"({{ template "email.default.html" . }})", {}};
    TextOption text{R"({{ template "email.default.text" . }})", {}};
    std::optional<Node> threading;
    Duration timeout = std::chrono::seconds(30);
};

constexpr config::Option<RawEmail> kEmailOptions[] = {
    config::option<&RawEmail::send_resolved>("send_resolved", "false",
                                             "whether the end is told too"),
    config::option<&RawEmail::to>("to", "required", "addresses, by commas"),
    config::option<&RawEmail::from>("from", "global.smtp_from", "the sender"),
    config::option<&RawEmail::smarthost>("smarthost", "global.smtp_smarthost",
                                         "the mail server, host:port"),
    config::option<&RawEmail::hello>("hello", "global.smtp_hello", "what we call ourselves to it"),
    config::option<&RawEmail::auth_username>("auth_username", "global.smtp_auth_username",
                                             "its login"),
    config::option<&RawEmail::auth_password>("auth_password", "global.smtp_auth_password",
                                             "for PLAIN and LOGIN"),
    config::option<&RawEmail::auth_password_file>("auth_password_file", "", "a file that holds it"),
    config::option<&RawEmail::auth_secret>("auth_secret", "global.smtp_auth_secret",
                                           "for CRAM-MD5"),
    config::option<&RawEmail::auth_secret_file>("auth_secret_file", "", "a file that holds it"),
    config::option<&RawEmail::auth_identity>("auth_identity", "global.smtp_auth_identity",
                                             "whom PLAIN acts for"),
    config::option<&RawEmail::require_tls>("require_tls", "global.smtp_require_tls",
                                           "whether STARTTLS must be had"),
    config::option<&RawEmail::force_implicit_tls>("force_implicit_tls", "on port 465",
                                                  "whether TLS begins at once"),
    config::option<&RawEmail::tls_config>("tls_config", "global.smtp_tls_config", "see tls_config"),
    config::option<&RawEmail::headers>(
        "headers", "To, From, Subject",
        "more headers, or others; Subject is email.default.subject without it"),
    config::option<&RawEmail::html>("html", "email.default.html", "the HTML part; \"\" for none"),
    config::option<&RawEmail::text>("text", "email.default.text", "the text part"),
    config::option<&RawEmail::threading>("threading", "enabled",
                                         "enabled, and thread_by_date: daily or none"),
    config::option<&RawEmail::timeout>("timeout", "30s", "for one attempt"),
};

bool is_header_name(std::string_view name) {
    return !name.empty() && name.size() < 100 &&
           std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

/// Headers that say what the mail is; they are made here.
bool is_reserved(std::string_view name) {
    constexpr std::string_view kNames[] = {"Mime-Version", "Content-Type",
                                           "Content-Transfer-Encoding"};
    return std::ranges::count(kNames, name) > 0;
}

class Email final : public Integration {
  public:
    Email(const RawEmail& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        read_server(raw, node, context);
        to_ = context.parse_text(raw.to);
        if (raw.to.text.empty()) context.error(node, "no address: expected to");
        TextOption from = raw.from;
        if (from.text.empty()) from.text = context.global.mail.from;
        if (from.text.empty()) context.error(node, "no sender: expected from or global smtp_from");
        from_ = context.parse_text(from);
        for (const auto& [text, key] : {std::pair{&to_, "to"}, std::pair{&from_, "from"}}) {
            const bool is_template = text->source().find("{{") != std::string::npos;
            if (is_template || parse_mail_addresses(text->source())) continue;
            const Node* given = node.find(key);
            context.error(given == nullptr ? node : *given,
                          fmt::format("{} is no list of mail addresses", key));
        }
        subject_ = context.parse_text({R"({{ template "email.default.subject" . }})", {}});
        html_ = context.parse_text(raw.html);
        text_ = context.parse_text(raw.text);
        read_headers(raw, context);
        if (raw.threading) read_threading(*raw.threading, context);
    }

    [[nodiscard]] Message render(const Notification& notification) const override {
        Message message;
        message.mail = write(notification, message.template_error).text;
        return message;
    }

    /// No HTTP here.
    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override {
        return classify_status(answer, secrets_of(server_));
    }

    [[nodiscard]] asio::awaitable<Sent> send(runtime::Services& services, Notification notification,
                                             std::string /*memory*/,
                                             runtime::Deadline deadline) const override {
        Sent sent;
        Envelope envelope = write(notification, sent.template_error);
        if (envelope.to.empty() || envelope.from.empty()) {
            sent.delivery = Delivery::rejected(Reason::client_error, "nobody to write to");
            co_return sent;
        }
        // By value: what hangs may outlive this.
        std::function<Result<Delivery>()> call = [server = server_, envelope = std::move(envelope),
                                                  deadline]() -> Result<Delivery> {
            return hand_over(server, envelope, deadline);
        };
        // A moment more, so that what went wrong is told in its own words.
        const runtime::Deadline patience{deadline.at + std::chrono::milliseconds(200)};
        Result<Delivery> delivery =
            co_await runtime::run_blocking(services.blocking(), patience, std::move(call));
        sent.delivery = delivery ? std::move(*delivery)
                                 : Delivery::retry(Reason::timeout, delivery.error().message);
        co_return sent;
    }

    [[nodiscard]] Secret destination() const override {
        return Secret(fmt::format("{}:{}\n{}", server_.host, server_.port, to_.source()));
    }

  private:
    void read_server(const RawEmail& raw, const Node& node, ReadContext& context) {
        const MailOptions& global = context.global.mail;
        const auto or_global = [](const std::string& own, const std::string& other) {
            return own.empty() ? other : own;
        };
        const std::string smarthost = or_global(raw.smarthost, global.smarthost);
        if (smarthost.empty()) {
            context.error(node, "no mail server: expected smarthost or global smtp_smarthost");
        } else if (const auto place = runtime::parse_host_port(smarthost)) {
            server_.host = place->host.empty() ? "localhost" : place->host;
            server_.port = place->port;
        } else {
            context.error(node, fmt::format("smarthost: {}", place.error().message));
        }
        server_.hello = or_global(raw.hello, global.hello);
        const bool is_name = std::ranges::all_of(server_.hello, [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '.' || c == '-' || c == '_' || c == '[' || c == ']' || c == ':';
        });
        if (!is_name) context.error(node, "hello is no host name");
        server_.user = or_global(raw.auth_username, global.auth_username);
        server_.password = context.read_secret(node, "auth_password");
        server_.secret = context.read_secret(node, "auth_secret");
        if (server_.password.empty() && server_.secret.empty()) {
            server_.password = global.auth_password;
            server_.secret = global.auth_secret;
        }
        server_.identity = or_global(raw.auth_identity, global.auth_identity);
        if (!server_.user.empty() && server_.password.empty() && server_.secret.empty()) {
            context.error(node, "auth_username needs auth_password or auth_secret");
        }
        server_.require_tls = raw.require_tls.value_or(global.require_tls);
        const auto implicit = raw.force_implicit_tls ? raw.force_implicit_tls : global.implicit_tls;
        server_.implicit_tls = implicit.value_or(server_.port == 465);
        server_.tls = raw.tls_config ? read_tls_options(*raw.tls_config, context) : global.tls;
        if (!server_.user.empty() && !server_.require_tls && !server_.implicit_tls) {
            context.not_yet.push_back(
                node.error("the mail server's password goes over the wire in the clear"));
        }
    }

    void read_headers(const RawEmail& raw, ReadContext& context) {
        if (!raw.headers) return;
        if (!raw.headers->is_mapping()) {
            context.error(*raw.headers, "expected a mapping of names to texts");
        }
        for (const Node::Entry& entry : raw.headers->entries) {
            const std::string name = canonical_header(entry.key);
            if (!is_header_name(name) || is_reserved(name)) {
                context.errors.emplace_back("no header that may be set", entry.key_where);
            }
            TextOption option;
            read_value(entry.value, option, context.errors);
            if (!headers_.emplace(name, context.parse_text(option)).second) {
                context.errors.emplace_back(fmt::format("header {} is there twice", name),
                                            entry.key_where);
            }
        }
    }

    void read_threading(const Node& node, ReadContext& context) {
        RawThreading raw;
        config::read_options(node, kThreadingOptions, raw, context.errors);
        is_threaded_ = raw.enabled;
        is_daily_ = raw.thread_by_date == "daily";
        if (!is_daily_ && raw.thread_by_date != "none") {
            context.error(*node.find("thread_by_date"), "expected daily or none");
        }
    }

    Envelope write(const Notification& notification, std::string& template_error) const {
        const tmpl::Value plain = message_data(notification);
        MessageWriter writer(plain, notification.decided_at);
        const std::string from = writer.write(from_);
        const std::string to = writer.write(to_);
        MailText mail;
        mail.headers = ids(notification, from);
        mail.headers["To"] = to;
        mail.headers["From"] = from;
        mail.headers["Subject"] = cut_to(writer.write(subject_), kSubjectMax);
        for (const auto& [name, text] : headers_)
            mail.headers[name] = writer.write(text);
        mail.text = cut_to(writer.write(text_), kTextMax);
        mail.html = writer.write(html_, message_data(notification, {escape_html, 4'000}));
        template_error = writer.error();
        if (!template_error.empty()) {
            mail.headers["Subject"] = cut_to(plain_title(notification), kSubjectMax);
            mail.html.clear();
            mail.text = fmt::format("{}\n(a template failed: {})\n", plain_text(notification),
                                    cut_to(template_error, 500));
        }
        if (mail.html.size() > kHtmlMax) mail.html.clear();
        if (mail.text.empty()) mail.text = plain_text(notification);
        mail.boundary = fmt::format("{}{}", notification.dedup_key, notification.sequence);
        Envelope envelope;
        const auto senders = parse_mail_addresses(from);
        if (senders && !senders->empty()) envelope.from = senders->front();
        envelope.to = parse_mail_addresses(to).value_or(std::vector<std::string>());
        envelope.text = compose_mail(mail);
        return envelope;
    }

    /// The same mail sent twice has one identity, and all mails of a group have one ancestor.
    std::map<std::string, std::string> ids(const Notification& notification,
                                           const std::string& from) const {
        const auto senders = parse_mail_addresses(from);
        const std::string domain = senders && !senders->empty()
                                       ? senders->front().substr(senders->front().rfind('@') + 1)
                                       : "pilotlight.invalid";
        std::map<std::string, std::string> headers{
            {"Date", mail_date(notification.decided_at)},
            {"Message-Id",
             fmt::format("<{}.{}@{}>", notification.dedup_key, notification.sequence, domain)},
            {"Auto-Submitted", "auto-generated"}};
        if (!is_threaded_) return headers;
        std::string root = notification.dedup_key;
        if (is_daily_) root += "." + format_time(notification.decided_at).substr(0, 10);
        headers["References"] = headers["In-Reply-To"] = fmt::format("<{}@{}>", root, domain);
        return headers;
    }

    SmtpServer server_;
    MessageText to_, from_, subject_, html_, text_;
    std::map<std::string, MessageText> headers_;
    bool is_threaded_ = true;
    bool is_daily_ = false;
};

}  // namespace

IntegrationPtr read_email(const Node& node, Address address, ReadContext& context) {
    RawEmail raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kEmailOptions, raw, context.errors);
    auto made = std::make_shared<const Email>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> email_option_docs() {
    return config::docs_of(kEmailOptions);
}

}  // namespace pilotlight::alerting
