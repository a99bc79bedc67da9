#include "app/discovered_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>

namespace pilotlight::app {
namespace {

using config::DiscoveredTarget;
using Json = nlohmann::json;

bool comes_before(const DiscoveredTarget& a, const DiscoveredTarget& b) {
    return std::tie(a.address, a.labels) < std::tie(b.address, b.labels);
}

bool is_equal(const DiscoveredTarget& a, const DiscoveredTarget& b) {
    return a.address == b.address && a.labels == b.labels;
}

DiscoveredTarget target_from(const Json& object) {
    LabelsBuilder labels;
    for (const auto& [name, value] : object.at("labels").items())
        labels.set(name, value.get<std::string>());
    return {
        .address = object.at("address").get<std::string>(), .labels = labels.build(), .where = {}};
}

/// The targets so far, by name.
class Taken {
  public:
    explicit Taken(std::vector<probes::PreparedTarget>& targets) : targets_(targets) {
        for (const probes::PreparedTarget& target : targets_)
            names_.emplace(target.target->config.name, target.target->fingerprint);
    }

    [[nodiscard]] std::size_t size() const { return targets_.size(); }

    /// False where another target has the name.
    [[nodiscard]] bool add(probes::PreparedTarget target) {
        const auto [first, added] =
            names_.emplace(target.target->config.name, target.target->fingerprint);
        if (!added) return first->second == target.target->fingerprint;
        targets_.push_back(std::move(target));
        return true;
    }

  private:
    std::vector<probes::PreparedTarget>& targets_;
    std::map<std::string, std::uint64_t, std::less<>> names_;
};

/// "" where it is added or dropped by a rule, else why it is left out.
std::string add_one(const config::TargetPattern& pattern, const DiscoveredTarget& discovered,
                    const config::Limits& limits, Taken& taken) {
    const auto made = config::make_target(pattern, discovered);
    if (!made) return made.error().message;
    if (!*made) return {};
    const std::string& name = (*made)->name;
    auto prepared = probes::prepare_target(**made, limits);
    if (!prepared) {
        return fmt::format("target \"{}\": {}", name, prepared.error().front().message);
    }
    if (taken.add(std::move(*prepared))) return {};
    return fmt::format("another target is called \"{}\" already", name);
}

}  // namespace

std::vector<DiscoveredTarget> in_order(std::vector<DiscoveredTarget> targets) {
    std::ranges::sort(targets, comes_before);
    const auto repeated = std::ranges::unique(targets, is_equal);
    targets.erase(repeated.begin(), repeated.end());
    return targets;
}

bool is_same(const std::vector<DiscoveredTarget>& a, const std::vector<DiscoveredTarget>& b) {
    return std::ranges::equal(a, b, is_equal);
}

alerting::Record record_of(const std::string& key, const std::vector<DiscoveredTarget>& targets) {
    Json list = Json::array();
    for (const DiscoveredTarget& target : targets) {
        Json labels = Json::object();
        for (const Label label : target.labels)
            labels[std::string(label.name)] = label.value;
        list.push_back({{"address", target.address}, {"labels", std::move(labels)}});
    }
    return {key, list.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Result<std::vector<DiscoveredTarget>> targets_from(const alerting::Record& record) {
    std::vector<DiscoveredTarget> targets;
    try {
        const Json list = Json::parse(record.record);
        for (const Json& object : list)
            targets.push_back(target_from(object));
    } catch (const Json::exception&) {
        // What the library says shows a part of the text.
        return fail(fmt::format("the record of {} is no list of targets", record.key));
    }
    return in_order(std::move(targets));
}

std::vector<std::string> add_discovered(std::span<const SourceTargets> sources,
                                        const config::Limits& limits,
                                        std::vector<probes::PreparedTarget>& targets,
                                        std::size_t targets_max) {
    std::vector<std::string> left_out;
    Taken taken(targets);
    for (const SourceTargets& source : sources) {
        for (const DiscoveredTarget& discovered : source.targets) {
            if (taken.size() >= targets_max) {
                left_out.push_back(
                    fmt::format("{}: more than {} targets in all, the rest is "
                                "left out",
                                source.name, targets_max));
                break;
            }
            const std::string why = add_one(source.pattern, discovered, limits, taken);
            if (!why.empty()) left_out.push_back(fmt::format("{}: {}", source.name, why));
        }
    }
    return left_out;
}

}  // namespace pilotlight::app
