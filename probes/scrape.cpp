#include "probes/client_options.h"
#include "probes/evidence.h"
#include "probes/probers.h"
#include "probes/single_flight.h"
#include "probes/text_format.h"
#include "runtime/http_client.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace pilotlight::probes {
namespace {

struct ScrapeOptions {
    std::map<std::string, Secret> headers;
    HttpLogin login;
    runtime::TlsSettings tls;
    Secret proxy_url;
    bool follow_redirects = true;
    bool enable_compression = true;
    bool honor_labels = false;
    bool honor_timestamps = true;
    std::uint64_t sample_limit = 0;
    config::Bytes body_size_limit;
};

constexpr config::Option<ScrapeOptions> kOptions[] = {
    config::option<&ScrapeOptions::headers>("headers", "", "headers to send"),
    basic_auth_row<ScrapeOptions>(),
    authorization_row<ScrapeOptions>(),
    config::option_read_by<ScrapeOptions>(
        [](const Node& node, ScrapeOptions& options, Errors& errors) {
            read_tls_config(node, options.tls, errors);
        },
        "tls_config", "section", "",
        "ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, "
        "max_version"),
    config::option<&ScrapeOptions::proxy_url>("proxy_url", "", "an HTTP proxy to go through"),
    config::option<&ScrapeOptions::follow_redirects>("follow_redirects", "true",
                                                     "whether to follow redirects, at most 10"),
    config::option<&ScrapeOptions::enable_compression>("enable_compression", "true",
                                                       "whether to ask for a compressed page"),
    config::option<&ScrapeOptions::honor_labels>(
        "honor_labels", "false",
        "whether a label on the page wins over the target's own of that name; otherwise it becomes "
        "`exported_NAME`"),
    config::option<&ScrapeOptions::honor_timestamps>(
        "honor_timestamps", "true", "whether the times that stand on the page are used"),
    config::option<&ScrapeOptions::sample_limit>("sample_limit", "limits.scrape_samples",
                                                 "a page with more samples fails as a whole"),
    config::option<&ScrapeOptions::body_size_limit>("body_size_limit", "limits.body_bytes",
                                                    "a page with more bytes, decompressed, fails"),
};

/// As Prometheus asks, its protobuf left out.
constexpr const char* kAccept =
    "application/openmetrics-text;version=1.0.0;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";

/// Parsing more than this would hold up other probes of the loop: it is done on a spare thread.
constexpr std::size_t kParsedInPlace = 64 * 1024;
/// What may be shown of a page that cannot be read is of its beginning.
constexpr std::size_t kExcerpt = 16 * 1024;

std::uint64_t stricter(std::uint64_t option, std::uint64_t limit) {
    return option == 0 ? limit : std::min(option, limit);
}

/// `host:port` and URLs without a path get `/metrics`, as a scrape configuration's default.
std::string url_of(const std::string& target) {
    std::string url = target.find("://") == target.npos ? "http://" + target : target;
    const std::size_t authority = url.find("://") + 3;
    if (url.find_first_of("/?#", authority) == url.npos) url += "/metrics";
    return url;
}

Outcome judge_answer(const runtime::HttpResult& answer, std::uint64_t body_limit) {
    if (answer.failure) return outcome_of(*answer.failure, "request");
    if (answer.status != 200) {
        return Outcome::failed("response", "status",
                               fmt::format("HTTP {}, expected 200", answer.status));
    }
    if (answer.truncated) {
        return Outcome::failed("body", "body_too_large",
                               fmt::format("the page has more than {} bytes", body_limit));
    }
    return Outcome::ok();
}

std::expected<Exposition, Outcome> judge_page(Result<Exposition> page, const TextLimits& limits) {
    if (!page) {
        return std::unexpected(Outcome::failed("parse", "bad_format", page.error().to_string()));
    }
    if (page->too_many_samples) {
        return std::unexpected(
            Outcome::failed("parse", "sample_limit",
                            fmt::format("the page has more than {} samples", limits.samples)));
    }
    return std::move(*page);
}

class ScrapeProber : public Prober {
  public:
    ScrapeProber(ScrapeOptions options, Secret url)
        : options_(std::move(options)), url_(std::move(url)) {}

