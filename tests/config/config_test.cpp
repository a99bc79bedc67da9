#include "config/config.h"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace pilotlight::config;
using pilotlight::Duration;

namespace {

constexpr std::array<std::string_view, 9> kProbers{
    "backup", "heartbeat", "host", "http", "postgres", "redis", "scrape", "tcp", "tls"};

std::shared_ptr<const Config> accepted(std::string_view text,
                                       const std::string& directory = "/etc/pl") {
    const auto config = parse_config(text, "p.yaml", directory, kProbers);
    std::string all;
    if (!config) {
        for (const auto& error : config.error())
            all += error.to_string() + "\n";
    }
    BOOST_TEST_REQUIRE(all == "");
    return *config;
}

/// Every error, one a line.
std::string refused(std::string_view text, const std::string& directory = "/etc/pl") {
    const auto config = parse_config(text, "p.yaml", directory, kProbers);
    if (config) return "accepted";
    std::string all;
    for (const auto& error : config.error()) {
        all += (all.empty() ? "" : "\n") + error.to_string();
    }
    return all;
}

/// The messages about one target, given as the inside of a flow mapping.
std::string target(const std::string& keys) {
    return refused("targets: [{" + keys + "}]");
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// A folder of files that goes with the test.
struct Folder {
    fs::path path = fs::temp_directory_path() / ("pl_config_" + std::to_string(getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    void write(const std::string& name, std::string_view text) const {
        std::ofstream(path / name) << text;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(an_empty_file_means_the_defaults) {
    const auto config = accepted("");
    BOOST_TEST(config->listen_host == "127.0.0.1");
    BOOST_TEST(config->listen_port == 9897);
    BOOST_TEST(config->data_dir == "/etc/pl/data");
    BOOST_TEST(config->alerting_file == "");
    BOOST_TEST((config->default_interval == 15s));
    BOOST_TEST((config->compatibility == Compatibility::prometheus3));
    BOOST_TEST(config->targets.empty());
    BOOST_TEST(config->files_read == std::vector<std::string>{"p.yaml"});
}

BOOST_AUTO_TEST_CASE(the_contracts_example_is_read_whole) {
    setenv("PL_DATABASE_URL", "postgres://u:hunter2@db/app", 1);
    setenv("PL_REDIS_URL", "redis://cache:6379", 1);
    const auto config = accepted(R"(
listen: 127.0.0.1:9897
external_url: https://pilotlight.example.com/
data_dir: data
external_labels: {environment: production, region: us-east-1}
defaults: {interval: 15s, timeout: 5s}
rule_files: [rules/*.yaml]
alerting_file: alerting.yaml
module_files: [modules-*.yaml]
services:
  - {name: application, title: LPG Distributor, rto: 2h, depends_on: [database, cache]}
  - {name: database, title: PostgreSQL, rto: 2h, rpo: 15m}
  - {name: cache, rto: 4h}
targets:
  - name: lpg-api
    prober: http
    target: https://lpg-distributor.com/api/health
    service: application
    interval: 20s
    timeout: 6s
    labels: {tier: critical}
    http: {valid_status_codes: [200]}
  - {name: primary-database, prober: postgres, target: "${PL_DATABASE_URL}", service: database}
  - {name: cache, prober: redis, target: "${PL_REDIS_URL}", service: cache}
  - {name: site-certificate, prober: tls, target: lpg-distributor.com:443, interval: 1h}
  - {name: node, prober: host}
  - {name: nightly-dump, prober: backup, target: "/backup/*.sql.gz", backup: {max_age: 26h}}
  - {name: wal-archive, prober: heartbeat, heartbeat: {every: 5m, grace: 5m}}
file_sd: [{files: [targets/*.yaml], prober: http}]
escalations:
  - name: critical
    matchers: ['severity="critical"']
    levels:
      - {after: 0m, receiver: development-team}
      - {after: 30m, receiver: technical-lead}
)");
    BOOST_TEST(config->external_url == "https://pilotlight.example.com");
    BOOST_TEST(config->external_labels.get("region") == "us-east-1");
    BOOST_TEST(config->rule_globs == std::vector<std::string>{"/etc/pl/rules/*.yaml"});
    BOOST_TEST(config->alerting_file == "/etc/pl/alerting.yaml");
    BOOST_TEST(config->services.size() == 3U);
    BOOST_TEST(config->services[2].title == "cache");
    BOOST_TEST((config->services[1].rpo == 15min));
    BOOST_TEST(config->targets.size() == 7U);
    const TargetConfig& api = config->targets[0];
    BOOST_TEST(api.name == "lpg-api");
    BOOST_TEST(api.prober == "http");
    BOOST_TEST((api.interval == 20s));
    BOOST_TEST((api.timeout == 6s));
    BOOST_TEST(api.labels.get("tier") == "critical");
    BOOST_TEST(api.options.find("valid_status_codes")->items.size() == 1U);
    BOOST_TEST(api.where.line == 15);
    BOOST_TEST(config->targets[1].target.reveal() == "postgres://u:hunter2@db/app");
    BOOST_TEST(config->targets[1].instance() == "postgres://db/app");
    BOOST_TEST((config->targets[3].timeout == 5s));
    BOOST_TEST(config->escalations[0].levels.size() == 2U);
    BOOST_TEST((config->escalations[0].levels[1].after == 30min));
    BOOST_TEST(config->not_yet.size() == 1U);
    BOOST_TEST(has(config->not_yet[0].to_string(), "p.yaml:30:1: \"escalations\" is read"));
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_told_with_the_nearest_known) {
    BOOST_TEST(refused("ruel_files: []\n") ==
               "p.yaml:1:1: unknown key \"ruel_files\", did you mean \"rule_files\"?");
    BOOST_TEST(target("name: a, prober: tcp, target: 'h:1', timout: 5s") ==
               "p.yaml:1:49: unknown key \"timout\", did you mean \"timeout\"?");
    BOOST_TEST(has(refused("defaults: {intervall: 5s}"), "did you mean \"interval\"?"));
    BOOST_TEST(has(refused("limits: {sample: 5}"), "p.yaml:1:10: unknown key \"sample\""));
    BOOST_TEST(has(refused("services: [{name: a, rtoo: 1h}]"), "did you mean \"rto\"?"));
    BOOST_TEST(has(refused("dead_man: {urll: x}"), "did you mean \"url\"?"));
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_told_in_the_order_of_the_file) {
    const std::string all = refused(
        "targets:\n  - {name: a, prober: tcp}\n  - {name: b, prober: htpt, target: x}\n"
        "listen: nowhere\n");
    BOOST_TEST(all ==
               "p.yaml:2:5: missing key \"target\"\n"
               "p.yaml:3:23: unknown prober \"htpt\", did you mean \"http\"? expected one of: "
               "backup, heartbeat, host, http, postgres, redis, scrape, tcp, tls\n"
               "p.yaml:4:9: expected HOST:PORT such as 127.0.0.1:9897, got \"nowhere\"");
}

BOOST_AUTO_TEST_CASE(root_values_are_checked) {
    const std::pair<const char*, const char*> kCases[] = {
        {"- a\n", "p.yaml:1:1: expected a mapping, got a list"},
        {"text\n", "p.yaml:1:1: expected a mapping, got \"text\""},
        {"listen: 9897\n", "p.yaml:1:9: expected HOST:PORT"},
        {"listen: [a]\n", "expected HOST:PORT, got a list"},
        {"external_url: example.com\n", "expected an http or https URL"},
        {"data_dir: ''\n", "expected a path"},
        {"probe_threads: 0\n", "expected an integer from 1 to 64"},
        {"probe_threads: 65\n", "expected an integer from 1 to 64"},
        {"defaults: {interval: 0s}\n", "p.yaml:1:22: expected more than 0s"},
        {"defaults: {timeout: 5}\n", "p.yaml:1:21: expected a duration such as 15s or 1h30m"},
        {"promql: {compatibility: 4}\n", "p.yaml:1:25: expected 2 or 3, got \"4\""},
        {"limits: {series: 0}\n", "expected an integer of 1 or more"},
        {"limits: {queries: 0}\n", "expected an integer from 1 to 32"},
        {"limits: {queries: 33}\n", "expected an integer from 1 to 32"},
        {"limits: {query_samples: 0}\n", "expected an integer of 1 or more"},
        {"limits: {query_timeout: 0s}\n", "expected more than 0s"},
        {"limits: {rule_timeout: 0s}\n", "expected more than 0s"},
        {"limits: {query_timeout: soon}\n", "p.yaml:1:25"},
        {"query_history: -1h\n", "p.yaml:1:16"},
        {"limits: {body_size: 0}\n", "expected a size of 1 byte or more"},
        {"targets: {a: b}\n", "p.yaml:1:10: expected a list, got a mapping"},
        {"external_labels: {1a: b}\n", "p.yaml:1:19: \"1a\" is no label name"},
        {"rule_files: rules.yaml\n", "expected a list"},
        {"a: [\n", "p.yaml:2:1: bad YAML"},
    };
    for (const auto& [text, message] : kCases) {
        BOOST_TEST(has(refused(text), message), text << ": " << refused(text));
    }
}

BOOST_AUTO_TEST_CASE(root_values_are_read) {
    const auto config = accepted(
        "listen: '[::1]:0'\nprobe_threads: 4\npromql: {compatibility: 2}\n"
        "limits: {body_size: 1MB, series: 5, queries: 2, query_timeout: 9s, rule_timeout: "
        "3s}\nquery_history: 1h\n"
        "alerting_file: /abs/../am.yaml\n"
        "defaults: {interval: 2s, evaluation_interval: 30s}\n");
    BOOST_TEST(config->listen_host == "::1");
    BOOST_TEST(config->listen_port == 0);
    BOOST_TEST(config->probe_threads == 4);
    BOOST_TEST((config->compatibility == Compatibility::prometheus2));
    BOOST_TEST(config->limits.body_bytes == 1048576U);
    BOOST_TEST(config->limits.series == 5U);
    BOOST_TEST(config->limits.queries == 2U);
    BOOST_TEST((config->limits.query_timeout == 9s));
    BOOST_TEST((config->limits.rule_timeout == 3s));
    BOOST_TEST((config->query_history == 1h));
    BOOST_TEST(config->limits.scrape_samples == 100'000U);
    BOOST_TEST(config->alerting_file == "/am.yaml");
    BOOST_TEST((config->evaluation_interval == 30s));
}

BOOST_AUTO_TEST_CASE(target_values_are_checked) {
    const std::pair<const char*, const char*> kCases[] = {
        {"prober: tcp, target: 'h:1'", "p.yaml:1:11: missing key \"name\""},
        {"name: a, target: 'h:1'", "p.yaml:1:11: missing key \"prober\""},
        {"name: a, prober: tcp", "missing key \"target\""},
        {"name: a, prober: tcp, target: ''", "the target is empty, expected an address"},
        {"name: '', prober: tcp, target: 'h:1'", "expected a target's name of 1 to 200 bytes"},
        {"name: a, prober: tcp, target: 'h:1', interval: 5s, timeout: 6s",
         "p.yaml:1:72: expected a timeout of at most the interval, 5s, got \"6s\""},
        {"name: a, prober: tcp, target: 'h:1', timeout: 20s", "at most the interval, 15s"},
        {"name: a, prober: tcp, target: 'h:1', timeout: 0s", "expected a timeout of more than 0s"},
        {"name: a, prober: tcp, target: 'h:1', interval: 1ms", "expected an interval of 10ms"},
        {"name: a, prober: tcp, target: 'h:1', interval: 5", "expected a duration"},
        {"name: a, prober: tcp, target: 'h:1', labels: {target: b}",
         "p.yaml:1:58: the label \"target\" is set by Pilotlight itself"},
        {"name: a, prober: tcp, target: 'h:1', labels: {__x: b}", "is set by Pilotlight itself"},
        {"name: a, prober: tcp, target: 'h:1', http: {}",
         "p.yaml:1:49: the section \"http\" does not belong to a target of the prober \"tcp\""},
        {"name: a, prober: tcp, target: 'h:1', addresses: all", "expected one of first, any"},
        {"name: a, module: m, target: 'h:1'",
         "p.yaml:1:29: unknown module \"m\", expected one of module_files, which has none"},
        {"name: a, prober: tcp, target: 'h:1', target_file: f", "target or target_file, not both"},
        {"name: a, prober: tcp, target_file: /nonexistent", "cannot read /nonexistent"},
    };
    for (const auto& [keys, message] : kCases) {
        BOOST_TEST(has(target(keys), message), keys << ": " << target(keys));
    }
}

BOOST_AUTO_TEST_CASE(inherited_timeouts_give_way_to_short_intervals) {
    const auto config =
        accepted("targets: [{name: a, prober: tcp, target: 'h:1', interval: 2s}]\n");
    BOOST_TEST((config->targets[0].timeout == 2s));
}

BOOST_AUTO_TEST_CASE(a_targets_name_is_unique) {
    BOOST_TEST(refused("targets:\n  - {name: a, prober: host}\n  - {name: a, prober: host}\n") ==
               "p.yaml:3:5: a second target \"a\", the first is at p.yaml:2");
}

BOOST_AUTO_TEST_CASE(an_unset_variable_is_told_once_and_nothing_that_follows_from_it) {
    unsetenv("PL_TEST_UNSET");
    BOOST_TEST(refused("defaults: {interval: '${PL_TEST_UNSET}'}\nlisten: nowhere\n") ==
               "p.yaml:1:22: the environment variable PL_TEST_UNSET is not set, expected it or a "
               "default: ${PL_TEST_UNSET:-default}\n"
               "p.yaml:2:9: expected HOST:PORT such as 127.0.0.1:9897, got \"nowhere\"");
}

BOOST_AUTO_TEST_CASE(no_message_shows_a_value_from_the_environment) {
    setenv("PL_TEST_SECRET", "hunter2", 1);
    const std::string all = refused(
        "listen: ${PL_TEST_SECRET}\nexternal_url: ${PL_TEST_SECRET}\n"
        "promql: {compatibility: '${PL_TEST_SECRET}'}\nservices: [{name: a, depends_on: "
        "['${PL_TEST_SECRET}']}]\ntargets:\n"
        "  - {name: a, prober: tcp, target: 'h:1', module: '${PL_TEST_SECRET}'}\n"
        "escalations: [{name: a, matchers: ['${PL_TEST_SECRET}'], levels: []}]\n");
    BOOST_TEST(!has(all, "hunter2"), all);
    BOOST_TEST(std::ranges::count(all, '\n') == 5, all);
}

BOOST_AUTO_TEST_CASE(services_are_checked) {
    BOOST_TEST(refused("services: [{name: a, depends_on: [b]}]") ==
               "p.yaml:1:35: depends_on names \"b\", which services does not declare, "
               "did you mean \"a\"?");
    BOOST_TEST(refused("services:\n  - {name: a}\n  - {name: a}\n") ==
               "p.yaml:3:12: a second service \"a\"");
    BOOST_TEST(has(refused("services: [{title: a}]"), "missing key \"name\""));
    BOOST_TEST(refused("services: [{name: a, depends_on: [b]}, {name: b, depends_on: [c]},"
                       " {name: c, depends_on: [b]}]") ==
               "p.yaml:1:11: services depend on each other in a circle: b -> c -> b");
    BOOST_TEST(has(refused("services: [{name: a, depends_on: [a]}]"), "circle: a -> a"));
    BOOST_TEST(refused("services: [{name: a, depends_on: [b, c]}, {name: b, depends_on: [c]},"
                       " {name: c}]") == "accepted");
    BOOST_TEST(refused("targets: [{name: a, prober: host, service: undeclared}]") == "accepted");
}

BOOST_AUTO_TEST_CASE(escalations_rise) {
    BOOST_TEST(has(refused("escalations: [{name: a, levels: [{after: 5m, receiver: x}, "
                           "{after: 5m, receiver: y}]}]"),
                   "p.yaml:1:68: expected more than the level before, 5m"));
    BOOST_TEST(has(refused("escalations: [{name: a, levels: [{after: 5m}]}]"),
                   "missing key \"receiver\""));
    BOOST_TEST(has(refused("escalations: [{name: a}]"), "missing key \"levels\""));
}

BOOST_AUTO_TEST_CASE(alert_policies_are_read_in_order) {
    const auto config = accepted(R"(
alert_policies:
  - matchers: ['alertname="Long"', 'severity=~"page|ticket"']
    on_no_data: resolve
    resolve_when: queue < 2
    flap: {changes: 4, within: 1h}
  - on_no_data: alert
    on_error: alert
    flap: off
  - flap: {}
)");
    BOOST_REQUIRE_EQUAL(config->alert_policies.size(), 3U);
    const auto& first = config->alert_policies[0];
    BOOST_TEST(first.matchers.size() == 2U);
    BOOST_TEST(first.on_no_data == "resolve");
    BOOST_TEST(first.on_error == "");
    BOOST_TEST(first.resolve_when.scalar == "queue < 2");
    BOOST_TEST(first.resolve_when.where.line == 5);
    BOOST_TEST(first.flap->changes == 4U);
    BOOST_CHECK(first.flap->within == 1h);
    BOOST_CHECK(first.flap->settle == 10min);
    const auto& second = config->alert_policies[1];
    BOOST_TEST(second.matchers.empty());
    BOOST_TEST(second.on_error == "alert");
    BOOST_TEST(second.resolve_when.is_null());
    BOOST_TEST(second.flap->changes == 0U);
    BOOST_TEST(config->alert_policies[2].flap->changes == 6U);
    BOOST_TEST(config->not_yet.empty());
}

BOOST_AUTO_TEST_CASE(mistakes_in_alert_policies_are_told_with_their_place) {
    BOOST_TEST(has(refused("alert_policies: {on_error: keep}"), "p.yaml:1:17: expected a list"));
    BOOST_TEST(has(refused("alert_policies: [{on_error: resolve}]"),
                   "p.yaml:1:29: expected one of keep, alert"));
    BOOST_TEST(has(refused("alert_policies: [{on_nodata: keep}]"), "did you mean \"on_no_data\"?"));
    BOOST_TEST(has(refused("alert_policies: [{matchers: ['a=~\"(\"']}]"), "p.yaml:1:"));
    BOOST_TEST(has(refused("alert_policies: [{resolve_when: {x: 1}}]"), "expected an expression"));
    BOOST_TEST(
        has(refused("alert_policies: [{flap: {changes: 2}}]"), "expected an integer from 3 to 50"));
    BOOST_TEST(has(refused("alert_policies: [{flap: {settle: 0s}}]"),
                   "expected more than 0s and at most 1d"));
    BOOST_TEST(has(refused("alert_policies: [{flap: {within: 8d}}]"),
                   "expected more than 0s and at most 1w"));
    BOOST_TEST(has(refused("alert_policies: [{flap: {often: 5}}]"), "unknown key \"often\""));
}

BOOST_AUTO_TEST_CASE(receivers_say_what_the_alerting_file_cannot) {
    const auto config = accepted(
        "receivers:\n"
        "  ops: {fallback: other, after: {failures: 4, for: 7m}, give_up_after: 2d}\n"
        "  other: {}\n");
    BOOST_REQUIRE(config->receiver_options.size() == 2U);
    const ReceiverOptions& ops = config->receiver_options[0];
    BOOST_TEST(ops.name == "ops");
    BOOST_TEST(ops.fallback == "other");
    BOOST_TEST(ops.failures == 4);
    BOOST_CHECK(ops.hold == 7min);
    BOOST_CHECK(ops.give_up_after == 48h);
    BOOST_TEST(ops.where.line == 2);
    BOOST_TEST(ops.fallback_where.column == 19);
    const ReceiverOptions& other = config->receiver_options[1];
    BOOST_TEST(other.fallback.empty());
    BOOST_TEST(other.failures == 3);
    BOOST_CHECK(other.give_up_after == 24h);
    BOOST_TEST(config->not_yet.empty());
}

BOOST_AUTO_TEST_CASE(mistakes_in_receivers_are_told) {
    BOOST_TEST(has(refused("receivers: [ops]"), "expected a mapping of receivers' names"));
    BOOST_TEST(has(refused("receivers: {ops: {falback: a}}"), "did you mean \"fallback\"?"));
    BOOST_TEST(has(refused("receivers: {ops: {fallback: ''}}"), "a receiver of the alerting file"));
    BOOST_TEST(has(refused("receivers: {ops: {fallback: a, after: {failures: 0}}}"),
                   "expected an integer of 1 or more"));
    BOOST_TEST(
        has(refused("receivers: {ops: {fallback: a, after: {for: 0s}}}"), "expected more than 0s"));
    BOOST_TEST(has(refused("receivers: {ops: {fallback: a, after: {times: 2}}}"),
                   "unknown key \"times\""));
    BOOST_TEST(has(refused("receivers: {ops: {give_up_after: 0s}}"), "expected more than 0s"));
    BOOST_TEST(
        has(refused("receivers: {ops: {after: {failures: 2}}}"), "expected \"fallback\" with it"));
}

BOOST_AUTO_TEST_CASE(a_dead_man_has_a_secret_url_of_its_own_or_of_a_file) {
    const auto config = accepted("dead_man: {url: 'https://hc.example/ping/token', every: 30s}");
    BOOST_REQUIRE(config->dead_man.has_value());
    BOOST_TEST(config->dead_man->url.reveal() == "https://hc.example/ping/token");
    BOOST_CHECK(config->dead_man->every == 30s);
    BOOST_CHECK(config->dead_man->patience == 15min);
    BOOST_TEST(!accepted("dead_man:")->dead_man.has_value());
    const Folder folder;
    folder.write("beat", "https://hc.example/ping/other\n");
    const auto from_file = accepted("dead_man: {url_file: beat}", folder.path);
    BOOST_TEST(from_file->dead_man->url.reveal() == "https://hc.example/ping/other");
    BOOST_TEST(from_file->files_read.back() == (folder.path / "beat").string());
}

BOOST_AUTO_TEST_CASE(mistakes_in_a_dead_man_are_told_and_its_url_never) {
    BOOST_TEST(has(refused("dead_man: {every: 1m}"), "expected one of \"url\" and \"url_file\""));
    BOOST_TEST(has(refused("dead_man: {url: 'https://a/', url_file: b}"), "expected one of"));
    const std::string wrong = refused("dead_man: {url: 'ftp://hc.example/token'}");
    BOOST_TEST(has(wrong, "expected an http or https URL"));
    BOOST_TEST(!has(wrong, "token"));
    BOOST_TEST(has(refused("dead_man: {url_file: /nowhere/beat}"), "/nowhere/beat cannot be read"));
    BOOST_TEST(
        has(refused("dead_man: {url: 'https://a/', every: 10ms}"), "expected 100ms or more"));
    BOOST_TEST(has(refused("dead_man: {url: 'https://a/', patience: 0s}"), "more than 0s"));
}

BOOST_AUTO_TEST_CASE(what_probe_may_reach_is_matched_whole) {
    const auto config = accepted("probe_endpoint: {allow: ['https://a(/.*)?', b]}");
    BOOST_REQUIRE(config->probe_endpoint.allow.size() == 2U);
    BOOST_TEST(config->probe_endpoint.allow[0].matches("https://a/x"));
    BOOST_TEST(!config->probe_endpoint.allow[0].matches("https://ab"));
    BOOST_TEST(config->not_yet.empty());
    BOOST_TEST(accepted("probe_endpoint:")->probe_endpoint.allow.empty());
    BOOST_TEST(has(refused("probe_endpoint: {allow: ['(']}"), "p.yaml:1:26: "));
    BOOST_TEST(has(refused("probe_endpoint: {allow: a}"), "expected a list"));
    BOOST_TEST(has(refused("probe_endpoint: {alow: []}"), "did you mean \"allow\"?"));
}

BOOST_AUTO_TEST_CASE(limits_of_probes_may_name_probers) {
    BOOST_TEST(accepted("limits: {probes_per_prober: 7}")->limits.probes_per_prober == 7U);
    const auto limits =
        accepted("limits: {probes_per_host: 3, probes_per_prober: {http: 5, tcp: 2}}")->limits;
    BOOST_TEST(limits.probes_per_host == 3U);
    BOOST_TEST(limits.probes_per_prober == 10'000U);
    BOOST_TEST(limits.probes_of_prober.at("http") == 5U);
    BOOST_TEST(limits.probes_of_prober.at("tcp") == 2U);
    BOOST_TEST(has(refused("limits: {probes_per_prober: {htp: 5}}"), "did you mean \"http\""));
    BOOST_TEST(has(refused("limits: {probes_per_prober: {http: 0}}"), "1 or more"));
    BOOST_TEST(has(refused("limits: {probes_per_host: 0}"), "1 or more"));
}

BOOST_AUTO_TEST_CASE(a_module_gives_prober_options_and_timeout) {
    const Folder folder;
    folder.write("modules.yaml", R"(modules:
  slow:
    prober: http
    timeout: 9s
    http: {method: POST, valid_status_codes: [204], headers: {X: y}}
    tcp: {}
)");
    const std::string head = "module_files: [modules.yaml]\ntargets:\n";
    const auto config = accepted(head +
                                     "  - {name: a, module: slow, target: x}\n"
                                     "  - {name: b, module: slow, prober: http, target: x, "
                                     "timeout: 3s, http: {method: PUT, body: z}}\n",
                                 folder.path);
    BOOST_TEST(config->targets[0].prober == "http");
    BOOST_TEST((config->targets[0].timeout == 9s));
    BOOST_TEST(config->targets[0].options.find("method")->scalar == "POST");
    BOOST_TEST((config->targets[1].timeout == 3s));
    BOOST_TEST(config->targets[1].options.find("method")->scalar == "PUT");
    BOOST_TEST(config->targets[1].options.find("method")->where.file.str() == "p.yaml");
    BOOST_TEST(config->targets[1].options.find("headers")->is_mapping());
    BOOST_TEST(config->targets[1].options.find("body")->scalar == "z");
    BOOST_TEST(config->files_read.at(1) == (folder.path / "modules.yaml").string());

    BOOST_TEST(has(refused(head + "  - {name: a, module: slo, target: x}\n", folder.path),
                   "p.yaml:3:23: unknown module \"slo\", did you mean \"slow\"?"));
    BOOST_TEST(
        has(refused(head + "  - {name: a, module: slow, prober: tcp, target: x}\n", folder.path),
            "the module \"slow\" is one of the prober \"http\", expected the same here"));
}

BOOST_AUTO_TEST_CASE(bad_module_files_are_told_with_their_own_places) {
    const Folder folder;
    folder.write("a.yaml", "modules:\n  x: {prober: nope}\n  y: {timeout: 5}\n");
    folder.write("b.yaml", "modules: {z: {prober: tcp}}\n");
    folder.write("c.yaml", "modules: {z: {prober: tcp}}\n");
    const auto in = [&](const std::string& name) { return (folder.path / name).string(); };
    const std::string all = refused("module_files: [a.yaml, missing.yaml]\n", folder.path);
    BOOST_TEST(has(all, in("a.yaml") + ":2:15: unknown prober \"nope\", expected one of"));
    BOOST_TEST(has(all, in("a.yaml") + ":3:16: expected a duration"));
    BOOST_TEST(has(all, in("a.yaml") + ":3:6: missing key \"prober\""));
    BOOST_TEST(has(all, in("missing.yaml") + ": cannot read: No such file or directory"));
    BOOST_TEST(refused("module_files: ['[bc].yaml']\n", folder.path) ==
               in("c.yaml") + ":1:11: a second module \"z\", the first is in " + in("b.yaml"));
}

BOOST_AUTO_TEST_CASE(target_files_give_targets) {
    const Folder folder;
    folder.write("a.json", R"([{"targets": ["https://u:hunter2@a.example.com/x?y"],
                               "labels": {"team": "web", "__meta": "x", "service": "shop"}}])");
    folder.write("b.yaml", "- targets: [b.example.com]\n  labels: {target: b, zone: eu}\n");
    folder.write("empty.yml", "");
    const auto config = accepted(
        "file_sd:\n  - {files: ['*.json', 'b.yaml', 'empty.yml'], prober: http, interval: 30s, "
        "timeout: 7s, service: web, labels: {zone: us, tier: a}, http: {method: HEAD}, "
        "refresh_interval: 5m}\n",
        folder.path);
    BOOST_TEST_REQUIRE(config->targets.size() == 2U);
    const TargetConfig& first = config->targets[0];
    BOOST_TEST(first.name == "https://a.example.com/x");
    BOOST_TEST(first.target.reveal() == "https://u:hunter2@a.example.com/x?y");
    BOOST_TEST(first.service == "shop");
    BOOST_TEST(first.labels.to_string() == R"({team="web", tier="a", zone="us"})");
    BOOST_TEST((first.interval == 30s));
    BOOST_TEST((first.timeout == 7s));
    BOOST_TEST(first.options.find("method")->scalar == "HEAD");
    BOOST_TEST(first.where.file.str() == (folder.path / "a.json").string());
    BOOST_TEST(config->targets[1].name == "b");
    BOOST_TEST(config->targets[1].service == "web");
    BOOST_TEST(config->targets[1].labels.get("zone") == "eu");
    const auto in = [&](const char* name) { return (folder.path / name).string(); };
    BOOST_TEST((config->files_read ==
                std::vector<std::string>{"p.yaml", in("*.json"), in("b.yaml"), in("empty.yml")}));
}

BOOST_AUTO_TEST_CASE(bad_target_files_are_told_with_their_own_places) {
    const Folder folder;
    folder.write("map.yaml", "targets: [a]\n");
    folder.write("key.yaml", "- {targets: [a], lables: {}}\n");
    folder.write("item.yaml", "- targets: [{a: 1}]\n  labels: {a-b: c}\n");
    folder.write("same.yaml", "- targets: [a, a]\n");
    folder.write("list.txt", "");
    const auto sd = [&](const std::string& file) {
        return refused("file_sd: [{files: [" + file + "], prober: tcp}]", folder.path);
    };
    const auto in = [&](const std::string& name) { return (folder.path / name).string(); };
    BOOST_TEST(has(sd("map.yaml"), in("map.yaml") + ":1:1: expected a list of {targets"));
    BOOST_TEST(has(sd("key.yaml"), in("key.yaml") + ":1:18: unknown key \"lables\", did you mean"));
    BOOST_TEST(has(sd("item.yaml"), in("item.yaml") + ":1:13: expected a text, got a mapping"));
    BOOST_TEST(has(sd("item.yaml"), in("item.yaml") + ":2:12: \"a-b\" is no label name"));
    BOOST_TEST(
        has(sd("same.yaml"), in("same.yaml") + ":1:16: a second target \"a\", the first is"));
    BOOST_TEST(has(sd("list.txt"), "p.yaml:1:19: expected .json, .yml or .yaml files"));
    BOOST_TEST(has(sd("missing.json"), in("missing.json") + ": cannot read"));
    BOOST_TEST(sd("'missing-*.json'") == "accepted");
    BOOST_TEST(
        has(refused("file_sd: [{files: [a.json], prober: tcp, name: x}]"), "unknown key \"name\""));
    BOOST_TEST(has(refused("file_sd: [{prober: tcp}]"), "missing key \"files\""));
}

BOOST_AUTO_TEST_CASE(an_address_may_stand_in_a_file) {
    const Folder folder;
    folder.write("url", "postgres://u:hunter2@db/app\n");
    folder.write("empty", "\n");
    const auto config =
        accepted("targets: [{name: a, prober: postgres, target_file: url}]\n", folder.path);
    BOOST_TEST(config->targets[0].target.reveal() == "postgres://u:hunter2@db/app");
    BOOST_TEST(config->files_read.at(1) == (folder.path / "url").string());
    BOOST_TEST(
        has(refused("targets: [{name: a, prober: postgres, target_file: empty}]\n", folder.path),
            "p.yaml:1:52: expected an address of at most 64 KiB in "));
}

BOOST_AUTO_TEST_CASE(load_config_names_the_file_and_starts_from_its_folder) {
    const Folder folder;
    folder.write("pilotlight.yaml", "rule_files: [rules/a.yaml]\n");
    const auto config = load_config(folder.path / "pilotlight.yaml", kProbers);
    BOOST_TEST_REQUIRE(config.has_value());
    BOOST_TEST((*config)->rule_globs.at(0) == (folder.path / "rules/a.yaml").string());
    BOOST_TEST((*config)->directory == folder.path.string());
    const auto missing = load_config(folder.path / "none.yaml", kProbers);
    BOOST_TEST_REQUIRE(!missing.has_value());
    BOOST_TEST(missing.error().front().to_string() ==
               (folder.path / "none.yaml").string() + ": cannot read: No such file or directory");
}

BOOST_AUTO_TEST_CASE(an_entry_that_says_nothing_is_refused_at_its_place) {
    for (const char* list : {"alert_policies", "services", "escalations", "targets", "dns_sd",
                             "http_sd", "relabel_configs", "rule_files", "module_files"}) {
        const std::string found = refused(std::string(list) + ":\n  -\n");
        BOOST_TEST(found.starts_with("p.yaml:2:"), list << " -> " << found);
        BOOST_TEST(has(found, "got nothing"), list << " -> " << found);
    }
    BOOST_TEST(has(refused("escalations: [{name: a, levels: [null]}]"),
                   "p.yaml:1:34: expected a mapping, got nothing"));
    BOOST_TEST(has(refused("alert_policies: [{matchers: [null]}]"), "got nothing"));
    BOOST_TEST(has(refused("services: [{name: a, depends_on: [~]}]"), "got nothing"));
}

BOOST_AUTO_TEST_SUITE_END()
