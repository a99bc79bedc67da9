#include "probes/client_options.h"
#include "probes/evidence.h"
#include "probes/probers.h"
#include "probes/redis_codec.h"
#include "probes/redis_info.h"
#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {
namespace {

struct RedisOptions {
    std::string role = "any";
    std::string password_file;
    runtime::TlsSettings tls;
};

void read_role(const Node& node, RedisOptions& options, Errors& errors) {
    options.role = node.scalar;
    if (options.role != "any" && options.role != "master" && options.role != "replica") {
        config::expected_value(node, "any, master or replica", errors);
    }
}

constexpr config::Option<RedisOptions> kOptions[] = {
    config::option_read_by<RedisOptions>(
        read_role, "role", "any, master or replica", "any",
        "what it must be; the probe fails as `wrong_role` when it is another"),
    config::option_read_by<RedisOptions>(
        [](const Node& node, RedisOptions& options, Errors& errors) {
            read_path(node, options.password_file, errors);
        },
        "password_file", "path", "", "a file with the password, instead of one in the URL"),
    config::option_read_by<RedisOptions>(
        [](const Node& node, RedisOptions& options, Errors& errors) {
            read_tls_config(node, options.tls, errors);
        },
        "tls_config", "section", "",
        "for rediss://: ca_file, cert_file, key_file, server_name, insecure_skip_verify, "
        "min_version, max_version"),
};

/// `redis[s]://[user][:password@]host[:port][/db]`.
struct RedisUrl {
    std::string host;
    std::uint16_t port = 6379;
    bool tls = false;
    std::string user;
    Secret password;
    std::string database;
};

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += static_cast<char>(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

// The messages never repeat the text: it may hold a password.
Result<RedisUrl> parse_redis_url(std::string_view text) {
    constexpr std::string_view kExpected =
        "expected redis://[user:password@]host[:port][/db] or rediss://...";
    RedisUrl url;
    url.tls = text.starts_with("rediss://");
    if (url.tls || text.starts_with("redis://")) {
        text.remove_prefix(text.find("://") + 3);
    } else if (text.find("://") != text.npos) {
        return fail(fmt::format("not a Redis URL: {}", kExpected));
    }
    text = text.substr(0, text.find_first_of("?#"));
    const std::size_t at = text.rfind('@');
    if (at != text.npos) {
        const std::string_view login = text.substr(0, at);
        const std::size_t colon = std::min(login.find(':'), login.size());
        url.user = percent_decoded(login.substr(0, colon));
        url.password = Secret(percent_decoded(login.substr(std::min(colon + 1, login.size()))));
        text.remove_prefix(at + 1);
    }
    const std::size_t slash = text.find('/');
    if (slash != text.npos) url.database = text.substr(slash + 1);
    const bool numeric =
        std::ranges::all_of(url.database, [](char c) { return c >= '0' && c <= '9'; });
    if (!numeric) return fail(fmt::format("the database is no number: {}", kExpected));
    const Result<runtime::HostPort> address = runtime::parse_host_port(text.substr(0, slash), 6379);
    if (!address) return fail(fmt::format("no host and port: {}", kExpected));
    url.host = address->host;
    url.port = address->port;
    return url;
}

/// A command, the phase that its failure is told under, and whether its reply is as it must be.
struct Command {
    std::string_view phase;
    std::string text;
    std::string_view expected;
};

std::string encoded(std::initializer_list<std::string_view> words) {
    return redis_command({words.begin(), words.size()});
}

// All in one write: one round trip, and the server is asked as little as can be.
std::vector<Command> commands_of(const RedisUrl& url, const Secret& password) {
    std::vector<Command> commands;
    if (!password.empty()) {
        commands.push_back({"auth",
                            url.user.empty() ? encoded({"AUTH", password.reveal()})
                                             : encoded({"AUTH", url.user, password.reveal()}),
                            "OK"});
    }
    if (!url.database.empty())
        commands.push_back({"select", encoded({"SELECT", url.database}), "OK"});
    commands.push_back({"ping", encoded({"PING"}), "PONG"});
    commands.push_back({"info", encoded({"INFO"}), ""});
    return commands;
}

/// What Redis's errors begin with. Source: redis/src/server.c, createSharedObjects.
struct KnownError {
    std::string_view begins;
    const char* reason;
};
constexpr KnownError kErrors[] = {
    {"LOADING", "loading"},
    {"NOAUTH", "auth_required"},
    {"WRONGPASS", "wrong_password"},
    {"ERR invalid password", "wrong_password"},
    {"ERR AUTH <password> called without any password", "password_not_set"},
    {"ERR Client sent AUTH, but no password is set", "password_not_set"},
    {"NOPERM", "no_permission"},
    {"READONLY", "read_only"},
    {"MASTERDOWN", "master_down"},
    {"MISCONF", "cannot_save"},
    {"BUSY", "busy_script"},
    {"DENIED", "protected_mode"},
    {"ERR DB index is out of range", "database_missing"},
    {"ERR max number of clients", "too_many_clients"},
    {"OOM", "out_of_memory"},
};

Outcome judge_error(const Command& command, std::string_view text) {
    const auto* const known = std::ranges::find_if(
        kErrors, [&](const KnownError& each) { return text.starts_with(each.begins); });
    const bool is_known = known != std::end(kErrors);
    // To an AUTH that it does not know a server repeats the password: only what we know is told.
    std::string detail(command.phase != "auth" ? text.substr(0, 200)
                       : is_known              ? known->begins
                                               : "AUTH was refused");
    return Outcome::failed(std::string(command.phase), is_known ? known->reason : "error_reply",
                           std::move(detail));
}

Outcome judge_reply(const Command& command, const RedisReply& reply) {
    if (reply.kind == RedisReply::Kind::error) return judge_error(command, reply.text);
    if (!command.expected.empty() && reply.text != command.expected) {
        return Outcome::failed(std::string(command.phase), "protocol",
                               fmt::format("expected {}, got another reply", command.expected));
    }
    return Outcome::ok();
}

class RedisProber : public Prober {
  public:
    RedisProber(RedisOptions options, RedisUrl url)
        : options_(std::move(options)), url_(std::move(url)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        SecretOrFile source{url_.password, options_.password_file};
        std::expected<Secret, Outcome> password =
            co_await load_secret(services, std::move(source), deadline);
        if (!password) co_return down(std::move(password.error()));

        runtime::DialRequest request;
        request.host = url_.host;
        request.port = url_.port;
        if (url_.tls) request.tls = options_.tls;
        runtime::DialResult dialled =
            co_await runtime::dial(services, std::move(request), deadline);
        if (dialled.failure) {
            Report report = down(outcome_of(std::move(*dialled.failure), "connect"));
            report.evidence = evidence_of(dialled);
            co_return report;
        }

        const std::vector<Command> commands = commands_of(url_, *password);
        std::string bytes;
        for (const Command& command : commands)
            bytes += command.text;
        // A server that is full answers and hangs up before it reads: the answer says more than
        // the write that failed.
        const runtime::Attempt<void> written = co_await dialled.stream->write(bytes);
        Report report = co_await converse(*dialled.stream, commands);
        if (!written && report.outcome.reason == "closed") {
            report.outcome = outcome_of(written.error(), commands.front().phase);
        }
        if (wants_evidence(report.outcome)) report.evidence = evidence_of(dialled);
        co_return report;
    }

  private:
    static Report down(Outcome outcome) { return {std::move(outcome), {{"redis_up", 0}}}; }

    asio::awaitable<Report> converse(runtime::Stream& stream,
                                     const std::vector<Command>& commands) {
        RedisReplyReader reader;
        Outcome outcome = Outcome::ok();
        RedisInfo info;
        for (const Command& command : commands) {
            const std::expected<RedisReply, Outcome> reply =
                co_await read_reply(stream, reader, command.phase);
            if (!reply) {
                // What was said before the line broke is the cause.
                co_return down(outcome.verdict == Verdict::ok ? reply.error() : outcome);
            }
            Outcome judged = judge_reply(command, *reply);
            if (outcome.verdict == Verdict::ok) outcome = std::move(judged);
            if (command.phase == "info" && reply->kind == RedisReply::Kind::text) {
                info = read_redis_info(reply->text);
            }
        }
        if (outcome.verdict == Verdict::ok) outcome = judge_role(info.role);
        const bool up = outcome.verdict == Verdict::ok || outcome.reason == "wrong_role";
        Report report = down(std::move(outcome));
        report.measurements.front().value = up ? 1 : 0;
        std::ranges::move(info.measurements, std::back_inserter(report.measurements));
        co_return report;
    }

    asio::awaitable<std::expected<RedisReply, Outcome>> read_reply(runtime::Stream& stream,
                                                                   RedisReplyReader& reader,
                                                                   std::string_view phase) {
        std::array<char, 16 * 1024> buffer;
        for (;;) {
            auto reply = reader.next();
            if (!reply) {
                co_return std::unexpected(
                    Outcome::failed(std::string(phase), "protocol", reply.error()));
            }
            if (*reply) co_return std::move(**reply);
            const runtime::Attempt<std::size_t> got = co_await stream.read_some(buffer);
            if (!got) co_return std::unexpected(outcome_of(got.error(), phase));
            if (*got == 0) {
                co_return std::unexpected(Outcome::failed(std::string(phase), "closed",
                                                          "the server hung up without an answer"));
            }
            if (!reader.feed({buffer.data(), *got})) {
                co_return std::unexpected(
                    Outcome::failed(std::string(phase), "protocol", "the answer has no end"));
            }
        }
    }

    [[nodiscard]] Outcome judge_role(std::string_view role) const {
        if (options_.role == "any") return Outcome::ok();
        const std::string_view wanted = options_.role == "replica" ? "slave" : "master";
        if (role == wanted) return Outcome::ok();
        return Outcome::failed("info", "wrong_role",
                               fmt::format("expected a {}, it is a {}", options_.role,
                                           role == "slave" ? "replica" : role));
    }

    RedisOptions options_;
    RedisUrl url_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_redis(const config::TargetConfig& target) {
    Errors errors;
    RedisOptions options;
    config::read_options(target.options, kOptions, options, errors);
    Result<RedisUrl> url = parse_redis_url(target.target.reveal());
    if (!url) {
        errors.emplace_back("target: " + url.error().message, target.where);
    } else if (!url->password.empty() && !options.password_file.empty()) {
        errors.emplace_back("expected a password in the URL or password_file, got both",
                            target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<RedisProber>(std::move(options), std::move(*url));
}

std::vector<config::OptionDoc> redis_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
