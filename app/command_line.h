#pragma once

namespace pilotlight::app {

/// What a command answers to the shell.
inline constexpr int kExitDone = 0;
/// The thing checked is not good.
inline constexpr int kExitNotGood = 1;
/// Bad usage, bad configuration, or it cannot start.
inline constexpr int kExitCannot = 2;

/// Parses the words and runs the command they name. Errors go to standard error, a line each.
/// Returns the process's exit code; throws nothing.
int run_command_line(int argc, char** argv);

}  // namespace pilotlight::app
