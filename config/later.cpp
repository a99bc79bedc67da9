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

void check_probe_endpoint(const Node& node, Reading& reading) {
    check_shape(node, kProbeEndpoint, reading.errors);
}
constexpr Later kLater[] = {
    {"probe_endpoint", "/probe serves clients on loopback only", check_probe_endpoint},
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
    return {{"probe_endpoint", "", docs_of(kProbeEndpoint)}};
}

}  // namespace pilotlight::config
