#pragma once

#include <string>

#include "core/error.h"

namespace pilotlight::app::demo {

/// A folder under the system's temporary one, removed with all it holds when this is destroyed.
class TemporaryFolder {
  public:
    [[nodiscard]] static Result<TemporaryFolder> make(const std::string& prefix);
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&&) = delete;
    ~TemporaryFolder();

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

struct DemoPorts {
    int application = 0;
    int tls = 0;
    int slack = 0;
};

/// Writes what a user would write: pilotlight.yaml, alerting.yaml, rules/*.yaml with shortened
/// times, and the certificate of the demo's authority.
[[nodiscard]] Result<void> write_demo_files(const std::string& folder, const std::string& listen,
                                            const DemoPorts& ports,
                                            const std::string& authority_pem);

/// Writes the heartbeat file anew, as a backup job would.
[[nodiscard]] Result<void> write_heartbeat(const std::string& folder);

}  // namespace pilotlight::app::demo
