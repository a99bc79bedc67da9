#include "probes/target.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/hash.h"
#include "probes/fingerprint.h"
#include "probes/redaction.h"

namespace pilotlight::probes {
namespace {

std::uint64_t fingerprint_of(const config::TargetConfig& config, const config::Limits& limits) {
    std::uint64_t hash = hash_bytes(config.name);
    hash = hash_bytes(config.prober, hash);
    hash = hash_bytes(config.target.reveal(), hash);
    hash = hash_bytes(config.service, hash);
    hash = hash_bytes(config.reexpose ? "reexpose" : "", hash);
    hash = hash_bytes(std::to_string(static_cast<int>(config.addresses)), hash);
    for (const std::uint64_t number :
         {static_cast<std::uint64_t>(config.interval.count()),
          static_cast<std::uint64_t>(config.timeout.count()), config.labels.hash(),
          static_cast<std::uint64_t>(config.confirmation.attempts),
          static_cast<std::uint64_t>(config.confirmation.within.count()),
          static_cast<std::uint64_t>(config.confirmation.recover_attempts), limits.body_bytes,
          limits.scrape_samples}) {
        hash = hash_bytes(std::to_string(number), hash);
    }
    return hash_node(config.options, hash);
}

/// Up to the first of `ends`.
std::string_view before(std::string_view text, std::string_view ends) {
    return text.substr(0, text.find_first_of(ends));
}

/// The host of a URL, of `host:port` or of PostgreSQL's `host=... dbname=...`; empty where there is
/// none, or more than one.
std::string host_of(const config::TargetConfig& config) {
    constexpr std::array<std::string_view, 4> kWithoutHost{"backup", "heartbeat", "host", "unix"};
    if (std::ranges::find(kWithoutHost, config.prober) != kWithoutHost.end()) return "";
    std::string_view text = config.target.reveal();
    const std::size_t scheme = text.find("://");
    // Not one within a path or a query.
    const bool is_url = scheme < text.find_first_of("/?#");
    if (config.prober == "postgres" && !is_url) {
        const std::size_t key = text.find("host=");
        text = key == std::string_view::npos ? "" : before(text.substr(key + 5), " ");
    } else {
        if (is_url) text.remove_prefix(scheme + 3);
        text = before(text, "/?#");
        if (const std::size_t user = text.rfind('@'); user != std::string_view::npos) {
            text.remove_prefix(user + 1);
        }
    }
    if (text.starts_with('[')) {
        text = before(text.substr(1), "]");
    } else if (std::ranges::count(text, ':') == 1) {
        text = before(text, ":");
    }
    if (text.find_first_of(",/'@ ") != std::string_view::npos || text.starts_with("%2")) return "";
    std::string host(text);
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    std::ranges::transform(host, host.begin(), lower);
    return host;
}

/// Every address can be asked only where we resolve the name ourselves.
void check_addresses(const config::TargetConfig& config, const std::string& host, Errors& errors) {
    if (config.addresses == config::AddressPolicy::first) return;
    const auto is_given = [&](std::string_view key) {
        const Node* node = config.options.is_mapping() ? config.options.find(key) : nullptr;
        return node != nullptr && node->is_scalar() && !node->scalar.empty() &&
               node->scalar != "false";
    };
    std::string_view why;
    if (host.empty()) {
        why = "the target has no host, or several";
    } else if (is_given("proxy_url") || is_given("proxy_from_environment")) {
        why = "the proxy chooses the address";
    }
    if (why.empty()) return;
    errors.emplace_back(
        fmt::format("target \"{}\": addresses: expected first, since {}", config.name, why),
        config.where);
}

}  // namespace

Checked<PreparedTarget> prepare_target(const config::TargetConfig& config,
                                       const config::Limits& limits) {
    const ProberKind* kind = find_prober(config.prober);
    if (kind == nullptr) {
        std::vector<std::string_view> known;
        for (const ProberKind& each : prober_kinds())
            known.push_back(each.name);
        std::string message =
            fmt::format("target \"{}\": no such prober \"{}\", expected one of {}", config.name,
                        config.prober, fmt::join(known, ", "));
        const std::string_view nearest = nearest_key(config.prober, known);
        if (!nearest.empty()) message += fmt::format(" (did you mean \"{}\"?)", nearest);
        return std::unexpected(Errors{Error(std::move(message), config.where)});
    }
    Checked<std::unique_ptr<Prober>> prober = kind->make(config);
    Errors errors;
    if (!prober) errors = std::move(prober.error());
    std::string host = host_of(config);
    check_addresses(config, host, errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    (*prober)->set_limits(limits);
    (*prober)->set_redaction(redaction_of(config));

    auto target = std::make_shared<Target>();
    target->config = config;
    target->instance = config.instance();
    if (config.target.empty()) target->instance = config::machine_name();
    // Relabelling may call it otherwise, as in Prometheus.
    const std::string_view given = config.labels.get("instance");
    if (!given.empty()) target->instance = given;
    LabelsBuilder labels(config.labels);
    labels.set("target", config.name).set("instance", target->instance);
    labels.set("prober", config.prober).set("service", config.service);
    target->labels = labels.build();
    target->host = std::move(host);
    target->fingerprint = fingerprint_of(config, limits);
    target->heartbeat = (*prober)->awaits();
    std::function<std::unique_ptr<Prober>()> make_another = [kind, target] {
        // The options are the same, and were right then.
        return std::move(kind->make(target->config).value());
    };
    return PreparedTarget{std::move(target), std::move(*prober), std::move(make_another)};
}

std::vector<SharedTarget> shared_targets(const std::vector<PreparedTarget>& prepared) {
    std::vector<SharedTarget> targets;
    targets.reserve(prepared.size());
    for (const PreparedTarget& target : prepared)
        targets.push_back(target.target);
    return targets;
}

Checked<std::vector<PreparedTarget>> prepare_targets(const config::Config& config) {
    std::vector<PreparedTarget> targets;
    targets.reserve(config.targets.size());
    Errors errors;
    std::set<std::string_view> names;
    for (const config::TargetConfig& each : config.targets) {
        if (!names.insert(each.name).second) {
            errors.emplace_back(fmt::format("two targets are named \"{}\"", each.name), each.where);
        }
        Checked<PreparedTarget> target = prepare_target(each, config.limits);
        if (target) {
            targets.push_back(std::move(*target));
        } else {
            std::ranges::move(target.error(), std::back_inserter(errors));
        }
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return targets;
}

}  // namespace pilotlight::probes
