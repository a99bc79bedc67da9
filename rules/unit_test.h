#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/document.h"
#include "core/error.h"
#include "rules/promql/compatibility.h"

/// promtool's `test rules`: rules against given series, with the answers expected.
namespace pilotlight::rules {

struct UnitTestOptions {
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    /// Keys of rule files that Prometheus does not know are no error.
    bool ignore_unknown_keys = false;
    /// Every sample that there was at the end of a test is written down.
    bool dump_samples = false;
    /// Only test groups whose name it matches (`--run`); all where null.
    std::function<bool(const std::string& name)> selected;
    /// The rule files that a pattern of `rule_files` stands for, each as its path and document,
    /// in order; the patterns are as written, relative to the test file's folder.
    std::function<Result<std::vector<std::pair<std::string, Node>>>(const std::string& pattern)>
        load;
};

/// What became of one item of `tests`.
struct UnitTestResult {
    /// `name`, or "test group N" where it has none.
    std::string name;
    /// Each as promtool prints it (`    alertname: X, time: 5m, ... exp: ... got: ...`); empty
    /// where all is as expected.
    std::vector<std::string> failures;
    /// Expectations checked.
    std::size_t checks = 0;
    /// With `dump_samples`: `{labels} =>`, then its samples as `VALUE @[MILLISECONDS]`, a line
    /// each.
    std::string samples;
};

struct UnitTestReport {
    std::vector<UnitTestResult> groups;
    /// What is not fatal: a pattern that names no file.
    std::vector<std::string> warnings;

    [[nodiscard]] bool passed() const;
};

/// Runs one unit-test file. Fails with all mistakes of the file itself and of its rule files.
[[nodiscard]] Checked<UnitTestReport> run_unit_tests(const Node& root,
                                                     const UnitTestOptions& options);

}  // namespace pilotlight::rules
