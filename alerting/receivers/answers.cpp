#include "alerting/receivers/answers.h"

#include <fmt/format.h>

#include <ctime>

#include "alerting/message_template.h"
#include "runtime/url.h"

namespace pilotlight::alerting {
namespace {

constexpr std::size_t kQuotedCharactersMax = 200;

std::optional<WallTime> parse_http_date(std::string_view text) {
    std::tm parts{};
    const std::string whole(text);
    // IMF-fixdate, the one form that senders may use (RFC 9110, 5.6.7).
    const char* end = strptime(whole.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return WallTime(std::chrono::seconds(timegm(&parts)));
}

std::string without(std::string text, const std::string& secret) {
    if (secret.empty() || !text.contains(secret)) return text;
    // What stands in its place is not searched: it may hold the secret itself ("secret").
    std::string out;
    std::string_view rest = text;
    for (std::size_t at = rest.find(secret); at != rest.npos; at = rest.find(secret)) {
        out.append(rest.substr(0, at)).append("<secret>");
        rest.remove_prefix(at + secret.size());
    }
    return out.append(rest);
}

}  // namespace

std::optional<Duration> retry_after(const runtime::HttpResult& answer, WallTime now) {
    const std::string_view text = answer.header("Retry-After");
    if (text.empty()) return std::nullopt;
    std::int64_t seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) {
        constexpr std::int64_t kDay = 86'400;
        return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kDay));
    }
    const auto date = parse_http_date(text);
    if (!date) return std::nullopt;
    const WallTime reference = parse_http_date(answer.header("Date")).value_or(now);
    return std::max(Duration(0), *date - reference);
}

std::vector<Secret> with_parts(std::vector<Secret> secrets) {
    // Shorter parts ("https", "v2") are no secrets, and blotting them out hides what was said.
    constexpr std::size_t kPartMin = 8;
    std::vector<Secret> all;
    for (Secret& secret : secrets) {
        if (secret.empty()) continue;
        const auto url = runtime::parse_url(secret.reveal());
        const std::string host = url ? url->host : "";
        std::string_view rest = secret.reveal();
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find_first_of("/:@?&= "), rest.size());
            const std::string_view part = rest.substr(0, end);
            if (part.size() >= kPartMin && part != host) all.emplace_back(std::string(part));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        all.push_back(std::move(secret));
    }
    // The whole before its parts.
    std::ranges::stable_sort(all, [](const Secret& a, const Secret& b) {
        return a.reveal().size() > b.reveal().size();
    });
    return all;
}

std::string without_secrets(std::string text, std::span<const Secret> secrets) {
    for (const Secret& secret : secrets)
        text = without(std::move(text), secret.reveal());
    return text;
}

std::string quote_safely(std::string text, std::span<const Secret> secrets) {
    text = without_secrets(std::move(text), secrets);
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return cut_to(text, kQuotedCharactersMax);
}

std::string describe_answer(const runtime::HttpResult& answer, std::span<const Secret> secrets) {
    const std::string body = quote_safely(answer.body, secrets);
    if (body.empty()) return fmt::format("HTTP {}", answer.status);
    return fmt::format("HTTP {}: {}", answer.status, body);
}

Delivery classify_status(const runtime::HttpResult& answer, std::span<const Secret> secrets) {
    const int status = answer.status;
    if (status >= 200 && status < 300) return Delivery::delivered();
    std::string detail = describe_answer(answer, secrets);
    if (status == 429) {
        return Delivery::retry(Reason::rate_limited, std::move(detail),
                               retry_after(answer, wall_now()));
    }
    if (status >= 500 || status == 408 || status == 425) {
        return Delivery::retry(Reason::server_error, std::move(detail),
                               retry_after(answer, wall_now()));
    }
    if (status >= 400) return Delivery::rejected(Reason::client_error, std::move(detail));
    return Delivery::rejected(Reason::bad_answer, std::move(detail));
}

Delivery classify_failure(const runtime::Failure& failure) {
    Reason reason = Reason::connection_lost;
    if (failure.reason == "timeout") {
        reason = Reason::timeout;
    } else if (failure.phase == "resolve") {
        reason = Reason::resolve;
    } else if (failure.phase == "connect" || failure.phase == "proxy") {
        reason = Reason::connect;
    } else if (failure.phase == "tls") {
        reason = Reason::tls;
    } else if (failure.reason == "protocol" || failure.reason == "header_too_large" ||
               failure.reason == "bad_encoding" || failure.reason == "too_many_redirects" ||
               failure.reason == "bad_redirect") {
        reason = Reason::bad_answer;
    }
    return Delivery::retry(reason, failure.detail);
}

}  // namespace pilotlight::alerting
