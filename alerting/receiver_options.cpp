#include "alerting/receiver_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"

namespace pilotlight::alerting {
namespace {

using config::ReceiverOptions;

ReceiverConfig* find(RoutingConfig& routing, const std::string& name) {
    const auto found = std::ranges::find(routing.receivers, name, &ReceiverConfig::name);
    return found == routing.receivers.end() ? nullptr : &*found;
}

Error unknown(const std::string& name, const Location& where, const RoutingConfig& routing) {
    std::string known;
    for (const ReceiverConfig& receiver : routing.receivers)
        known += (known.empty() ? "" : ", ") + receiver.name;
    return Error(
        fmt::format("the alerting file has no receiver \"{}\", expected one of: {}", name, known),
        where);
}

void apply(const ReceiverOptions& options, RoutingConfig& routing, Errors& errors) {
    ReceiverConfig* receiver = find(routing, options.name);
    if (receiver == nullptr) {
        errors.push_back(unknown(options.name, options.where, routing));
        return;
    }
    receiver->fallback = options.fallback;
    receiver->fallback_failures = options.failures;
    receiver->fallback_for = options.hold;
    receiver->give_up_after = options.give_up_after;
    receiver->change_events = options.change_events;
    if (options.change_events && std::ranges::none_of(receiver->integrations, [](const auto& one) {
            return one->takes_changes();
        })) {
        errors.emplace_back(
            fmt::format("the receiver \"{}\" cannot be told of changes, expected one with "
                        "pagerduty_configs that has a routing_key and a url that ends in "
                        "/v2/enqueue",
                        options.name),
            options.change_events_where);
    }
    if (options.fallback.empty()) return;
    const ReceiverConfig* fallback = find(routing, options.fallback);
    if (fallback == nullptr) {
        errors.push_back(unknown(options.fallback, options.fallback_where, routing));
    } else if (fallback->integrations.empty()) {
        errors.emplace_back(fmt::format("the receiver \"{}\" tells nobody, expected a fallback "
                                        "with at least one integration",
                                        options.fallback),
                            options.fallback_where);
    }
}

/// The way from fallback to fallback as `a -> b -> a` where it comes round to `name`; "" where it
/// ends.
std::string round_trip(const RoutingConfig& routing, const std::string& name) {
    std::string way = name;
    const ReceiverConfig* at = routing.find_receiver(name);
    for (std::size_t i = 0; i < routing.receivers.size(); ++i) {
        if (at == nullptr || at->fallback.empty()) return "";
        way += " -> " + at->fallback;
        if (at->fallback == name) return way;
        at = routing.find_receiver(at->fallback);
    }
    // It comes round further on, which is told there.
    return "";
}

}  // namespace

Checked<SharedRouting> with_receiver_options(const SharedRouting& routing,
                                             std::span<const ReceiverOptions> options) {
    PILOT_CHECK(routing != nullptr);
    if (options.empty()) return routing;
    RoutingConfig changed = *routing;
    Errors errors;
    for (const ReceiverOptions& one : options)
        apply(one, changed, errors);
    for (const ReceiverOptions& one : options) {
        const std::string way = round_trip(changed, one.name);
        if (way.empty()) continue;
        errors.emplace_back(
            fmt::format("the fallbacks go round in a circle: {}, expected one that ends", way),
            one.fallback_where);
        break;
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_shared<const RoutingConfig>(std::move(changed));
}

}  // namespace pilotlight::alerting
