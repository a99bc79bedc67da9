#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/time.h"
#include "rules/promql/compatibility.h"
#include "rules/promql/series_notation.h"

namespace pilotlight::rules {

struct InputSeries {
    Labels labels;
    std::vector<promql::SeriesValue> values;
};

struct ExpectedAlert {
    Labels labels;
    Labels annotations;
    /// A label that is expected to be empty: no alert has one.
    bool impossible = false;
};

struct AlertTest {
    Duration eval_time{};
    std::string alertname;
    std::vector<ExpectedAlert> alerts;
};

struct ExpectedSample {
    Labels labels;
    double value = 0;
};

struct ExpressionTest {
    std::string expression;
    Duration eval_time{};
    std::vector<ExpectedSample> samples;
};

/// An item of `tests`.
struct TestGroup {
    std::string name;
    Duration interval{};
    WallTime start{};
    std::vector<InputSeries> series;
    std::vector<AlertTest> alerts;
    std::vector<ExpressionTest> expressions;
    Labels external_labels;
    std::string external_url;
    /// Where it stands; lives as long as the document.
    const Node* node = nullptr;
};

struct UnitTestFile {
    std::vector<std::string> rule_files;
    Duration evaluation_interval{};
    std::vector<std::string> group_order;
    bool fuzzy = false;
    std::vector<TestGroup> tests;
};

struct UnitTestReadOptions {
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    /// Keys besides promtool's that somebody else reads.
    std::vector<std::string_view> more_file_keys{};
    std::vector<std::string_view> more_test_keys{};
};

/// Reads promtool's unit-test format; unknown keys are refused, series and labels parsed. `root`
/// outlives the result.
[[nodiscard]] Checked<UnitTestFile> read_unit_test_file(const Node& root,
                                                        const UnitTestReadOptions& options);

}  // namespace pilotlight::rules
