#include <fmt/format.h>

#include <array>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

constexpr Duration kShortestRefresh = std::chrono::seconds(1);

struct DnsDraft : DnsDiscovery {
    Duration refresh_interval = std::chrono::seconds(30);
};

void read_dns_type(const Node& node, DnsDraft& draft, Errors& errors) {
    constexpr std::array<std::string_view, 5> kTypes{"SRV", "A", "AAAA", "MX", "NS"};
    read_word(node, kTypes, draft.type, errors);
}

constexpr Option<DnsDraft> kDnsOptions[] = {
    option<&DnsDraft::names, DnsDraft>("names", "required", "Names to look up."),
    option_read_by<DnsDraft>(read_dns_type, "type", "SRV, A, AAAA, MX or NS", "SRV",
                             "The records to ask for."),
    option<&DnsDraft::port, DnsDraft>("port", "", "The port, where the record has none."),
    option<&DnsDraft::refresh_interval>("refresh_interval", "30s", "How often."),
};

struct HttpDraft : HttpDiscovery {
    Duration refresh_interval = std::chrono::minutes(1);
};

void read_url(const Node& node, HttpDraft& draft, Errors& errors) {
    if (!node.is_scalar() || !is_web_url(node.scalar))
        return expected_value(node, "an http or https URL", errors);
    draft.url = Secret(node.scalar);
}

constexpr Option<HttpDraft> kHttpOptions[] = {
    option_read_by<HttpDraft>(read_url, "url", "URL", "required",
                              "Where the lists of targets come from: JSON as in `file_sd`."),
    option<&HttpDraft::refresh_interval>("refresh_interval", "1m", "How often."),
};

/// Prometheus's HTTP client options, which stand beside `url`.
constexpr std::array<std::string_view, 11> kClientKeys{"basic_auth",
                                                       "authorization",
                                                       "oauth2",
                                                       "tls_config",
                                                       "proxy_url",
                                                       "no_proxy",
                                                       "proxy_from_environment",
                                                       "proxy_connect_header",
                                                       "http_headers",
                                                       "enable_http2",
                                                       "follow_redirects"};

template <class Draft, std::size_t N>
std::vector<std::string_view> keys_of(const Option<Draft> (&table)[N]) {
    std::vector<std::string_view> keys;
    for (const auto& row : table)
        keys.push_back(row.key);
    return keys;
}

void check_refresh(const Node& item, Duration refresh, Errors& errors) {
    if (refresh >= kShortestRefresh) return;
    expected_value(*item.find("refresh_interval"), "a refresh interval of 1s or more", errors);
}

void check_names(const Node& item, const DnsDraft& draft, Errors& errors) {
    if (draft.names.empty()) {
        if (const Node* names = item.find("names"))
            expected_value(*names, "a name or more", errors);
    }
    const Node* port = item.find("port");
    if (port != nullptr && (draft.port < 1 || draft.port > 65'535)) {
        return expected_value(*port, "a port from 1 to 65535", errors);
    }
    if (draft.type != "SRV" && port == nullptr) {
        errors.push_back(item.error(
            fmt::format("a port is needed for the type {}: such records have none", draft.type)));
    }
}

Node client_options(const Node& item) {
    Node client;
    client.where = item.where;
    client.kind = Node::Kind::mapping;
    for (const Node::Entry& entry : item.entries) {
        if (std::ranges::find(kClientKeys, entry.key) == kClientKeys.end()) continue;
        client.entries.push_back(entry);
    }
    return client;
}

std::string_view find_label(const Labels& labels, std::string_view name, std::string_view other) {
    const std::string_view value = labels.get(name);
    return value.empty() ? other : value;
}

/// What the labels say of the module; false, with a message, where there is none of that name.
Result<void> set_module(const TargetPattern& pattern, std::string_view name,
                        const DiscoveredTarget& discovered, TargetConfig& target) {
    if (name.empty()) return {};
    const auto found = pattern.modules->find(std::string(name));
    if (found == pattern.modules->end()) {
        return fail(fmt::format("__param_module names \"{}\", which no module file has", name),
                    discovered.where);
    }
    const ModuleConfig& module = found->second;
    const bool same = module.prober == target.prober;
    target.prober = module.prober;
    target.options = merged_options(same ? &pattern.section : nullptr, &module);
    if (module.timeout) target.timeout = std::min(*module.timeout, target.interval);
    return {};
}

Result<void> set_time(const Labels& labels, std::string_view name, Duration& out,
                      const DiscoveredTarget& discovered) {
    const std::string_view text = labels.get(name);
    if (text.empty()) return {};
    const auto value = parse_duration(text);
    if (!value || *value < kShortestInterval) {
        return fail(fmt::format("{} is \"{}\", expected a duration of 10ms or more", name, text),
                    discovered.where);
    }
    out = *value;
    return {};
}

Result<void> set_times(const Labels& labels, const DiscoveredTarget& discovered,
                       TargetConfig& target) {
    if (auto set = set_time(labels, "__scrape_interval__", target.interval, discovered); !set) {
        return set;
    }
    target.timeout = std::min(target.timeout, target.interval);
    if (auto set = set_time(labels, "__scrape_timeout__", target.timeout, discovered); !set) {
        return set;
    }
    if (target.timeout <= target.interval) return {};
    return fail("__scrape_timeout__ is longer than the interval", discovered.where);
}

/// What its samples carry: no label that begins with __, and none that has a place of its own.
Labels visible(const Labels& labels) {
    LabelsBuilder builder;
    for (const Label& label : labels) {
        const bool ours = label.name == "target" || label.name == "service" ||
                          label.name == "prober" || label.name.starts_with("__");
        if (!ours) builder.set(label.name, label.value);
    }
    return builder.build();
}

}  // namespace

