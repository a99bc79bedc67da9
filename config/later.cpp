#include <array>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

// The sections below are checked, so that a configuration written for a later version tells its
// mistakes today; nothing keeps what they say.

struct ProbeEndpoint {
    std::vector<Regexp> allow;
};
constexpr Option<ProbeEndpoint> kProbeEndpoint[] = {
    option<&ProbeEndpoint::allow>("allow", "",
                                  "Targets that `/probe` may reach for clients that are not on "
                                  "loopback."),
};

struct DnsSd {
    std::vector<std::string> names;
    std::string type;
    int port = 0;
    Duration refresh_interval{};
};
void read_dns_type(const Node& node, DnsSd& section, Errors& errors) {
    constexpr std::array<std::string_view, 5> kTypes{"SRV", "A", "AAAA", "MX", "NS"};
    read_word(node, kTypes, section.type, errors);
}
constexpr Option<DnsSd> kDnsSd[] = {
    option<&DnsSd::names>("names", "required", "Names to look up."),
    option_read_by<DnsSd>(read_dns_type, "type", "SRV, A, AAAA, MX or NS", "SRV",
                          "The records to ask for."),
    option<&DnsSd::port>("port", "", "The port, where the record has none."),
    option<&DnsSd::refresh_interval>("refresh_interval", "30s", "How often."),
};

struct HttpSd {
    Secret url;
    Duration refresh_interval{};
};
constexpr Option<HttpSd> kHttpSd[] = {
    option<&HttpSd::url>("url", "required", "Where the lists of targets come from."),
    option<&HttpSd::refresh_interval>("refresh_interval", "1m", "How often."),
};
// What Prometheus's HTTP client options may hold besides.
constexpr std::array<std::string_view, 9> kHttpClientKeys{
    "basic_auth", "authorization",    "oauth2",
    "proxy_url",  "follow_redirects", "enable_http2",
    "tls_config", "no_proxy",         "proxy_from_environment"};
// What discovered targets are probed with.
constexpr std::array<std::string_view, 7> kTargetKeys{"prober",  "module", "interval", "timeout",
                                                      "service", "labels", "reexpose"};

struct Relabel {
    std::vector<std::string> source_labels;
    std::string text;
    std::optional<Regexp> regex;
    std::uint64_t modulus = 0;
};
void read_relabel_action(const Node& node, Relabel& section, Errors& errors) {
    constexpr std::array<std::string_view, 11> kActions{
        "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
        "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"};
    read_word(node, kActions, section.text, errors);
}
constexpr Option<Relabel> kRelabel[] = {
    option<&Relabel::source_labels>("source_labels", "", "Labels whose values are joined."),
    option<&Relabel::text>("separator", ";", "What stands between them."),
    option<&Relabel::text>("target_label", "", "The label that is set."),
    option<&Relabel::regex>("regex", "(.*)", "What the joined values must match as a whole."),
    option<&Relabel::modulus>("modulus", "", "Of the action `hashmod`."),
    option<&Relabel::text>("replacement", "$1", "The new value, with the match's groups."),
    option_read_by<Relabel>(read_relabel_action, "action", "Prometheus's actions", "replace",
                            "What is done."),
};

template <class Section, std::size_t N>
void check_shape(const Node& node, const Option<Section> (&table)[N], Errors& errors,
                 std::span<const std::string_view> other_keys = {}) {
    Section section;
    read_options(node, table, section, errors, other_keys);
}

/// One root key of a later version.
struct Later {
    std::string_view key;
    /// What it means that the key is not acted on.
    std::string_view meaning;
    void (*check)(const Node&, Reading&);
};

template <class Check>
void each_item(const Node& node, Reading& reading, Check check) {
    if (!node.is_sequence()) return expected_value(node, "a list", reading.errors);
    for (const Node& item : node.items)
        check(item);
}

void check_probe_endpoint(const Node& node, Reading& reading) {
    check_shape(node, kProbeEndpoint, reading.errors);
}
/// A discovered target's own keys, its prober's section among them.
std::vector<std::string_view> discovery_keys(const Reading& reading) {
    std::vector<std::string_view> keys(kTargetKeys.begin(), kTargetKeys.end());
    keys.insert(keys.end(), reading.probers.begin(), reading.probers.end());
    return keys;
}
void check_dns_sd(const Node& node, Reading& reading) {
    const auto keys = discovery_keys(reading);
    each_item(node, reading,
              [&](const Node& item) { check_shape(item, kDnsSd, reading.errors, keys); });
}
void check_http_sd(const Node& node, Reading& reading) {
    auto keys = discovery_keys(reading);
    keys.insert(keys.end(), kHttpClientKeys.begin(), kHttpClientKeys.end());
    each_item(node, reading,
              [&](const Node& item) { check_shape(item, kHttpSd, reading.errors, keys); });
}
void check_relabel_configs(const Node& node, Reading& reading) {
    each_item(node, reading,
              [&](const Node& item) { check_shape(item, kRelabel, reading.errors); });
}

constexpr Later kLater[] = {
    {"probe_endpoint", "/probe serves clients on loopback only", check_probe_endpoint},
    {"dns_sd", "its targets are not watched", check_dns_sd},
    {"http_sd", "its targets are not watched", check_http_sd},
    {"relabel_configs", "targets keep their labels", check_relabel_configs},
};

}  // namespace

void read_later_sections(const Node& root, Reading& reading) {
    for (const Node::Entry& entry : root.entries) {
        for (const Later& later : kLater) {
            if (entry.key != later.key || entry.value.is_null()) continue;
            later.check(entry.value, reading);
            reading.not_yet(entry, later.meaning);
        }
        if (entry.key == "escalations" && !entry.value.is_null()) {
            reading.not_yet(entry, "only the alerting file's routes are followed");
        }
    }
}

std::vector<SectionDocs> later_docs() {
    return {{"dns_sd", "", docs_of(kDnsSd)},
            {"http_sd", "", docs_of(kHttpSd)},
            {"relabel_configs", "", docs_of(kRelabel)},
            {"probe_endpoint", "", docs_of(kProbeEndpoint)}};
}

}  // namespace pilotlight::config
