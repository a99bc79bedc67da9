#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <iostream>
#include <sstream>

#include "app/commands.h"
#include "app/demo/demo_command.h"
#include "app/routes_command.h"
#include "app/rules_commands.h"
#include "app/version.h"

namespace pilotlight::app {
namespace {

/// What the chosen command does; set while the words are parsed, run afterwards.
using Chosen = std::function<int()>;

struct CheckRulesWords {
    CheckRulesOptions options;
    std::string lint = "duplicate-rules";
    int prometheus = 0;
};

/// promtool's list of checks: one is of rules, one of scrapes; of others it is told.
bool lints_rules(const std::string& list) {
    bool lints = false;
    std::istringstream words(list);
    for (std::string word; std::getline(words, word, ',');) {
        if (word == "all" || word == "duplicate-rules") {
            lints = true;
        } else if (word != "none" && word != "too-long-scrape-interval") {
            std::cerr << "warning: unknown lint option " << word << '\n';
        }
    }
    return lints;
}

struct TestRulesWords {
    TestRulesOptions options;
    int prometheus = 0;
};

void add_prometheus(CLI::App& command, int& prometheus) {
    command.add_option("--prometheus", prometheus, "Semantics of Prometheus 2 or 3")
        ->check(CLI::IsMember({2, 3}));
}

/// Nothing where the option was not given.
std::optional<promql::Compatibility> generation(int prometheus) {
    if (prometheus == 0) return std::nullopt;
    return prometheus == 2 ? promql::Compatibility::prometheus2
                           : promql::Compatibility::prometheus3;
}

void add_run(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<RunOptions>();
    CLI::App* command = app.add_subcommand("run", "Watch, judge and page by a configuration");
    command->add_option("--config", options->config, "The main file")->capture_default_str();
    command->add_option("--listen", options->listen, "HOST:PORT, over the file's `listen`");
    command->add_option("--data", options->data_dir, "Folder, over the file's `data_dir`");
    command->callback([&chosen, options] { chosen = [options] { return run_command(*options); }; });
}

void add_probe(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<ProbeOptions>();
    CLI::App* command = app.add_subcommand("probe", "Probe once and show every phase and metric");
    command
        ->add_option("target", options->name_or_prober,
                     "A target of the configuration, or a prober (http, tcp, tls, ...)")
        ->required();
    command->add_option("address", options->address, "What the prober probes");
    command->add_option("--config", options->config, "The main file")->capture_default_str();
    command->add_option("--module", options->module,
                        "FILE:NAME of a module in blackbox_exporter's format");
    command->add_option("--timeout", options->timeout, "As long as the probe may take (5s)");
    command->add_flag("--json", options->json, "Print JSON");
    CLI::Option* watch = command->add_flag(
        "--watch", options->watch,
        "Probe again and again until Ctrl-C, a line each, changes marked; 1 if one was not ok");
    command->add_option("--interval", options->interval, "How often (the target's interval, or 5s)")
        ->needs(watch);
    command->add_option("--count", options->count, "End after so many probes")->needs(watch);
    command->callback(
        [&chosen, options] { chosen = [options] { return probe_command(*options); }; });
}

void add_check(CLI::App& app, Chosen& chosen) {
    CLI::App* check = app.add_subcommand("check", "Check files without running anything");
    check->require_subcommand(1);

    auto file = std::make_shared<std::string>();
    CLI::App* config =
        check->add_subcommand("config", "Check the main file and every file it names");
    config->add_option("file", *file, "The main file")->required();
    config->callback([&chosen, file] { chosen = [file] { return check_config_command(*file); }; });

    auto words = std::make_shared<CheckRulesWords>();
    CLI::App* rules = check->add_subcommand("rules", "Check Prometheus rule files");
    rules->add_option("files", words->options.files, "Rule files")->required();
    add_prometheus(*rules, words->prometheus);
    rules->add_option("--lint", words->lint, "all, duplicate-rules or none")->capture_default_str();
    rules->add_flag("--lint-fatal", words->options.lint_fatal, "Exit 3 on lint findings");
    rules->add_flag("--ignore-unknown-fields", words->options.ignore_unknown_fields,
                    "Keys that Prometheus does not know are no error");
    rules->callback([&chosen, words] {
        chosen = [words] {
            words->options.lint = lints_rules(words->lint);
            words->options.compatibility = generation(words->prometheus);
            return check_rules_command(words->options);
        };
    });
}

void add_unit_tests(CLI::App& test, Chosen& chosen, const char* name, const char* what,
                    bool alerting) {
    auto words = std::make_shared<TestRulesWords>();
    TestRulesOptions& options = words->options;
    options.alerting = alerting;
    CLI::App* command = test.add_subcommand(name, what);
    command->add_option("files", options.files, "Test files")->required();
    add_prometheus(*command, words->prometheus);
    command->add_option("--run", options.run, "Only test groups whose name matches (repeatable)")
        ->allow_extra_args(false);
    command->add_option("--junit", options.junit_file, "Write the results here as JUnit XML");
    command->add_flag("--diff", options.diff, "Print failures as - and + lines");
    command->add_flag("--debug", options.debug, "Print every sample at the end of each test");
    command->add_flag("--ignore-unknown-fields", options.ignore_unknown_fields,
                      "Keys of rule files that Prometheus does not know are no error");
    command->callback([&chosen, words] {
        chosen = [words] {
            const auto wanted = generation(words->prometheus);
            if (wanted) words->options.compatibility = *wanted;
            return test_rules_command(words->options);
        };
    });
}

void add_test(CLI::App& app, Chosen& chosen) {
    CLI::App* test = app.add_subcommand("test", "Run unit tests");
    test->require_subcommand(1);
    add_unit_tests(*test, chosen, "rules", "Run rule unit tests in promtool's format", false);
    add_unit_tests(*test, chosen, "alerting",
                   "Run rules, routes and receivers from series to messages, in virtual time",
                   true);
}

void add_lists(CLI::App& app, Chosen& chosen) {
    const auto add = [&](const char* name, const char* what, int (*run)(const ListOptions&)) {
        auto options = std::make_shared<ListOptions>();
        CLI::App* command = app.add_subcommand(name, what);
        command->add_option("--url", options->url, "Where Pilotlight listens")
            ->capture_default_str();
        command->add_flag("--json", options->json, "Print JSON");
        command->callback(
            [&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
    };
    add("targets", "List the targets of a running Pilotlight", targets_command);
}

void add_explain(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<ExplainOptions>();
    CLI::App* command =
        app.add_subcommand("explain", "Say why an alert is in its state, or why there is none");
    command->add_option("alert", options->alert, "The alert's name")->required();
    command->add_option("labels", options->labels, "LABEL=VALUE: only alerts with these labels");
    command->add_option("--url", options->url, "Where Pilotlight listens")->capture_default_str();
    command->add_flag("--json", options->json, "Print JSON");
    command->callback(
        [&chosen, options] { chosen = [options] { return explain_command(*options); }; });
}

void add_url_and_json(CLI::App& command, ListOptions& options) {
    command.add_option("--url", options.url, "Where Pilotlight listens")->capture_default_str();
    command.add_flag("--json", options.json, "Print JSON");
}

void add_alerts(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<AlertsOptions>();
    CLI::App* command = app.add_subcommand(
        "alerts", "List the alerts of a running Pilotlight, and what silences or inhibits them");
    command->add_option("matchers", options->matchers,
                        "Only alerts with these labels: severity=critical, 'job=~\"api.*\"'");
    add_url_and_json(*command, *options);
    command->callback(
        [&chosen, options] { chosen = [options] { return alerts_command(*options); }; });
}

void add_silence_add(CLI::App& silence, Chosen& chosen) {
    auto options = std::make_shared<SilenceAddOptions>();
    CLI::App* command = silence.add_subcommand("add", "Tell nobody of some alerts for a while");
    command
        ->add_option("matchers", options->matchers,
                     "Labels of the alerts, all of them: alertname=Down, 'job=~\"api.*\"'")
        ->required();
    command->add_option("-c,--comment", options->comment, "Why")->required();
    command->add_option("-a,--author", options->author, "Who answers for it (you)");
    command->add_option("-d,--duration", options->duration, "How long: 2h, 1h30m, 3d");
    command->add_option("--until", options->until, "Until when: 2026-01-02T15:04:05Z");
    command->add_option("--start", options->start, "From when on (now)");
    add_url_and_json(*command, *options);
    command->callback(
        [&chosen, options] { chosen = [options] { return silence_add_command(*options); }; });
}

void add_silence(CLI::App& app, Chosen& chosen) {
    CLI::App* silence =
        app.add_subcommand("silence", "Make, list and end silences of a running Pilotlight");
    silence->require_subcommand(1);
    add_silence_add(*silence, chosen);

    auto list = std::make_shared<SilenceListOptions>();
    CLI::App* list_command = silence->add_subcommand("list", "List silences");
    list_command->add_option("matchers", list->matchers, "Only those that have these matchers");
    list_command->add_flag("--expired", list->expired, "Those that ended too");
    add_url_and_json(*list_command, *list);
    list_command->callback(
        [&chosen, list] { chosen = [list] { return silence_list_command(*list); }; });

    auto expire = std::make_shared<SilenceExpireOptions>();
    CLI::App* expire_command = silence->add_subcommand("expire", "End silences now");
    expire_command->add_option("ids", expire->ids, "Ids, or how they begin")->required();
    expire_command->add_option("-a,--author", expire->author, "Who ends them (you)");
    add_url_and_json(*expire_command, *expire);
    expire_command->callback(
        [&chosen, expire] { chosen = [expire] { return silence_expire_command(*expire); }; });
}

void add_routes(CLI::App& app, Chosen& chosen) {
    CLI::App* routes = app.add_subcommand("routes", "Look at the routing tree");
    routes->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, int (*run)(const RoutesOptions&)) {
        auto options = std::make_shared<RoutesOptions>();
        CLI::App* command = routes->add_subcommand(name, what);
        CLI::Option* file =
            command->add_option("--alerting", options->alerting, "A file in Alertmanager's format");
        command
            ->add_option("--config", options->config,
                         "The main file, which names it (pilotlight.yaml)")
            ->excludes(file);
        command->add_flag("--json", options->json, "Print JSON");
        command->callback(
            [&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
        return std::pair(command, options);
    };
    add("show", "Show the tree", routes_show_command);
    const auto [test, options] =
        add("test", "Say where an alert would go, and why", routes_test_command);
    test->add_option("--time", options->time, "Unix seconds or RFC 3339 (now)");
    test->add_option("labels", options->labels, "LABEL=VALUE of the alert");
}

void add_query(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<QueryOptions>();
    CLI::App* command =
        app.add_subcommand("query", "Evaluate an expression over a running Pilotlight's series");
    command->add_option("expression", options->expression, "PromQL")->required();
    command->add_option("--url", options->url, "Where Pilotlight listens")->capture_default_str();
    command->add_option("--time", options->time, "Unix seconds or RFC 3339 (now)");
    command->add_option("--start", options->start, "Of a range (five minutes before its end)");
    command->add_option("--end", options->end, "Of a range (now)");
    command->add_option("--step", options->step, "Of a range, in seconds or as 1m30s");
    add_prometheus(*command, options->prometheus);
    command->add_flag("--json", options->json, "Print JSON");
    command->callback(
        [&chosen, options] { chosen = [options] { return query_command(*options); }; });
}

void add_demo(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<demo::DemoOptions>();
    CLI::App* command = app.add_subcommand(
        "demo", "A small application with faults to switch on, watched; no account needed");
    command->add_option("--listen", options->listen, "HOST:PORT of Pilotlight")
        ->capture_default_str();
    command->add_flag("!--no-show", options->show, "Switch no fault on by itself");
    command->callback(
        [&chosen, options] { chosen = [options] { return demo::demo_command(*options); }; });
}

void add_docs(CLI::App& app, Chosen& chosen) {
    auto what = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("docs", "Write a generated reference");
    command->group("");  // for the project's own use: not in --help
    command->add_option("what", *what, "alerting or configuration")->required();
    command->callback([&chosen, what] { chosen = [what] { return docs_command(*what); }; });
}

bool is_command(const CLI::App& app, const std::string& word) {
    return !app.get_subcommands(
                   [&](const CLI::App* command) { return command->get_name() == word; })
                .empty();
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App app(
        "Pilotlight probes a platform, judges what it sees by Prometheus rule files, and "
        "makes sure that the right person knows.",
        "pilotlight");
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("pilotlight ") + std::string(kVersion));
    Chosen chosen;
    add_run(app, chosen);
    add_probe(app, chosen);
    add_check(app, chosen);
    add_test(app, chosen);
    add_query(app, chosen);
    add_routes(app, chosen);
    add_explain(app, chosen);
    add_alerts(app, chosen);
    add_silence(app, chosen);
    add_lists(app, chosen);
    add_demo(app, chosen);
    add_docs(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help was asked for; but not of a command that there is not.
        const bool known = argc < 2 || argv[1][0] == '-' || is_command(app, argv[1]);
        if (error.get_exit_code() == 0 && known) return app.exit(error);
        std::cerr << "pilotlight: " << error.what() << "; see pilotlight --help\n";
        return kExitCannot;
    }
    try {
        return chosen();
    } catch (const std::exception& error) {
        std::cerr << "pilotlight: " << error.what() << '\n';
        return kExitCannot;
    }
}

}  // namespace pilotlight::app
