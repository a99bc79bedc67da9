#include "runtime/url.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "runtime/ip_address.h"

namespace pilotlight::runtime {

namespace {

constexpr std::size_t kMaxUrl = 16'384;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int hex_value(char c) {
    if (c <= '9') return c - '0';
    return (c | 0x20) - 'a' + 10;
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
            return fail("a '%' in the user or password is not followed by two hexadecimal digits");
        }
        out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
    }
    return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (port == 0 || port > 65'535) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

bool has_forbidden_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f || byte >= 0x80;
    });
}

/// A name's letters, digits, hyphens, dots and underscores, or what an IPv6 literal has.
bool is_host(std::string_view host, bool literal) {
    if (host.empty() || host.size() > 253) return false;
    if (literal) return IpAddress::parse(host).has_value();
    return std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

/// Splits `host[:port]`; the port is left empty where there is none.
struct Split {
    std::string host;
    std::string_view port;
    bool has_port = false;
    bool literal = false;
};

std::optional<Split> split_host(std::string_view text) {
    Split split;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        split.host = lower(text.substr(1, close - 1));
        split.literal = true;
        text.remove_prefix(close + 1);
        if (text.empty()) return split;
        if (text.front() != ':') return std::nullopt;
        split.port = text.substr(1);
        split.has_port = true;
        return split;
    }
    const std::size_t colon = text.find(':');
    split.host = lower(text.substr(0, colon));
    if (colon != std::string_view::npos) {
        split.port = text.substr(colon + 1);
        split.has_port = true;
    }
    return split;
}

Result<void> read_userinfo(std::string_view userinfo, Url& url) {
    const std::size_t colon = userinfo.find(':');
    Result<std::string> user = percent_decode(userinfo.substr(0, colon));
    if (!user) return std::unexpected(user.error());
    url.user = Secret(std::move(*user));
    if (colon == std::string_view::npos) return {};
    Result<std::string> password = percent_decode(userinfo.substr(colon + 1));
    if (!password) return std::unexpected(password.error());
    url.password = Secret(std::move(*password));
    return {};
}

Result<void> read_authority(std::string_view authority, Url& url) {
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        Result<void> read = read_userinfo(authority.substr(0, at), url);
        if (!read) return read;
        authority.remove_prefix(at + 1);
    }
    std::optional<Split> split = split_host(authority);
    if (!split || !is_host(split->host, split->literal)) {
        return fail("expected a host name or address after '://'");
    }
    url.host = std::move(split->host);
    url.port = url.is_tls() ? 443 : 80;
    // An empty port is the scheme's own (RFC 3986, 6.2.3).
    if (!split->has_port || split->port.empty()) return {};
    const std::optional<std::uint16_t> port = parse_port(split->port);
    if (!port) return fail("expected a port from 1 to 65535");
    url.port = *port;
    return {};
}

/// RFC 3986, 5.2.4, on segments.
std::string remove_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    bool ends_in_folder = false;
    std::size_t at = 1;
    while (at <= path.size()) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        const std::string_view segment = path.substr(at, slash - at);
        ends_in_folder = segment == "." || segment == "..";
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (segment != ".") {
            kept.push_back(segment);
        }
        at = slash + 1;
    }
    std::string out;
    for (const std::string_view segment : kept)
        out.append("/").append(segment);
    if (ends_in_folder || out.empty()) out += '/';
    return out;
}

std::string merge_target(const Url& base, std::string_view reference) {
    const std::string_view base_path =
        std::string_view(base.target).substr(0, base.target.find('?'));
    const std::size_t question = reference.find('?');
    const std::string_view path = reference.substr(0, question);
    const std::string_view query =
        question == std::string_view::npos ? "" : reference.substr(question);
    if (path.empty()) {
        if (query.empty()) return base.target;
        return std::string(base_path) + std::string(query);
    }
    std::string merged;
    if (!path.starts_with('/')) merged = base_path.substr(0, base_path.rfind('/') + 1);
    merged += path;
    return remove_dot_segments(merged) + std::string(query);
}

bool has_scheme(std::string_view text) {
    const std::size_t colon = text.find_first_of(":/?#");
    return colon != std::string_view::npos && colon > 0 && text[colon] == ':';
}

}  // namespace

std::string Url::host_and_port() const {
    const bool literal = host.find(':') != std::string::npos;
    return (literal ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::host_header() const {
    const bool literal = host.find(':') != std::string::npos;
    std::string out = literal ? "[" + host + "]" : host;
    if (port != (is_tls() ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

std::string Url::to_string() const {
    return scheme + "://" + host_header() + target;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > kMaxUrl) return fail("the URL is longer than 16 KiB");
    if (has_forbidden_character(text)) {
        return fail("the URL has a space, control or non-ASCII character: percent-encode it");
    }
    const std::size_t colon = text.find("://");
    Url url;
    if (colon != std::string_view::npos) url.scheme = lower(text.substr(0, colon));
    if (url.scheme != "http" && url.scheme != "https") {
        return fail("expected a URL that begins with http:// or https://");
    }
    text.remove_prefix(colon + 3);
    text = text.substr(0, text.find('#'));
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    Result<void> authority = read_authority(text.substr(0, end), url);
    if (!authority) return std::unexpected(authority.error());
    url.target = text.substr(end);
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    return url;
}

Result<Url> resolve_reference(const Url& base, std::string_view reference) {
    if (has_scheme(reference)) return parse_url(reference);
    if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
    if (reference.size() > kMaxUrl || has_forbidden_character(reference)) {
        return fail("the reference is too long or has a character that no URL has");
    }
    reference = reference.substr(0, reference.find('#'));
    Url url = base;
    url.user.reset();
    url.password.reset();
    url.target = merge_target(base, reference);
    return url;
}

Result<HostPort> parse_host_port(std::string_view text, std::optional<std::uint16_t> default_port) {
    // A bare IPv6 address has colons but no port.
    const std::optional<IpAddress> bare = IpAddress::parse(text);
    if (bare && bare->version == 6 && !text.starts_with('[')) {
        if (!default_port) return fail("expected host:port, an IPv6 address in brackets");
        return HostPort{lower(text), *default_port};
    }
    const std::optional<Split> split = split_host(text);
    if (!split || !is_host(split->host, split->literal)) {
        return fail("expected host:port, an IPv6 address in brackets");
    }
    if (!split->has_port) {
        if (!default_port) return fail("expected host:port, but there is no port");
        return HostPort{split->host, *default_port};
    }
    const std::optional<std::uint16_t> port = parse_port(split->port);
    if (!port) return fail("expected a port from 1 to 65535");
    return HostPort{split->host, *port};
}

std::string base64(std::string_view bytes) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t k = 0; k < 3; ++k) {
            group <<= 8;
            if (k < count) group |= static_cast<unsigned char>(bytes[i + k]);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= count ? kAlphabet[(group >> (18 - 6 * k)) & 0x3f] : '=';
        }
    }
    return out;
}

Secret basic_authorization(const Secret& user, const Secret& password) {
    return Secret("Basic " + base64(user.reveal() + ":" + password.reveal()));
}

}  // namespace pilotlight::runtime
