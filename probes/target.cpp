#include "probes/target.h"

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
    for (const std::uint64_t number :
         {static_cast<std::uint64_t>(config.interval.count()),
          static_cast<std::uint64_t>(config.timeout.count()), config.labels.hash(),
          limits.body_bytes, limits.scrape_samples}) {
        hash = hash_bytes(std::to_string(number), hash);
    }
    return hash_node(config.options, hash);
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
    if (!prober) return std::unexpected(std::move(prober.error()));
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
    target->fingerprint = fingerprint_of(config, limits);
    target->heartbeat = (*prober)->awaits();
    return PreparedTarget{std::move(target), std::move(*prober)};
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