Result<std::optional<TargetConfig>> make_target(const TargetPattern& pattern,
                                                const DiscoveredTarget& discovered) {
    LabelsBuilder before(pattern.common.labels);
    before.set("service", pattern.common.service);
    for (const Label& label : discovered.labels)
        before.set(label.name, label.value);
    before.set("__address__", discovered.address);
    const auto labels = relabel(before.build(), pattern.relabel);
    if (!labels) return std::nullopt;

    TargetConfig target = pattern.common;
    target.where = discovered.where;
    const std::string_view address =
        find_label(*labels, "__param_target", labels->get("__address__"));
    if (address.empty()) {
        return fail(
            "the target has no address after relabelling: neither __param_target nor "
            "__address__",
            discovered.where);
    }
    target.target = Secret(std::string(address));
    if (auto set = set_module(pattern, labels->get("__param_module"), discovered, target); !set) {
        return std::unexpected(std::move(set.error()));
    }
    if (auto set = set_times(*labels, discovered, target); !set) {
        return std::unexpected(std::move(set.error()));
    }
    target.service = labels->get("service");
    target.labels = visible(*labels);
    target.name = find_label(*labels, "target", labels->get("__name"));
    if (target.name.empty()) target.name = target.instance();
    if (!is_target_name(target.name)) {
        return fail("expected a target's name of 1 to 200 bytes on one line", discovered.where);
    }
    return target;
}

void read_dns_sd(const Node& node, Reading& reading) {
    static const auto kKeys = keys_of(kDnsOptions);
    for (const Node& item : node.items) {
        DnsDraft draft;
        const std::size_t before = reading.errors.size();
        auto pattern = read_pattern(item, kKeys, reading);
        if (item.is_mapping()) read_rows(item, kDnsOptions, draft, reading.errors);
        if (reading.errors.size() == before) {
            check_names(item, draft, reading.errors);
            check_refresh(item, draft.refresh_interval, reading.errors);
        }
        if (reading.errors.size() != before || !pattern) continue;
        const Duration refresh = draft.refresh_interval;
        reading.config.discoveries.push_back({.source = static_cast<DnsDiscovery&&>(draft),
                                              .refresh_interval = refresh,
                                              .pattern = std::move(*pattern),
                                              .where = item.where});
    }
}

void read_http_sd(const Node& node, Reading& reading) {
    static const auto kKeys = [] {
        auto keys = keys_of(kHttpOptions);
        keys.insert(keys.end(), kClientKeys.begin(), kClientKeys.end());
        return keys;
    }();
    for (const Node& item : node.items) {
        HttpDraft draft;
        const std::size_t before = reading.errors.size();
        auto pattern = read_pattern(item, kKeys, reading);
        if (item.is_mapping()) read_rows(item, kHttpOptions, draft, reading.errors);
        if (reading.errors.size() == before) {
            check_refresh(item, draft.refresh_interval, reading.errors);
        }
        if (reading.errors.size() != before || !pattern) continue;
        draft.client = client_options(item);
        const Duration refresh = draft.refresh_interval;
        reading.config.discoveries.push_back({.source = static_cast<HttpDiscovery&&>(draft),
                                              .refresh_interval = refresh,
                                              .pattern = std::move(*pattern),
                                              .where = item.where});
    }
}

std::vector<SectionDocs> discovery_docs() {
    return {{"dns_sd",
             "A list: targets from DNS in Prometheus's form. An entry has the keys of a `file_sd` "
             "entry, but these instead of `files`. A look-up that fails leaves what was known. "
             "Labels before relabelling: `__meta_dns_name`, `__meta_dns_srv_record_target`, "
             "`__meta_dns_srv_record_port`, `__meta_dns_mx_record_target`, "
             "`__meta_dns_ns_record_target`.",
             docs_of(kDnsOptions)},
            {"http_sd",
             "A list: targets from a URL that answers with lists of `{targets: [...], labels: "
             "{...}}` in JSON, in Prometheus's form. An entry has the keys of a `file_sd` entry, "
             "but these instead of `files`. A request that fails leaves what was known. Labels "
             "before relabelling: `__meta_url`.",
             docs_of(kHttpOptions)}};
}

}  // namespace pilotlight::config
