#include "app/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace pilotlight::app {

Result<DataFolder> DataFolder::take(const std::string& path) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(path, error);
    if (error) {
        return fail(fmt::format("cannot make the data folder {}: {}", path, error.message()));
    }
    // What it will hold is nobody else's business; a folder that was there is its owner's to guard.
    if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    const std::string lock_path = path + "/lock";
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return fail(
            fmt::format("cannot write to the data folder {}: {}", path, std::strerror(errno)));
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int why = errno;
        ::close(lock);
        if (why == EWOULDBLOCK) {
            return fail(
                fmt::format("the data folder {} is in use by another Pilotlight; expected "
                            "a folder of its own (--data DIR)",
                            path));
        }
        return fail(fmt::format("cannot lock {}: {}", lock_path, std::strerror(why)));
    }
    return DataFolder(path, lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace pilotlight::app
