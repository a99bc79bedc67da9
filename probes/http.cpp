#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

#include "probes/evidence.h"
#include "probes/http_judge.h"
#include "probes/http_options.h"
#include "probes/network.h"
#include "probes/probers.h"
#include "runtime/blocking.h"
#include "runtime/http_client.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

namespace {

using runtime::HttpRequest;
using runtime::HttpResult;

constexpr int kMaxRedirects = 10;
constexpr std::uint64_t kMaxFile = 1 << 20;

Result<std::string> read_small_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text;
    if (in) text.assign(std::istreambuf_iterator<char>(in), {});
    if (!in || text.size() > kMaxFile) return fail("cannot read " + path + " (or over 1 MiB)");
    return text;
}

/// Two digits at `at`, or -1.
int two_digits(std::string_view text, std::size_t at) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    if (!digit(at) || !digit(at + 1)) return -1;
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7): the one form that servers send.
std::optional<WallTime> parse_http_date(std::string_view text) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') {
        return std::nullopt;
    }
    const std::size_t month = kMonths.find(text.substr(8, 3));
    if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
    const int day = two_digits(text, 5);
    const int century = two_digits(text, 12);
    const int year = two_digits(text, 14);
    const int hour = two_digits(text, 17);
    const int minute = two_digits(text, 20);
    const int second = two_digits(text, 23);
    if (std::min({day, century, year, hour, minute, second}) < 0) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(century * 100 + year),
                                           std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    return WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second));
}

void add_phase(Report& report, const char* phase, std::chrono::nanoseconds time) {
    report.measurements.push_back(
        {"probe_http_duration_seconds", seconds_of(time), {{"phase", phase}}});
}

void add_measurements(Report& report, const HttpResult& result, bool failed_due_to_regexp) {
    std::vector<Measurement>& out = report.measurements;
    out.reserve(24);
    add_address(report, result.timings.resolve, result.address);
    add_phase(report, "resolve", result.timings.resolve);
    add_phase(report, "connect", result.timings.connect);
    add_phase(report, "tls", result.timings.tls);
    add_phase(report, "processing", result.timings.processing);
    add_phase(report, "transfer", result.timings.transfer);
    const bool answered = result.status != 0;
    double version = 0;
    std::from_chars(result.version.data(), result.version.data() + result.version.size(), version);
    const auto number = [](auto value) { return static_cast<double>(value); };
    out.push_back({"probe_http_status_code", number(result.status), {}});
    out.push_back({"probe_http_content_length", answered ? number(result.content_length) : 0, {}});
    out.push_back({"probe_http_uncompressed_body_length", number(result.body.size()), {}});
    out.push_back({"probe_http_redirects", number(result.redirects), {}});
    out.push_back({"probe_http_ssl", answered && result.over_tls ? 1.0 : 0.0, {}});
    out.push_back({"probe_http_version", version, {}});
    out.push_back({"probe_failed_due_to_regex", failed_due_to_regexp ? 1.0 : 0.0, {}});
    const std::optional<WallTime> modified = parse_http_date(result.header("Last-Modified"));
    if (modified) {
        out.push_back(
            {"probe_http_last_modified_timestamp_seconds", to_unix_seconds(*modified), {}});
    }
    add_session(report, result.tls);
}

