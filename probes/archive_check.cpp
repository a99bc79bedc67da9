#include "probes/archive_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

namespace pilotlight::probes {
namespace {

using Fault = ArchiveCheck::Fault;
using namespace std::string_view_literals;

class File {
  public:
    explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        struct stat status{};
        if (fd_ >= 0 && fstat(fd_, &status) == 0)
            size_ = static_cast<std::uint64_t>(status.st_size);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd_ >= 0) close(fd_);
    }

    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Up to `count` bytes from `offset`; fewer at the end of the file or when it cannot be read.
    [[nodiscard]] std::string read(std::uint64_t offset, std::size_t count) const {
        std::string bytes(count, '\0');
        std::size_t got = 0;
        while (got < count) {
            const ssize_t n =
                pread(fd_, bytes.data() + got, count - got, static_cast<off_t>(offset + got));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            got += static_cast<std::size_t>(n);
        }
        bytes.resize(got);
        return bytes;
    }
    [[nodiscard]] std::string head(std::size_t count) const { return read(0, count); }
    [[nodiscard]] std::string tail(std::size_t count) const {
        return read(size_ > count ? size_ - count : 0, count);
    }

  private:
    int fd_;
    std::uint64_t size_ = 0;
};

std::uint32_t little_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

ArchiveCheck truncated(std::string detail) {
    return {Fault::truncated, std::move(detail)};
}

// pg_dump writes the first line at once and the last one only when all went well.
ArchiveCheck check_dump(std::string_view head, std::string_view tail) {
    if (head.find("-- PostgreSQL database dump\n") != head.npos &&
        tail.find("-- PostgreSQL database dump complete") == tail.npos) {
        return truncated("pg_dump's closing line is missing");
    }
    return {};
}

ArchiveCheck check_plain(const File& file) {
    return check_dump(file.head(1024), file.tail(1024));
}

constexpr std::size_t kChunk = 256 * 1024;

/// Decompresses all of it, member after member, keeping only both ends of the text.
class GzipReader {
  public:
    explicit GzipReader(const File& file) : file_(file), in_(kChunk, '\0'), out_(kChunk, '\0') {
        constexpr int kGzipOnly = 16;
        usable_ = inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK;
    }
    GzipReader(const GzipReader&) = delete;
    GzipReader& operator=(const GzipReader&) = delete;
    ~GzipReader() { inflateEnd(&stream_); }

    [[nodiscard]] ArchiveCheck check() {
        if (!usable_) return {Fault::unreadable, "no memory to decompress it"};
        for (;;) {
            if (stream_.avail_in == 0 && !refill()) {
                if (member_ended_) return check_dump(head_, tail_);
                return truncated("the gzip stream has no end");
            }
            if (member_ended_) {
                // Zeros after the end are padding, as gzip itself has it.
                if (*stream_.next_in == 0) {
                    stream_.avail_in = 0;
                    continue;
                }
                inflateReset(&stream_);
                member_ended_ = false;
            }
            const int status = inflate_some();
            if (status == Z_STREAM_END) {
                member_ended_ = true;
            } else if (status != Z_OK && status != Z_BUF_ERROR) {
                const char* why = stream_.msg == nullptr ? "bad data" : stream_.msg;
                return {Fault::corrupt, fmt::format("the gzip stream is corrupt: {}", why)};
            }
        }
    }

  private:
    bool refill() {
        in_ = file_.read(at_, kChunk);
        at_ += in_.size();
        stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
        stream_.avail_in = static_cast<uInt>(in_.size());
        return !in_.empty();
    }
    int inflate_some() {
        stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
        stream_.avail_out = static_cast<uInt>(out_.size());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        const std::string_view made(out_.data(), out_.size() - stream_.avail_out);
        if (head_.size() < 1024) head_.append(made.substr(0, 1024 - head_.size()));
        tail_.append(made.substr(made.size() > 1024 ? made.size() - 1024 : 0));
        if (tail_.size() > 1024) tail_.erase(0, tail_.size() - 1024);
        return status;
    }

    const File& file_;
    std::uint64_t at_ = 0;
    std::string in_;
    std::string out_;
    z_stream stream_{};
    bool usable_ = false;
    bool member_ended_ = false;
    std::string head_;
    std::string tail_;
};

ArchiveCheck check_gzip(const File& file, std::uint64_t full_check_up_to) {
    constexpr std::uint64_t kSmallest = 18;
    if (file.size() < kSmallest) return truncated("shorter than any gzip file");
    if (file.size() <= full_check_up_to) return GzipReader(file).check();
    // The last four bytes are the size of the text modulo 2^32. In the middle of a stream they are
    // any number; deflate makes at most 1,032 bytes of one.
    const std::uint64_t text = little_endian(file.tail(4));
    constexpr std::uint64_t kWraps = 1ULL << 32;
    if (text > file.size() * 1032) return truncated("the gzip trailer is missing");
    if (file.size() < kWraps && text + text / 1000 + 64 < file.size()) {
        return truncated("the gzip trailer is missing");
    }
    return {};
}

