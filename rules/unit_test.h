#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/alert.h"
#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/time.h"
#include "rules/promql/compatibility.h"

/// promtool's `test rules`: rules against given series, with the answers expected.
namespace pilotlight::rules {

struct UnitTestResult;

/// What looks on while one item of `tests` runs, to check more than promtool's format can say.
struct UnitTestWatch {
    /// Evaluations go on until then, from the start of the test; longer where a check asks for it.
    Duration until{};
    /// After each evaluation of all groups, with the alerts that changed since the one before:
    /// state, texts or value. `now` is when they were evaluated.
    std::function<void(WallTime now, std::vector<Alert> changed)> evaluated;
    /// At the end, unless a rule failed: adds checks and failures.
    std::function<void(UnitTestResult& result)> ended;
};

/// What such a watch must know of the item.
struct WatchedTest {
    /// The item, as it stands in the file.
    const Node& node;
    const std::string& name;
    WallTime start{};
    /// When its longest series has its last value, from the start.
    Duration series_end{};
    const Labels& external_labels;
    const std::string& external_url;
};

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
    /// Keys of the file and of an item of `tests` that are the caller's to read.
    std::vector<std::string_view> more_file_keys;
    std::vector<std::string_view> more_test_keys;
    /// What looks on while a test runs; null for nobody.
    std::function<UnitTestWatch(const WatchedTest&)> watch;
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
