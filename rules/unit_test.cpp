#include "rules/unit_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "core/template/functions.h"
#include "core/template/time.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/reports.h"
#include "rules/rule_file.h"
#include "rules/running_rule.h"
#include "rules/unit_test_file.h"
#include "rules/vector_of.h"

namespace pilotlight::rules {

namespace {

constexpr Duration kLookback = std::chrono::minutes(5);
/// Evaluations of all groups: two years at one a minute.
constexpr std::int64_t kStepsMax = 1'051'200;

std::string shown(Duration time) {
    return tmpl::format_go_duration(std::chrono::nanoseconds(time).count());
}

struct ShownAlert {
    Labels labels;
    Labels annotations;
    bool impossible = false;

    bool operator==(const ShownAlert& other) const {
        return !impossible && !other.impossible && labels == other.labels &&
               annotations == other.annotations;
    }
    bool operator<(const ShownAlert& other) const {
        if (labels == other.labels) return annotations < other.annotations;
        return labels < other.labels;
    }
};

/// As promtool prints a list of alerts, under a heading that is indented by eight.
std::string shown(const std::vector<ShownAlert>& alerts) {
    if (alerts.empty()) return "[]";
    std::string out = "[";
    for (std::size_t i = 0; i < alerts.size(); ++i) {
        out += fmt::format(
            "{}\n            {}:\n              Labels:{}\n              "
            "Annotations:{}",
            i == 0 ? "" : ",", i, promql::describe(alerts[i].labels),
            promql::describe(alerts[i].annotations));
    }
    return out + "\n            ]";
}

std::string shown(const std::vector<ExpectedSample>& samples) {
    if (samples.empty()) return "nil";
    std::string out;
    for (const auto& sample : samples) {
        if (!out.empty()) out += ", ";
        out += fmt::format("{} {}", promql::describe(sample.labels),
                           tmpl::format_real(sample.value, 'E', -1));
    }
    return out;
}

bool same_value(double expected, double got, bool fuzzy) {
    if (expected == got) return true;
    if (!fuzzy) return false;
    if (std::isnan(expected) && std::isnan(got)) return true;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return std::nextafter(expected, -kInfinity) == got ||
           std::nextafter(expected, kInfinity) == got;
}

bool same_samples(const std::vector<ExpectedSample>& expected,
                  const std::vector<ExpectedSample>& got, bool fuzzy) {
    return std::ranges::equal(expected, got, [&](const ExpectedSample& a, const ExpectedSample& b) {
        return a.labels == b.labels && same_value(a.value, b.value, fuzzy);
    });
}

void sort_by_labels(std::vector<ExpectedSample>& samples) {
    std::ranges::stable_sort(samples, [](const ExpectedSample& a, const ExpectedSample& b) {
        return a.labels < b.labels;
    });
}

/// Runs one item of `tests`: loads its series step by step, evaluates every group at each step, and
/// compares. Follows promtool, down to which samples an expression sees: those up to the last step.
class TestRun {
  public:
    TestRun(const TestGroup& test, const UnitTestFile& file, const std::vector<RuleGroup>& groups,
            promql::Compatibility compatibility, UnitTestWatch watch)
        : test_(test),
          file_(file),
          watch_(std::move(watch)),
          store_({.series_limit = SIZE_MAX, .retention = series::Retention::forever()}),
          functions_(make_template_functions(texts_)) {
        texts_.store = &store_;
        texts_.external_url = test.external_url;
        texts_.external_labels = test.external_labels;
        texts_.eval.lookback = kLookback;
        texts_.eval.subquery_step = file.evaluation_interval;
        texts_.eval.compatibility = compatibility;
        loaded_.resize(test.series.size());
        for (const auto& group : groups)
            add(group);
    }
    TestRun(const TestRun&) = delete;
    TestRun& operator=(const TestRun&) = delete;

    UnitTestResult run() {
        const Duration end = last_eval_time();
        if (end / file_.evaluation_interval > kStepsMax) {
            fail(fmt::format("    more than {} evaluations up to {}", kStepsMax, shown(end)));
            return std::move(result_);
        }
        for (Duration step{0}; step <= end; step += file_.evaluation_interval) {
            load(test_.start + step);
            if (!evaluate(step)) return std::move(result_);
            for (const auto& alert : test_.alerts) {
                if (alert.eval_time >= step && alert.eval_time < step + file_.evaluation_interval) {
                    check(alert);
                }
            }
        }
        for (const auto& expression : test_.expressions)
            check(expression);
        if (watch_.ended) watch_.ended(result_);
        return std::move(result_);
    }

