#include "rules/unit_test_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/annotations.h"
#include "rules/promql/parser.h"
#include "rules/yaml_float.h"

namespace pilotlight::rules {

namespace {

using Keys = std::vector<std::string_view>;

const Keys kFileKeys = {"rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare",
                        "tests"};
const Keys kTestKeys = {
    "interval",     "input_series", "alert_rule_test", "promql_expr_test", "external_labels",
    "external_url", "name",         "start_timestamp"};
const Keys kSeriesKeys = {"series", "values"};
const Keys kAlertTestKeys = {"eval_time", "alertname", "exp_alerts"};
const Keys kAlertKeys = {"exp_labels", "exp_annotations"};
const Keys kExpressionTestKeys = {"expr", "eval_time", "exp_samples"};
const Keys kSampleKeys = {"labels", "value", "histogram"};

constexpr Duration kEvaluationInterval = std::chrono::minutes(1);

class Reader {
  public:
    explicit Reader(const UnitTestReadOptions& options)
        : syntax_{.compatibility = options.compatibility},
          file_keys_(with(kFileKeys, options.more_file_keys)),
          test_keys_(with(kTestKeys, options.more_test_keys)) {}

    Checked<UnitTestFile> read(const Node& root) {
        UnitTestFile file;
        if (mapping(root, file_keys_)) {
            file.rule_files = texts(root, "rule_files");
            file.group_order = texts(root, "group_eval_order");
            check_order(root, file.group_order);
            file.evaluation_interval = duration(root, "evaluation_interval");
            if (file.evaluation_interval == Duration{0}) {
                file.evaluation_interval = kEvaluationInterval;
            }
            file.fuzzy = boolean(root, "fuzzy_compare");
            for_each(root, "tests", [&](const Node& node) {
                file.tests.push_back(test_group(node, file.evaluation_interval));
            });
        }
        if (!errors_.empty()) return std::unexpected(std::move(errors_));
        return file;
    }

  private:
    static Keys with(Keys keys, const Keys& more) {
        keys.insert(keys.end(), more.begin(), more.end());
        return keys;
    }

    // Shapes.

    void add(const Node& node, std::string message) {
        errors_.push_back(node.error(std::move(message)));
    }

    bool mapping(const Node& node, const Keys& known) {
        if (node.is_null()) return true;
        if (!node.is_mapping()) {
            add(node, fmt::format("expected a mapping, found {}", node.kind_name()));
            return false;
        }
        for (const auto& entry : node.entries) {
            if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
                errors_.emplace_back(unknown_key_message(entry.key, known), entry.key_where);
            }
        }
        return true;
    }

    template <class Visit>
    void for_each(const Node& node, std::string_view key, Visit visit) {
        const Node* value = node.find(key);
        if (value == nullptr || value->is_null()) return;
        if (!value->is_sequence()) {
            return add(*value,
                       fmt::format("\"{}\" must be a list, not {}", key, value->kind_name()));
        }
        for (const auto& item : value->items) {
            // Of a list, promtool leaves out what is nothing.
            if (!item.is_null()) visit(item);
        }
    }

    const Node* scalar(const Node& node, std::string_view key) {
        const Node* value = node.find(key);
        if (value == nullptr || value->is_null()) return nullptr;
        if (value->is_scalar()) return value;
        add(*value, fmt::format("\"{}\" must be a text, not {}", key, value->kind_name()));
        return nullptr;
    }

    std::string text(const Node& node, std::string_view key) {
        const Node* value = scalar(node, key);
        return value == nullptr ? std::string() : value->scalar;
    }

    std::vector<std::string> texts(const Node& node, std::string_view key) {
        std::vector<std::string> found;
        for_each(node, key, [&](const Node& item) {
            if (item.is_scalar())
                found.push_back(item.scalar);
            else
                add(item, fmt::format("expected a text, found {}", item.kind_name()));
        });
        return found;
    }

    Duration duration(const Node& node, std::string_view key) {
        const Node* value = scalar(node, key);
        if (value == nullptr) return {};
        const auto parsed = parse_duration(value->scalar);
        if (parsed) return *parsed;
        add(*value, fmt::format("\"{}\": {}", key, parsed.error().message));
        return {};
    }

    bool boolean(const Node& node, std::string_view key) {
        const Node* value = scalar(node, key);
        if (value == nullptr) return false;
        if (value->scalar == "true" && !value->quoted) return true;
        if (value->scalar != "false" || value->quoted) {
            add(*value, fmt::format("\"{}\" must be true or false, not {}", key, value->shown()));
        }
        return false;
    }

    void check_order(const Node& root, const std::vector<std::string>& order) {
        std::set<std::string_view> seen;
        for (const auto& name : order) {
            if (seen.insert(name).second) continue;
            add(*root.find("group_eval_order"),
                fmt::format("group name repeated in evaluation order: {}", name));
        }
    }

    /// `empty` is told whether a value was empty.
    template <class Builder = LabelsBuilder>
    Labels labels(const Node& node, std::string_view key, bool* empty = nullptr) {
        const Node* value = node.find(key);
        Builder labels;
        if (value == nullptr || value->is_null()) return labels.build();
        if (!value->is_mapping()) {
            add(*value, fmt::format("\"{}\" must be a mapping, not {}", key, value->kind_name()));
            return labels.build();
        }
        for (const auto& entry : value->entries) {
            if (!entry.value.is_scalar() && !entry.value.is_null()) {
                add(entry.value, fmt::format("\"{}\" must be a text, not {}", entry.key,
                                             entry.value.kind_name()));
            }
            if (empty != nullptr && entry.value.scalar.empty()) *empty = true;
            labels.set(entry.key, entry.value.scalar);
        }
        return labels.build();
    }

