#include "alerting/journal_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "core/time.h"

namespace pilotlight::alerting {
namespace {

std::string time_stamp(WallTime now) {
    // 2026-01-02T03:04:05.678Z without what file names had better not have.
    std::string stamp = format_time(now);
    std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
    return stamp;
}

}  // namespace

bool is_unreadable(const std::string& path) {
    std::error_code failed;
    const auto status = std::filesystem::status(path, failed);
    if (!std::filesystem::exists(status)) return false;
    return !std::filesystem::is_regular_file(status) || ::access(path.c_str(), R_OK | W_OK) != 0;
}

Result<std::string> set_aside(const std::string& path) {
    const std::string aside = fmt::format("{}.set-aside-{}", path, time_stamp(wall_now()));
    std::error_code failed;
    std::filesystem::rename(path, aside, failed);
    if (failed) return fail(fmt::format("renaming {}: {}", path, failed.message()));
    for (const char* companion : {"-wal", "-shm"}) {
        std::filesystem::rename(path + companion, aside + companion, failed);
    }
    return aside;
}

}  // namespace pilotlight::alerting
