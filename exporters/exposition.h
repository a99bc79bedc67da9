#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/sample.h"
#include "exporters/short_text.h"
#include "exporters/text_buffer.h"
#include "exporters/text_format.h"

/// The grammar of the text formats; text_writer.h knows what is to be written.
namespace pilotlight::exporters {

/// The HELP and TYPE lines of a family, in the arena. `name`: as its samples have it (a counter's
/// with `_total`). In OpenMetrics a counter is one only if its name ends with `_total` and
/// `base_is_free` says that no other family has the name without it; otherwise its type is unknown,
/// since renaming it would break whoever reads it.
[[nodiscard]] std::string_view write_family(TextArena& arena, TextFormat format,
                                            std::string_view name, MetricType type,
                                            std::string_view help, bool base_is_free);

/// How the lines of one metric name look: between the values they are nearly always the same.
class LineShape {
  public:
    /// `name` in the legacy form, or `format.utf8_names`.
    LineShape(TextFormat format, std::string_view name, MetricType type);

    /// Appends one line and returns true; false, and nothing appended, when the labels' names are
    /// not those that were learned last.
    [[nodiscard]] bool write(TextBuffer& out, const Labels& labels, double value) const;

    /// Takes the names from `labels`, which are in the legacy form, or `format.utf8_names`.
    void learn(const Labels& labels);

  private:
    struct Part {
        std::string name;
        /// What stands between the value before and this one: `",name="`.
        PaddedText before;
        /// Whether OpenMetrics wants the value as a canonical number.
        bool number = false;
    };

    TextFormat format_;
    MetricType type_;
    std::string head_;
    std::vector<Part> parts_;
    std::string tail_;
    /// All that a line takes besides its values.
    std::size_t fixed_bytes_ = 0;
};

/// The name with every character that the legacy form does not know as `_`; a digit in front gets
/// one too. `model.UnderscoreEscaping` of Prometheus's common library.
[[nodiscard]] std::string underscored(std::string_view name, bool colon_allowed);

/// The label set with all names in the legacy form. Of two names that become one the first stays.
[[nodiscard]] Labels underscored(const Labels& labels);

/// Whether the metric name and all label names are in the legacy form.
[[nodiscard]] bool has_legacy_names(const Labels& labels);

}  // namespace pilotlight::exporters
