#pragma once

#include <optional>
#include <string>
#include <vector>

/// One function per command: each does its work, prints, and returns the process's exit code
/// (app/command_line.h). Parsing the words is command_line.cpp's.
namespace pilotlight::app {

struct RunOptions {
    std::string config = "pilotlight.yaml";
    /// HOST:PORT, over the configuration's `listen`.
    std::optional<std::string> listen;
    /// Over the configuration's `data_dir`.
    std::optional<std::string> data_dir;
};
int run_command(const RunOptions& options);

struct ProbeOptions {
    std::string config = "pilotlight.yaml";
    /// Either a target's name, or a prober and an address.
    std::string name_or_prober;
    std::string address;
    /// FILE:NAME of a module in blackbox_exporter's format.
    std::string module;
    std::string timeout;
    bool json = false;
};
int probe_command(const ProbeOptions& options);

int check_config_command(const std::string& file);

struct ListOptions {
    std::string url = "http://127.0.0.1:9897";
    bool json = false;
};
int alerts_command(const ListOptions& options);
int targets_command(const ListOptions& options);

struct QueryOptions {
    std::string expression;
    std::string url = "http://127.0.0.1:9897";
    /// Unix seconds or RFC 3339; "" for now.
    std::string time;
    /// Any of them makes it a query over a range, with promtool's defaults for the others.
    std::string start;
    std::string end;
    /// Seconds or a duration.
    std::string step;
    /// 2 or 3; 0 for what the daemon's configuration says.
    int prometheus = 0;
    bool json = false;
};
/// Prints as promtool does. Returns 1 where the expression is not good, 2 where nobody answers.
int query_command(const QueryOptions& options);

struct ExplainOptions {
    std::string url = "http://127.0.0.1:9897";
    bool json = false;
    std::string alert;
    /// Each LABEL=VALUE.
    std::vector<std::string> labels;
};
/// Exit 1 where no rule has that name.
int explain_command(const ExplainOptions& options);

/// Writes the reference of the configuration, made from the tables that the parser uses.
int docs_command(const std::string& what);

}  // namespace pilotlight::app
