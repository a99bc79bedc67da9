#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>

#include "config/config.h"

namespace pilotlight::config {
namespace {

/// Where the host begins in `text`, which is a URL's without its scheme: behind user and password.
std::size_t host_begin(std::string_view text) {
    const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
    const std::size_t at = text.substr(0, end).rfind('@');
    if (at != std::string_view::npos) return at + 1;
    // "user:pa/ss@host": a password with an unescaped slash, told by a port that is no number.
    const std::size_t colon = text.substr(0, end).rfind(':');
    const bool odd_port = colon != std::string_view::npos && !text.starts_with('[') &&
                          text.substr(colon + 1, end - colon - 1).find_first_not_of("0123456789") !=
                              std::string_view::npos;
    const std::size_t later_at = text.rfind('@');
    // "user:12#34@host" is no better, "host/path@2x" is a path: a question of what stands before.
    const bool cut_short = colon != std::string_view::npos && end < text.size() && text[end] != '/';
    const bool hidden =
        later_at != std::string_view::npos && (odd_port || cut_short || colon + 1 == end);
    return hidden ? later_at + 1 : 0;
}

/// The value of `key` in libpq's `key=value key='value'` form.
std::string connection_value(std::string_view text, std::string_view key) {
    std::size_t at = 0;
    const auto skip_space = [&] {
        while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n'))
            ++at;
    };
    while (skip_space(), at < text.size()) {
        const std::size_t equals = std::min(text.find('=', at), text.size());
        std::string_view name = text.substr(at, equals - at);
        name = name.substr(0, name.find_last_not_of(" \t\n") + 1);
        at = std::min(equals + 1, text.size());
        skip_space();
        const bool quoted = at < text.size() && text[at] == '\'';
        if (quoted) ++at;
        std::string value;
        for (; at < text.size() && text[at] != (quoted ? '\'' : ' '); ++at) {
            if (text[at] == '\\' && at + 1 < text.size()) ++at;
            value += text[at];
        }
        if (quoted) ++at;
        if (name == key) return value;
    }
    return "";
}

/// Whether it is libpq's `host=db user=monitor password=...` form.
bool is_connection_string(std::string_view text) {
    constexpr std::array<std::string_view, 12> kKeywords{
        "host",    "hostaddr", "port",     "dbname",  "user",    "password",
        "service", "options",  "passfile", "sslmode", "sslcert", "application_name"};
    std::string_view name = text.substr(0, std::min(text.find('='), text.size()));
    name = name.substr(0, name.find_last_not_of(" \t\n") + 1);
    name.remove_prefix(std::min(name.find_first_not_of(" \t\n"), name.size()));
    return name.size() < text.size() && std::ranges::find(kKeywords, name) != kKeywords.end();
}

std::string connection_address(std::string_view text) {
    std::string host = connection_value(text, "host");
    if (host.empty()) host = connection_value(text, "hostaddr");
    if (host.empty()) host = "localhost";
    const std::string port = connection_value(text, "port");
    return port.empty() ? host : host + ':' + port;
}

}  // namespace

std::string machine_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    return name.data();
}

std::vector<std::string> expand_globs(const std::vector<std::string>& patterns) {
    std::vector<std::string> paths;
    for (const std::string& pattern : patterns) {
        glob_t found{};
        const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found, globfree);
        // GLOB_NOMAGIC gives back a pattern without wildcards even where nothing is there.
        if (glob(pattern.c_str(), GLOB_NOMAGIC | GLOB_NOSORT, nullptr, &found) != 0) continue;
        paths.insert(paths.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    std::ranges::sort(paths);
    const auto repeated = std::ranges::unique(paths);
    paths.erase(repeated.begin(), repeated.end());
    return paths;
}

std::string redact_address(std::string_view address) {
    const std::size_t scheme = address.find("://");
    if (scheme == std::string_view::npos) {
        if (is_connection_string(address)) return connection_address(address);
        const std::size_t end = std::min(address.find('/'), address.size());
        const std::size_t at = address.substr(0, end).rfind('@');
        return std::string(address.substr(at == std::string_view::npos ? 0 : at + 1));
    }
    const std::size_t begin = scheme + 3;
    std::string_view rest = address.substr(begin);
    rest.remove_prefix(host_begin(rest));
    rest = rest.substr(0, std::min(rest.find_first_of("?#"), rest.size()));
    return std::string(address.substr(0, begin)) + std::string(rest);
}

std::string TargetConfig::instance() const {
    return target.empty() ? machine_name() : redact_address(target.reveal());
}

Result<ListenAddress> parse_listen(std::string_view text) {
    const auto refuse = [&] {
        return fail("expected HOST:PORT such as 127.0.0.1:9897 or [::1]:9897, got \"" +
                    std::string(text) + '"');
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (host.empty()) return refuse();
    } else if (host.contains(':')) {
        return refuse();
    }
    if (host.find_first_of(" \t/@[]") != std::string_view::npos) return refuse();
    int port = -1;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || port < 0 ||
        port > 65535) {
        return refuse();
    }
    return ListenAddress{.host = host.empty() ? "0.0.0.0" : std::string(host), .port = port};
}

}  // namespace pilotlight::config
