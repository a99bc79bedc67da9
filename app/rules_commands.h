#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rules/promql/compatibility.h"

namespace pilotlight::app {

struct CheckRulesOptions {
    std::vector<std::string> files;
    /// `--prometheus 2|3`. Without it the syntax is Prometheus 3's, but names must be such that
    /// both generations read them.
    std::optional<promql::Compatibility> compatibility;
    /// `--lint`: rules that are the same twice are told, and with `lint_fatal` fail the check.
    bool lint = true;
    bool lint_fatal = false;
    /// `--ignore-unknown-fields`: keys that Prometheus does not know are no error.
    bool ignore_unknown_fields = false;
};

/// `pilotlight check rules FILE...`: prints what promtool prints, errors as `FILE:LINE:COL: ...` to
/// standard error. Returns 0, 1 where a
/// file is not good, 2 where one cannot be read, 3 where lint alone finds something and is fatal.
int check_rules_command(const CheckRulesOptions& options);

struct TestRulesOptions {
    std::vector<std::string> files;
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    /// `--run REGEX`, each: only test groups whose name one of them matches.
    std::vector<std::string> run;
    /// `--junit FILE`: results as JUnit XML; "" for none.
    std::string junit_file;
    /// Print failures with `+`/`-` lines (`--diff`).
    bool diff = false;
    /// Print when each test starts and every sample that there was at its end (`--debug`).
    bool debug = false;
    /// `--ignore-unknown-fields`: keys of rule files that Prometheus does not know are no error.
    bool ignore_unknown_fields = false;
    /// `test alerting`: on through routing to the messages; see app/alert_tests/alert_test.h.
    bool alerting = false;
};

/// `pilotlight test rules FILE...` and `pilotlight test alerting FILE...`: promtool's unit tests
/// and output. Returns 0 where all pass, 1 where one fails or a file is not good, 2 where the usage
/// is bad.
int test_rules_command(const TestRulesOptions& options);

}  // namespace pilotlight::app
