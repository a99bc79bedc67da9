#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/document.h"
#include "core/error.h"
#include "core/time.h"
#include "rules/promql/ast.h"
#include "rules/promql/compatibility.h"
#include "rules/text.h"

namespace pilotlight::rules {

/// A recording or alerting rule, read and checked; its expression and templates are compiled.
struct Rule {
    enum class Kind { recording, alerting };

    Kind kind = Kind::alerting;
    /// `record` or `alert`.
    std::string name;
    /// The expression as written, and compiled.
    std::string expression;
    std::shared_ptr<const promql::Expr> expr;
    Duration hold{};
    Duration keep_firing_for{};
    /// The group's labels among them, where the rule does not set its own.
    std::vector<Text> labels;
    std::vector<Text> annotations;
    Location where;

    [[nodiscard]] bool is_alerting() const { return kind == Kind::alerting; }
};

struct RuleGroup {
    std::string name;
    std::string file;
    /// Where the file gives none, the engine's default.
    std::optional<Duration> interval;
    Duration query_offset{};
    /// Alerts or series that one rule may give; 0 is no limit.
    std::uint64_t limit = 0;
    std::vector<Rule> rules;
    Location where;
};

struct RuleFile {
    std::string file;
    std::vector<RuleGroup> groups;

    [[nodiscard]] std::size_t rule_count() const;
};

struct ReadOptions {
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    /// Names of labels, annotations and recorded metrics may hold any characters, as Prometheus 3
    /// allows; else only what both generations read.
    bool utf8_names = true;
    /// Keys that Prometheus does not know are no error: files extended for other tools.
    bool ignore_unknown_keys = false;
    /// Rules of one file; more are refused.
    std::size_t rules_max = 100'000;
};

/// Reads Prometheus's rule file format. Errors are promtool's, all at once, each with its place
/// and the text `group "g", rule N, "name": what is wrong`; an error in an expression points into
/// it. An empty document is a file without groups.
[[nodiscard]] Checked<RuleFile> read_rule_file(const Node& root, const ReadOptions& options = {});

/// What is no error but rarely meant: rules of one file that are the same in name and labels, so
/// that they write the same series (promtool's `--lint duplicate-rules`). One entry for each rule
/// that repeats an earlier one, at its place.
[[nodiscard]] Errors lint(const RuleFile& file);

}  // namespace pilotlight::rules
