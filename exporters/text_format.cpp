#include "exporters/text_format.h"

#include <charconv>
#include <cstddef>
#include <string>

namespace pilotlight::exporters {
namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Takes what stands before the next `separator` off the front of `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return part;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
    }
    return true;
}

/// One element of an Accept or Accept-Encoding list.
struct Offer {
    std::string_view name;
    std::string_view version;
    std::string_view escaping;
    double quality = 1;
};

Offer parse_offer(std::string_view text) {
    Offer offer;
    offer.name = next_part(text, ';');
    while (!text.empty()) {
        std::string_view value = next_part(text, ';');
        const std::string_view key = next_part(value, '=');
        value = trimmed(value);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        if (equal_ignoring_case(key, "version")) offer.version = value;
        if (equal_ignoring_case(key, "escaping")) offer.escaping = value;
        if (equal_ignoring_case(key, "q")) {
            double quality = 0;
            const auto read = std::from_chars(value.data(), value.data() + value.size(), quality);
            offer.quality = read.ec == std::errc{} && quality >= 0 && quality <= 1 ? quality : 0;
        }
    }
    return offer;
}

/// Whether an offer is one that we can answer, and how.
bool format_for(const Offer& offer, TextFormat& format) {
    const bool utf8 = offer.version == "1.0.0" && offer.escaping == "allow-utf-8";
    if (equal_ignoring_case(offer.name, "application/openmetrics-text")) {
        format = {.syntax = TextFormat::Syntax::open_metrics, .utf8_names = utf8};
        return offer.version.empty() || offer.version == "1.0.0";
    }
    format = {.syntax = TextFormat::Syntax::prometheus, .utf8_names = utf8};
    if (equal_ignoring_case(offer.name, "text/plain")) {
        return offer.version.empty() || offer.version == "0.0.4" || utf8;
    }
    return offer.name == "*/*" || equal_ignoring_case(offer.name, "text/*");
}

}  // namespace

TextFormat negotiate_text_format(std::string_view accept) {
    TextFormat best;
    double best_quality = 0;
    while (!accept.empty()) {
        const Offer offer = parse_offer(next_part(accept, ','));
        TextFormat format;
        if (offer.quality > best_quality && format_for(offer, format)) {
            best = format;
            best_quality = offer.quality;
        }
    }
    return best;
}

std::string_view content_type(TextFormat format) {
    if (format.syntax == TextFormat::Syntax::open_metrics) {
        return format.utf8_names ? "application/openmetrics-text; version=1.0.0; charset=utf-8; "
                                   "escaping=allow-utf-8"
                                 : "application/openmetrics-text; version=1.0.0; charset=utf-8";
    }
    return format.utf8_names ? "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
                             : "text/plain; version=0.0.4; charset=utf-8";
}

bool accepts_gzip(std::string_view accept_encoding) {
    bool any = false;
    while (!accept_encoding.empty()) {
        const Offer offer = parse_offer(next_part(accept_encoding, ','));
        if (equal_ignoring_case(offer.name, "gzip") || equal_ignoring_case(offer.name, "x-gzip")) {
            return offer.quality > 0;
        }
        if (offer.name == "*") any = offer.quality > 0;
    }
    return any;
}

}  // namespace pilotlight::exporters
