#include "probes/text_format.h"

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "core/labels.h"

namespace pilotlight::probes {
namespace {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

bool is_name_part(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}

/// Bytes of the UTF-8 sequence that begins `text`; 0 where none does (RFC 3629).
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, beyond U+10FFFF.
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return size;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = utf8_sequence(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

/// Go's ParseFloat as Prometheus uses it: no hexadecimal, no underscores; too small is 0, too large
/// is an error.
std::optional<double> parse_number(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    // "nan(...)" is from_chars' own idea.
    if (text.empty() || text.find('(') != text.npos) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc{}) return value;
    if (error != std::errc::result_out_of_range) return std::nullopt;
    // Out of range is too large or too small: only strtod tells which.
    static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
    value = strtod_l(std::string(text).c_str(), nullptr, c_locale);
    if (std::isinf(value)) return std::nullopt;
    return value;
}

std::string unescape_help(std::string_view text, bool quotes_too) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (text[i] == '\\' && (next == '\\' || next == 'n' || (quotes_too && next == '"'))) {
            out += next == 'n' ? '\n' : next;
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// Thrown nowhere: what breaks off a line, with the place in it.
struct Broken {
    std::string message;
    std::size_t column;
};
template <class T>
using Parsed = std::expected<T, Broken>;

/// One line, read from left to right.
class Line {
  public:
    explicit Line(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

    bool skip_blanks() {
        const std::size_t before = at_;
        while (!at_end() && is_blank(text_[at_]))
            ++at_;
        return at_ > before;
    }
    bool take(char c) {
        if (at_end() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    /// What stands up to the next blank or the end; maybe nothing.
    std::string_view word() {
        const std::size_t begin = at_;
        while (!at_end() && !is_blank(text_[at_]))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }
    /// A legacy name, with colons or without; nothing where none stands.
    std::string_view name(bool colons) {
        const std::size_t begin = at_;
        const auto fits = [&](char c) { return colons || c != ':'; };
        if (!at_end() && is_name_start(text_[at_]) && fits(text_[at_])) {
            do
                ++at_;
            while (!at_end() && is_name_part(text_[at_]) && fits(text_[at_]));
        }
        return text_.substr(begin, at_ - begin);
    }
    /// A text in quotes, with `\\`, `\"` and `\n`; other escapes stay as they are.
    Parsed<void> quoted(std::string& out) {
        const std::size_t begin = at_;
        ++at_;
        out.clear();
        for (;;) {
            const std::size_t stop = text_.find_first_of("\"\\", at_);
            if (stop == text_.npos) return broken("a text in quotes without its end", begin);
            out.append(text_, at_, stop - at_);
            at_ = stop + 1;
            if (text_[stop] == '"') break;
            if (at_end()) return broken("a text in quotes without its end", begin);
            const char escaped = text_[at_++];
            if (escaped != '\\' && escaped != '"' && escaped != 'n') out += '\\';
            out += escaped == 'n' ? '\n' : escaped;
        }
        if (!is_utf8(out)) return broken("a text that is not UTF-8", begin);
        return {};
    }

    [[nodiscard]] std::unexpected<Broken> broken(std::string message) const {
        return broken(std::move(message), at_);
    }
    [[nodiscard]] std::unexpected<Broken> expected(std::string_view what) const {
        if (at_end()) return broken(fmt::format("expected {}, got the end of the line", what));
        const std::string_view seen = rest().substr(0, 20);
        return broken(is_utf8(seen) ? fmt::format("expected {}, got \"{}\"", what, seen)
                                    : fmt::format("expected {}", what));
    }

  private:
    [[nodiscard]] static std::unexpected<Broken> broken(std::string message, std::size_t at) {
        return std::unexpected(Broken{std::move(message), at + 1});
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class Parser {
  public:
    Parser(std::string_view text, TextFormat format, const TextLimits& limits)
        : text_(text), openmetrics_(format == TextFormat::openmetrics), limits_(limits) {}

    Result<Exposition> parse();

  private:
    Parsed<void> parse_line(std::string_view text);
    Parsed<void> parse_comment(Line& line);
    Parsed<void> parse_declaration(Line& line, std::string_view keyword);
    Parsed<std::string> family_name(Line& line);
    Parsed<void> parse_type(Line& line, const std::string& name);
    Parsed<void> parse_sample(Line& line);
    Parsed<void> parse_labels(Line& line, std::string& metric, LabelPairs& labels);
    Parsed<void> parse_label(Line& line, std::string& metric, LabelPairs& labels);
    Parsed<std::optional<WallTime>> parse_time(Line& line);
    Parsed<void> parse_exemplar(Line& line);

    MetricFamily& family(const std::string& name);
    void rename_openmetrics_families();

    std::string_view text_;
    bool openmetrics_;
    TextLimits limits_;
    bool ended_ = false;
    Exposition out_;
    std::unordered_map<std::string, std::size_t> family_index_;
    /// What OpenMetrics appends to the names of the family's samples.
    std::unordered_map<std::string, std::string_view> suffixes_;
};

Result<Exposition> Parser::parse() {
    int line_number = 0;
    std::size_t at = 0;
    const auto broken = [&](std::string message, std::size_t column) {
        return fail(std::move(message), Location{"", line_number, static_cast<int>(column)});
    };
    while (at < text_.size() && !out_.too_many_samples) {
        ++line_number;
        const std::size_t end = std::min(text_.find('\n', at), text_.size());
        const std::string_view line = text_.substr(at, end - at);
        at = end + 1;
        if (line.size() > limits_.line_bytes) {
            return broken(fmt::format("a line of more than {} bytes", limits_.line_bytes), 1);
        }
        if (ended_) return broken("expected nothing after # EOF", 1);
        const Parsed<void> parsed = parse_line(line);
        if (!parsed) return broken(parsed.error().message, parsed.error().column);
    }
    if (openmetrics_ && !ended_ && !out_.too_many_samples) {
        return broken("the text ends without # EOF: it was cut off", 0);
    }
    rename_openmetrics_families();
    return std::move(out_);
}

Parsed<void> Parser::parse_line(std::string_view text) {
    Line line(text);
    if (!openmetrics_) line.skip_blanks();
    if (line.at_end()) {
        if (openmetrics_) return line.expected("a sample or a comment");
        return {};
    }
    if (line.peek() == '#') return parse_comment(line);
    return parse_sample(line);
}

Parsed<void> Parser::parse_comment(Line& line) {
    line.take('#');
    const bool blanks = line.skip_blanks();
    const std::string_view keyword = line.word();
    if (openmetrics_ && keyword == "EOF" && line.at_end()) {
        ended_ = true;
        return {};
    }
    const bool declares = keyword == "HELP" || keyword == "TYPE" || keyword == "UNIT";
    if (blanks && declares && line.skip_blanks()) return parse_declaration(line, keyword);
    if (openmetrics_) return line.expected("# HELP, # TYPE, # UNIT or # EOF");
    return {};
}

Parsed<std::string> Parser::family_name(Line& line) {
    if (line.peek() == '"') {
        std::string name;
        const Parsed<void> read = line.quoted(name);
        if (!read) return std::unexpected(read.error());
        return name;
    }
    const std::string_view name = line.name(true);
    if (name.empty()) return line.expected("a metric name");
    return std::string(name);
}

Parsed<void> Parser::parse_declaration(Line& line, std::string_view keyword) {
    Parsed<std::string> name = family_name(line);
    if (!name) return std::unexpected(std::move(name.error()));
    if (!line.at_end() && !line.skip_blanks()) return line.expected("a blank after the name");
    if (keyword == "TYPE") return parse_type(line, *name);
    if (keyword == "HELP") {
        if (!is_utf8(line.rest())) return line.broken("a help text that is not UTF-8");
        family(*name).help = unescape_help(line.rest(), openmetrics_);
        return {};
    }
    if (openmetrics_ && !line.rest().empty() && !name->ends_with(line.rest())) {
        return line.broken("a unit that is not the end of the metric's name");
    }
    return {};
}

Parsed<void> Parser::parse_type(Line& line, const std::string& name) {
    struct Word {
        std::string_view word;
        MetricType type;
        bool text;
        bool openmetrics;
        std::string_view suffix;
    };
    static constexpr Word kWords[] = {
        {"counter", MetricType::counter, true, true, "_total"},
        {"gauge", MetricType::gauge, true, true, ""},
        {"histogram", MetricType::histogram, true, true, ""},
        {"summary", MetricType::summary, true, true, ""},
        {"untyped", MetricType::unknown, true, false, ""},
        {"unknown", MetricType::unknown, true, true, ""},
        {"gaugehistogram", MetricType::unknown, false, true, ""},
        {"info", MetricType::gauge, false, true, "_info"},
        {"stateset", MetricType::gauge, false, true, ""},
    };
    const Line before = line;
    const std::string_view word = line.word();
    line.skip_blanks();
    const auto* const found = std::ranges::find(kWords, word, &Word::word);
    if (found == std::end(kWords) || !(openmetrics_ ? found->openmetrics : found->text)) {
        return before.expected("counter, gauge, histogram, summary or untyped");
    }
    if (!line.at_end()) return line.expected("the end of the line");
    family(name).type = found->type;
    if (openmetrics_ && !found->suffix.empty()) suffixes_[name] = found->suffix;
    return {};
}

MetricFamily& Parser::family(const std::string& name) {
    const auto [found, is_new] = family_index_.try_emplace(name, out_.families.size());
    if (is_new) out_.families.push_back({name, MetricType::unknown, ""});
    return out_.families[found->second];
}

void Parser::rename_openmetrics_families() {
    for (const auto& [name, suffix] : suffixes_) {
        MetricFamily& family = out_.families[family_index_.at(name)];
        if (!family.name.ends_with(suffix)) family.name += suffix;
    }
}

Parsed<void> Parser::parse_sample(Line& line) {
    Measurement sample;
    sample.name = line.name(true);
    const bool named = !sample.name.empty();
    const bool blanks = line.skip_blanks();
    bool separated = blanks;
    if (line.peek() == '{') {
        const Parsed<void> labels = parse_labels(line, sample.name, sample.labels);
        if (!labels) return labels;
        line.skip_blanks();
        separated = true;
    } else if (!named) {
        return line.expected("a metric name");
    }
    if (!separated) return line.expected("a blank or { after the metric name");

    const Line before = line;
    const std::optional<double> value = parse_number(line.word());
    if (!value) return before.expected("a number");
    sample.value = *value;
    line.skip_blanks();
    if (!line.at_end() && line.peek() != '#') {
        const Parsed<std::optional<WallTime>> time = parse_time(line);
        if (!time) return std::unexpected(time.error());
        sample.at = *time;
        line.skip_blanks();
    }
    if (openmetrics_ && line.peek() == '#') {
        const Parsed<void> exemplar = parse_exemplar(line);
        if (!exemplar) return exemplar;
    }
    if (!line.at_end()) return line.expected("the end of the line");
    if (out_.samples.size() == limits_.samples) {
        out_.too_many_samples = true;
        return {};
    }
    out_.samples.push_back(std::move(sample));
    return {};
}

Parsed<void> Parser::parse_labels(Line& line, std::string& metric, LabelPairs& labels) {
    line.take('{');
    for (line.skip_blanks(); !line.take('}'); line.skip_blanks()) {
        if (labels.size() == limits_.labels_per_sample) {
            return line.broken(fmt::format("more than {} labels", limits_.labels_per_sample));
        }
        const Parsed<void> label = parse_label(line, metric, labels);
        if (!label) return label;
        line.skip_blanks();
        if (!line.take(',') && line.peek() != '}') return line.expected("\",\" or \"}\"");
    }
    if (metric.empty()) return line.broken("a sample without a metric name");
    return {};
}

Parsed<void> Parser::parse_label(Line& line, std::string& metric, LabelPairs& labels) {
    const Line before = line;
    std::string name;
    if (line.peek() == '"') {
        const Parsed<void> read = line.quoted(name);
        if (!read) return read;
        line.skip_blanks();
        if (line.peek() != '=') {
            // In the quoted form the metric's name stands among the labels, as the first of them.
            if (!metric.empty() || !labels.empty()) return line.expected("\"=\"");
            if (name.empty()) return before.broken("an empty metric name");
            metric = std::move(name);
            return {};
        }
    } else {
        name = line.name(false);
    }
    if (name.empty()) return before.expected("a label name");
    line.skip_blanks();
    if (!line.take('=')) return line.expected("\"=\"");
    line.skip_blanks();
    if (line.peek() != '"') return line.expected("a label value in quotes");
    if (name == kMetricName ||
        std::ranges::find(labels, name, [](const auto& label) -> const auto& {
            return label.first;
        }) != labels.end()) {
        return before.broken(fmt::format("the label \"{}\" stands twice", name));
    }
    std::string value;
    const Parsed<void> read = line.quoted(value);
    if (!read) return read;
    labels.emplace_back(std::move(name), std::move(value));
    return {};
}

Parsed<std::optional<WallTime>> Parser::parse_time(Line& line) {
    const Line before = line;
    const std::string_view word = line.word();
    if (openmetrics_) {
        const std::optional<double> seconds = parse_number(word);
        // Whatever is far beyond any calendar would overflow the milliseconds.
        if (!seconds || !(std::abs(*seconds) < 1e12)) {
            return before.expected("a timestamp in seconds");
        }
        return WallTime(Duration(static_cast<std::int64_t>(*seconds * 1000)));
    }
    std::int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), milliseconds);
    if (error != std::errc{} || end != word.data() + word.size()) {
        return before.expected("a timestamp in whole milliseconds");
    }
    return WallTime(Duration(milliseconds));
}

Parsed<void> Parser::parse_exemplar(Line& line) {
    line.take('#');
    if (!line.skip_blanks() || line.peek() != '{') return line.expected("an exemplar's labels");
    std::string unused = "exemplar";
    LabelPairs labels;
    const Parsed<void> read = parse_labels(line, unused, labels);
    if (!read) return read;
    line.skip_blanks();
    const Line before = line;
    if (!parse_number(line.word())) return before.expected("an exemplar's value");
    line.skip_blanks();
    if (line.at_end()) return {};
    const Parsed<std::optional<WallTime>> time = parse_time(line);
    if (!time) return std::unexpected(time.error());
    line.skip_blanks();
    return {};
}

}  // namespace

TextFormat text_format_of(std::string_view content_type) {
    std::string_view media = content_type.substr(0, content_type.find(';'));
    while (media.ends_with(' '))
        media.remove_suffix(1);
    constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
    const bool matches = std::ranges::equal(media, kOpenMetrics, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
    return matches ? TextFormat::openmetrics : TextFormat::prometheus;
}

Result<Exposition> parse_text(std::string_view text, TextFormat format, const TextLimits& limits) {
    return Parser(text, format, limits).parse();
}

}  // namespace pilotlight::probes
