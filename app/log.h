#pragma once

#include "core/error.h"

namespace pilotlight::app {

/// Makes standard error the log: a line each, RFC 3339 time, level, text. Once per process.
void log_to_stderr();

void log_warnings(const Errors& warnings);

/// Prints each error on a line of its own to standard error.
void print_errors(const Errors& errors);

}  // namespace pilotlight::app
