#pragma once

#include <cstdint>
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
    /// Again and again: every `interval` (the target's, if empty), `count` times (0: until Ctrl-C).
    bool watch = false;
    std::string interval;
    std::uint64_t count = 0;
};
int probe_command(const ProbeOptions& options);

int check_config_command(const std::string& file);

struct ListOptions {
    std::string url = "http://127.0.0.1:9897";
    bool json = false;
};
struct AlertsOptions : ListOptions {
    /// Only alerts that all of them match.
    std::vector<std::string> matchers;
};
int alerts_command(const AlertsOptions& options);

struct SilenceAddOptions : ListOptions {
    std::vector<std::string> matchers;
    std::string comment;
    /// Who answers for it; the user's name by default.
    std::string author;
    /// One of them: how long, or until when (RFC 3339).
    std::string duration;
    std::string until;
    /// RFC 3339; now by default.
    std::string start;
};
int silence_add_command(const SilenceAddOptions& options);

struct SilenceListOptions : ListOptions {
    /// Only silences that have all of them.
    std::vector<std::string> matchers;
    /// Those that ended too.
    bool expired = false;
};
int silence_list_command(const SilenceListOptions& options);

struct SilenceExpireOptions : ListOptions {
    /// Ids, or how they begin.
    std::vector<std::string> ids;
    std::string author;
};
int silence_expire_command(const SilenceExpireOptions& options);

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
