#include "probes/http_judge.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace pilotlight::probes {

namespace {

using runtime::HttpResult;

/// Nothing where the header condition holds; else what is wrong.
std::optional<std::string> broken_condition(const HttpResult& result,
                                            const HeaderCondition& condition, bool must_match) {
    bool present = false;
    bool matched = false;
    for (const runtime::HttpHeader& header : result.headers) {
        if (!equals_ignoring_case(header.name, condition.header)) continue;
        present = true;
        matched = matched || condition.regexp->matches(header.value);
    }
    if (!present) {
        if (condition.allow_missing) return std::nullopt;
        return "header " + condition.header + " is missing";
    }
    if (matched == must_match) return std::nullopt;
    return "header " + condition.header + (must_match ? " does not match " : " matches ") +
           condition.regexp->pattern();
}

class Judge {
  public:
    Judge(const HttpOptions& options, const HttpResult& result, const HideSecrets& hide)
        : options_(options), result_(result), hide_(hide) {}

    Outcome judge() {
        for (const auto step : {&Judge::status, &Judge::headers, &Judge::size, &Judge::coding,
                                &Judge::body, &Judge::json, &Judge::version, &Judge::transport}) {
            Outcome outcome = (this->*step)();
            if (outcome.verdict != Verdict::ok) return outcome;
        }
        return Outcome::ok();
    }

    [[nodiscard]] bool failed_due_to_regexp() const { return failed_due_to_regexp_; }
    [[nodiscard]] bool failed_due_to_json() const { return failed_due_to_json_; }

  private:
    Outcome status() {
        const std::vector<int>& valid = options_.valid_status_codes;
        const int got = result_.status;
        if (valid.empty() ? got / 100 == 2 : std::ranges::find(valid, got) != valid.end()) {
            return Outcome::ok();
        }
        std::string wanted = valid.empty() ? "2xx" : "";
        for (const int code : valid)
            wanted += (wanted.empty() ? "" : ", ") + std::to_string(code);
        return Outcome::failed("response", "status",
                               "HTTP " + std::to_string(got) + ", expected " + wanted);
    }

    Outcome headers() {
        for (const HeaderCondition& condition : options_.fail_if_header_matches) {
            const auto broken = broken_condition(result_, condition, false);
            if (broken) return by_regexp("response", "header_regexp", *broken);
        }
        for (const HeaderCondition& condition : options_.fail_if_header_not_matches) {
            const auto broken = broken_condition(result_, condition, true);
            if (broken) return by_regexp("response", "header_regexp", *broken);
        }
        return Outcome::ok();
    }

    Outcome size() {
        if (options_.body_size_limit.count == 0 || !result_.truncated) return Outcome::ok();
        return Outcome::failed(
            "body", "body_too_large",
            "the body is over " + std::to_string(options_.body_size_limit.count) + " bytes");
    }

    /// With a compression that is asked for, a plain body is as bad as a damaged one.
    Outcome coding() {
        const std::string& wanted = options_.compression;
        const std::string_view got = result_.header("Content-Encoding");
        const bool is_plain = wanted.empty() || wanted == "identity" || result_.body.empty();
        if (is_plain || equals_ignoring_case(got, wanted)) return Outcome::ok();
        return Outcome::failed("body", "bad_encoding", "the body does not come as " + wanted);
    }

    Outcome body() {
        for (const Regexp& regexp : options_.fail_if_body_matches) {
            if (regexp.matches(result_.body)) {
                return by_regexp("body", "body_regexp", "the body matches " + regexp.pattern());
            }
        }
        for (const Regexp& regexp : options_.fail_if_body_not_matches) {
            if (!regexp.matches(result_.body)) {
                return by_regexp("body", "body_regexp",
                                 "the body does not match " + regexp.pattern());
            }
        }
        return Outcome::ok();
    }

    Outcome json() {
        if (options_.body_json.empty()) return Outcome::ok();
        std::optional<std::string> broken =
            result_.truncated ? "the body is too large to be read as JSON"
                              : broken_json_condition(options_.body_json, result_.body, hide_);
        if (!broken) return Outcome::ok();
        failed_due_to_json_ = true;
        return Outcome::failed("body", "body_json", std::move(*broken));
    }

    Outcome version() {
        const std::vector<std::string>& valid = options_.valid_http_versions;
        const std::string got = "HTTP/" + result_.version;
        if (valid.empty() || std::ranges::find(valid, got) != valid.end()) return Outcome::ok();
        return Outcome::failed("response", "http_version", got + " is not a valid version here");
    }

    Outcome transport() {
        if (options_.fail_if_ssl && result_.over_tls) {
            return Outcome::failed("response", "ssl", "the answer came over TLS");
        }
        if (options_.fail_if_not_ssl && !result_.over_tls) {
            return Outcome::failed("response", "no_ssl", "the answer did not come over TLS");
        }
        return Outcome::ok();
    }

    Outcome by_regexp(std::string phase, std::string reason, std::string detail) {
        failed_due_to_regexp_ = true;
        return Outcome::failed(std::move(phase), std::move(reason), std::move(detail));
    }

    const HttpOptions& options_;
    const HttpResult& result_;
    const HideSecrets& hide_;
    bool failed_due_to_regexp_ = false;
    bool failed_due_to_json_ = false;
};

}  // namespace

HttpVerdict judge_answer(const HttpOptions& options, const HttpResult& result,
                         const HideSecrets& hide) {
    Judge judge(options, result, hide);
    Outcome outcome = judge.judge();
    return {std::move(outcome), judge.failed_due_to_regexp(), judge.failed_due_to_json()};
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace pilotlight::probes
