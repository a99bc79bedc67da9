#include "exporters/exposition.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

namespace pilotlight::exporters {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kTotal = "_total";

constexpr bool is_special(unsigned char c) {
    return c >= 0x80 || c == '\\' || c == '"' || c == '\n';
}

constexpr std::array<bool, 256> kSpecial = [] {
    std::array<bool, 256> table{};
    for (int c = 0; c < 256; ++c)
        table[c] = is_special(static_cast<unsigned char>(c));
    return table;
}();

bool is_plain(std::string_view text) {
    bool special = false;
    for (const char c : text)
        special |= kSpecial[static_cast<unsigned char>(c)];
    return !special;
}

/// The length of the UTF-8 sequence that `text` begins with; 0 where it is not valid (RFC 3629:
/// no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
    const bool outside = (lead == 0xED && byte(1) >= 0xA0) || (lead == 0xF4 && byte(1) >= 0x90);
    return overlong || outside ? 0 : length;
}

std::string_view type_name(MetricType type, TextFormat::Syntax syntax) {
    if (type == MetricType::unknown && syntax == TextFormat::Syntax::open_metrics) return "unknown";
    return to_string(type);
}

bool is_number_label(std::string_view name, MetricType type) {
    return (type == MetricType::histogram && name == "le") ||
           (type == MetricType::summary && name == "quantile");
}

/// OpenMetrics 1.0, "canonical numbers": 1 is written 1.0.
std::string canonical_number(std::string_view text) {
    std::string canonical(text);
    if (!text.empty() && text.find_first_not_of("+-0123456789") == std::string_view::npos) {
        canonical += ".0";
    }
    return canonical;
}

}  // namespace

Exposition::Exposition(TextFormat format, std::size_t expected_bytes)
    : format_(format),
      text_(expected_bytes, '\0'),
      at_(text_.data()),
      end_(text_.data() + text_.size()) {}

void Exposition::ensure(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) >= bytes) return;
    const auto used = static_cast<std::size_t>(at_ - text_.data());
    text_.resize(used + bytes + text_.size() / 2);
    at_ = text_.data() + used;
    end_ = text_.data() + text_.size();
}

void Exposition::put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
}

// A byte becomes at most three: ensure() was asked for that.
void Exposition::put_escaped_slowly(std::string_view value, bool quotes) {
    for (std::size_t i = 0; i < value.size();) {
        const std::size_t length = utf8_length(value.substr(i));
        if (length == 0) {
            put(kReplacement);
            ++i;
            continue;
        }
        if (value[i] == '\\') {
            put("\\\\");
        } else if (value[i] == '\n') {
            put("\\n");
        } else if (value[i] == '"' && quotes) {
            put("\\\"");
        } else {
            put(value.substr(i, length));
        }
        i += length;
    }
}

void Exposition::put_escaped(std::string_view value, bool quotes) {
    if (is_plain(value)) {
        put(value);
    } else {
        put_escaped_slowly(value, quotes);
    }
}

void Exposition::put_name(std::string_view name, bool colon_allowed) {
    if (colon_allowed ? is_legacy_metric_name(name) : is_legacy_label_name(name)) {
        put(name);
    } else {
        put('"');
        put_escaped(name, true);
        put('"');
    }
}

void Exposition::family(std::string_view name, MetricType type, std::string_view help,
                        bool base_is_free) {
    const bool open_metrics = format_.syntax == TextFormat::Syntax::open_metrics;
    if (open_metrics && type == MetricType::counter) {
        if (name.ends_with(kTotal) && name.size() > kTotal.size() && base_is_free) {
            name.remove_suffix(kTotal.size());
        } else {
            type = MetricType::unknown;
        }
    }
    ensure(6 * name.size() + 3 * help.size() + 64);
    put("# HELP ");
    put_name(name, true);
    put(' ');
    put_escaped(help, open_metrics);
    put("\n# TYPE ");
    put_name(name, true);
    put(' ');
    put(type_name(type, format_.syntax));
    put('\n');
}

void Exposition::put_label(Label label, MetricType type) {
    ensure(3 * (label.name.size() + label.value.size()) + 64);
    put_name(label.name, false);
    put("=\"");
    if (format_.syntax == TextFormat::Syntax::open_metrics && is_number_label(label.name, type)) {
        const std::string canonical = canonical_number(label.value);
        put_escaped(canonical, true);
    } else {
        put_escaped(label.value, true);
    }
    put('"');
}

void Exposition::put_value(double value) {
    // Most values are whole numbers: those are four times faster to write as such.
    constexpr double kWhole = 9007199254740992.0;
    if (std::fabs(value) < kWhole && value == std::trunc(value)) {
        at_ = std::to_chars(at_, end_, static_cast<std::int64_t>(value)).ptr;
    } else if (std::isfinite(value)) {
        at_ = std::to_chars(at_, end_, value).ptr;
    } else {
        put(std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    }
}

void Exposition::sample(const Labels& labels, MetricType type, double value) {
    const std::string_view name = labels.metric_name();
    ensure(3 * name.size() + 64);
    bool first = is_legacy_metric_name(name);
    if (first) {
        put(name);
    } else {
        put('{');
        put_name(name, true);
    }
    for (std::size_t i = 0, count = labels.size(); i < count; ++i) {
        const Label label = labels[i];
        if (label.name == kMetricName) continue;
        put(first ? '{' : ',');
        first = false;
        put_label(label, type);
    }
    ensure(64);
    if (!first) put('}');
    put(' ');
    put_value(value);
    put('\n');
}

std::string Exposition::take() {
    ensure(8);
    if (format_.syntax == TextFormat::Syntax::open_metrics) put("# EOF\n");
    text_.resize(static_cast<std::size_t>(at_ - text_.data()));
    std::string taken = std::move(text_);
    text_.clear();
    at_ = end_ = text_.data();
    return taken;
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
    for (std::size_t i = 0, count = labels.size(); i < count; ++i) {
        const Label label = labels[i];
        if (!is_legacy_label_name(label.name)) return false;
        if (label.name == kMetricName && !is_legacy_metric_name(label.value)) return false;
    }
    return true;
}

}  // namespace pilotlight::exporters
