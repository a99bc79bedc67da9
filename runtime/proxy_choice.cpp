#include "runtime/proxy_choice.h"

#include <charconv>
#include <cstdlib>

#include "runtime/ip_address.h"
#include "runtime/url.h"

namespace pilotlight::runtime {
namespace {

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

std::string from_env(const char* upper, const char* small) {
    for (const char* name : {upper, small}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return "";
}

/// A proxy without a scheme is one of http, as curl and Go have it.
Secret proxy_from_env(const char* upper, const char* small) {
    std::string text = from_env(upper, small);
    if (!text.empty() && text.find("://") == std::string::npos) text = "http://" + text;
    return Secret(std::move(text));
}

bool is_loopback(const IpAddress& address) {
    if (address.version == 4) return address.bytes[0] == 127;
    std::array<std::uint8_t, 16> one{};
    one[15] = 1;
    return address.bytes == one;
}

bool is_in_network(const IpAddress& address, std::string_view network) {
    const std::size_t slash = network.find('/');
    const auto base = IpAddress::parse(network.substr(0, slash));
    int bits = 0;
    const std::string_view length = network.substr(slash + 1);
    const auto parsed = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (!base || parsed.ec != std::errc{} || base->version != address.version) return false;
    if (bits < 0 || bits > (address.version == 4 ? 32 : 128)) return false;
    for (std::size_t byte = 0; bits > 0; ++byte, bits -= 8) {
        const int unused = bits >= 8 ? 0 : 8 - bits;
        if ((address.bytes[byte] >> unused) != (base->bytes[byte] >> unused)) return false;
    }
    return true;
}

/// One entry of NO_PROXY.
bool exempts(std::string_view entry, const Url& url, const std::optional<IpAddress>& address) {
    if (entry == "*") return true;
    if (entry.find('/') != std::string_view::npos) return address && is_in_network(*address, entry);
    const auto with_port = parse_host_port(entry);
    std::string host = lower(with_port ? with_port->host : entry);
    if (with_port && with_port->port != url.port) return false;
    if (address) return IpAddress::parse(host) == address;
    if (host.starts_with("*.")) host.erase(0, 1);
    if (host.starts_with(".")) return url.host.ends_with(host);
    return url.host == host || url.host.ends_with("." + host);
}

}  // namespace

ProxyChoice::ProxyChoice(Secret proxy, std::string no_proxy)
    : http_(proxy),
      https_(std::move(proxy)),
      no_proxy_(std::move(no_proxy)),
      has_exceptions_(!no_proxy_.empty()) {}

ProxyChoice ProxyChoice::from_environment() {
    ProxyChoice choice;
    choice.http_ = proxy_from_env("HTTP_PROXY", "http_proxy");
    choice.https_ = proxy_from_env("HTTPS_PROXY", "https_proxy");
    choice.no_proxy_ = from_env("NO_PROXY", "no_proxy");
    choice.has_exceptions_ = true;
    return choice;
}

Secret ProxyChoice::proxy_for(std::string_view text) const {
    const auto url = parse_url(text);
    if (!url) return {};
    const Secret& proxy = url->is_tls() ? https_ : http_;
    if (proxy.empty() || !has_exceptions_) return proxy;
    const auto address = IpAddress::parse(url->host);
    if (url->host == "localhost" || (address && is_loopback(*address))) return {};
    std::string_view rest = no_proxy_;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        std::string_view entry = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        while (!entry.empty() && entry.front() == ' ')
            entry.remove_prefix(1);
        while (!entry.empty() && entry.back() == ' ')
            entry.remove_suffix(1);
        if (!entry.empty() && exempts(entry, *url, address)) return {};
    }
    return proxy;
}

void ProxyChoice::apply(HttpRequest& request) const {
    request.proxy_url = proxy_for(request.url).reveal();
    if (!request.proxy_url.empty()) request.proxy_headers = connect_headers_;
}

std::vector<Secret> ProxyChoice::secrets() const {
    std::vector<Secret> all{http_, https_};
    for (const auto& [name, value] : connect_headers_)
        all.push_back(value);
    return all;
}

}  // namespace pilotlight::runtime