    boost::asio::awaitable<Report> run(runtime::Services& services,
                                       runtime::Deadline deadline) override {
        const SteadyTime started = steady_now();
        std::expected<Secret, Outcome> secret =
            co_await load_secret(services, options_.login.secret, deadline);
        if (!secret) co_return finish(std::move(secret.error()), {}, started);

        const std::uint64_t body_limit =
            stricter(options_.body_size_limit.count, limits().body_bytes);
        runtime::HttpRequest request = make_request(*secret, body_limit, deadline);
        runtime::HttpResult answer =
            co_await runtime::fetch(services, std::move(request), deadline);
        Outcome outcome = judge_answer(answer, body_limit);
        if (outcome.verdict != Verdict::ok) {
            Report report = finish(std::move(outcome), {}, started);
            report.evidence = gather(answer, *secret);
            co_return report;
        }

        TextLimits text_limits;
        text_limits.samples = stricter(options_.sample_limit, limits().scrape_samples);
        const TextFormat format = text_format_of(answer.header("Content-Type"));
        // Shared with a parser that may be left behind.
        const auto body = std::make_shared<const std::string>(std::move(answer.body));
        std::expected<Exposition, Outcome> page =
            co_await parse(services, body, format, text_limits, deadline);
        Report report = page ? finish(Outcome::ok(), std::move(*page), started)
                             : finish(std::move(page.error()), {}, started);
        if (wants_evidence(report.outcome)) {
            answer.body = body->substr(0, kExcerpt);
            report.evidence = gather(answer, *secret);
            report.evidence->body_bytes = body->size();
        }
        co_return report;
    }

  private:
    [[nodiscard]] std::shared_ptr<Evidence> gather(const runtime::HttpResult& answer,
                                                   const Secret& secret) const {
        Redaction whole = redaction() == nullptr ? Redaction() : *redaction();
        whole.hide_login(options_.login.username.reveal(), secret.reveal());
        return evidence_of(answer, &whole);
    }

    [[nodiscard]] runtime::HttpRequest make_request(const Secret& secret, std::uint64_t body_limit,
                                                    runtime::Deadline deadline) const {
        runtime::HttpRequest request;
        request.url = url_.reveal();
        request.tls = options_.tls;
        request.proxy_url = options_.proxy_url.reveal();
        request.max_redirects = options_.follow_redirects ? 10 : 0;
        request.body_limit = body_limit;
        request.decompress = options_.enable_compression;
        for (const auto& [name, value] : options_.headers) {
            request.headers.push_back({name, value.reveal()});
        }
        request.headers.push_back({"Accept", kAccept});
        const std::chrono::duration<double> left = deadline.at - steady_now();
        request.headers.push_back(
            {"X-Prometheus-Scrape-Timeout-Seconds", fmt::format("{:.3f}", left.count())});
        if (!options_.login.empty()) {
            request.headers.push_back(
                {"Authorization", authorization_of(options_.login, secret).reveal()});
        }
        return request;
    }

    boost::asio::awaitable<std::expected<Exposition, Outcome>> parse(
        runtime::Services& services, std::shared_ptr<const std::string> body, TextFormat format,
        TextLimits text_limits, runtime::Deadline deadline) {
        if (body->size() <= kParsedInPlace) {
            co_return judge_page(parse_text(*body, format, text_limits), text_limits);
        }
        std::function<Result<Exposition>()> call = [body, format, text_limits] {
            return parse_text(*body, format, text_limits);
        };
        auto page = co_await parsing_.run(services.blocking(), deadline, std::move(call));
        if (page) co_return judge_page(std::move(*page), text_limits);
        if (page.error() == NoAnswer::not_begun) {
            co_return std::unexpected(
                Outcome::unknown("parse", "no_threads", "no spare thread was free in time"));
        }
        co_return std::unexpected(
            Outcome::failed("parse", "timeout", "the page was not read in time"));
    }

    // Our own samples first: of a series given twice the first stays.
    [[nodiscard]] Report finish(Outcome outcome, Exposition page, SteadyTime started) const {
        const std::chrono::duration<double> took = steady_now() - started;
        Report report;
        report.honor_labels = options_.honor_labels;
        report.measurements.reserve(page.samples.size() + 3);
        report.measurements.push_back({"up", outcome.verdict == Verdict::ok ? 1.0 : 0.0});
        report.measurements.push_back({"scrape_duration_seconds", took.count()});
        report.measurements.push_back(
            {"scrape_samples_scraped", static_cast<double>(page.samples.size())});
        for (Measurement& sample : page.samples) {
            if (!options_.honor_timestamps) sample.at.reset();
            report.measurements.push_back(std::move(sample));
        }
        report.families = std::move(page.families);
        report.outcome = std::move(outcome);
        return report;
    }

    ScrapeOptions options_;
    Secret url_;
    SingleFlight parsing_;
};

}  // namespace

Checked<std::unique_ptr<Prober>> make_scrape(const config::TargetConfig& target) {
    Errors errors;
    ScrapeOptions options;
    config::read_options(target.options, kOptions, options, errors);
    std::string url = url_of(target.target.reveal());
    const Result<runtime::Url> parsed = runtime::parse_url(url);
    if (!parsed) {
        errors.emplace_back("target: " + parsed.error().message, target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<ScrapeProber>(std::move(options), Secret(std::move(url)));
}

std::vector<config::OptionDoc> scrape_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
