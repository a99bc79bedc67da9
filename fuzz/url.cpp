// Addresses that people write and servers redirect to: what is read can be printed and read again.
#include "runtime/url.h"

#include "core/check.h"
#include "runtime/ip_address.h"

namespace pilotlight::fuzz {

namespace {

void reads_back(const runtime::Url& url) {
    const auto again = runtime::parse_url(url.to_string());
    PILOT_CHECK(again && again->same_origin(url) && again->target == url.target);
    for (const char c : url.host_header() + url.target)
        PILOT_CHECK(static_cast<unsigned char>(c) > ' ' && c != 0x7f);
    const auto place = runtime::parse_host_port(url.host_and_port());
    PILOT_CHECK(place && place->host == url.host && place->port == url.port);
}

}  // namespace

void url(std::string_view input) {
    if (const auto read = runtime::parse_url(input)) reads_back(*read);
    const auto base = runtime::parse_url("https://user:word@example.com/a/b/c?d=e");
    if (const auto meant = runtime::resolve_reference(*base, input)) {
        // A login does not follow a redirect, but one that it names itself.
        PILOT_CHECK(!meant->user || input.contains('@'));
        reads_back(*meant);
    }
    static_cast<void>(runtime::parse_host_port(input));
    static_cast<void>(runtime::parse_host_port(input, std::uint16_t{80}));
    if (const auto address = runtime::IpAddress::parse(input)) {
        PILOT_CHECK(runtime::IpAddress::parse(address->to_string()) == address);
    }
}

}  // namespace pilotlight::fuzz
