#pragma once

#include <string>

#include "core/error.h"

namespace pilotlight::app {

/// The folder of everything durable, made where it is missing and locked: two daemons on one
/// database would page twice. Let go when this is destroyed, and by the kernel at kill -9.
class DataFolder {
  public:
    /// Fails where it cannot be made or another process holds it. Blocks on the disk.
    [[nodiscard]] static Result<DataFolder> take(const std::string& path);
    DataFolder(DataFolder&& other) noexcept;
    DataFolder& operator=(DataFolder&&) = delete;
    ~DataFolder();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string database() const { return path_ + "/pilotlight.db"; }

  private:
    DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

    std::string path_;
    int lock_;
};

}  // namespace pilotlight::app