    /// Every sample that the test has made or was given, as promtool's `--debug` shows them.
    [[nodiscard]] std::string dump() const {
        std::vector<const series::Series*> all;
        const Matchers any{*Matcher::make(std::string(kMetricName), Matcher::Op::regexp, ".+")};
        store_.select(any, all);
        std::ranges::sort(all, [](const series::Series* a, const series::Series* b) {
            return a->labels() < b->labels();
        });
        std::string out;
        for (const series::Series* series : all) {
            std::vector<series::Point> points;
            series->points(WallTime::min(), WallTime::max(), points);
            out += series->labels().to_string() + " =>\n";
            for (const auto& point : points) {
                out += fmt::format("{} @[{}]\n", tmpl::format_real(point.value, 'f', -1),
                                   point.at.time_since_epoch().count());
            }
        }
        return out;
    }

  private:
    struct Group {
        std::vector<RunningRule> rules;
        Duration query_offset{};
        std::uint64_t limit = 0;
    };

    void add(const RuleGroup& group) {
        Group running;
        running.query_offset = group.query_offset;
        running.limit = group.limit;
        for (const auto& rule : group.rules)
            running.rules.emplace_back(rule, 0);
        groups_.push_back(std::move(running));
    }

    void fail(std::string message) { result_.failures.push_back(std::move(message)); }

    Duration last_eval_time() const {
        Duration last = watch_.until;
        for (const auto& alert : test_.alerts)
            last = std::max(last, alert.eval_time);
        for (const auto& expression : test_.expressions)
            last = std::max(last, expression.eval_time);
        return last;
    }

    void load(WallTime until) {
        for (std::size_t i = 0; i < test_.series.size(); ++i) {
            const auto& [labels, values] = test_.series[i];
            std::size_t& next = loaded_[i];
            for (; next < values.size(); ++next) {
                const WallTime at = test_.start + test_.interval * next;
                if (at > until) break;
                if (values[next]) store_.append(labels, at, *values[next]);
            }
        }
    }

    /// False where a rule failed: nothing after it can be trusted.
    bool evaluate(Duration step) {
        bool all_well = true;
        Evaluation changed;
        for (auto& group : groups_) {
            const RunContext context{.store = store_,
                                     .texts = texts_,
                                     .functions = functions_,
                                     .now = test_.start + step,
                                     .decided_at = {},
                                     .query_offset = group.query_offset,
                                     .limit = group.limit,
                                     .alerts_max = 0,
                                     .interval = {},
                                     .live = nullptr};
            for (auto& rule : group.rules) {
                RunResult done;
                const bool good = rule.run(context, done);
                if (watch_.evaluated) note(rule, done, changed);
                if (good) continue;
                all_well = false;
                fail(fmt::format("    rule: {}, time: {}, err: {}", rule.rule().name, shown(step),
                                 rule.last_error()));
            }
        }
        if (all_well && watch_.evaluated) {
            std::vector<Alert> alerts = std::move(changed.changed);
            std::ranges::move(changed.updated, std::back_inserter(alerts));
            watch_.evaluated(test_.start + step, std::move(alerts));
        }
        return all_well;
    }

    void note(const RunningRule& rule, const RunResult& done, Evaluation& changed) const {
        for (const StateChange& change : done.changes)
            report(rule, change, test_.external_url, changed);
    }

    void check(const AlertTest& test) {
        ++result_.checks;
        std::vector<ShownAlert> expected;
        for (const auto& alert : test.alerts)
            expected.push_back({alert.labels, alert.annotations, alert.impossible});
        std::vector<ShownAlert> got;
        for (const auto& group : groups_) {
            for (const auto& rule : group.rules) {
                if (!rule.rule().is_alerting() || rule.rule().name != test.alertname) continue;
                for (const auto& [labels, alert] : rule.alerts().active()) {
                    if (alert.state == AlertState::firing)
                        got.push_back({labels, alert.annotations});
                }
            }
        }
        std::ranges::sort(expected, std::less<>());
        std::ranges::sort(got, std::less<>());
        if (expected == got) return;
        const std::string name =
            test_.name.empty() ? "" : fmt::format("    name: {},\n", test_.name);
        fail(fmt::format("{}    alertname: {}, time: {}, \n        exp:{}, \n        got:{}", name,
                         test.alertname, format_duration(test.eval_time), shown(expected),
                         shown(got)));
    }

