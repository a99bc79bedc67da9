#include "alerting/redacted.h"

#include <algorithm>
#include <array>

namespace pilotlight::alerting {
namespace {

constexpr std::string_view kHidden = "<secret>";

/// Keys of any section whose value is a secret and whose name does not say so.
constexpr std::array<std::string_view, 8> kSecretKeys{"slack_api_url", "webhook_url", "routing_key",
                                                      "service_key",   "api_key",     "user_key",
                                                      "access_key",    "proxy_url"};
/// What a secret's key has in it; not in the name of a file that holds one.
constexpr std::array<std::string_view, 5> kSecretWords{"password", "secret", "token", "credential",
                                                       "passphrase"};
/// In these sections the address is what lets one post.
constexpr std::array<std::string_view, 8> kSecretUrls{
    "slack_configs.api_url",          "webhook_configs.url",
    "discord_configs.webhook_url",    "msteams_configs.webhook_url",
    "msteamsv2_configs.webhook_url",  "rocketchat_configs.api_url",
    "mattermost_configs.webhook_url", "incidentio_configs.url"};
/// A map of headers: each of its values.
constexpr std::array<std::string_view, 3> kSecretMaps{"proxy_connect_header", "secrets", "values"};

bool is_secret_key(std::string_view section, std::string_view key) {
    if (key.ends_with("_file") || key == "token_url" || key == "files") return false;
    if (std::ranges::count(kSecretKeys, key) > 0 || key.ends_with("_api_key") ||
        key.ends_with("_webhook_url")) {
        return true;
    }
    if (std::ranges::any_of(kSecretWords, [&](auto word) { return key.contains(word); })) {
        return true;
    }
    if (key == "key" && section.ends_with("tls_config")) return true;
    return std::ranges::count(kSecretUrls, std::string(section) + "." + std::string(key)) > 0;
}

/// `https://user:password@host/` without what stands before the `@`.
std::string without_userinfo(const std::string& text) {
    const std::size_t begin = text.find("://");
    if (begin == text.npos) return text;
    const std::size_t end = text.find_first_of("/?#", begin + 3);
    const std::size_t at = text.rfind('@', end);
    if (at == text.npos || at < begin + 3) return text;
    return text.substr(0, begin + 3) + std::string(kHidden) + text.substr(at);
}

bool is_plain(std::string_view text) {
    if (text.empty()) return false;
    return std::ranges::all_of(text,
                               [](char c) {
                                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                          (c >= '0' && c <= '9') || c == '_' || c == '.' ||
                                          c == '/' || c == '-' || c == '+';
                               }) &&
           text[0] != '-' && text[0] != '.';
}

void append_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += kDigits[byte >> 4];
            out += kDigits[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

class Writer {
  public:
    std::string text;

    /// `section` is the list or mapping that the node's keys belong to (`slack_configs`); `hidden`:
    /// every scalar below is a secret.
    void write(const Node& node, std::string_view section, int depth, bool hidden) {
        switch (node.kind) {
            case Node::Kind::null:
                text += " null\n";
                break;
            case Node::Kind::scalar:
                text += ' ';
                write_scalar(node, hidden);
                text += '\n';
                break;
            case Node::Kind::sequence:
                write_items(node, section, depth, hidden);
                break;
            case Node::Kind::mapping:
                write_entries(node, section, depth, hidden);
                break;
        }
    }

  private:
    void write_scalar(const Node& node, bool hidden) {
        if (hidden || node.from_environment) {
            text += kHidden;
        } else if (!node.quoted && !node.block && is_plain(node.scalar)) {
            text += node.scalar;
        } else {
            append_quoted(text, without_userinfo(node.scalar));
        }
    }

    void write_items(const Node& node, std::string_view section, int depth, bool hidden) {
        if (node.items.empty()) {
            text += " []\n";
            return;
        }
        text += '\n';
        for (const Node& item : node.items) {
            indent(depth);
            text += '-';
            write(item, section, depth + 1, hidden);
        }
    }

    void write_entries(const Node& node, std::string_view section, int depth, bool hidden) {
        if (node.entries.empty()) {
            text += " {}\n";
            return;
        }
        text += '\n';
        for (const Node::Entry& entry : node.entries) {
            indent(depth);
            if (is_plain(entry.key)) {
                text += entry.key;
            } else {
                append_quoted(text, entry.key);
            }
            text += ':';
            const bool in_header = section == "http_headers" || section == "proxy_connect_header";
            const bool below = hidden || is_secret_key(section, entry.key) ||
                               std::ranges::count(kSecretMaps, entry.key) > 0;
            // A header's own name opens a section that is still part of `http_headers`.
            write(entry.value, in_header ? section : std::string_view(entry.key), depth + 1, below);
        }
    }

    void indent(int depth) { text.append(static_cast<std::size_t>(depth) * 2, ' '); }
};

}  // namespace

std::string redacted_yaml(const Node& root) {
    Writer writer;
    writer.write(root, "", 0, false);
    const std::size_t begin = writer.text.find_first_not_of(" \n");
    return begin == std::string::npos ? "" : writer.text.substr(begin);
}

}  // namespace pilotlight::alerting
