#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/time.h"

namespace pilotlight::runtime {

/// Tells when files change, appear or vanish: edits in place, editors that rename, Kubernetes
/// that swaps symlinks. inotify hints, a look at the files decides; where inotify cannot help
/// (network file systems, no watches left) a poll finds it. Thread: its executor's, one loop.
class FileWatch {
  public:
    struct Options {
        /// Quiet time after an event before looking, so that one save is told once.
        Duration debounce = std::chrono::milliseconds(60);
        Duration poll = std::chrono::seconds(3);
    };
    using OnChange = std::function<void(std::vector<std::string> paths)>;

    /// `patterns` are absolute paths or globs. `on_change` gets the paths that changed, appeared
    /// or vanished, sorted; it is called on the loop and may call watch().
    FileWatch(boost::asio::any_io_executor executor, std::vector<std::string> patterns,
              OnChange on_change);
    FileWatch(boost::asio::any_io_executor executor, std::vector<std::string> patterns,
              OnChange on_change, Options options);
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;
    /// After it on_change is not called again.
    ~FileWatch();

    /// Replaces what is watched; files that were watched before keep what is known of them.
    void watch(std::vector<std::string> patterns);

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::runtime
