#pragma once

#include <cstdint>
#include <string>

namespace pilotlight::probes {

/// What is wrong with a backup file, told from its bytes.
struct ArchiveCheck {
    enum class Fault { none, bad_header, truncated, corrupt, unreadable };

    Fault fault = Fault::none;
    /// One line for people; empty when nothing is wrong.
    std::string detail;
};

/// Looks whether the file is what its name's ending says (.gz .tgz .zst .xz .bz2 .lz4 .zip .sql)
/// and whether its end is there. Blocks on the disk; run it on a spare thread.
///
/// Certain for xz, bzip2 and zip (by their footers), zstd (its blocks are walked, not decompressed)
/// and gzip up to `full_check_up_to` bytes, which is decompressed and its checksum compared; of a
/// larger gzip only header and trailer are looked at, which finds most cuts but not all. lz4: the
/// header only. A dump by pg_dump, plain or in a gzip that was decompressed, must have its closing
/// line: `pg_dump | gzip` leaves a faultless gzip when pg_dump dies. Other endings are taken as
/// they are.
/// Source: RFC 1952, RFC 8878, the xz and zip file format specifications.
[[nodiscard]] ArchiveCheck check_archive(const std::string& path, std::uint64_t full_check_up_to);

}  // namespace pilotlight::probes