ArchiveCheck check_xz(const File& file, std::uint64_t) {
    // Stream padding is a multiple of four zero bytes; xz itself writes none.
    const std::string footer = file.tail(12);
    const bool complete = footer.size() == 12 && footer.substr(10) == "YZ";
    const auto crc = complete ? crc32(0, reinterpret_cast<const Bytef*>(footer.data() + 4), 6) : 0;
    if (!complete || little_endian(footer.substr(0, 4)) != crc) {
        return truncated("the xz footer is missing");
    }
    return {};
}

ArchiveCheck check_bzip2(const File& file, std::uint64_t) {
    // The stream ends with 48 bits of sqrt(pi) and a checksum of 32, on no byte boundary.
    constexpr std::uint64_t kEnd = 0x177245385090ULL;
    const std::string tail = file.tail(11);
    for (std::size_t shift = 0; shift < 8 && tail.size() == 11; ++shift) {
        unsigned __int128 bits = 0;
        for (const char c : tail)
            bits = bits << 8 | static_cast<unsigned char>(c);
        if (static_cast<std::uint64_t>(bits >> (32 + shift) & 0xffffffffffffULL) == kEnd) return {};
    }
    return truncated("the bzip2 stream has no end");
}

ArchiveCheck check_zip(const File& file, std::uint64_t) {
    constexpr std::size_t kLongestEnd = 22 + 65'535;
    if (file.tail(kLongestEnd).rfind("PK\5\6"sv) == std::string::npos) {
        return truncated("the zip directory is missing");
    }
    return {};
}

/// Where the zstd frame that begins at `at` ends; nothing where the file ends before it does.
std::optional<std::uint64_t> zstd_frame_end(const File& file, std::uint64_t at, int& blocks) {
    const std::string head = file.read(at, 8);
    if (head.size() < 8) return std::nullopt;
    if ((little_endian(head.substr(0, 4)) & 0xfffffff0U) == 0x184d2a50U) {
        return at + 8 + little_endian(head.substr(4, 4));
    }
    if (head.substr(0, 4) != "\x28\xb5\x2f\xfd"sv) return std::nullopt;
    const auto descriptor = static_cast<unsigned char>(head[4]);
    const bool single_segment = (descriptor & 0x20) != 0;
    constexpr std::uint64_t kDictionaryBytes[] = {0, 1, 2, 4};
    const std::uint64_t content_bytes[] = {single_segment ? 1U : 0U, 2, 4, 8};
    at += 5 + (single_segment ? 0 : 1) + kDictionaryBytes[descriptor & 3] +
          content_bytes[descriptor >> 6];
    constexpr int kMostBlocks = 2'000'000;
    for (;;) {
        const std::string header = file.read(at, 3);
        if (header.size() < 3) return std::nullopt;
        const std::uint32_t block = little_endian(header);
        constexpr std::uint32_t kRunLength = 1;
        const std::uint32_t type = block >> 1 & 3;
        at += 3 + (type == kRunLength ? 1 : block >> 3);
        if ((block & 1) != 0) break;
        if (++blocks > kMostBlocks) return file.size();
    }
    return at + ((descriptor & 4) != 0 ? 4 : 0);
}

ArchiveCheck check_zstd(const File& file, std::uint64_t) {
    int blocks = 0;
    for (std::uint64_t at = 0; at < file.size();) {
        const std::optional<std::uint64_t> end = zstd_frame_end(file, at, blocks);
        if (!end || *end > file.size()) return truncated("the zstd stream has no end");
        at = *end;
    }
    return {};
}

ArchiveCheck check_nothing_more(const File&, std::uint64_t) {
    return {};
}

struct Format {
    std::string_view ending;
    std::string_view magic;
    std::string_view name;
    ArchiveCheck (*check)(const File&, std::uint64_t full_check_up_to);
};

constexpr Format kFormats[] = {
    {".gz", "\x1f\x8b\x08", "gzip", check_gzip},
    {".tgz", "\x1f\x8b\x08", "gzip", check_gzip},
    {".zst", "\x28\xb5\x2f\xfd", "zstd", check_zstd},
    {".tzst", "\x28\xb5\x2f\xfd", "zstd", check_zstd},
    {".xz",
     "\xfd"
     "7zXZ\0"sv,
     "xz", check_xz},
    {".txz",
     "\xfd"
     "7zXZ\0"sv,
     "xz", check_xz},
    {".bz2", "BZh", "bzip2", check_bzip2},
    {".tbz2", "BZh", "bzip2", check_bzip2},
    {".tbz", "BZh", "bzip2", check_bzip2},
    {".lz4", "\x04\x22\x4d\x18", "lz4", check_nothing_more},
    {".zip", "PK\3\4", "zip", check_zip},
};

}  // namespace

ArchiveCheck check_archive(const std::string& path, std::uint64_t full_check_up_to) {
    const File file(path);
    if (!file.is_open()) return {Fault::unreadable, std::strerror(errno)};
    if (file.size() == 0) return truncated("the file is empty");
    for (const Format& format : kFormats) {
        if (!path.ends_with(format.ending)) continue;
        if (file.head(format.magic.size()) != format.magic) {
            return {Fault::bad_header, fmt::format("the name ends in {} but it is no {} file",
                                                   format.ending, format.name)};
        }
        return format.check(file, full_check_up_to);
    }
    if (path.ends_with(".sql")) return check_plain(file);
    return {};
}

}  // namespace pilotlight::probes
