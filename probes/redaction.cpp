#include "probes/redaction.h"

#include <algorithm>
#include <array>

#include "core/evidence.h"
#include "runtime/url.h"

namespace pilotlight::probes {
namespace {

/// Shorter ones are too likely to stand in a text by chance to be looked for within words.
constexpr std::size_t kLongEnough = 4;
constexpr std::string_view kMask = "<secret>";
/// A body may have thousands of values: no more of them are hidden once there are so many texts.
constexpr std::size_t kMostSecrets = 256;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return lower(c); });
    return out;
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int hexadecimal(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
        const int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_alphanumeric(c) || std::string_view("-._~").contains(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
        }
    }
    return out;
}

std::string replaced(std::string_view text, char what, std::string_view by) {
    std::string out;
    for (const char c : text) {
        if (c == what) {
            out += by;
        } else {
            out += c;
        }
    }
    return out;
}

std::string json_escaped(std::string_view text) {
    return replaced(replaced(replaced(text, '\\', "\\\\"), '"', "\\\""), '/', "\\/");
}

std::string html_escaped(std::string_view text) {
    return replaced(replaced(replaced(replaced(text, '&', "&amp;"), '<', "&lt;"), '>', "&gt;"), '"',
                    "&quot;");
}

/// Values of `a=b&c=d`.
template <class Take>
void each_form_value(std::string_view text, Take take) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = pair.find('=');
        if (equals != pair.npos) take(pair.substr(equals + 1));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// The strings of JSON that are no keys, between their quotes as they are written.
template <class Take>
void each_json_string(std::string_view text, Take take) {
    std::size_t at = text.find('"');
    while (at != text.npos) {
        std::size_t end = at + 1;
        while (end < text.size() && text[end] != '"')
            end += text[end] == '\\' ? 2 : 1;
        if (end >= text.size()) return;
        const std::size_t after = text.find_first_not_of(" \t\r\n", end + 1);
        if (after == text.npos || text[after] != ':') take(text.substr(at + 1, end - at - 1));
        at = text.find('"', end + 1);
    }
}

/// Headers whose values say nothing of who asks: hiding them would hide the answer's own.
bool is_harmless_header(std::string_view name) {
    static constexpr std::array<std::string_view, 14> kNames = {
        "accept",        "accept-encoding", "accept-language",
        "cache-control", "connection",      "content-type",
        "host",          "origin",          "pragma",
        "range",         "referer",         "te",
        "upgrade",       "user-agent"};
    return std::ranges::find(kNames, lower(name)) != kNames.end();
}

bool is_secret_key(std::string_view key) {
    static constexpr std::array<std::string_view, 8> kKeys = {
        "password", "credentials", "bearer_token", "client_secret", "token", "key", "secret"};
    return std::ranges::find(kKeys, key) != kKeys.end();
}

bool holds_headers(std::string_view key) {
    return key == "headers" || key == "http_headers" || key == "proxy_connect_header";
}

/// Every scalar below `node`.
template <class Take>
void each_scalar(const Node& node, Take take) {
    if (node.is_scalar()) take(node);
    for (const Node& item : node.items)
        each_scalar(item, take);
    for (const Node::Entry& entry : node.entries)
        each_scalar(entry.value, take);
}

/// `send` of a script: as a whole, and what comes after the command, word by word.
void hide_sent(std::string_view sent, Redaction& redaction) {
    redaction.hide(sent);
    std::size_t at = std::min(sent.find(' '), sent.size());
    while (at < sent.size()) {
        const std::size_t begin = sent.find_first_not_of(" \r\n", at);
        if (begin == sent.npos) return;
        at = std::min(sent.find_first_of(" \r\n", begin), sent.size());
        if (at - begin >= kLongEnough) redaction.hide(sent.substr(begin, at - begin));
    }
}

void collect(const Node& node, Redaction& redaction) {
    for (const Node& item : node.items)
        collect(item, redaction);
    const Node* user = node.find("username");
    const Node* password = node.find("password");
    if (user != nullptr && password != nullptr) {
        redaction.hide_login(user->scalar, password->scalar);
    }
    for (const Node::Entry& entry : node.entries) {
        const Node& value = entry.value;
        if (holds_headers(entry.key)) {
            for (const Node::Entry& header : value.entries) {
                if (is_harmless_header(header.key)) continue;
                each_scalar(header.value, [&](const Node& each) { redaction.hide(each.scalar); });
            }
        } else if (value.is_scalar() && entry.key == "send") {
            hide_sent(value.scalar, redaction);
        } else if (value.is_scalar() && entry.key == "body") {
            redaction.hide_body(value.scalar);
        } else if (value.is_scalar() && entry.key == "proxy_url") {
            redaction.hide_url(value.scalar);
        } else if (is_secret_key(entry.key) || entry.key == "endpoint_params") {
            each_scalar(value, [&](const Node& each) { redaction.hide(each.scalar); });
        } else {
            collect(value, redaction);
        }
    }
}

}  // namespace

