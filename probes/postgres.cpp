#include "probes/client_options.h"
#include "probes/evidence.h"
#include "probes/postgres_connection.h"
#include "probes/postgres_metrics.h"
#include "probes/probers.h"
#include "runtime/services.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::probes {
namespace {

struct PostgresOptions {
    std::string query = "SELECT 1";
    std::optional<std::string> expect;
    std::string role = "any";
    std::string password_file;
    bool statistics = true;
};

void read_role(const Node& node, PostgresOptions& options, Errors& errors) {
    options.role = node.scalar;
    if (options.role != "any" && options.role != "primary" && options.role != "replica") {
        config::expected_value(node, "any, primary or replica", errors);
    }
}

constexpr config::Option<PostgresOptions> kOptions[] = {
    config::option<&PostgresOptions::query>(
        "query", "SELECT 1", "one statement that must succeed; nothing it does is kept back"),
    config::option<&PostgresOptions::expect>(
        "expect", "", "what the first column of the query's first row must say"),
    config::option_read_by<PostgresOptions>(
        read_role, "role", "any, primary or replica", "any",
        "what it must be; the probe fails as `wrong_role` when it is another"),
    config::option_read_by<PostgresOptions>(
        [](const Node& node, PostgresOptions& options, Errors& errors) {
            read_path(node, options.password_file, errors);
        },
        "password_file", "path", "", "a file with the password, instead of one in the URL"),
    config::option<&PostgresOptions::statistics>(
        "statistics", "true",
        "whether to read connections, lag, archiver and sizes besides the query"),
};

constexpr auto kSizesEvery = std::chrono::minutes(5);

/// What a probe has found, kept outside of the coroutine that a deadline may end.
struct Session {
    PostgresConnection connection;
    Secret password;
    Outcome outcome;
    std::vector<Measurement> measurements;
    std::chrono::nanoseconds connect{};
    std::chrono::nanoseconds query{};
    /// Logged in, and the query answered.
    bool up = false;
    /// The outcome stands.
    bool judged = false;
    bool statistics_failed = false;
};

std::chrono::nanoseconds add_seconds(std::string phase, SteadyTime since,
                                     std::vector<Measurement>& out) {
    const std::chrono::nanoseconds took = steady_now() - since;
    const std::chrono::duration<double> seconds = took;
    out.push_back(
        {"probe_postgres_duration_seconds", seconds.count(), {{"phase", std::move(phase)}}});
    return took;
}

class PostgresProber : public Prober {
  public:
    PostgresProber(PostgresOptions options, PostgresAddress address)
        : options_(std::move(options)), address_(std::move(address)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        SecretOrFile source{address_.password, options_.password_file};
        std::expected<Secret, Outcome> password =
            co_await load_secret(services, std::move(source), deadline);
        if (!password) co_return Report{std::move(password.error())};
        auto session = std::make_unique<Session>();
        session->password = *password;
        asio::awaitable<void> talk = converse(services, *session, std::move(*password), deadline);
        const bool ended = co_await runtime::with_deadline(std::move(talk), deadline);
        // What comes after the verdict is only counted: a slow look at the statistics is no outage.
        if (!ended) session->statistics_failed = true;
        if (!ended && !session->judged) {
            session->outcome = Outcome::failed(std::string(session->connection.phase()), "timeout",
                                               "no answer by the deadline");
        }
        Report report = report_of(*session);
        if (wants_evidence(report.outcome)) report.evidence = gather(*session);
        co_return report;
    }

  private:
    [[nodiscard]] std::shared_ptr<Evidence> gather(const Session& session) const {
        auto evidence = std::make_shared<Evidence>();
        std::string_view left = session.connection.addresses();
        while (!left.empty()) {
            const std::size_t end = std::min(left.find(','), left.size());
            evidence->addresses.push_back({std::string(left.substr(0, end)), false, ""});
            left.remove_prefix(std::min(end + 1, left.size()));
        }
        add_phase(*evidence, "connect", session.connect);
        add_phase(*evidence, "query", session.query);
        Redaction whole = redaction() == nullptr ? Redaction() : *redaction();
        whole.hide(session.password);
        add_heard(*evidence, session.connection.error_text(), &whole);
        return evidence;
    }

    asio::awaitable<void> converse(runtime::Services& services, Session& session, Secret password,
                                   runtime::Deadline deadline) {
        const SteadyTime began = steady_now();
        PostgresAttempt<void> opened =
            co_await open(services, session, std::move(password), deadline);
        if (!opened) {
            session.outcome = std::move(opened.error().outcome);
            co_return;
        }
        session.connect = add_seconds("connect", began, session.measurements);
        const SteadyTime asked = steady_now();
        const PostgresAttempt<PostgresRows> rows =
            co_await session.connection.query(options_.query);
        if (!rows) {
            session.outcome = rows.error().outcome;
            co_return;
        }
        session.query = add_seconds("query", asked, session.measurements);
        session.outcome = judge_rows(*rows);
        session.up = true;
        if (options_.role != "any") co_await check_role(session);
        session.judged = true;
        if (options_.statistics) co_await ask_statistics(session);
    }

