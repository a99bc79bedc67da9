// Files that are said to be backups.
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/check.h"
#include "probes/archive_check.h"

namespace pilotlight::fuzz {

void archive(std::string_view input) {
    constexpr std::array<std::string_view, 9> kEndings{".sql.gz", ".tgz", ".zst", ".xz",  ".bz2",
                                                       ".lz4",    ".zip", ".sql", ".dump"};
    if (input.empty()) return;
    const auto choice = static_cast<unsigned char>(input[0]);
    const std::string path =
        (std::filesystem::temp_directory_path() / "pilotlight-fuzz-").string() +
        std::to_string(::getpid()) + std::string(kEndings[choice % kEndings.size()]);
    const std::string_view bytes = input.substr(1);
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1} << 20}) {
        const auto check = probes::check_archive(path, limit);
        PILOT_CHECK((check.fault == probes::ArchiveCheck::Fault::none) == check.detail.empty());
    }
    std::filesystem::remove(path);
}

}  // namespace pilotlight::fuzz
