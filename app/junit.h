#pragma once

#include <span>
#include <string>

#include "core/error.h"
#include "rules/unit_test.h"

namespace pilotlight::app {

/// One unit-test file: its groups' results, or why it could not be run.
struct JunitSuite {
    std::string name;
    rules::UnitTestReport report;
    Errors errors;
};

/// JUnit's XML as CI systems read it: a suite for each file, a case for each test group.
[[nodiscard]] std::string to_junit(std::span<const JunitSuite> suites);

}  // namespace pilotlight::app
