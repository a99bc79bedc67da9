#pragma once

#include <string_view>

namespace pilotlight::exporters {

/// How samples are written for a scraper.
struct TextFormat {
    enum class Syntax {
        /// Prometheus text 0.0.4; 1.0.0 where names may be quoted.
        prometheus,
        /// OpenMetrics 1.0.
        open_metrics,
    };
    Syntax syntax = Syntax::prometheus;
    /// Whether names outside the legacy characters are quoted; otherwise they are underscored.
    bool utf8_names = false;

    bool operator==(const TextFormat&) const = default;
};

/// The form that an `Accept` header prefers (RFC 9110, 12.5.1), as Prometheus 2 and 3 send it;
/// 0.0.4 when it names none of ours, so that a browser and curl get something readable.
[[nodiscard]] TextFormat negotiate_text_format(std::string_view accept);

/// The `Content-Type` that says which form was chosen.
[[nodiscard]] std::string_view content_type(TextFormat format);

/// Whether an `Accept-Encoding` header allows gzip (RFC 9110, 12.5.3).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

}  // namespace pilotlight::exporters
