#include <sys/statvfs.h>

#include <cerrno>

#include "probes/host_collectors.h"
#include "probes/host_file.h"
#include "runtime/blocking.h"

namespace pilotlight::probes::host {
namespace {

/// Blanks, newlines and backslashes are written as `\040` and the like.
std::string unescape(std::string_view text) {
    const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                     (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_option(std::string_view options, std::string_view wanted) {
    while (!options.empty()) {
        const std::size_t end = options.find(',');
        if (options.substr(0, end) == wanted) return true;
        options.remove_prefix(end == options.npos ? options.size() : end + 1);
    }
    return false;
}

// `36 35 98:0 /root /point rw,noatime shared:1 ... - ext4 /dev/sda1 rw`: proc(5).
std::optional<Mount> parse_mount(std::string_view line) {
    const std::vector<std::string_view> words = words_of(line);
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || words.end() - dash < 4) return std::nullopt;
    Mount mount;
    mount.mount_point = unescape(words[4]);
    mount.type = unescape(dash[1]);
    mount.device = unescape(dash[2]);
    mount.read_only = has_option(words[5], "ro") || has_option(dash[3], "ro");
    return mount;
}

void add_mount(const Mount& mount, const std::optional<Filesystems::Room>& room, Findings& out) {
    const std::vector<std::pair<std::string, std::string>> labels{
        {"device", mount.device}, {"mountpoint", mount.mount_point}, {"fstype", mount.type}};
    const bool answered = room && room->error == 0;
    out.add("node_filesystem_device_error", answered ? 0 : 1, labels);
    const bool read_only = mount.read_only || (answered && room->read_only);
    out.add("node_filesystem_readonly", read_only ? 1 : 0, labels);
    if (!answered) return;
    out.add("node_filesystem_size_bytes", room->size, labels);
    out.add("node_filesystem_free_bytes", room->free, labels);
    out.add("node_filesystem_avail_bytes", room->available, labels);
    out.add("node_filesystem_files", room->files, labels);
    out.add("node_filesystem_files_free", room->files_free, labels);
}

}  // namespace

Result<std::vector<Mount>> read_mounts(const Paths& paths, const Regexp& exclude_points,
                                       const Regexp& exclude_types) {
    Result<std::string> text = read_kernel_file(paths.procfs + "/1/mountinfo");
    if (!text) text = read_kernel_file(paths.procfs + "/self/mountinfo");
    if (!text) return std::unexpected(text.error());
    std::vector<Mount> mounts;
    for (const std::string_view line : lines_of(*text)) {
        std::optional<Mount> mount = parse_mount(line);
        if (!mount) continue;
        std::erase_if(mounts,
                      [&](const Mount& other) { return other.mount_point == mount->mount_point; });
        const bool is_root = mount->mount_point == "/";
        if (!is_root && exclude_types.matches(mount->type)) continue;
        if (exclude_points.matches(mount->mount_point)) continue;
        mounts.push_back(std::move(*mount));
    }
    return mounts;
}

Filesystems::Room Filesystems::ask_kernel(const std::string& path) {
    Room room;
    struct statvfs status{};
    if (statvfs(path.c_str(), &status) != 0) {
        room.error = errno;
        return room;
    }
    const auto block = static_cast<double>(status.f_frsize);
    room.size = static_cast<double>(status.f_blocks) * block;
    room.free = static_cast<double>(status.f_bfree) * block;
    room.available = static_cast<double>(status.f_bavail) * block;
    room.files = static_cast<double>(status.f_files);
    room.files_free = static_cast<double>(status.f_ffree);
    room.read_only = (status.f_flag & ST_RDONLY) != 0;
    return room;
}

boost::asio::awaitable<void> Filesystems::collect(runtime::BlockingPool& pool,
                                                  runtime::Deadline deadline, std::string rootfs,
                                                  std::vector<Mount> mounts, Findings& out) {
    std::erase_if(flights_, [&](const auto& item) {
        return std::ranges::find(mounts, item.first, &Mount::mount_point) == mounts.end();
    });
    // One after the other: a server that is gone takes all its mounts along, and each that hangs
    // holds a thread. So short a wait that the most that may hang fit into one probe.
    const auto patience = std::clamp<std::chrono::nanoseconds>(
        (deadline.at - steady_now()) / (kMostHanging + 2), std::chrono::milliseconds(10),
        std::chrono::milliseconds(500));
    while (rootfs.ends_with('/'))
        rootfs.pop_back();
    for (const Mount& mount : mounts) {
        auto& [flight, hangs] = flights_[mount.mount_point];
        const auto hanging = static_cast<std::size_t>(
            std::ranges::count_if(flights_, [](const auto& item) { return item.second.second; }));
        if (!hangs && hanging >= kMostHanging) {
            add_mount(mount, std::nullopt, out);
            continue;
        }
        const runtime::Deadline until{
            std::min(deadline.at,
                     std::chrono::time_point_cast<SteadyTime::duration>(steady_now() + patience))};
        std::function<Room()> call = [ask = ask, path = rootfs + mount.mount_point] {
            return ask(path);
        };
        const auto room = co_await flight.run(pool, until, std::move(call));
        hangs = !room && room.error() != NoAnswer::not_begun;
        if (room) {
            add_mount(mount, *room, out);
        } else if (hangs) {
            add_mount(mount, std::nullopt, out);
        }
    }
}

}  // namespace pilotlight::probes::host
