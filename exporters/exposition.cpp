#include "exporters/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "exporters/short_text.h"
#include "exporters/utf8.h"

namespace pilotlight::exporters {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kTotal = "_total";
// A byte becomes at most the three of kReplacement.
constexpr std::size_t kWorstGrowth = 3;
// A value, the line's end, and what is copied past the end of a part.
constexpr std::size_t kLineOverhead = 64;
static_assert(kLineOverhead >= 30 + PaddedText::kPadding);

constexpr std::uint64_t every_byte(unsigned char c) {
    return 0x0101010101010101U * c;
}

/// Whether any of the eight bytes is 0.
constexpr bool has_zero(std::uint64_t word) {
    return ((word - every_byte(1)) & ~word & every_byte(0x80)) != 0;
}

constexpr bool needs_care(std::uint64_t word) {
    return (word & every_byte(0x80)) != 0 || has_zero(word ^ every_byte('\\')) ||
           has_zero(word ^ every_byte('"')) || has_zero(word ^ every_byte('\n'));
}

char* put_escaped_slowly(char* at, std::string_view value, bool quotes) {
    for (std::size_t i = 0; i < value.size();) {
        const std::size_t length = utf8_length(value.substr(i));
        if (length == 0) {
            at = put(at, kReplacement);
            ++i;
            continue;
        }
        if (value[i] == '\\') {
            at = put(at, "\\\\");
        } else if (value[i] == '\n') {
            at = put(at, "\\n");
        } else if (value[i] == '"' && quotes) {
            at = put(at, "\\\"");
        } else {
            at = put(at, value.substr(i, length));
        }
        i += length;
    }
    return at;
}

/// put(), with what needs it escaped; with room for kWorstGrowth times the value. Nearly no value
/// needs it, so one is copied eight bytes at a time until one of them does.
inline char* put_escaped(char* at, std::string_view value, bool quotes) {
    const std::size_t size = value.size();
    if (size < 8) {
        if (needs_care(short_word(value))) return put_escaped_slowly(at, value, quotes);
        return put(at, value);
    }
    const auto copy = [&](std::size_t i) {
        const auto word = load<std::uint64_t>(value.data() + i);
        store(at + i, word);
        return !needs_care(word);
    };
    const std::size_t last = size - 8;
    for (std::size_t i = 0; i < last; i += 8) {
        if (!copy(i)) return put_escaped_slowly(at, value, quotes);
    }
    return copy(last) ? at + size : put_escaped_slowly(at, value, quotes);
}

/// A name as it is, or in quotes where the legacy form does not know it.
std::string shown_name(std::string_view name, bool colon_allowed) {
    if (colon_allowed ? is_legacy_metric_name(name) : is_legacy_label_name(name)) {
        return std::string(name);
    }
    std::string shown(kWorstGrowth * name.size() + 2, '"');
    char* const end = put_escaped(shown.data() + 1, name, true);
    *end = '"';
    shown.resize(static_cast<std::size_t>(end + 1 - shown.data()));
    return shown;
}

std::string_view type_name(MetricType type, TextFormat::Syntax syntax) {
    if (type == MetricType::unknown && syntax == TextFormat::Syntax::open_metrics) return "unknown";
    return to_string(type);
}

/// OpenMetrics 1.0, "canonical numbers": 1 is written 1.0.
std::string canonical_number(std::string_view text) {
    std::string canonical(text);
    if (!text.empty() && text.find_first_not_of("+-0123456789") == std::string_view::npos) {
        canonical += ".0";
    }
    return canonical;
}

char* put_number(char* at, char* limit, double value) {
    // Many values are whole numbers; those are written four times faster as such.
    constexpr double kWhole = 9007199254740992.0;
    if (std::fabs(value) < kWhole && value == std::trunc(value)) {
        return std::to_chars(at, limit, static_cast<std::int64_t>(value)).ptr;
    }
    if (std::isfinite(value)) return std::to_chars(at, limit, value).ptr;
    return put(at, std::string_view(std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"));
}

}  // namespace

std::string_view write_family(TextArena& arena, TextFormat format, std::string_view name,
                              MetricType type, std::string_view help, bool base_is_free) {
    const bool open_metrics = format.syntax == TextFormat::Syntax::open_metrics;
    if (open_metrics && type == MetricType::counter) {
        if (name.ends_with(kTotal) && name.size() > kTotal.size() && base_is_free) {
            name.remove_suffix(kTotal.size());
        } else {
            type = MetricType::unknown;
        }
    }
    const std::string shown = shown_name(name, true);
    const TextArena::Piece room =
        arena.take(2 * shown.size() + kWorstGrowth * help.size() + kLineOverhead);
    char* at = put(room.begin, "# HELP ");
    at = put(at, shown);
    at = put(at, ' ');
    at = put_escaped(at, help, open_metrics);
    at = put(at, "\n# TYPE ");
    at = put(at, shown);
    at = put(at, ' ');
    at = put(at, type_name(type, format.syntax));
    at = put(at, '\n');
    return {room.begin, at};
}

LineShape::LineShape(TextFormat format, std::string_view name, MetricType type)
    : format_(format), type_(type), head_(name) {
    if (!is_legacy_metric_name(name)) head_ = '{' + shown_name(name, true);
    learn(Labels{});
}

void LineShape::learn(const Labels& labels) {
    const bool open_metrics = format_.syntax == TextFormat::Syntax::open_metrics;
    const bool inside = head_.starts_with('{');
    parts_.clear();
    for (const Label label : labels) {
        if (label.name == kMetricName) continue;
        const std::string_view between = !parts_.empty() ? "\"," : inside ? "," : "{";
        const bool number =
            open_metrics && ((type_ == MetricType::histogram && label.name == "le") ||
                             (type_ == MetricType::summary && label.name == "quantile"));
        parts_.push_back(
            {std::string(label.name),
             PaddedText(fmt::format("{}{}=\"", between, shown_name(label.name, false))), number});
    }
    tail_ = !parts_.empty() ? "\"} " : inside ? "} " : " ";
    fixed_bytes_ = head_.size() + tail_.size();
    for (const Part& part : parts_)
        fixed_bytes_ += part.before.size();
}

bool LineShape::write(TextBuffer& out, const Labels& labels, double value) const {
    const std::size_t count = labels.size();
    if (count != parts_.size() + 1) return false;
    out.ensure(fixed_bytes_ + kWorstGrowth * labels.text_bytes() + kLineOverhead);
    char* at = put(out.position(), head_);
    auto part = parts_.begin();
    for (std::size_t i = 0; i < count; ++i) {
        const Label label = labels[i];
        if (part == parts_.end() || !equal_short(label.name, part->name)) {
            if (label.name == kMetricName) continue;
            return false;
        }
        at = part->before.put(at);
        at = part->number ? put_escaped(at, canonical_number(label.value), true)
                          : put_escaped(at, label.value, true);
        ++part;
    }
    at = put(at, tail_);
    at = put_number(at, out.limit(), value);
    out.move_to(put(at, '\n'));
    return true;
}

std::string underscored(std::string_view name, bool colon_allowed) {
    std::string legacy;
    legacy.reserve(name.size() + 1);
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) legacy += '_';
    for (std::size_t i = 0; i < name.size();) {
        const std::size_t length = std::max<std::size_t>(utf8_length(name.substr(i)), 1);
        const char c = name[i];
        const bool allowed = length == 1 && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                             (c >= '0' && c <= '9') || (colon_allowed && c == ':'));
        legacy += allowed ? c : '_';
        i += length;
    }
    return legacy;
}

Labels underscored(const Labels& labels) {
    LabelsBuilder builder;
    for (const Label label : labels) {
        if (label.name == kMetricName) {
            builder.set(kMetricName, underscored(label.value, true));
            continue;
        }
        const std::string name = underscored(label.name, false);
        if (builder.get(name).empty()) builder.set(name, label.value);
    }
    return builder.build();
}

bool has_legacy_names(const Labels& labels) {
    return std::ranges::all_of(labels, [](const Label label) {
        return is_legacy_label_name(label.name) &&
               (label.name != kMetricName || is_legacy_metric_name(label.value));
    });
}

}  // namespace pilotlight::exporters