class HttpProber final : public Prober {
  public:
    HttpProber(Secret url, HttpOptions options)
        : url_(std::move(url)),
          options_(std::move(options)),
          sessions_(make_sessions(options_.full_every)) {
        request_ = make_request();
        files_ = file_uses();
        if (options_.oauth2 && options_.oauth2_secret_file.empty()) {
            set_oauth2(options_.oauth2->client_secret);
        }
    }

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        HttpRequest request = request_;
        request.body_limit = options_.body_size_limit.count > 0 ? options_.body_size_limit.count
                                                                : services.body_limit();
        const Result<void> filled = co_await fill_from_files(services, request, deadline);
        Report report;
        if (!filled) {
            report.outcome = Outcome::unknown("request", "secret_file", filled.error().message);
            co_return report;
        }
        if (options_.http3) {
            report.outcome = Outcome::unknown("request", "http3", "HTTP/3 is not spoken here");
            co_return report;
        }
        HttpResult result;
        if (oauth2_) {
            result = co_await oauth2_->fetch(services, std::move(request), deadline);
        } else {
            result = co_await runtime::fetch(services, std::move(request), deadline);
        }
        HttpVerdict verdict;
        if (result.failure) {
            report.outcome = outcome_of(std::move(*result.failure));
        } else {
            const HideSecrets hide = [this](std::string_view text, std::size_t limit) {
                return all_secrets().shown(text, limit);
            };
            verdict = judge_answer(options_, result, hide);
            report.outcome = std::move(verdict.outcome);
        }
        add_measurements(report, result, verdict.failed_due_to_regexp);
        if (!options_.body_json.empty()) {
            report.measurements.push_back(
                {"probe_failed_due_to_json", verdict.failed_due_to_json ? 1.0 : 0.0, {}});
        }
        add_resumed(report, sessions_, result.tls);
        if (wants_evidence(report.outcome)) {
            const Redaction hidden = all_secrets();
            report.outcome.detail = hidden.shown(report.outcome.detail, kMostDetail);
            report.evidence = evidence_of(result, &hidden);
        }
        co_return report;
    }

  private:
    /// Those that the configuration knows, and those that came for this request.
    [[nodiscard]] Redaction all_secrets() const {
        Redaction whole = redaction() == nullptr ? Redaction() : *redaction();
        for (const Secret& secret : from_files_)
            whole.hide(secret);
        if (oauth2_) whole.hide(oauth2_->token());
        return whole;
    }

    [[nodiscard]] HttpRequest make_request() const {
        HttpRequest request;
        request.url = url_.reveal();
        request.method = options_.method;
        request.body = options_.body.reveal();
        request.tls = options_.tls_config;
        request.sessions = sessions_;
        request.ip = options_.ip;
        request.http2 = options_.http2;
        options_.proxy.apply(request);
        request.resolve_before_proxy = !options_.skip_resolve_with_proxy;
        request.max_redirects = options_.follow_redirects ? kMaxRedirects : 0;
        bool has_accept_encoding = false;
        for (const auto& [name, value] : options_.headers) {
            request.headers.push_back({name, value.reveal()});
            has_accept_encoding |= equals_ignoring_case(name, "Accept-Encoding");
        }
        for (const auto& [name, value] : options_.more_headers) {
            if (value.file.empty()) request.headers.push_back({name, value.text.reveal()});
        }
        // Asked for plainly, what is measured is what the application sends.
        if (!has_accept_encoding) {
            request.headers.push_back({"Accept-Encoding", options_.compression.empty()
                                                              ? "identity"
                                                              : options_.compression});
        }
        if (!options_.password.text.empty() ||
            (!options_.username.empty() && options_.password.file.empty())) {
            add_basic(request, options_.password.text);
        }
        if (!options_.credentials.text.empty()) add_credentials(request, options_.credentials.text);
        return request;
    }

    void add_basic(HttpRequest& request, const Secret& password) const {
        const Secret login = runtime::basic_authorization(Secret(options_.username), password);
        request.headers.push_back({"Authorization", login.reveal()});
    }

    void add_credentials(HttpRequest& request, const Secret& credentials) const {
        request.headers.push_back(
            {"Authorization", options_.authorization_type + " " + credentials.reveal()});
    }

    /// Files are read anew each time, on a spare thread: they are renewed under us.
    asio::awaitable<Result<void>> fill_from_files(runtime::Services& services, HttpRequest& request,
                                                  runtime::Deadline deadline) {
        from_files_.clear();
        for (const FileUse& use : files_) {
            std::function<Result<std::string>()> call = [file = use.path] {
                return read_small_file(file);
            };
            Result<std::string> text = co_await runtime::run_blocking<std::string>(
                services.blocking(), deadline, std::move(call));
            if (!text) co_return std::unexpected(text.error());
            if (use.is_secret) {
                while (text->ends_with('\n') || text->ends_with('\r'))
                    text->pop_back();
            }
            Secret secret(std::move(*text));
            from_files_.push_back(secret);
            use.put(*this, request, std::move(secret));
        }
        co_return Result<void>();
    }

    /// A file that is read for each request, and what becomes of its text.
    struct FileUse {
        std::string path;
        /// Whether line ends at its end are left out.
        bool is_secret = true;
        std::function<void(HttpProber&, HttpRequest&, Secret)> put;
    };

    [[nodiscard]] std::vector<FileUse> file_uses() const {
        std::vector<FileUse> uses;
        const auto add = [&](const std::string& path, bool is_secret, auto put) {
            if (!path.empty()) uses.push_back({path, is_secret, std::move(put)});
        };
        add(options_.body_file, false, [](HttpProber&, HttpRequest& request, const Secret& text) {
            request.body = text.reveal();
        });
        add(options_.password.file, true,
            [](HttpProber& prober, HttpRequest& request, const Secret& text) {
                prober.add_basic(request, text);
            });
        add(options_.credentials.file, true,
            [](HttpProber& prober, HttpRequest& request, const Secret& text) {
                prober.add_credentials(request, text);
            });
        add(options_.oauth2_secret_file, true,
            [](HttpProber& prober, HttpRequest&, const Secret& text) { prober.set_oauth2(text); });
        for (const auto& [name, value] : options_.more_headers) {
            add(value.file, true,
                [header = name](HttpProber&, HttpRequest& request, const Secret& text) {
                    request.headers.push_back({header, text.reveal()});
                });
        }
        return uses;
    }

    /// Keeps the token while the secret stays the same.
    void set_oauth2(const Secret& secret) {
        if (oauth2_ && oauth2_->client_secret().reveal() == secret.reveal()) return;
        runtime::OAuth2::Options client = *options_.oauth2;
        client.client_secret = secret;
        oauth2_ = std::make_unique<runtime::OAuth2>(std::move(client));
    }

    Secret url_;
    HttpOptions options_;
    std::shared_ptr<runtime::TlsSessions> sessions_;
    HttpRequest request_;
    std::vector<FileUse> files_;
    /// What was read of them for the last request.
    std::vector<Secret> from_files_;
    std::unique_ptr<runtime::OAuth2> oauth2_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_http(const config::TargetConfig& target) {
    Errors errors;
    HttpOptions options = read_http_options(target.options, errors);
    std::string url = target.target.reveal();
    // As blackbox_exporter has it.
    if (!url.starts_with("http://") && !url.starts_with("https://")) url.insert(0, "http://");
    const Result<runtime::Url> parsed = runtime::parse_url(url);
    if (!parsed) errors.emplace_back("target: " + parsed.error().message, target.where);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<HttpProber>(Secret(std::move(url)), std::move(options));
}

std::vector<config::OptionDoc> http_options() {
    return http_option_docs();
}

}  // namespace pilotlight::probes