    void check(const ExpressionTest& test) {
        ++result_.checks;
        const std::string head =
            fmt::format("    expr: {}, time: {},", tmpl::quote(test.expression),
                        format_duration(test.eval_time));
        auto got = evaluate(test);
        if (!got) return fail(fmt::format("{} err: {}", head, got.error().message));
        std::vector<ExpectedSample> expected = test.samples;
        sort_by_labels(expected);
        sort_by_labels(*got);
        if (same_samples(expected, *got, file_.fuzzy)) return;
        fail(fmt::format("{}\n        exp: {}\n        got: {}", head, shown(expected),
                         shown(*got)));
    }

    Result<std::vector<ExpectedSample>> evaluate(const ExpressionTest& test) {
        const auto expr =
            promql::parse(test.expression, {.compatibility = texts_.eval.compatibility});
        if (!expr) return pilotlight::fail(promql::describe(expr.error(), test.expression));
        promql::EvalOptions options = texts_.eval;
        options.at = test_.start + test.eval_time;
        auto value = promql::evaluate(**expr, store_, options);
        if (!value) return std::unexpected(std::move(value.error()));
        const auto rows = vector_of(std::move(*value));
        if (!rows) return std::unexpected(rows.error());
        std::vector<ExpectedSample> samples;
        for (const auto& row : *rows)
            samples.push_back({row.labels, row.value});
        return samples;
    }

    const TestGroup& test_;
    const UnitTestFile& file_;
    UnitTestWatch watch_;
    series::Store store_;
    TemplateContext texts_;
    tmpl::Functions functions_;
    std::vector<Group> groups_;
    /// How many values of each input series the store has.
    std::vector<std::size_t> loaded_;
    UnitTestResult result_;
};

Duration series_end(const TestGroup& test) {
    std::size_t longest = 1;
    for (const InputSeries& series : test.series)
        longest = std::max(longest, series.values.size());
    return test.interval * (longest - 1);
}

struct LoadedRules {
    std::vector<RuleGroup> groups;
    std::vector<std::string> warnings;
};

/// The groups of all rule files, each file once, in the order that the test file asks for: groups
/// that it does not name count as its first.
Checked<LoadedRules> load_rules(const UnitTestFile& file, const UnitTestOptions& options) {
    LoadedRules loaded;
    Errors errors;
    std::set<std::string> seen;
    const ReadOptions read_options{
        .compatibility = options.compatibility,
        .utf8_names = options.compatibility == promql::Compatibility::prometheus3,
        .ignore_unknown_keys = options.ignore_unknown_keys};
    for (const auto& pattern : file.rule_files) {
        auto found = options.load(pattern);
        if (!found) {
            errors.push_back(std::move(found.error()));
            continue;
        }
        if (found->empty()) {
            loaded.warnings.push_back(fmt::format("no file match pattern {}", pattern));
        }
        for (const auto& [path, root] : *found) {
            if (!seen.insert(path).second) continue;
            auto rules = read_rule_file(root, read_options);
            if (!rules) {
                std::ranges::move(rules.error(), std::back_inserter(errors));
                continue;
            }
            std::ranges::move(rules->groups, std::back_inserter(loaded.groups));
        }
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    std::map<std::string_view, std::size_t> order;
    for (std::size_t i = 0; i < file.group_order.size(); ++i)
        order[file.group_order[i]] = i;
    std::ranges::stable_sort(loaded.groups, {}, [&](const RuleGroup& group) {
        const auto place = order.find(group.name);
        return place == order.end() ? std::size_t{0} : place->second;
    });
    return loaded;
}

}  // namespace

bool UnitTestReport::passed() const {
    return std::ranges::all_of(groups,
                               [](const UnitTestResult& group) { return group.failures.empty(); });
}

Checked<UnitTestReport> run_unit_tests(const Node& root, const UnitTestOptions& options) {
    const auto file = read_unit_test_file(
        root, {options.compatibility, options.more_file_keys, options.more_test_keys});
    if (!file) return std::unexpected(file.error());
    const auto rules = load_rules(*file, options);
    if (!rules) return std::unexpected(rules.error());
    UnitTestReport report;
    report.warnings = rules->warnings;
    std::size_t number = 0;
    for (const auto& test : file->tests) {
        ++number;
        if (options.selected && !options.selected(test.name)) continue;
        UnitTestWatch watch;
        if (options.watch) {
            watch = options.watch({*test.node, test.name, test.start, series_end(test),
                                   test.external_labels, test.external_url});
        }
        TestRun run(test, *file, rules->groups, options.compatibility, std::move(watch));
        UnitTestResult result = run.run();
        if (options.dump_samples) result.samples = run.dump();
        result.name = test.name.empty() ? fmt::format("test group {}", number) : test.name;
        report.groups.push_back(std::move(result));
    }
    return report;
}

}  // namespace pilotlight::rules
