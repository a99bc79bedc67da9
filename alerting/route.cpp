#include <algorithm>

#include "alerting/routing_config.h"

namespace pilotlight::alerting {
namespace {

void collect_matching(const Route& route, const Labels& labels,
                      std::vector<const Route*>& matching) {
    const std::size_t before = matching.size();
    for (const Route& child : route.routes) {
        if (!all_match(child.matchers, labels)) continue;
        collect_matching(child, labels, matching);
        if (!child.continues) break;
    }
    if (matching.size() == before) matching.push_back(&route);
}

}  // namespace

std::vector<const Route*> matching_routes(const Route& root, const Labels& labels) {
    std::vector<const Route*> matching;
    collect_matching(root, labels, matching);
    return matching;
}

Labels group_labels_of(const Route& route, const Labels& labels) {
    if (route.group_by_all) return labels;
    std::vector<Label> chosen;
    for (const std::string& name : route.group_by) {
        const std::string_view value = labels.get(name);
        if (!value.empty()) chosen.push_back({name, value});
    }
    return Labels::from(chosen);
}

const ReceiverConfig* RoutingConfig::find_receiver(std::string_view name) const {
    const auto found = std::ranges::find(receivers, name, &ReceiverConfig::name);
    return found == receivers.end() ? nullptr : &*found;
}

IntegrationPtr RoutingConfig::find_integration(const Address& address) const {
    const ReceiverConfig* receiver = find_receiver(address.receiver);
    if (receiver == nullptr) return nullptr;
    for (const IntegrationPtr& integration : receiver->integrations) {
        if (integration->address() == address) return integration;
    }
    return nullptr;
}

SharedRouting empty_routing() {
    auto routing = std::make_shared<RoutingConfig>();
    routing->receivers.emplace_back().name = "nobody";
    routing->route.receiver = "nobody";
    return routing;
}

}  // namespace pilotlight::alerting
