#include "app/junit.h"

#include <fmt/format.h>

#include "core/template/functions.h"

namespace pilotlight::app {

namespace {

/// XML has no way to say most control characters.
std::string escaped(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = '?';
    }
    return tmpl::escape_html(text);
}

void append_case(std::string& out, const rules::UnitTestResult& group) {
    out += fmt::format("    <testcase name=\"{}\" assertions=\"{}\"", escaped(group.name),
                       group.checks);
    if (group.failures.empty()) {
        out += "/>\n";
        return;
    }
    out += ">\n";
    for (const auto& failure : group.failures)
        out += fmt::format("      <failure>{}</failure>\n", escaped(failure));
    out += "    </testcase>\n";
}

void append_suite(std::string& out, const JunitSuite& suite) {
    std::size_t failed = 0;
    for (const auto& group : suite.report.groups)
        failed += group.failures.empty() ? 0 : 1;
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
                       escaped(suite.name), suite.report.groups.size() + suite.errors.size(),
                       failed, suite.errors.size());
    for (const auto& error : suite.errors) {
        out +=
            fmt::format("    <testcase name=\"file\">\n      <error>{}</error>\n    </testcase>\n",
                        escaped(error.to_string()));
    }
    for (const auto& group : suite.report.groups)
        append_case(out, group);
    out += "  </testsuite>\n";
}

}  // namespace

std::string to_junit(std::span<const JunitSuite> suites) {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (const auto& suite : suites)
        append_suite(out, suite);
    return out + "</testsuites>\n";
}

}  // namespace pilotlight::app
