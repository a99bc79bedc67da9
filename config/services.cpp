#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

constexpr Option<ServiceConfig> kOptions[] = {
    option<&ServiceConfig::name>("name", "required", "What a target's `service` refers to."),
    option<&ServiceConfig::title>("title", "the name", "What people read on the status page."),
    option<&ServiceConfig::rto>("rto", "", "Recovery time objective: how long an outage may last."),
    option<&ServiceConfig::rpo>("rpo", "",
                                "Recovery point objective: how much data, as time, may be lost."),
    option<&ServiceConfig::depends_on>("depends_on", "",
                                       "Names of services that this one cannot do without. They "
                                       "must be declared, and form no circle."),
};

const ServiceConfig* find_service(const std::vector<ServiceConfig>& services,
                                  std::string_view name) {
    const auto found = std::ranges::find(services, name, &ServiceConfig::name);
    return found == services.end() ? nullptr : &*found;
}

/// Follows depends_on from one service, depth first; each service is entered once.
class CircleSearch {
  public:
    explicit CircleSearch(const std::vector<ServiceConfig>& services) : services_(services) {}

    /// `a -> b -> a`, or "" where no circle is reached from it for the first time.
    std::string from(const ServiceConfig& service) {
        if (const auto on_path = std::ranges::find(path_, service.name); on_path != path_.end()) {
            return fmt::format("{} -> {}", fmt::join(on_path, path_.end(), " -> "), service.name);
        }
        if (!entered_.insert(service.name).second) return "";
        path_.push_back(service.name);
        for (const std::string& name : service.depends_on) {
            const ServiceConfig* next = find_service(services_, name);
            std::string circle = next == nullptr ? "" : from(*next);
            if (!circle.empty()) return circle;
        }
        path_.pop_back();
        return "";
    }

  private:
    const std::vector<ServiceConfig>& services_;
    std::vector<std::string> path_;
    std::set<std::string> entered_;
};

void check_dependencies(const Node& node, const std::vector<ServiceConfig>& services,
                        Errors& errors) {
    const std::size_t before = errors.size();
    for (const Node& item : node.items) {
        const Node* dependencies = item.find("depends_on");
        if (dependencies == nullptr) continue;
        for (const Node& name : dependencies->items) {
            if (find_service(services, name.scalar) != nullptr) continue;
            std::vector<std::string_view> known;
            for (const ServiceConfig& service : services)
                known.push_back(service.name);
            const std::string_view nearest = nearest_key(name.scalar, known);
            errors.push_back(name.error(fmt::format(
                "depends_on names {}, which services does not declare{}", name.shown(),
                nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest))));
        }
    }
    if (errors.size() != before) return;
    CircleSearch search(services);
    for (const ServiceConfig& service : services) {
        const std::string circle = search.from(service);
        if (circle.empty()) continue;
        errors.push_back(
            node.error(fmt::format("services depend on each other in a circle: {}", circle)));
        return;
    }
}

}  // namespace

void read_services(const Node& node, Reading& reading) {
    std::vector<ServiceConfig>& services = reading.config.services;
    const std::size_t before = reading.errors.size();
    for (const Node& item : node.items) {
        ServiceConfig service;
        read_entry(item, kOptions, service, reading.errors);
        if (service.title.empty()) service.title = service.name;
        if (!service.name.empty() && find_service(services, service.name) != nullptr) {
            reading.errors.push_back(
                item.find("name")->error(fmt::format("a second service \"{}\"", service.name)));
        }
        services.push_back(std::move(service));
    }
    if (reading.errors.size() == before) check_dependencies(node, services, reading.errors);
}

SectionDocs services_docs() {
    return {"services",
            "A list: what people know, the status page's lines with the objectives of the "
            "disaster-recovery plan. A target may name a service that is not declared here; such "
            "a service has no objectives.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config
