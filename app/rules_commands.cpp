#include "app/rules_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "app/alert_tests/alert_test.h"
#include "app/junit.h"
#include "config/config.h"
#include "config/yaml.h"
#include "core/regexp.h"
#include "rules/rule_file.h"
#include "rules/unit_test.h"

namespace pilotlight::app {

namespace {

constexpr int kGood = 0;
constexpr int kNotGood = 1;
constexpr int kUsage = 2;
constexpr int kLint = 3;

void print(const Errors& errors) {
    for (const auto& error : errors)
        std::cerr << error.to_string() << '\n';
}

/// Prometheus reads a rule file's first document; so must we, or its files are not ours.
Result<Node> load(const std::string& path) {
    return config::load_yaml(path, config::MoreDocuments::ignore);
}

/// Only what could be read has lines.
bool is_unreadable(const Result<Node>& root) {
    return !root && root.error().where.line == 0;
}

Checked<rules::RuleFile> read_rule_file(const Result<Node>& root, const std::string& path,
                                        const rules::ReadOptions& options) {
    if (!root) return std::unexpected(Errors{root.error()});
    auto file = rules::read_rule_file(*root, options);
    if (file) file->file = path;
    return file;
}

/// What to end with for this file.
int check_file(const std::string& path, const rules::ReadOptions& read,
               const CheckRulesOptions& options) {
    const auto root = load(path);
    if (is_unreadable(root)) {
        print({root.error()});
        return kUsage;
    }
    std::cout << "Checking " << path << '\n' << std::flush;
    const auto file = read_rule_file(root, path, read);
    if (!file) {
        std::cout << "  FAILED:\n\n" << std::flush;
        print(file.error());
        return kNotGood;
    }
    const Errors findings = options.lint ? rules::lint(*file) : Errors();
    const bool good = findings.empty() || !options.lint_fatal;
    for (const auto& finding : findings) {
        std::cerr << (options.lint_fatal ? "" : "warning: ") << finding.to_string() << '\n';
    }
    std::cout << fmt::format("  {}: {} rules found\n\n", good ? "SUCCESS" : "FAILED",
                             file->rule_count())
              << std::flush;
    return good ? kGood : kLint;
}

/// The failure with what was expected as `-` lines and what came as `+` lines.
std::string as_diff(const std::string& failure) {
    std::string out;
    char mark = ' ';
    for (std::size_t begin = 0; begin < failure.size();) {
        const std::size_t end = std::min(failure.find('\n', begin), failure.size());
        const std::string line = failure.substr(begin, end - begin);
        if (line.starts_with("        exp:")) mark = '-';
        if (line.starts_with("        got:")) mark = '+';
        out += mark == ' ' ? line : mark + line;
        out += '\n';
        begin = end + 1;
    }
    if (!out.empty()) out.pop_back();
    return out;
}

Result<std::vector<std::pair<std::string, Node>>> load_pattern(const std::string& folder,
                                                               const std::string& pattern) {
    std::vector<std::pair<std::string, Node>> found;
    const std::filesystem::path path(pattern);
    const std::string whole =
        path.is_absolute() || pattern.empty()
            ? pattern
            : (std::filesystem::path(folder) / path).lexically_normal().string();
    for (const auto& file : config::expand_globs({whole})) {
        if (!std::filesystem::exists(file)) continue;
        auto root = config::load_yaml(file, config::MoreDocuments::ignore);
        if (!root) return std::unexpected(std::move(root.error()));
        found.emplace_back(file, std::move(*root));
    }
    return found;
}

/// What `test rules` says of one file: nothing of its groups where it could not be run.
struct FileOutcome {
    bool readable = true;
    bool passed = false;
    rules::UnitTestReport report;
    Errors errors;
};

FileOutcome test_file(const std::string& path, const TestRulesOptions& options,
                      const std::vector<Regexp>& run) {
    FileOutcome outcome;
    const auto root = load(path);
    if (!root) {
        outcome.errors = {root.error()};
        outcome.readable = !is_unreadable(root);
        return outcome;
    }
    rules::UnitTestOptions test;
    test.compatibility = options.compatibility;
    test.ignore_unknown_keys = options.ignore_unknown_fields;
    test.dump_samples = options.debug;
    if (!run.empty()) {
        test.selected = [&run](const std::string& name) {
            return std::ranges::any_of(run,
                                       [&](const Regexp& regexp) { return regexp.matches(name); });
        };
    }
    std::string folder =
        config::is_standard_input(path) ? "" : std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    test.load = [&folder](const std::string& pattern) { return load_pattern(folder, pattern); };
    auto report =
        options.alerting ? run_alert_tests(*root, test) : rules::run_unit_tests(*root, test);
    if (!report) {
        outcome.errors = std::move(report.error());
        return outcome;
    }
    outcome.passed = report->passed();
    outcome.report = std::move(*report);
    return outcome;
}

void print(const FileOutcome& outcome, bool diff, bool debug) {
    for (const auto& warning : outcome.report.warnings)
        std::cerr << "  WARNING: " << warning << '\n';
    for (const auto& group : outcome.report.groups) {
        if (!debug) break;
        std::cout << fmt::format("DEBUG: all samples at the end of {}:\n{}\n", group.name,
                                 group.samples);
    }
    if (outcome.passed) {
        std::cout << "  SUCCESS\n\n" << std::flush;
        return;
    }
    std::cout << "  FAILED:\n" << std::flush;
    print(outcome.errors);
    for (const auto& group : outcome.report.groups) {
        for (const auto& failure : group.failures)
            std::cerr << (diff ? as_diff(failure) : failure) << "\n\n";
    }
    std::cout << '\n';
}

}  // namespace

int check_rules_command(const CheckRulesOptions& options) {
    rules::ReadOptions read;
    read.compatibility = options.compatibility.value_or(promql::Compatibility::prometheus3);
    read.utf8_names = options.compatibility == promql::Compatibility::prometheus3;
    read.ignore_unknown_keys = options.ignore_unknown_fields;
    int code = kGood;
    // What cannot be read is worst; a rule that is wrong is worse than one that is doubtful.
    const auto rank = [](int one) { return one == kLint ? 0.5 : one; };
    const auto worse = [&](int found) {
        if (rank(found) > rank(code)) code = found;
    };
    for (const auto& path : options.files) {
        worse(check_file(path, read, options));
    }
    return code;
}

int test_rules_command(const TestRulesOptions& options) {
    std::vector<Regexp> run;
    for (const auto& pattern : options.run) {
        auto regexp = Regexp::compile(pattern);
        if (!regexp) {
            std::cerr << "--run: " << regexp.error().message << '\n';
            return kUsage;
        }
        run.push_back(std::move(*regexp));
    }
    int code = kGood;
    std::vector<JunitSuite> suites;
    for (const auto& path : options.files) {
        std::cout << "Unit Testing:  " << path << '\n' << std::flush;
        const FileOutcome outcome = test_file(path, options, run);
        if (!outcome.readable) {
            print(outcome.errors);
            code = kUsage;
            continue;
        }
        print(outcome, options.diff, options.debug);
        if (!outcome.passed) code = std::max(code, kNotGood);
        suites.push_back({path, outcome.report, outcome.errors});
    }
    if (!options.junit_file.empty()) {
        std::ofstream file(options.junit_file);
        file << to_junit(suites);
        if (!file.flush()) {
            std::cerr << options.junit_file << ": cannot be written\n";
            return kUsage;
        }
    }
    return code;
}

}  // namespace pilotlight::app
