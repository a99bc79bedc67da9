#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/integration.h"
#include "alerting/time_interval.h"
#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/matcher.h"
#include "core/time.h"

namespace pilotlight::alerting {

/// A node of the routing tree, what it inherits filled in.
struct Route {
    std::string receiver;
    Matchers matchers;
    /// Whether the following siblings are asked too after this one matched.
    bool continues = false;
    /// Sorted. Unused when group_by_all (`...`).
    std::vector<std::string> group_by;
    bool group_by_all = false;
    Duration group_wait = std::chrono::seconds(30);
    Duration group_interval = std::chrono::minutes(5);
    Duration repeat_interval = std::chrono::hours(4);
    /// Names of time intervals. Not inherited, as in Alertmanager.
    std::vector<std::string> mute_time_intervals;
    std::vector<std::string> active_time_intervals;
    std::vector<Route> routes;
    /// Set where an earlier route of the same receiver groups by the same labels: what keeps
    /// their incidents apart. Made of the matchers on the way down, not of the position.
    std::string discriminator;
    Location where;
};

/// Target alerts are muted while a source alert fires that has the same values of `equal`.
struct InhibitRule {
    std::string name;
    Matchers source;
    Matchers target;
    std::vector<std::string> equal;
};

struct ReceiverConfig {
    std::string name;
    std::vector<IntegrationPtr> integrations;
    Location where;

    // The rest is not Alertmanager's: pilotlight.yaml's `receivers`, see with_receiver_options().
    /// The receiver that is told what this one does not take; "" for none.
    std::string fallback;
    /// It is when so many attempts failed in a row, or for so long.
    int fallback_failures = 3;
    Duration fallback_for = std::chrono::minutes(5);
    /// What is older is given up.
    Duration give_up_after = std::chrono::hours(24);
    /// Whether it is told of changes of the configuration.
    bool change_events = false;
};

/// Alertmanager's configuration file, checked, immutable.
struct RoutingConfig {
    /// After which an alert from outside that is not sent again counts as resolved.
    Duration resolve_timeout = std::chrono::minutes(5);
    Route route;
    std::vector<ReceiverConfig> receivers;
    std::vector<InhibitRule> inhibit_rules;
    std::map<std::string, std::vector<TimeInterval>, std::less<>> time_intervals;
    /// The file as YAML, without its secrets (redacted_yaml).
    std::string original;

    /// What is read and checked but not acted on yet, and templates that fail on a sample alert: a
    /// start and each reload warn of every one.
    Errors not_yet;
    /// Secrets, certificates and templates that were read besides the file itself.
    std::vector<std::string> files_read;

    [[nodiscard]] const ReceiverConfig* find_receiver(std::string_view name) const;
    [[nodiscard]] IntegrationPtr find_integration(const Address& address) const;
};
using SharedRouting = std::shared_ptr<const RoutingConfig>;

/// Reads Alertmanager's configuration file (0.34's keys) from its tree. Every mistake is told with
/// its place: unknown keys with the nearest known one, undefined receivers and time intervals,
/// templates that do not parse, receiver kinds that Pilotlight has not. Reads the `*_file` secrets
/// and template files that it names, relative to its own folder: call it off the engine's thread.
[[nodiscard]] Checked<SharedRouting> read_alerting_config(const Node& root);
/// The same without the `*_file` secrets, which need not be there: for looking at routes and
/// messages, not for sending.
[[nodiscard]] Checked<SharedRouting> read_alerting_config_without_secrets(const Node& root);

/// What holds where no alerting file is given: every alert goes to a receiver that tells nobody.
[[nodiscard]] SharedRouting empty_routing();

/// Every key and its meaning, by section, for docs/alerting.md.
struct SectionDoc {
    std::string name;
    std::vector<config::OptionDoc> options;
};
[[nodiscard]] std::vector<SectionDoc> alerting_option_docs();

/// The routes that take an alert with these labels, in the tree's order; never empty.
[[nodiscard]] std::vector<const Route*> matching_routes(const Route& root, const Labels& labels);
/// The labels that name the alert's group on this route.
[[nodiscard]] Labels group_labels_of(const Route& route, const Labels& labels);

}  // namespace pilotlight::alerting
