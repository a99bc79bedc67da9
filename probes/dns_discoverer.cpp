#include "probes/dns_discoverer.h"

#include <fmt/ranges.h>

#include "core/check.h"
#include "runtime/services.h"

namespace pilotlight::probes {
namespace {

using config::DiscoveredTarget;
using runtime::RecordType;

/// An IPv6 address stands in brackets before its port.
std::string host_and_port(const std::string& host, int port) {
    return host.contains(':') ? fmt::format("[{}]:{}", host, port)
                              : fmt::format("{}:{}", host, port);
}

bool is_answer(const std::string& reason) {
    return reason == "nxdomain" || reason == "no_records" || reason == "no_addresses";
}

class DnsDiscoverer : public Discoverer {
  public:
    explicit DnsDiscoverer(config::DnsDiscovery discovery) : discovery_(std::move(discovery)) {}

    boost::asio::awaitable<Result<std::vector<DiscoveredTarget>>> ask(
        runtime::Services& services, runtime::Deadline deadline) override {
        std::vector<DiscoveredTarget> targets;
        for (const std::string& name : discovery_.names) {
            auto found = co_await look_up(services, name, deadline);
            if (!found) co_return std::unexpected(std::move(found.error()));
            std::ranges::move(*found, std::back_inserter(targets));
        }
        co_return targets;
    }

    [[nodiscard]] std::string name() const override {
        return fmt::format("dns_sd {}", fmt::join(discovery_.names, ", "));
    }

  private:
    boost::asio::awaitable<Result<std::vector<DiscoveredTarget>>> look_up(
        runtime::Services& services, std::string name, runtime::Deadline deadline) const {
        std::vector<DiscoveredTarget> targets;
        std::optional<runtime::Failure> failure;
        if (discovery_.type == "A" || discovery_.type == "AAAA") {
            const runtime::IpPreference family{discovery_.type == "A" ? 4 : 6, false};
            auto found = co_await services.resolver().resolve(name, family, deadline);
            if (!found) {
                failure = std::move(found.error());
            } else {
                for (const runtime::IpAddress& address : *found)
                    targets.push_back(target_of(name, address.to_string(), 0, ""));
            }
        } else {
            const auto [type, meta] = record_type();
            auto found = co_await services.resolver().records(name, type, deadline);
            if (!found) {
                failure = std::move(found.error());
            } else {
                for (const runtime::NameRecord& record : *found)
                    targets.push_back(target_of(name, record.host, record.port, meta));
            }
        }
        if (failure && !is_answer(failure->reason)) co_return fail(failure->detail);
        co_return targets;
    }

    [[nodiscard]] std::pair<RecordType, std::string_view> record_type() const {
        if (discovery_.type == "SRV") return {RecordType::srv, "__meta_dns_srv_record_target"};
        if (discovery_.type == "MX") return {RecordType::mx, "__meta_dns_mx_record_target"};
        PILOT_CHECK(discovery_.type == "NS");
        return {RecordType::ns, "__meta_dns_ns_record_target"};
    }

    /// `meta` is the label for the record's host, which Prometheus writes with a dot at its end.
    [[nodiscard]] DiscoveredTarget target_of(const std::string& name, const std::string& host,
                                             int port, std::string_view meta) const {
        LabelsBuilder labels;
        labels.set("__meta_dns_name", name);
        if (!meta.empty()) labels.set(meta, host + ".");
        if (port != 0) labels.set("__meta_dns_srv_record_port", std::to_string(port));
        const int used = port != 0 ? port : discovery_.port;
        return {.address = host_and_port(host, used), .labels = labels.build(), .where = {}};
    }

    config::DnsDiscovery discovery_;
};

}  // namespace

std::unique_ptr<Discoverer> make_dns_discoverer(config::DnsDiscovery discovery) {
    return std::make_unique<DnsDiscoverer>(std::move(discovery));
}

}  // namespace pilotlight::probes
