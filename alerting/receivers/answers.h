#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "alerting/integration.h"
#include "core/secret.h"

namespace pilotlight::alerting {

/// What an HTTP status means to most services: 2xx delivered; 408, 425, 429 and 5xx worth another
/// try, as late as Retry-After asks; everything else refused for good. `secrets` are blotted out
/// of what is quoted of the answer's body.
[[nodiscard]] Delivery classify_status(const runtime::HttpResult& answer,
                                       std::span<const Secret> secrets);

/// What a dialogue that broke off means: another try, whatever it was.
[[nodiscard]] Delivery classify_failure(const runtime::Failure& failure);

/// Retry-After as seconds or as a date (RFC 9110, 10.2.3); nothing where there is none. `now` is
/// what a date is compared with; the answer's own Date is preferred.
[[nodiscard]] std::optional<Duration> retry_after(const runtime::HttpResult& answer, WallTime now);

/// What no message may repeat of these secrets: they themselves, and the parts of URLs and headers
/// that are secret by themselves (a webhook's path, a password, a token after `Bearer`).
[[nodiscard]] std::vector<Secret> with_parts(std::vector<Secret> secrets);

/// `text` with every secret blotted out.
[[nodiscard]] std::string without_secrets(std::string text, std::span<const Secret> secrets);

/// `text` on one line with every secret blotted out, 200 characters at most.
[[nodiscard]] std::string quote_safely(std::string text, std::span<const Secret> secrets);

/// `HTTP 404: channel_not_found`: the status and what the body says in one short line.
[[nodiscard]] std::string describe_answer(const runtime::HttpResult& answer,
                                          std::span<const Secret> secrets);

}  // namespace pilotlight::alerting
