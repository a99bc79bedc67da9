#include "probes/text_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "core/labels.h"
#include "probes/text_line.h"

namespace pilotlight::probes {
namespace {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

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

class Parser {
  public:
    Parser(std::string_view text, TextFormat format, const TextLimits& limits)
        : text_(text), openmetrics_(format == TextFormat::openmetrics), limits_(limits) {}

    Result<Exposition> parse();

  private:
    Parsed<void> parse_line(std::string_view text);
    Parsed<void> parse_comment(TextLine& line);
    Parsed<void> parse_declaration(TextLine& line, std::string_view keyword);
    Parsed<std::string> family_name(TextLine& line);
    Parsed<void> parse_type(TextLine& line, const std::string& name);
    Parsed<void> parse_sample(TextLine& line);
    Parsed<void> parse_labels(TextLine& line, std::string& metric, LabelPairs& labels);
    Parsed<void> parse_label(TextLine& line, std::string& metric, LabelPairs& labels);
    Parsed<std::optional<WallTime>> parse_time(TextLine& line);
    Parsed<void> parse_exemplar(TextLine& line);

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
    TextLine line(text);
    if (!openmetrics_) line.skip_blanks();
    if (line.at_end()) {
        if (openmetrics_) return line.expected("a sample or a comment");
        return {};
    }
    if (line.peek() == '#') return parse_comment(line);
    return parse_sample(line);
}

Parsed<void> Parser::parse_comment(TextLine& line) {
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

Parsed<std::string> Parser::family_name(TextLine& line) {
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

Parsed<void> Parser::parse_declaration(TextLine& line, std::string_view keyword) {
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

Parsed<void> Parser::parse_type(TextLine& line, const std::string& name) {
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
    const TextLine before = line;
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

Parsed<void> Parser::parse_sample(TextLine& line) {
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

    const TextLine before = line;
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

Parsed<void> Parser::parse_labels(TextLine& line, std::string& metric, LabelPairs& labels) {
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

Parsed<void> Parser::parse_label(TextLine& line, std::string& metric, LabelPairs& labels) {
    const TextLine before = line;
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

Parsed<std::optional<WallTime>> Parser::parse_time(TextLine& line) {
    const TextLine before = line;
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

Parsed<void> Parser::parse_exemplar(TextLine& line) {
    line.take('#');
    if (!line.skip_blanks() || line.peek() != '{') return line.expected("an exemplar's labels");
    std::string unused = "exemplar";
    LabelPairs labels;
    const Parsed<void> read = parse_labels(line, unused, labels);
    if (!read) return read;
    line.skip_blanks();
    const TextLine before = line;
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
