#include "alerting/receivers/mail_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "alerting/message_template.h"
#include "runtime/url.h"

namespace pilotlight::alerting {
namespace {

constexpr std::size_t kHeaderMax = 900;
/// RFC 2047 allows 75 characters an encoded word; 45 bytes are 60 of base64.
constexpr std::size_t kEncodedBytes = 45;
constexpr std::size_t kLineMax = 76;

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

/// What could end a header, or begin one, becomes a space.
std::string one_line(std::string_view value) {
    std::string line = cut_to(value, kHeaderMax);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return std::string(trimmed(line));
}

/// Encoded words (RFC 2047), none within a character, each on a line of its own.
std::string encoded_words(std::string_view text) {
    std::string words;
    while (!text.empty()) {
        std::size_t end = std::min(text.size(), kEncodedBytes);
        while (end < text.size() && (text[end] & 0xc0) == 0x80)
            --end;
        if (!words.empty()) words += "\r\n ";
        words += fmt::format("=?utf-8?B?{}?=", runtime::base64(text.substr(0, end)));
        text.remove_prefix(end);
    }
    return words;
}

/// Lines of plain ASCII are folded at spaces (RFC 5322, 2.2.3).
std::string folded(std::string_view text) {
    std::string lines;
    std::size_t length = 20;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' ', 1), text.size());
        if (length + end > kLineMax && !lines.empty()) {
            lines += "\r\n";
            length = 0;
        }
        lines += text.substr(0, end);
        length += end;
        text.remove_prefix(end);
    }
    return lines;
}

bool is_address_header(std::string_view name) {
    constexpr std::string_view kNames[] = {"To", "From", "Cc", "Bcc", "Reply-To", "Sender"};
    return std::ranges::count(kNames, name) > 0;
}

/// Splits at commas that are not within quotes.
std::vector<std::string_view> split_addresses(std::string_view text) {
    std::vector<std::string_view> parts;
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (at < text.size() && text[at] == '"') quoted = !quoted;
        if (at < text.size() && (text[at] != ',' || quoted)) continue;
        const std::string_view part = trimmed(text.substr(begin, at - begin));
        if (!part.empty()) parts.push_back(part);
        begin = at + 1;
    }
    return parts;
}

/// `Name <a@b>`: the name may be encoded, the address may not.
std::string address_value(const std::string& line) {
    std::string value;
    for (const std::string_view part : split_addresses(line)) {
        if (!value.empty()) value += ",\r\n ";
        const std::size_t bracket = part.rfind('<');
        if (is_ascii(part) || bracket == std::string_view::npos) {
            value += part;
            continue;
        }
        std::string_view name = trimmed(part.substr(0, bracket));
        if (name.size() > 1 && name.front() == '"' && name.back() == '"') {
            name = name.substr(1, name.size() - 2);
        }
        value += fmt::format("{} {}", encoded_words(name), part.substr(bracket));
    }
    return value;
}

std::string header_value(std::string_view name, std::string_view value) {
    const std::string line = one_line(value);
    if (is_address_header(name)) return address_value(line);
    // `=?` would be taken for an encoded word.
    return is_ascii(line) && line.find("=?") == std::string::npos ? folded(line)
                                                                  : encoded_words(line);
}

/// RFC 2045, 6.7.
std::string quoted_printable(std::string_view text) {
    std::string encoded;
    std::size_t length = 0;
    const auto put = [&](std::string_view piece) {
        if (length + piece.size() >= kLineMax) {
            encoded += "=\r\n";
            length = 0;
        }
        encoded += piece;
        length += piece.size();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte == '\n') {
            encoded += "\r\n";
            length = 0;
            continue;
        }
        const bool ends_line = at + 1 == text.size() || text[at + 1] == '\n';
        const bool is_plain = (byte > 0x20 && byte < 0x7f && byte != '=') ||
                              ((byte == ' ' || byte == '\t') && !ends_line);
        // A lone dot, and From at a line's start, are changed by some servers.
        const bool is_risky = length == 0 && (byte == '.' || byte == 'F');
        if (is_plain && !is_risky) {
            put(text.substr(at, 1));
        } else {
            put(fmt::format("={:02X}", byte));
        }
    }
    return encoded;
}

std::string part(std::string_view type, std::string_view text) {
    return fmt::format(
        "Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}"
        "\r\n",
        type, quoted_printable(cut_to(text, SIZE_MAX)));
}

}  // namespace

std::optional<std::vector<std::string>> parse_mail_addresses(std::string_view text) {
    std::vector<std::string> addresses;
    const bool has_control = std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (has_control) return std::nullopt;
    for (std::string_view one : split_addresses(text)) {
        const std::size_t bracket = one.rfind('<');
        if (bracket != std::string_view::npos) {
            if (!one.ends_with('>')) return std::nullopt;
            one = one.substr(bracket + 1, one.size() - bracket - 2);
        }
        const std::size_t at = one.rfind('@');
        const bool has_both = at != std::string_view::npos && at > 0 && at + 1 < one.size();
        const bool is_clean = std::ranges::all_of(one, [](char c) {
            return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '<' && c != '>' &&
                   c != '"' && c != ',' && c != ';';
        });
        if (!has_both || !is_clean || one.size() > 320) return std::nullopt;
        addresses.emplace_back(one);
    }
    return addresses;
}

std::string compose_mail(const MailText& mail) {
    std::string text;
    for (const auto& [name, value] : mail.headers) {
        text += fmt::format("{}: {}\r\n", name, header_value(name, value));
    }
    text += "MIME-Version: 1.0\r\n";
    if (mail.html.empty()) return text + part("text/plain", mail.text);
    // Quoted-printable never writes `=_`, so that no text can hold it.
    const std::string boundary = "=_" + mail.boundary;
    text += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", boundary);
    text += fmt::format("--{}\r\n{}", boundary, part("text/plain", mail.text));
    text += fmt::format("--{}\r\n{}", boundary, part("text/html", mail.html));
    return text + fmt::format("--{}--\r\n", boundary);
}

std::string mail_date(WallTime time) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    const std::size_t size =
        std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &parts);
    return {text, size};
}

std::string canonical_header(std::string_view name) {
    std::string canonical;
    bool begins = true;
    for (const char c : name) {
        const bool is_lower = c >= 'a' && c <= 'z';
        const bool is_upper = c >= 'A' && c <= 'Z';
        if (begins && is_lower) {
            canonical += static_cast<char>(c - 'a' + 'A');
        } else if (!begins && is_upper) {
            canonical += static_cast<char>(c - 'A' + 'a');
        } else {
            canonical += c;
        }
        begins = c == '-';
    }
    return canonical;
}

}  // namespace pilotlight::alerting
