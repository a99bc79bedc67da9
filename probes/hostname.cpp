#include "probes/hostname.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "probes/http_judge.h"

namespace pilotlight::probes {

namespace {

/// The value under `key`, made where it is not there.
Node& entry_of(Node& mapping, const std::string& key) {
    mapping.kind = Node::Kind::mapping;
    const auto found = std::ranges::find(mapping.entries, key, &Node::Entry::key);
    if (found != mapping.entries.end()) return found->value;
    return mapping.entries.emplace_back(Node::Entry{key, mapping.where, Node{}}).value;
}

void set_text(Node& node, const std::string& text) {
    node.kind = Node::Kind::scalar;
    node.scalar = text;
    node.quoted = true;
}

}  // namespace

Result<void> set_hostname(const std::string& hostname, config::TargetConfig& target) {
    if (target.prober == "http") {
        Node& headers = entry_of(target.options, "headers");
        for (const Node::Entry& header : headers.entries) {
            if (!equals_ignoring_case(header.key, "Host") || header.value.scalar == hostname)
                continue;
            return fail(fmt::format("the module has the Host header {}, hostname asks for \"{}\"",
                                    header.value.shown(), hostname));
        }
        std::erase_if(headers.entries, [](const Node::Entry& header) {
            return equals_ignoring_case(header.key, "Host");
        });
        set_text(entry_of(headers, "Host"), hostname);
    } else if (target.prober == "tcp") {
        Node& name = entry_of(entry_of(target.options, "tls_config"), "server_name");
        if (name.scalar.empty()) set_text(name, hostname);
    }
    return {};
}

}  // namespace pilotlight::probes
