#include "app/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>

namespace pilotlight::app {

void log_to_stderr() {
    // Whoever reads it may stall: lines are then dropped, oldest first, and no loop waits.
    // Room for each is taken at once, 400 bytes.
    constexpr std::size_t kLinesWaiting = 2048;
    spdlog::init_thread_pool(kLinesWaiting, 1);
    auto logger = spdlog::create_async_nb<spdlog::sinks::stderr_color_sink_mt>("pilotlight");
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void log_warnings(const Errors& warnings) {
    for (const Error& warning : warnings)
        spdlog::warn("{}", warning.to_string());
}

void print_errors(const Errors& errors) {
    for (const Error& error : errors)
        std::cerr << error.to_string() << '\n';
}

}  // namespace pilotlight::app
