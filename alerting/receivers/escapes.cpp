#include "alerting/receivers/escapes.h"

#include <algorithm>
#include <vector>

#include "alerting/message_template.h"

namespace pilotlight::alerting {
namespace {

constexpr std::string_view kApart = "\u200b";

std::string with_backslashes(std::string_view text, std::string_view special) {
    std::string escaped;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) escaped += '\\';
        escaped += c;
    }
    return escaped;
}

/// How much of the beginning of `text` is an http URL that has nothing of Markdown's in it.
std::size_t url_length(std::string_view text) {
    if (!text.starts_with("https://") && !text.starts_with("http://")) return 0;
    constexpr std::string_view kSafe = "-._~:/?#&=+%,;!";
    const auto end = std::ranges::find_if(text, [&](char c) {
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !alphanumeric && kSafe.find(c) == std::string_view::npos;
    });
    return static_cast<std::size_t>(end - text.begin());
}

template <class Escape>
std::string outside_urls(std::string_view text, Escape escape) {
    std::string escaped;
    while (!text.empty()) {
        const std::size_t url = url_length(text);
        if (url > 0) {
            escaped += text.substr(0, url);
            text.remove_prefix(url);
            continue;
        }
        escape(text, escaped);
        text.remove_prefix(1);
    }
    return escaped;
}

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string escape_slack(std::string_view text) {
    std::string escaped;
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '@': {
                escaped += '@';
                const std::string_view rest = text.substr(at + 1);
                if (rest.starts_with("here") || rest.starts_with("channel") ||
                    rest.starts_with("everyone") || rest.starts_with("group")) {
                    escaped += kApart;
                }
                break;
            }
            default:
                escaped += text[at];
        }
    }
    return escaped;
}

std::string escape_discord(std::string_view text) {
    return outside_urls(text, [](std::string_view rest, std::string& escaped) {
        constexpr std::string_view kSpecial = "\\*_~`|[]()<>#";
        if (kSpecial.find(rest.front()) != std::string_view::npos) escaped += '\\';
        escaped += rest.front();
        if (rest.front() == '@' || rest.front() == '<') escaped += kApart;
    });
}

std::string escape_card(std::string_view text) {
    return outside_urls(text, [](std::string_view rest, std::string& escaped) {
        constexpr std::string_view kSpecial = "\\*_`[]()#";
        if (kSpecial.find(rest.front()) != std::string_view::npos) escaped += '\\';
        escaped += rest.front();
        // {{DATE(...)}} would be replaced.
        if (rest.starts_with("{{")) escaped += kApart;
    });
}

std::string escape_markdown_v2(std::string_view text) {
    return with_backslashes(text, "\\_*[]()~`>#+-=|{}.!");
}

std::string escape_markdown(std::string_view text) {
    return with_backslashes(text, "_*`[");
}

bool is_link(std::string_view url, std::size_t bytes_max) {
    if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
    constexpr std::string_view kEnds = " \t\n\"<>\\^`{|}";
    return url.size() <= bytes_max && url.find_first_of(kEnds) == std::string_view::npos &&
           readable(url, bytes_max) == url;
}

std::string cut_entities(std::string_view text, std::size_t limit) {
    std::string kept = cut_to(text, limit);
    if (kept.size() == text.size()) return kept;
    const std::size_t ampersand = kept.rfind('&');
    if (ampersand != std::string::npos && kept.find(';', ampersand) == std::string::npos) {
        kept.resize(ampersand);
        kept += "…";
    }
    return kept;
}

std::string cut_html(std::string_view html, std::size_t limit) {
    const std::string whole = cut_to(html, SIZE_MAX);
    if (character_count(whole) <= limit) return whole;
    std::string kept;
    std::vector<std::string> open;
    std::size_t closing = 0;
    std::size_t count = 0;
    std::string_view rest = whole;
    while (!rest.empty()) {
        // One tag, one entity or one character.
        std::size_t end = 1;
        if (rest.front() == '<' || rest.front() == '&') {
            end = std::min(rest.find(rest.front() == '<' ? '>' : ';'), rest.size() - 1) + 1;
        } else {
            while (end < rest.size() && (rest[end] & 0xc0) == 0x80)
                ++end;
        }
        const std::string_view piece = rest.substr(0, end);
        const bool is_tag = piece.front() == '<';
        const bool closes = piece.starts_with("</");
        std::string name;
        if (is_tag && !closes) name = piece.substr(1, piece.find_first_of(" >", 1) - 1);
        const std::size_t more = is_tag && !closes ? name.size() + 3 : 0;
        const std::size_t length = character_count(piece);
        // One for the ellipsis.
        if (!closes && count + length + closing + more + 1 > limit) break;
        kept += piece;
        count += length;
        if (closes && !open.empty()) {
            closing -= open.back().size() + 3;
            open.pop_back();
        } else if (is_tag && !closes) {
            open.push_back(name);
            closing += more;
        }
        rest.remove_prefix(end);
    }
    kept += "…";
    for (; !open.empty(); open.pop_back())
        kept += "</" + open.back() + ">";
    return kept;
}

}  // namespace pilotlight::alerting
