#include "probes/fingerprint.h"

#include "core/hash.h"

namespace pilotlight::probes {

std::uint64_t hash_node(const Node& node, std::uint64_t hash) {
    hash = hash_bytes(node.kind_name(), hash);
    hash = hash_bytes(node.scalar, hash);
    hash = hash_bytes(node.quoted ? "quoted" : "", hash);
    for (const Node& item : node.items)
        hash = hash_node(item, hash);
    for (const Node::Entry& entry : node.entries) {
        hash = hash_node(entry.value, hash_bytes(entry.key, hash));
    }
    return hash;
}

}  // namespace pilotlight::probes
