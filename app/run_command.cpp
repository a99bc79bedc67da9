#include <spdlog/spdlog.h>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/daemon.h"
#include "app/log.h"
#include "app/version.h"

namespace pilotlight::app {

int run_command(const RunOptions& options) {
    log_to_stderr();
    spdlog::info("pilotlight {} ({})", kVersion, kRevision);
    DaemonOptions daemon_options;
    daemon_options.config = options.config;
    daemon_options.listen = options.listen;
    daemon_options.data_dir = options.data_dir;
    auto daemon = Daemon::start(std::move(daemon_options));
    if (!daemon) {
        print_errors(daemon.error());
        return kExitCannot;
    }
    (*daemon)->wait();
    (*daemon)->stop();
    spdlog::info("ended");
    return kExitDone;
}

}  // namespace pilotlight::app
