#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "alerting/alerting_view.h"
#include "alerting/silence.h"
#include "core/matcher.h"
#include "core/regexp.h"
#include "exporters/http.h"

namespace pilotlight::exporters::alertmanager_api {

/// What a request wants to see: its parameters `filter` (repeated), `receiver`, `active`,
/// `silenced`, `inhibited`, `unprocessed`, `muted`. Nothing here is ever unprocessed.
struct AlertFilter {
    Matchers matchers;
    std::optional<Regexp> receiver;
    bool active = true;
    bool silenced = true;
    bool inhibited = true;
    bool muted = true;

    /// Without the receivers.
    [[nodiscard]] bool admits(const alerting::AlertingView::OneAlert& alert) const;
    [[nodiscard]] bool admits_receiver(std::string_view name) const;
};

/// Fails with the answer to a filter that is none.
[[nodiscard]] std::expected<AlertFilter, Response> read_filter(const Request& request);

/// Only `filter`: a matcher each.
[[nodiscard]] std::expected<Matchers, Response> read_matchers(const Request& request);

/// Whether each of the matchers is one of the silence's.
[[nodiscard]] bool has_matchers(const alerting::Silence& silence, const Matchers& matchers);

}  // namespace pilotlight::exporters::alertmanager_api
