#include "probes/host_collectors.h"
#include "probes/host_file.h"

namespace pilotlight::probes::host {
namespace {

constexpr const char* kColumns[] = {
    "node_network_receive_bytes_total",      "node_network_receive_packets_total",
    "node_network_receive_errs_total",       "node_network_receive_drop_total",
    "node_network_receive_fifo_total",       "node_network_receive_frame_total",
    "node_network_receive_compressed_total", "node_network_receive_multicast_total",
    "node_network_transmit_bytes_total",     "node_network_transmit_packets_total",
    "node_network_transmit_errs_total",      "node_network_transmit_drop_total",
    "node_network_transmit_fifo_total",      "node_network_transmit_colls_total",
    "node_network_transmit_carrier_total",   "node_network_transmit_compressed_total"};

}  // namespace

Result<void> collect_network(const Paths& paths, const std::optional<Regexp>& exclude,
                             Findings& out) {
    const std::string path = paths.procfs + "/net/dev";
    const Result<std::string> text = read_kernel_file(path);
    if (!text) return std::unexpected(text.error());
    bool any = false;
    for (const std::string_view line : lines_of(*text)) {
        // The two lines of headings have no colon; a large number may follow it at once.
        const std::size_t colon = line.rfind(':');
        if (colon == line.npos) continue;
        const std::vector<std::string_view> names = words_of(line.substr(0, colon));
        const std::vector<std::string_view> words = words_of(line.substr(colon + 1));
        if (names.size() != 1 || words.size() < std::size(kColumns)) continue;
        any = true;
        const std::string device(names[0]);
        if (exclude && exclude->matches(device)) continue;
        for (std::size_t i = 0; i < std::size(kColumns); ++i) {
            const std::optional<double> value = number_of(words[i]);
            if (value) out.add(kColumns[i], *value, {{"device", device}});
        }
        const Result<std::string> state =
            read_kernel_file(fmt::format("{}/class/net/{}/operstate", paths.sysfs, device));
        if (state) {
            out.add("node_network_up", state->starts_with("up") ? 1 : 0, {{"device", device}});
        }
    }
    if (!any) return fail(path + ": no device");
    return {};
}

}  // namespace pilotlight::probes::host
