#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/time.h"
#include "probes/archive_check.h"
#include "probes/probers.h"
#include "probes/single_flight.h"
#include "runtime/services.h"

namespace pilotlight::probes {
namespace {

struct BackupOptions {
    std::optional<Duration> max_age;
    config::Bytes min_size{1};
    std::optional<Regexp> pattern;
    Duration settle = std::chrono::seconds(10);
    config::Bytes full_check_up_to{64ULL << 20};
};

constexpr config::Option<BackupOptions> kOptions[] = {
    config::option<&BackupOptions::max_age>(
        "max_age", "", "the newest good backup may not be older; the probe fails as `stale`"),
    config::option<&BackupOptions::min_size>(
        "min_size", "1", "a smaller backup is none; the probe fails as `too_small`"),
    config::option<&BackupOptions::pattern>(
        "pattern", "", "what file names must match besides the glob, somewhere in the name"),
    config::option<&BackupOptions::settle>(
        "settle", "10s",
        "a file that changed within this time and has no end yet is still being written: it is "
        "left out until then"),
    config::option<&BackupOptions::full_check_up_to>(
        "full_check_up_to", "64MiB",
        "gzip files up to this size are decompressed once, to find cuts and damage for certain; of "
        "larger ones only header and trailer are looked at"),
};

struct BackupFile {
    std::string path;
    std::uint64_t size = 0;
    /// In nanoseconds: also what tells a file that was written anew.
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;

    [[nodiscard]] WallTime modified() const {
        return WallTime(std::chrono::floor<Duration>(std::chrono::nanoseconds(modified_ns)));
    }
};

/// What the disk says, as values.
struct Look {
    std::size_t files = 0;
    /// The newest file that is not being written, with what its bytes say.
    std::optional<BackupFile> newest;
    ArchiveCheck newest_check;
    std::optional<BackupFile> newest_good;
    /// Why the folder could not be read; empty otherwise.
    std::string unreadable;
};

/// What a job on a spare thread needs; it may outlive the prober.
struct BackupState {
    std::string glob;
    BackupOptions options;
    /// A file is looked into once, not at every probe. Touched by the one job in flight.
    std::vector<std::pair<BackupFile, ArchiveCheck>> checked;
};

/// Files of one glob whose bytes are looked into: enough to find the last good one.
constexpr std::size_t kMostChecked = 32;

/// Why a glob finds nothing: the folder that its fixed part names cannot be read.
std::string why_unreadable(const std::string& pattern) {
    std::filesystem::path folder = std::filesystem::path(pattern).parent_path();
    while (folder.string().find_first_of("*?[") != std::string::npos)
        folder = folder.parent_path();
    if (folder.empty()) folder = ".";
    if (access(folder.c_str(), R_OK | X_OK) == 0 || errno != EACCES) return "";
    return "permission denied";
}

std::vector<BackupFile> list_files(const BackupState& state) {
    std::vector<BackupFile> files;
    glob_t found{};
    if (glob(state.glob.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
        for (const char* path : std::span(found.gl_pathv, found.gl_pathc)) {
            struct stat status{};
            if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) continue;
            const std::filesystem::path name = std::filesystem::path(path).filename();
            if (state.options.pattern && !state.options.pattern->matches(name.string())) continue;
            files.push_back({path, static_cast<std::uint64_t>(status.st_size),
                             status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
                             status.st_ino});
        }
    }
    globfree(&found);
    std::ranges::sort(files, [](const BackupFile& a, const BackupFile& b) {
        return std::tie(a.modified_ns, a.path) > std::tie(b.modified_ns, b.path);
    });
    return files;
}

ArchiveCheck check_once(BackupState& state, const BackupFile& file) {
    const auto is_same = [&](const auto& item) {
        const BackupFile& known = item.first;
        return known.path == file.path && known.size == file.size &&
               known.modified_ns == file.modified_ns && known.inode == file.inode;
    };
    const auto known = std::ranges::find_if(state.checked, is_same);
    if (known != state.checked.end()) return known->second;
    ArchiveCheck check = check_archive(file.path, state.options.full_check_up_to.count);
    if (check.fault == ArchiveCheck::Fault::unreadable) return check;
    if (state.checked.size() >= 2 * kMostChecked) state.checked.erase(state.checked.begin());
    state.checked.emplace_back(file, check);
    return check;
}

Look look_at_disk(BackupState& state, WallTime now) {
    Look look;
    const std::vector<BackupFile> files = list_files(state);
    look.files = files.size();
    if (files.empty()) look.unreadable = why_unreadable(state.glob);
    for (std::size_t i = 0; i < files.size() && i < kMostChecked && !look.newest_good; ++i) {
        ArchiveCheck check = check_once(state, files[i]);
        const bool sound = check.fault == ArchiveCheck::Fault::none;
        const bool being_written = !sound && now - files[i].modified() < state.options.settle;
        if (being_written) continue;
        if (sound && files[i].size >= state.options.min_size.count) look.newest_good = files[i];
        if (!look.newest) {
            look.newest = files[i];
            look.newest_check = std::move(check);
        }
    }
    return look;
}

std::string_view reason_of(ArchiveCheck::Fault fault) {
    switch (fault) {
        case ArchiveCheck::Fault::none:
            return "";
        case ArchiveCheck::Fault::bad_header:
            return "bad_header";
        case ArchiveCheck::Fault::truncated:
            return "truncated";
        case ArchiveCheck::Fault::corrupt:
            return "corrupt";
        case ArchiveCheck::Fault::unreadable:
            return "unreadable";
    }
    return "";
}

Outcome judge(const Look& look, const BackupOptions& options, WallTime now) {
    if (!look.newest) {
        if (!look.unreadable.empty()) {
            return Outcome::unknown("read", "unreadable", "the folder: " + look.unreadable);
        }
        if (look.files == 0) return Outcome::failed("find", "missing", "no file matches");
        return Outcome::failed("find", "missing", "the only file is still being written");
    }
    const std::string name = std::filesystem::path(look.newest->path).filename().string();
    const ArchiveCheck& check = look.newest_check;
    if (check.fault == ArchiveCheck::Fault::unreadable) {
        return Outcome::unknown("read", "unreadable", name + ": " + check.detail);
    }
    // An empty file is both; that it is too small says more.
    if (look.newest->size < options.min_size.count) {
        return Outcome::failed("check", "too_small",
                               fmt::format("{}: {} bytes, expected at least {}", name,
                                           look.newest->size, options.min_size.count));
    }
    if (check.fault != ArchiveCheck::Fault::none) {
        return Outcome::failed("check", std::string(reason_of(check.fault)),
                               name + ": " + check.detail);
    }
    const Duration age = now - look.newest->modified();
    if (options.max_age && age > *options.max_age) {
        const auto whole_seconds = std::chrono::floor<std::chrono::seconds>(age);
        return Outcome::failed(
            "check", "stale",
            fmt::format("{}: {} old, expected at most {}", name, format_duration(whole_seconds),
                        format_duration(*options.max_age)));
    }
    return Outcome::ok();
}

Report report_of(const Look& look, const BackupOptions& options, WallTime now) {
    Report report;
    report.outcome = judge(look, options, now);
    const auto add = [&](std::string name, double value) {
        report.measurements.push_back({std::move(name), value});
    };
    add("backup_files", static_cast<double>(look.files));
    add("backup_min_size_bytes", static_cast<double>(options.min_size.count));
    if (options.max_age) add("backup_max_age_seconds", to_seconds(*options.max_age));
    const bool sound = look.newest && look.newest_check.fault == ArchiveCheck::Fault::none;
    add("backup_valid", sound ? 1 : 0);
    // 0 is long ago: whatever compares ages sees that there never was one.
    add("backup_last_success_timestamp_seconds",
        look.newest_good ? to_unix_seconds(look.newest_good->modified()) : 0);
    if (look.newest) add("backup_size_bytes", static_cast<double>(look.newest->size));
    return report;
}

class BackupProber : public Prober {
  public:
    explicit BackupProber(std::shared_ptr<BackupState> state) : state_(std::move(state)) {}

