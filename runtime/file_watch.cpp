#include "runtime/file_watch.h"

#include <glob.h>
#include <spdlog/spdlog.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

constexpr std::size_t kMaxFolders = 1'000;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;

/// What tells two states of a file apart, symlinks followed.
struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
};
using Stamps = std::map<std::string, Stamp>;

std::int64_t nanoseconds_of(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::optional<Stamp> stamp_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return Stamp{status.st_dev, status.st_ino, status.st_size, nanoseconds_of(status.st_ctim),
                 nanoseconds_of(status.st_mtim)};
}

std::vector<std::string> expand(const std::string& pattern) {
    if (pattern.find_first_of("*?[") == std::string::npos) return {pattern};
    glob_t found{};
    std::vector<std::string> paths;
    if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    ::globfree(&found);
    return paths;
}

Stamps look(const std::vector<std::string>& patterns) {
    Stamps stamps;
    for (const std::string& pattern : patterns) {
        for (const std::string& path : expand(pattern)) {
            const std::optional<Stamp> stamp = stamp_of(path);
            if (stamp) stamps[path] = *stamp;
        }
    }
    return stamps;
}

std::vector<std::string> differences(const Stamps& before, const Stamps& after) {
    std::set<std::string> paths;
    for (const auto& [path, stamp] : before) {
        const auto now = after.find(path);
        if (now == after.end() || now->second != stamp) paths.insert(path);
    }
    for (const auto& [path, stamp] : after) {
        if (!before.contains(path)) paths.insert(path);
    }
    return {paths.begin(), paths.end()};
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// The folder that `path` really lies in, symlinks of every step resolved; "" if there is none.
std::string real_folder_of(const std::string& path) {
    const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
    return real ? folder_of(real.get()) : "";
}

/// Folders whose events may mean a change: where the paths stand and, behind symlinks, where the
/// files lie. Kubernetes swaps a link in the first, some editors write in the second.
std::set<std::string> folders_of(const std::vector<std::string>& patterns, const Stamps& stamps) {
    std::set<std::string> folders;
    for (const std::string& pattern : patterns) {
        const std::string folder = folder_of(pattern);
        for (const std::string& path : expand(folder))
            folders.insert(path);
        // A folder yet to be made, or with wildcards in its name, is announced by its own folder.
        folders.insert(folder_of(pattern.substr(0, pattern.find_first_of("*?["))));
        folders.insert(folder_of(folder));
    }
    for (const auto& [path, stamp] : stamps)
        folders.insert(real_folder_of(path));
    folders.erase("");
    return folders;
}

}  // namespace

class FileWatch::State : public std::enable_shared_from_this<FileWatch::State> {
  public:
    State(asio::any_io_executor executor, OnChange on_change, Options options)
        : inotify_(executor),
          quiet_(executor),
          poll_(executor),
          on_change_(std::move(on_change)),
          options_(options) {}

    void start(std::vector<std::string> patterns) {
        const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (fd >= 0) {
            inotify_.assign(fd);
            read();
        } else {
            spdlog::warn("no inotify ({}): files are looked at every {} only",
                         std::error_code(errno, std::generic_category()).message(),
                         format_duration(options_.poll));
        }
        watch(std::move(patterns));
        arm_poll();
    }

    void watch(std::vector<std::string> patterns) {
        patterns_ = std::move(patterns);
        // A file that was known keeps its old stamp: a change that was not told yet still will be.
        Stamps stamps = look(patterns_);
        for (auto& [path, stamp] : stamps) {
            const auto known = stamps_.find(path);
            if (known != stamps_.end()) stamp = known->second;
        }
        stamps_ = std::move(stamps);
        watch_folders();
    }

    void stop() {
        stopped_ = true;
        boost::system::error_code ignored;
        inotify_.close(ignored);
        quiet_.cancel();
        poll_.cancel();
    }

  private:
    void watch_folders() {
        if (!inotify_.is_open()) return;
        const std::set<std::string> wanted = folders_of(patterns_, stamps_);
        std::erase_if(folders_, [&](const auto& entry) {
            if (wanted.contains(entry.first)) return false;
            ::inotify_rm_watch(inotify_.native_handle(), entry.second);
            return true;
        });
        for (const std::string& folder : wanted) {
            if (folders_.size() >= kMaxFolders) break;
            // Added again each time: a folder that was replaced needs a new watch, the same one
            // is given back for the same.
            const int watch =
                ::inotify_add_watch(inotify_.native_handle(), folder.c_str(), kEvents);
            if (watch >= 0) folders_[folder] = watch;
        }
    }

    void read() {
        inotify_.async_read_some(
            asio::buffer(events_),
            [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                if (error || self->stopped_) return;
                // What happened is not read: whatever it was, the files are looked at.
                self->arm_quiet();
                self->read();
            });
    }

    void arm_quiet() {
        const SteadyTime now = steady_now();
        if (!first_event_) first_event_ = now;
        // A file that never rests is looked at all the same.
        const SteadyTime at =
            std::min(now + options_.debounce, *first_event_ + 5 * options_.debounce);
        quiet_.expires_at(at);
        quiet_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->stopped_) return;
            self->first_event_.reset();
            self->compare();
        });
    }

    void arm_poll() {
        poll_.expires_after(options_.poll);
        poll_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error || self->stopped_) return;
            self->compare();
            if (!self->stopped_) self->arm_poll();
        });
    }

    void compare() {
        Stamps now = look(patterns_);
        std::vector<std::string> changed = differences(stamps_, now);
        stamps_ = std::move(now);
        watch_folders();
        if (!changed.empty()) on_change_(std::move(changed));
    }

    asio::posix::stream_descriptor inotify_;
    asio::steady_timer quiet_;
    asio::steady_timer poll_;
    OnChange on_change_;
    Options options_;
    std::vector<std::string> patterns_;
    Stamps stamps_;
    std::map<std::string, int> folders_;
    std::optional<SteadyTime> first_event_;
    std::array<char, 16'384> events_{};
    bool stopped_ = false;
};

FileWatch::FileWatch(asio::any_io_executor executor, std::vector<std::string> patterns,
                     OnChange on_change)
    : FileWatch(std::move(executor), std::move(patterns), std::move(on_change), Options()) {}

FileWatch::FileWatch(asio::any_io_executor executor, std::vector<std::string> patterns,
                     OnChange on_change, Options options)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_change), options)) {
    state_->start(std::move(patterns));
}

FileWatch::~FileWatch() {
    state_->stop();
}

void FileWatch::watch(std::vector<std::string> patterns) {
    state_->watch(std::move(patterns));
}

}  // namespace pilotlight::runtime
