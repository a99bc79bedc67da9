#include "probes/addresses.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "probes/address_verdict.h"
#include "probes/ask.h"
#include "probes/network.h"
#include "runtime/services.h"

namespace asio = boost::asio;

namespace pilotlight::probes {
namespace {

using runtime::Attempt;
using runtime::IpAddress;

/// In less time than this a prober cannot look the name up again: it would come to know nothing.
constexpr Duration kEnoughForAnother = std::chrono::seconds(2);

/// What one address costs and gives; its owner waits for the end.
asio::awaitable<void> ask_one(Prober* prober, runtime::Services* services, std::string host,
                              runtime::Deadline deadline, AddressReport* out) {
    runtime::AddressRules rules{.host = std::move(host), .only = out->address, .used = {}};
    runtime::Services narrowed(*services, rules);
    out->report = co_await ask(*prober, narrowed, deadline);
}

}  // namespace

AddressProbes::AddressProbes(SharedTarget target,
                             std::function<std::unique_ptr<Prober>()> make_prober)
    : target_(std::move(target)), make_prober_(std::move(make_prober)) {
    read_options();
}

void AddressProbes::read_options() {
    // The prober has checked them.
    Errors checked;
    const Node& options = target_->config.options;
    const auto given = [&](std::string_view key) {
        const Node* node = options.is_mapping() ? options.find(key) : nullptr;
        return node != nullptr && !node->is_null() ? node : nullptr;
    };
    if (const Node* node = given("preferred_ip_protocol")) {
        read_ip_protocol(*node, preference_, checked);
    }
    if (const Node* node = given("ip_protocol_fallback")) {
        config::read_value(*node, preference_.fallback, checked);
    }
    if (const Node* node = given("source_ip_address")) read_source_address(*node, source_, checked);
}

std::vector<IpAddress> AddressProbes::chosen(std::vector<IpAddress> found) const {
    std::vector<IpAddress> addresses;
    for (const IpAddress& address : found) {
        const bool known = std::ranges::find(addresses, address) != addresses.end();
        const bool reachable = !source_ || source_->version == address.version;
        if (!known && reachable && addresses.size() < kAddressesMax) addresses.push_back(address);
    }
    return addresses;
}

void AddressProbes::make_slots(const std::vector<IpAddress>& addresses) {
    std::vector<Slot> slots;
    for (const IpAddress& address : addresses) {
        const auto known = std::ranges::find(slots_, address, &Slot::address);
        slots.push_back(
            {address, known == slots_.end() ? make_prober_() : std::move(known->prober)});
    }
    slots_ = std::move(slots);
}

asio::awaitable<std::optional<Report>> AddressProbes::ask(runtime::Services& services,
                                                          runtime::Deadline deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const SteadyTime began = steady_now();
    Attempt<std::vector<IpAddress>> found =
        co_await services.resolver().resolve(target_->host, preference_, deadline);
    if (!found) {
        if (deadline.at - steady_now() > kEnoughForAnother) co_return std::nullopt;
        co_return Report{outcome_of(std::move(found.error()))};
    }
    const SteadyTime resolved = steady_now();
    const std::vector<IpAddress> addresses = chosen(std::move(*found));
    if (addresses.empty()) co_return std::nullopt;
    make_slots(addresses);

    std::vector<AddressReport> reports;
    for (const IpAddress& address : addresses)
        reports.push_back({address, {}});
    const auto start = [&](std::size_t i) {
        return asio::co_spawn(
            executor,
            ask_one(slots_[i].prober.get(), &services, target_->host, deadline, &reports[i]),
            asio::deferred);
    };
    std::vector<decltype(start(0))> operations;
    for (std::size_t i = 0; i < reports.size(); ++i)
        operations.push_back(start(i));
    auto group = asio::experimental::make_parallel_group(std::move(operations));
    const auto [order, failures] =
        co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const std::exception_ptr& failure : failures) {
        if (failure) std::rethrow_exception(failure);
    }
    co_return combine(target_->config.addresses, std::move(reports), resolved - began);
}

}  // namespace pilotlight::probes