    boost::asio::awaitable<Report> run(runtime::Services& services,
                                       runtime::Deadline deadline) override {
        const WallTime now = wall_now();
        std::shared_ptr<BackupState> state = state_;
        std::function<Look()> call = [state, now] { return look_at_disk(*state, now); };
        const auto look = co_await flight_.run(services.blocking(), deadline, std::move(call));
        if (look) co_return report_of(*look, state_->options, now);
        switch (look.error()) {
            case NoAnswer::still_busy:
                co_return hung("the last look at the disk still hangs");
            case NoAnswer::late:
                co_return hung("the disk did not answer in time");
            case NoAnswer::not_begun:
                break;
        }
        co_return Report{
            Outcome::unknown("read", "no_threads", "no spare thread was free in time")};
    }

  private:
    static Report hung(std::string detail) {
        return {Outcome::failed("read", "timeout", std::move(detail))};
    }

    std::shared_ptr<BackupState> state_;
    SingleFlight flight_;
};

/// A relative glob starts from the folder of the file that names it, as every path there does.
std::string beside_config(const config::TargetConfig& target) {
    const std::string& glob = target.target.reveal();
    if (glob.starts_with('/') || target.where.file.empty()) return glob;
    return (std::filesystem::path(target.where.file.str()).parent_path() / glob).string();
}

}  // namespace

Checked<std::unique_ptr<Prober>> make_backup(const config::TargetConfig& target) {
    Errors errors;
    auto state = std::make_shared<BackupState>();
    config::read_options(target.options, kOptions, state->options, errors);
    if (target.target.empty()) {
        errors.emplace_back(
            "a backup target needs the path or glob of its files, such as "
            "/backup/*.sql.gz",
            target.where);
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    state->glob = beside_config(target);
    return std::make_unique<BackupProber>(std::move(state));
}

std::vector<config::OptionDoc> backup_options() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes
