#pragma once

#include <string_view>

#include "probes/http_options.h"
#include "probes/probe.h"
#include "probes/redaction.h"
#include "runtime/http_client.h"

namespace pilotlight::probes {

struct HttpVerdict {
    Outcome outcome;
    bool failed_due_to_regexp = false;
    bool failed_due_to_json = false;
};

/// What an answer fails by, in the order in which blackbox_exporter looks: phase "response" with
/// `status`, `header_regexp`, `http_version`, `ssl`, `no_ssl`, or "body" with `body_too_large`,
/// `bad_encoding`, `body_regexp`, `body_json`. `hide`: for what is told of the body. Pure.
[[nodiscard]] HttpVerdict judge_answer(const HttpOptions& options,
                                       const runtime::HttpResult& result, const HideSecrets& hide);

[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace pilotlight::probes