    asio::awaitable<PostgresAttempt<void>> open(runtime::Services& services, Session& session,
                                                Secret password, runtime::Deadline deadline) {
        PostgresAddress address = address_;
        address.password = password;
        const auto left =
            std::max(std::chrono::ceil<Duration>(deadline.at - steady_now()), Duration(1));
        const std::string limit = fmt::format(" -c statement_timeout={}", left.count());
        if (takes_options_) address.parameters["options"] += limit;
        PostgresAttempt<void> opened =
            co_await session.connection.open(services, starting_, std::move(address), deadline);
        // PgBouncer refuses the parameter unless it is told to ignore it.
        constexpr std::string_view kProtocolViolation = "08P01";
        if (opened || !takes_options_ || opened.error().sqlstate != kProtocolViolation) {
            co_return opened;
        }
        takes_options_ = false;
        PostgresAddress plain = address_;
        plain.password = std::move(password);
        opened = co_await session.connection.open(services, starting_, std::move(plain), deadline);
        co_return opened;
    }

    [[nodiscard]] Outcome judge_rows(const PostgresRows& rows) const {
        if (!options_.expect) return Outcome::ok();
        const bool has_value = !rows.empty() && !rows[0].empty() && rows[0][0];
        if (has_value && *rows[0][0] == *options_.expect) return Outcome::ok();
        return Outcome::failed("query", "unexpected_value",
                               "the query's first value is not the expected one");
    }

    asio::awaitable<void> check_role(Session& session) {
        const PostgresAttempt<PostgresRows> rows =
            co_await session.connection.query("SELECT pg_is_in_recovery()");
        if (!rows || rows->empty() || rows->front().empty()) {
            if (!rows && session.outcome.verdict == Verdict::ok) {
                session.outcome = rows.error().outcome;
            }
            co_return;
        }
        const bool replica = rows->front().front() == "t";
        if (session.outcome.verdict != Verdict::ok || replica == (options_.role == "replica")) {
            co_return;
        }
        session.outcome = Outcome::failed("query", "wrong_role",
                                          fmt::format("expected a {}, it is a {}", options_.role,
                                                      replica ? "replica" : "primary"));
    }

    /// What a user may not see is no failure of the target.
    asio::awaitable<void> ask_statistics(Session& session) {
        for (const PostgresQuestion& question : postgres_questions()) {
            const bool fresh = sizes_at_ && steady_now() - *sizes_at_ < kSizesEvery;
            if (question.expensive && fresh) {
                std::ranges::copy(sizes_, std::back_inserter(session.measurements));
                continue;
            }
            const PostgresAttempt<PostgresRows> rows =
                co_await session.connection.query(std::string(question.sql));
            if (!rows) {
                session.statistics_failed = true;
                continue;
            }
            std::vector<Measurement> read;
            question.read(*rows, read);
            if (question.expensive) {
                sizes_ = read;
                sizes_at_ = steady_now();
            }
            std::ranges::move(read, std::back_inserter(session.measurements));
        }
    }

    [[nodiscard]] Report report_of(Session& session) const {
        Report report{std::move(session.outcome), std::move(session.measurements)};
        report.measurements.push_back({"pg_up", session.up ? 1.0 : 0.0});
        if (options_.statistics && session.up) {
            report.measurements.push_back(
                {"pg_exporter_last_scrape_error", session.statistics_failed ? 1.0 : 0.0});
        }
        return report;
    }

    PostgresOptions options_;
    PostgresAddress address_;
    SingleFlight starting_;
    /// Not behind a PgBouncer that refuses them, as far as is known.
    bool takes_options_ = true;
    std::vector<Measurement> sizes_;
    std::optional<SteadyTime> sizes_at_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_postgres(const config::TargetConfig& target) {
    Errors errors;
    PostgresOptions options;
    config::read_options(target.options, kOptions, options, errors);
    Result<PostgresAddress> address = parse_postgres_address(target.target.reveal());
    if (!address) {
        errors.emplace_back("target: " + address.error().message, target.where);
    } else if (!address->password.empty() && !options.password_file.empty()) {
        errors.emplace_back("expected a password in the URL or password_file, got both",
                            target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<PostgresProber>(std::move(options), std::move(*address));
}

std::vector<config::OptionDoc> postgres_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
