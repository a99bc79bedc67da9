#include <fmt/format.h>

#include <array>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

using Flap = AlertPolicyConfig::Flap;

constexpr std::uint64_t kChangesMin = 3;
constexpr std::uint64_t kChangesMax = 50;
constexpr Duration kWithinMax = std::chrono::hours(24 * 7);
constexpr Duration kSettleMax = std::chrono::hours(24);

void read_changes(const Node& node, Flap& flap, Errors& errors) {
    std::uint64_t value = 0;
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value < kChangesMin || value > kChangesMax) {
        return expected_value(
            node, fmt::format("an integer from {} to {}", kChangesMin, kChangesMax), errors);
    }
    flap.changes = value;
}

void read_time(const Node& node, Duration& out, Duration max, Errors& errors) {
    Duration value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value <= Duration{0} || value > max) {
        return expected_value(
            node, fmt::format("more than 0s and at most {}", format_duration(max)), errors);
    }
    out = value;
}

void read_within(const Node& node, Flap& flap, Errors& errors) {
    read_time(node, flap.within, kWithinMax, errors);
}

void read_settle(const Node& node, Flap& flap, Errors& errors) {
    read_time(node, flap.settle, kSettleMax, errors);
}

constexpr Option<Flap> kFlapOptions[] = {
    option_read_by<Flap>(read_changes, "changes", "integer", "6",
                         "How often the alert has begun or ended, from 3 to 50, for it to flap."),
    option_read_by<Flap>(read_within, "within", "duration", "30m",
                         "The time that these changes fall into, at most 1w."),
    option_read_by<Flap>(read_settle, "settle", "duration", "10m",
                         "How long its condition must not have changed for the flapping to end, at "
                         "most 1d."),
};

void read_on_no_data(const Node& node, AlertPolicyConfig& policy, Errors& errors) {
    constexpr std::array<std::string_view, 3> kWords{"keep", "resolve", "alert"};
    read_word(node, kWords, policy.on_no_data, errors);
}

void read_on_error(const Node& node, AlertPolicyConfig& policy, Errors& errors) {
    constexpr std::array<std::string_view, 2> kWords{"keep", "alert"};
    read_word(node, kWords, policy.on_error, errors);
}

void read_resolve_when(const Node& node, AlertPolicyConfig& policy, Errors& errors) {
    if (!node.is_scalar() || node.scalar.empty()) {
        return expected_value(node, "an expression", errors);
    }
    policy.resolve_when = node;
}

void read_flap(const Node& node, AlertPolicyConfig& policy, Errors& errors) {
    Flap flap;
    if (node.is_scalar() && !node.quoted && node.scalar == "off") {
        flap.changes = 0;
    } else {
        read_options(node, kFlapOptions, flap, errors);
    }
    policy.flap = flap;
}

constexpr Option<AlertPolicyConfig> kOptions[] = {
    option<&AlertPolicyConfig::matchers>(
        "matchers", "",
        "Alerts it is for, as in Alertmanager's routes, over the alert's labels and `alertname`; "
        "none given means all."),
    option_read_by<AlertPolicyConfig>(
        read_on_no_data, "on_no_data", "resolve, keep or alert", "keep",
        "What becomes of an alert whose data is gone though its target is still configured. "
        "`keep`: it stays as it is until there is news. `resolve`: it ends, as in Prometheus. "
        "`alert`: it stays, and data that the rule has read before and that went silent is an "
        "alert of the rule's name itself, one for each target, with the target's and the rule's "
        "labels."),
    option_read_by<AlertPolicyConfig>(
        read_on_error, "on_error", "keep or alert", "keep",
        "What an evaluation that fails does. It never changes the rule's alerts; with `alert` the "
        "failure is an alert of the rule's name, with the rule's own labels and the error as "
        "annotation, until an evaluation succeeds."),
    option_read_by<AlertPolicyConfig>(
        read_resolve_when, "resolve_when", "expression", "",
        "Hysteresis. A firing alert whose condition is false goes on until this expression gives a "
        "row that shares the labels of the alert's row, as far as it has them."),
    option_read_by<AlertPolicyConfig>(
        read_flap, "flap", "section, or off", "off",
        "Damping. An alert that fires with the last of `changes` beginnings and ends stays firing "
        "until it has settled, and one message says so (the annotation `flapping`); see below."),
};

}  // namespace

void read_alert_policies(const Node& node, Reading& reading) {
    for (const Node& item : node.items) {
        AlertPolicyConfig policy;
        policy.where = item.where;
        read_entry(item, kOptions, policy, reading.errors);
        reading.config.alert_policies.push_back(std::move(policy));
    }
}

std::vector<SectionDocs> alert_policies_docs() {
    return {
        {"alert_policies",
         "A list: what portable rule files cannot say of their alerts. Of each key the first entry "
         "holds\nthat matches the alert and sets the key. `for` and `keep_firing_for` hold for "
         "alerts on silence\nand on errors as for any other. A removed target ends its alerts "
         "whatever a policy says.\n`pilotlight test rules` knows no policies; `pilotlight explain` "
         "shows which are in force.\n\n"
         "```yaml\nalert_policies:\n"
         "  - matchers: ['alertname=\"QueueLong\"']\n"
         "    resolve_when: queue_length < 20\n"
         "    flap: {changes: 6, within: 30m, settle: 10m}\n"
         "  - matchers: ['severity=\"critical\"']\n"
         "    on_no_data: alert\n"
         "    on_error: alert\n```",
         docs_of(kOptions)},
        {"alert_policies: flap",
         "Beginnings and ends of firing count, of each alert on its own; what was counted survives "
         "a\nrestart. While it flaps, its condition may come and go: nobody hears of it. When that "
         "has not\nchanged for `settle`, the alert ends if its condition is false, and is an "
         "ordinary firing one if\nit is true. `flap: {}` takes all defaults; `flap: off` exempts "
         "from a later entry.",
         docs_of(kFlapOptions)}};
}

}  // namespace pilotlight::config