    // Test groups.

    TestGroup test_group(const Node& node, Duration evaluation_interval) {
        TestGroup group;
        group.node = &node;
        if (!mapping(node, test_keys_)) return group;
        group.name = text(node, "name");
        group.interval = duration(node, "interval");
        // 2.42 puts every sample at the start then.
        if (group.interval == Duration{0} &&
            syntax_.compatibility == promql::Compatibility::prometheus3) {
            group.interval = evaluation_interval;
        }
        group.start = start(node);
        group.external_labels = labels(node, "external_labels");
        group.external_url = text(node, "external_url");
        for_each(node, "input_series", [&](const Node& item) {
            InputSeries series = input_series(item);
            // Of a series given twice the last one counts, as with promtool.
            const auto same = std::ranges::find(group.series, series.labels, &InputSeries::labels);
            if (same == group.series.end())
                group.series.push_back(std::move(series));
            else
                *same = std::move(series);
        });
        for_each(node, "alert_rule_test",
                 [&](const Node& item) { group.alerts.push_back(alert_test(item, group.name)); });
        for_each(node, "promql_expr_test",
                 [&](const Node& item) { group.expressions.push_back(expression_test(item)); });
        return group;
    }

    /// Seconds since the epoch, or RFC 3339.
    WallTime start(const Node& node) {
        const Node* value = scalar(node, "start_timestamp");
        if (value == nullptr) return {};
        if (const auto seconds = read_yaml_float(value->scalar); seconds && !value->quoted) {
            if (std::abs(*seconds) < 1e13) {
                return WallTime(Duration(static_cast<std::int64_t>(std::round(*seconds * 1000))));
            }
        } else if (const auto time = parse_time(value->scalar)) {
            return *time;
        }
        add(*value,
            fmt::format("\"start_timestamp\" must be seconds since 1970 or RFC 3339, not {}",
                        value->shown()));
        return {};
    }

    InputSeries input_series(const Node& node) {
        InputSeries series;
        if (!mapping(node, kSeriesKeys)) return series;
        const Node* name = scalar(node, "series");
        if (name == nullptr) {
            add(node, "an input series needs \"series\"");
            return series;
        }
        auto parsed = promql::parse_series(name->scalar, syntax_);
        if (!parsed)
            add(*name, promql::describe(parsed.error(), name->scalar));
        else if (parsed->empty())
            add(*name, "an input series needs a name or a label");
        else
            series.labels = std::move(*parsed);
        const Node* values = scalar(node, "values");
        if (values == nullptr) return series;
        auto numbers = promql::parse_series_values(values->scalar);
        if (numbers)
            series.values = std::move(*numbers);
        else
            add(*values, promql::describe(numbers.error(), values->scalar));
        return series;
    }

    AlertTest alert_test(const Node& node, const std::string& group) {
        AlertTest test;
        if (!mapping(node, kAlertTestKeys)) return test;
        test.eval_time = duration(node, "eval_time");
        test.alertname = text(node, "alertname");
        if (test.alertname.empty()) {
            add(node, fmt::format("an item under alert_rule_test misses required attribute "
                                  "alertname at eval_time {}{}",
                                  format_duration(test.eval_time),
                                  group.empty() ? "" : fmt::format(" (in TestGroup {})", group)));
        }
        for_each(node, "exp_alerts", [&](const Node& item) {
            ExpectedAlert alert;
            if (!mapping(item, kAlertKeys)) return;
            LabelsBuilder with_name(labels(item, "exp_labels", &alert.impossible));
            with_name.set(kAlertName, test.alertname);
            alert.labels = with_name.build();
            alert.annotations = labels<AnnotationsBuilder>(item, "exp_annotations");
            test.alerts.push_back(std::move(alert));
        });
        return test;
    }

    ExpressionTest expression_test(const Node& node) {
        ExpressionTest test;
        if (!mapping(node, kExpressionTestKeys)) return test;
        test.expression = text(node, "expr");
        test.eval_time = duration(node, "eval_time");
        for_each(node, "exp_samples",
                 [&](const Node& item) { test.samples.push_back(expected_sample(item)); });
        return test;
    }

    ExpectedSample expected_sample(const Node& node) {
        ExpectedSample sample;
        if (!mapping(node, kSampleKeys)) return sample;
        if (const Node* histogram = scalar(node, "histogram")) {
            add(*histogram, "native histograms are not supported");
        }
        if (const Node* text = scalar(node, "labels")) {
            auto parsed = promql::parse_series(text->scalar, syntax_);
            if (parsed)
                sample.labels = std::move(*parsed);
            else
                add(*text, promql::describe(parsed.error(), text->scalar));
        }
        if (const Node* text = scalar(node, "value")) {
            const auto number = text->quoted ? std::nullopt : read_yaml_float(text->scalar);
            if (number)
                sample.value = *number;
            else
                add(*text, fmt::format("\"value\" must be a number, not {}", text->shown()));
        }
        return sample;
    }

    promql::ParseOptions syntax_;
    Keys file_keys_;
    Keys test_keys_;
    Errors errors_;
};

}  // namespace

Checked<UnitTestFile> read_unit_test_file(const Node& root, const UnitTestReadOptions& options) {
    return Reader(options).read(root);
}

}  // namespace pilotlight::rules
