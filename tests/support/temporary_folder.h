#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace pilotlight::testing {

/// A new folder under the system's temporary one, removed with all that is in it at the end.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file, over an old one in place, and gives its absolute path.
    std::string write(const std::string& name, std::string_view text) const;

  private:
    std::filesystem::path path_;
};

}  // namespace pilotlight::testing
