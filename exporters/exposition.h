#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/labels.h"
#include "core/sample.h"
#include "exporters/text_format.h"

namespace pilotlight::exporters {

/// Writes the lines of an exposition: knows its grammar, not what belongs into it.
/// Thread: one owner.
class Exposition {
  public:
    /// `expected_bytes`: what is set aside at once; it grows past that.
    Exposition(TextFormat format, std::size_t expected_bytes);

    /// The HELP and TYPE lines of a family. `name`, as samples of it have it (a counter's with
    /// `_total`). In OpenMetrics a counter is only a counter if its name ends with `_total` and
    /// `base_is_free` says that no other family has the name without it; otherwise it is unknown,
    /// since renaming it would break whoever reads it.
    void family(std::string_view name, MetricType type, std::string_view help, bool base_is_free);

    /// One sample. `labels` hold the metric name; `le` and `quantile` are written as OpenMetrics
    /// wants them when `type` has such.
    void sample(const Labels& labels, MetricType type, double value);

    /// The whole text, closed as the format wants it. The writer is empty afterwards.
    [[nodiscard]] std::string take();

  private:
    void ensure(std::size_t bytes);
    void put(char c) { *at_++ = c; }
    void put(std::string_view text);
    void put_escaped(std::string_view value, bool quotes);
    void put_escaped_slowly(std::string_view value, bool quotes);
    void put_name(std::string_view name, bool colon_allowed);
    void put_label(Label label, MetricType type);
    void put_value(double value);

    TextFormat format_;
    std::string text_;
    char* at_;
    char* end_;
};

/// The name with every character that the legacy form does not know as `_`; a digit in front gets
/// one too. `model.UnderscoreEscaping` of Prometheus's common library, without its prefix.
[[nodiscard]] std::string underscored(std::string_view name, bool colon_allowed);

/// The label set with all names in the legacy form. Of two names that become one the first stays.
[[nodiscard]] Labels underscored(const Labels& labels);

/// Whether the metric name and all label names are in the legacy form.
[[nodiscard]] bool has_legacy_names(const Labels& labels);

}  // namespace pilotlight::exporters
