#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/options.h"
#include "config/relabel.h"
#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/matcher.h"
#include "core/secret.h"
#include "core/time.h"

/// pilotlight.yaml as one immutable value. See ../docs/configuration.md for what each key means.
namespace pilotlight::config {

/// What people know: a line of the status page, with the DR plan's objectives.
struct ServiceConfig {
    std::string name;
    std::string title;
    std::optional<Duration> rto;
    std::optional<Duration> rpo;
    std::vector<std::string> depends_on;
};

/// Which of a name's addresses decide about a target.
enum class AddressPolicy {
    /// The first that answers; the others stand in for it where it does not take a connection.
    first,
    /// Each is probed: one that is ok is enough, ...
    any,
    /// ... all have to be, ...
    each,
    /// ... or more than half.
    quorum,
};

/// What has to be seen before a target changes its state.
struct Confirmation {
    /// Probes that have to fail besides the first before a failure counts; 0 for none.
    int attempts = 0;
    /// They begin within this time after it.
    Duration within{};
    /// Probes in a row that have to succeed before a target that failed is ok again.
    int recover_attempts = 1;

    bool operator==(const Confirmation&) const = default;
};

/// One thing to probe. `options` is the prober's own section (`http: {...}`), read by the prober.
struct TargetConfig {
    std::string name;
    std::string prober;
    /// A URL, host:port, path or glob; it may hold a password.
    Secret target;
    std::string service;
    Duration interval{};
    Duration timeout{};
    Labels labels;
    Confirmation confirmation;
    AddressPolicy addresses = AddressPolicy::first;
    Node options;
    /// scrape: whether /metrics shows what the target exposes.
    bool reexpose = false;
    /// Where the target stands in its file.
    Location where;

    /// `target` without user, password and query: what the label `instance` says. The machine's
    /// name where there is no target.
    [[nodiscard]] std::string instance() const;
};

struct ModuleConfig;

/// What every target of a `file_sd`, `dns_sd` or `http_sd` entry has in common.
struct TargetPattern {
    /// Without name and address.
    TargetConfig common;
    /// The entry's own section of its prober, before the module's was laid under it.
    Node section;
    std::vector<RelabelRule> relabel;
    /// What `__param_module` may name. Never null.
    std::shared_ptr<const std::map<std::string, ModuleConfig>> modules;
};

/// An address with its labels, as a discovery has it: `__meta_...` among them.
struct DiscoveredTarget {
    std::string address;
    Labels labels;
    /// Where it stands in a file; nowhere for what came over the network.
    Location where;
};

/// The target that relabelling makes of it; nothing where a rule drops it. Fails where what comes
/// out is no target: no address, an unknown module, a bad name or time.
[[nodiscard]] Result<std::optional<TargetConfig>> make_target(const TargetPattern& pattern,
                                                              const DiscoveredTarget& discovered);

/// Prometheus's target groups: a list of `{targets: [...], labels: {...}}`, as files have it and
/// answers to `http_sd`. What is wrong is appended to `errors`.
[[nodiscard]] std::vector<DiscoveredTarget> read_target_groups(const Node& root, Errors& errors);

/// An entry of `dns_sd`.
struct DnsDiscovery {
    std::vector<std::string> names;
    /// SRV, A, AAAA, MX or NS.
    std::string type = "SRV";
    /// For records that have none.
    int port = 0;
};

/// An entry of `http_sd`. `client` holds Prometheus's HTTP client options, read by its owner.
struct HttpDiscovery {
    Secret url;
    Node client;
};

/// Targets that are asked for again and again.
struct DiscoveryConfig {
    std::variant<DnsDiscovery, HttpDiscovery> source;
    Duration refresh_interval{};
    TargetPattern pattern;
    Location where;
};

struct EscalationLevel {
    Duration after{};
    std::string receiver;
};

struct EscalationConfig {
    std::string name;
    Matchers matchers;
    std::vector<EscalationLevel> levels;
};

/// One entry of alert_policies: what portable rule files cannot say. Keys that are not given are
/// left to the entries behind it.
struct AlertPolicyConfig {
    struct Flap {
        /// 0: no damping.
        std::uint64_t changes = 6;
        Duration within = std::chrono::minutes(30);
        Duration settle = std::chrono::minutes(10);
    };
    Matchers matchers;
    /// "keep", "resolve" or "alert"; "" where not given.
    std::string on_no_data;
    /// "keep" or "alert"; "" where not given.
    std::string on_error;
    /// The scalar that holds the expression; null where not given. Its owner parses it.
    Node resolve_when;
    std::optional<Flap> flap;
    Location where;
};

/// An entry of `receivers`: what Alertmanager's receivers cannot say. The names are for whoever
/// reads the alerting file to check.
struct ReceiverOptions {
    std::string name;
    /// "" for none.
    std::string fallback;
    /// The fallback is told after so many failures in a row, or after so long.
    int failures = 3;
    Duration hold = std::chrono::minutes(5);
    Duration give_up_after = std::chrono::hours(24);
    bool change_events = false;
    Location where;
    Location fallback_where;
    Location change_events_where;
};

/// What `/probe` may reach for clients that are not on loopback.
struct ProbeEndpointConfig {
    /// Anchored at both ends.
    std::vector<Regexp> allow;
};

/// The heartbeat that Pilotlight sends while it can judge and deliver.
struct DeadManConfig {
    Secret url;
    Duration every = std::chrono::minutes(1);
    /// How long a notification may wait before delivery counts as broken.
    Duration patience = std::chrono::minutes(15);