void Redaction::add(std::string text) {
    if (text.empty()) return;
    const auto at =
        std::ranges::lower_bound(secrets_, text.size(), std::ranges::greater(), &std::string::size);
    for (auto same = at; same != secrets_.end() && same->size() == text.size(); ++same) {
        if (*same == text) return;
    }
    secrets_.insert(at, std::move(text));
}

void Redaction::hide(std::string_view secret) {
    if (secret.empty()) return;
    add(std::string(secret));
    add(percent_decoded(secret));
    if (secret.size() < kLongEnough) return;
    add(percent_encoded(secret));
    add(json_escaped(secret));
    add(html_escaped(secret));
    // `Bearer abc`, `Token abc`: the word before it is none.
    const std::size_t space = secret.find(' ');
    if (space != secret.npos && secret.size() - space > 2 * kLongEnough) {
        add(std::string(secret.substr(space + 1)));
    }
}

void Redaction::hide_login(std::string_view user, std::string_view password) {
    if (password.empty()) {
        hide(user);
    } else {
        hide(password);
    }
    if (user.empty() && password.empty()) return;
    add(runtime::base64(std::string(user) + ":" + std::string(password)));
}

void Redaction::hide_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    std::string_view rest = scheme == url.npos ? url : url.substr(scheme + 3);
    const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
    const std::size_t at = rest.substr(0, path).rfind('@');
    if (at != rest.npos) {
        const std::string_view login = rest.substr(0, at);
        const std::size_t colon = std::min(login.find(':'), login.size());
        const std::string_view password = login.substr(std::min(colon + 1, login.size()));
        hide_login(percent_decoded(login.substr(0, colon)), percent_decoded(password));
        hide(password);
    }
    const std::size_t query = rest.find('?', path);
    if (query == rest.npos) return;
    each_form_value(rest.substr(query + 1), [&](std::string_view value) {
        // `?page=1`: what anybody would guess is no secret.
        if (value.size() >= kLongEnough) hide(value);
    });
}

void Redaction::hide_body(std::string_view body) {
    hide(body);
    const auto take = [&](std::string_view value) {
        if (value.size() >= kLongEnough && secrets_.size() < kMostSecrets) hide(value);
    };
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    if (first == body.npos) return;
    if (body[first] == '{' || body[first] == '[') {
        each_json_string(body, take);
    } else {
        each_form_value(body, take);
    }
}

const std::string* Redaction::secret_at(std::string_view text, std::size_t at) const {
    for (const std::string& secret : secrets_) {
        if (!text.substr(at).starts_with(secret)) continue;
        if (secret.size() >= kLongEnough) return &secret;
        const std::size_t end = at + secret.size();
        const bool alone = (at == 0 || !is_alphanumeric(text[at - 1])) &&
                           (end == text.size() || !is_alphanumeric(text[end]));
        if (alone) return &secret;
    }
    return nullptr;
}

bool Redaction::may_begin(std::string_view rest) const {
    return rest.size() >= kLongEnough &&
           std::ranges::any_of(secrets_, [&](const std::string& secret) {
               return secret.size() > rest.size() && secret.starts_with(rest);
           });
}

std::string Redaction::hidden_in(std::string_view text, std::size_t limit) const {
    std::string out;
    std::size_t at = 0;
    while (at < text.size() && out.size() < limit) {
        if (const std::string* secret = secret_at(text, at)) {
            out += kMask;
            at += secret->size();
        } else if (may_begin(text.substr(at))) {
            out += kMask;
            break;
        } else {
            out += text[at++];
        }
    }
    return out;
}

std::string Redaction::shown(std::string_view text, std::size_t limit) const {
    if (secrets_.empty()) return showable(text, limit);
    return showable(hidden_in(text, limit), limit);
}

std::shared_ptr<const Redaction> redaction_of(const config::TargetConfig& target) {
    auto redaction = std::make_shared<Redaction>();
    redaction->hide_url(target.target.reveal());
    collect(target.options, *redaction);
    each_scalar(target.options, [&](const Node& node) {
        if (node.from_environment && node.scalar.size() >= kLongEnough) {
            redaction->hide(node.scalar);
        }
    });
    if (redaction->empty()) return nullptr;
    return redaction;
}

bool is_secret_header(std::string_view name) {
    static constexpr std::array<std::string_view, 9> kParts = {"auth",     "cookie",  "token",
                                                               "secret",   "api-key", "apikey",
                                                               "password", "session", "signature"};
    const std::string small = lower(name);
    // Which kind of login is asked for: WWW-Authenticate, Proxy-Authenticate.
    if (small.ends_with("-authenticate")) return false;
    return std::ranges::any_of(kParts, [&](std::string_view part) { return small.contains(part); });
}

}  // namespace pilotlight::probes
