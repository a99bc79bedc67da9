#include "config/sections.h"

namespace pilotlight::config {
namespace {

void read_allow(const Node& node, ProbeEndpointConfig& endpoint, Errors& errors) {
    if (!node.is_sequence()) return expected_value(node, "a list", errors);
    for (const Node& item : node.items) {
        std::string pattern;
        const std::size_t before = errors.size();
        read_value(item, pattern, errors);
        if (errors.size() != before) continue;
        auto compiled = Regexp::compile(pattern, Regexp::Anchor::both);
        if (compiled) {
            endpoint.allow.push_back(std::move(*compiled));
        } else {
            errors.push_back(item.error(compiled.error().message));
        }
    }
}

constexpr Option<ProbeEndpointConfig> kOptions[] = {
    option_read_by<ProbeEndpointConfig>(
        read_allow, "allow", "list of regular expressions", "",
        "What `/probe` may reach for clients that are not on loopback: a target as the request "
        "names it, and a `hostname`, that one of these matches whole. Without any they are "
        "refused. "
        "Keep them narrow: what a module holds, logins among it, is sent to whatever they match."),
};

}  // namespace

void read_probe_endpoint(const Node& node, Reading& reading) {
    if (node.is_null()) return;
    read_options(node, kOptions, reading.config.probe_endpoint, reading.errors);
}

SectionDocs probe_endpoint_docs() {
    return {
        "probe_endpoint",
        "`GET /probe?target=T&module=M` is blackbox_exporter's endpoint: one probe now, its "
        "metrics. `module` is one of the module files', or else `http_2xx` (the default), "
        "`tcp_connect`, or the name of a prober that asks over the network, with its "
        "defaults. `hostname` is the name that an `http` probe asks for and that `tcp` expects "
        "in the certificate; `debug=true` tells what happened. `/logs` lists recent probes. Debug "
        "and single logs are for clients on loopback.",
        docs_of(kOptions)};
}

}  // namespace pilotlight::config