    bool operator==(const DeadManConfig&) const = default;
};

enum class Compatibility { prometheus2 = 2, prometheus3 = 3 };

struct Limits {
    /// Body bytes that a probe reads of an answer.
    std::uint64_t body_bytes = 10ULL << 20;
    /// Samples that one scrape may bring.
    std::uint64_t scrape_samples = 100'000;
    /// Series held in all.
    std::uint64_t series = 1'000'000;
    /// Probes in flight at once on one probe loop.
    std::uint64_t probes_in_flight = 2'000;
    /// Probes in flight at once that ask one host, and those of one prober, over all loops.
    std::uint64_t probes_per_host = 1'000;
    std::uint64_t probes_per_prober = 10'000;
    /// In place of probes_per_prober, by the prober's name.
    std::map<std::string, std::uint64_t, std::less<>> probes_of_prober = {};
    /// Alerts that one rule may have.
    std::uint64_t alerts_per_rule = 10'000;
    /// As long as one evaluation of one rule may take.
    Duration rule_timeout = std::chrono::seconds(1);
    /// Queries of the API that run at once.
    std::uint64_t queries = 4;
    /// Samples that one query may read and make.
    std::uint64_t query_samples = 50'000'000;
    /// As long as one query may take.
    Duration query_timeout = std::chrono::minutes(2);

    bool operator==(const Limits&) const = default;
};

struct Config {
    /// The main file, and the folder that relative paths in it start from.
    std::string file;
    std::string directory;

    std::string listen_host = "127.0.0.1";
    int listen_port = 9897;
    std::string external_url;
    std::string data_dir = "data";
    Labels external_labels;
    Duration default_interval = std::chrono::seconds(15);
    Duration default_timeout = std::chrono::seconds(5);
    Duration evaluation_interval = std::chrono::seconds(15);
    Confirmation default_confirmation;
    Compatibility compatibility = Compatibility::prometheus3;
    int probe_threads = 1;
    /// How far back every series is kept for queries, beyond what rules read.
    Duration query_history{0};
    Limits limits;

    /// Globs as written, made absolute, and where each stands.
    std::vector<std::string> rule_globs;
    std::vector<Location> rule_globs_where;
    /// "" where there is none.
    /// The exporter-toolkit's web configuration; "" for none.
    std::string web_config_file;
    Location web_config_where;
    std::string alerting_file;
    Location alerting_file_where;
    std::vector<std::string> module_globs;

    std::vector<ServiceConfig> services;
    std::vector<TargetConfig> targets;
    std::vector<DiscoveryConfig> discoveries;
    std::vector<EscalationConfig> escalations;
    std::vector<AlertPolicyConfig> alert_policies;
    std::vector<ReceiverOptions> receiver_options;
    std::optional<DeadManConfig> dead_man;
    ProbeEndpointConfig probe_endpoint;
    /// Of the module files, by name. Never null in what load_config() gives.
    std::shared_ptr<const std::map<std::string, ModuleConfig>> modules;

    /// Keys that are read and checked but that this version does not act on yet: a start and each
    /// reload warn of every one.
    std::vector<Error> not_yet;
    /// Every file that was read, the main one included, and the patterns of target files, which
    /// a new file may come to match: what a watcher must watch.
    std::vector<std::string> files_read;
};

/// Reads the main file with `${VAR}` expanded, and the module and target files it names. Errors:
/// every mistake with file, line and column. `known_probers` are the names that a target's `prober`
/// may have; each is also the key of that prober's own section. Does I/O; call it off the engine's
/// thread.
[[nodiscard]] Checked<std::shared_ptr<const Config>> load_config(
    const std::string& path, std::span<const std::string_view> known_probers);

/// The same from a text, for the demo and for tests; `file` is only for messages, relative paths
/// start from `directory`.
[[nodiscard]] Checked<std::shared_ptr<const Config>> parse_config(
    std::string_view text, const std::string& file, const std::string& directory,
    std::span<const std::string_view> known_probers);

/// A target's name fits a line of a table.
[[nodiscard]] bool is_target_name(std::string_view name);
/// More targets than this are refused.
inline constexpr std::size_t kTargetsMax = 100'000;

/// One entry of a module file in blackbox_exporter's format.
struct ModuleConfig {
    std::string name;
    std::string prober;
    std::optional<Duration> timeout;
    /// The section under the prober's name; null where it is left out.
    Node options;
    Location where;
};

/// The modules of one file: `pilotlight probe --module FILE:NAME`, `/probe?module=NAME`.
[[nodiscard]] Checked<std::vector<ModuleConfig>> load_modules(
    const std::string& path, std::span<const std::string_view> known_probers);

struct ListenAddress {
    std::string host;
    int port = 0;
    bool operator==(const ListenAddress&) const = default;
};

/// `HOST:PORT`, `[::1]:PORT` (without its brackets in `host`), `:PORT` for every address; port 0
/// lets the system choose.
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

/// The paths that match, sorted, each once; a pattern without wildcards stands for itself, existing
/// or not. `*`, `?`, `[...]` as in glob(7): a leading dot is only matched by a dot, so that
/// editors' temporary files stay out.
[[nodiscard]] std::vector<std::string> expand_globs(const std::vector<std::string>& patterns);

/// This machine's host name.
[[nodiscard]] std::string machine_name();

/// A URL or host:port without user, password, query and fragment; other texts as they are.
[[nodiscard]] std::string redact_address(std::string_view address);

/// What a prober says of itself for the reference.
struct ProberDocs {
    std::string_view name;
    std::string_view description;
    std::vector<OptionDoc> options;
};

/// docs/configuration.md: every key with type, default and meaning, from the tables that read it.
[[nodiscard]] std::string configuration_reference(std::span<const ProberDocs> probers);

}  // namespace pilotlight::config
