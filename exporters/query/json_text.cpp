#include "exporters/query/json_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "exporters/utf8.h"
#include "rules/promql/printer.h"

namespace pilotlight::query {
namespace {

bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
}

void append_pair(std::string& out, WallTime at, double value) {
    out += '[';
    append_timestamp(out, at);
    out += ',';
    append_sample_value(out, value);
    out += ']';
}

/// Scalars and strings go through Go's own encoder: no trailing zeros, never an exponent.
void append_plain_time(std::string& out, WallTime at) {
    append_timestamp(out, at);
    if (at.time_since_epoch().count() % 1000 == 0) return;
    while (out.ends_with('0'))
        out.pop_back();
}

struct ResultWriter {
    std::string& out;
    std::size_t bytes_max;

    bool operator()(const promql::Scalar& scalar) const {
        out += '[';
        append_plain_time(out, scalar.at);
        out += ",\"";
        out += promql::format_fixed(scalar.value);
        out += "\"]";
        return true;
    }

    bool operator()(const promql::String& string) const {
        out += '[';
        append_plain_time(out, string.at);
        out += ',';
        append_string(out, string.value);
        out += ']';
        return true;
    }

    bool operator()(const promql::Vector& vector) const {
        char before = '[';
        for (const promql::VectorSample& sample : vector) {
            if (out.size() > bytes_max) return false;
            out += std::exchange(before, ',');
            out += "{\"metric\":";
            append_labels(out, sample.labels);
            out += ",\"value\":";
            append_pair(out, sample.at, sample.value);
            out += '}';
        }
        out += before == '[' ? "[]" : "]";
        return true;
    }

    bool operator()(const promql::Matrix& matrix) const {
        char before = '[';
        for (const promql::MatrixSeries& series : matrix) {
            out += std::exchange(before, ',');
            out += "{\"metric\":";
            append_labels(out, series.labels);
            out += ",\"values\":";
            char between = '[';
            for (const series::Point& point : series.points) {
                if (out.size() > bytes_max) return false;
                out += std::exchange(between, ',');
                append_pair(out, point.at, point.value);
            }
            out += between == '[' ? "[]}" : "]}";
        }
        out += before == '[' ? "[]" : "]";
        return true;
    }
};

/// `,"KINDs":[...]`; nothing for none.
void append_annotations(std::string& out, std::string_view kind,
                        const std::vector<std::string>& texts) {
    constexpr std::size_t kShownMax = 10;
    if (texts.empty()) return;
    const auto shown = static_cast<std::ptrdiff_t>(std::min(texts.size(), kShownMax));
    std::vector<std::string> list(texts.begin(), texts.begin() + shown);
    if (texts.size() > kShownMax) {
        list.push_back(
            fmt::format("{} more {} annotations omitted", texts.size() - kShownMax, kind));
    }
    out += fmt::format(",\"{}s\":", kind) + string_list(list);
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain]))
            ++plain;
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        std::size_t length = 1;
        if (static_cast<unsigned char>(text[0]) < 0x80) {
            append_escaped(out, text[0]);
        } else if (length = exporters::utf8_length(text); length > 0) {
            out += text.substr(0, length);
        } else {
            length = 1;
            out += "\uFFFD";
        }
        text.remove_prefix(length);
    }
    out += '"';
}

void append_sample_value(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"+Inf\"" : "\"-Inf\"";
        return;
    }
    const double size = std::abs(value);
    const bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
    char buffer[64];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value,
                      exponent ? std::chars_format::scientific : std::chars_format::fixed);
    out += '"';
    out.append(buffer, end.ptr);
    out += '"';
}

void append_timestamp(std::string& out, WallTime time) {
    const std::int64_t milliseconds = time.time_since_epoch().count();
    if (milliseconds < 0) out += '-';
    const std::int64_t size = std::abs(milliseconds);
    fmt::format_to(std::back_inserter(out), "{}", size / 1000);
    if (size % 1000 != 0) fmt::format_to(std::back_inserter(out), ".{:03}", size % 1000);
}

void append_labels(std::string& out, const Labels& labels) {
    char before = '{';
    for (const Label label : labels) {
        out += std::exchange(before, ',');
        append_string(out, label.name);
        out += ':';
        append_string(out, label.value);
    }
    out += before == '{' ? "{}" : "}";
}

bool append_result(std::string& out, const promql::Value& value, std::size_t bytes_max) {
    return std::visit(ResultWriter{out, bytes_max}, value) && out.size() <= bytes_max;
}

std::string string_list(const std::vector<std::string>& texts) {
    std::string list;
    char before = '[';
    for (const std::string& text : texts) {
        list += std::exchange(before, ',');
        append_string(list, text);
    }
    return list + (before == '[' ? "[]" : "]");
}

std::string success_document(std::string_view data, const std::vector<std::string>& warnings,
                             const std::vector<std::string>& infos) {
    std::string document = R"({"status":"success","data":)";
    document.reserve(document.size() + data.size() + 2);
    document += data;
    append_annotations(document, "warning", warnings);
    append_annotations(document, "info", infos);
    return document + '}';
}

}  // namespace pilotlight::query
