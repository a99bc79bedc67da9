// fuzz_replay TARGET PATH...: runs the target over files, and over every file of folders. What
// libFuzzer once found stays found, without libFuzzer.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets.h"

namespace {

namespace fs = std::filesystem;

/// No input that is kept takes a hundredth of it, even under the sanitizers: more is a stall.
constexpr std::chrono::seconds kSlow(10);

std::vector<fs::path> files_of(const fs::path& path) {
    if (fs::is_regular_file(path)) return {path};
    std::vector<fs::path> files;
    if (!fs::is_directory(path)) return files;
    for (const auto& entry : fs::directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether it ended soon enough.
bool replay(const pilotlight::fuzz::Target& target, const fs::path& path) {
    // Said first: who crashes has no time for it afterwards.
    fmt::print("{}\n", path.string());
    std::fflush(stdout);
    const std::string input = content_of(path);
    const auto started = std::chrono::steady_clock::now();
    target.run(input);
    const auto took = std::chrono::steady_clock::now() - started;
    if (took <= kSlow) return true;
    fmt::print(stderr, "{}: took {:.1f} s\n", path.string(),
               std::chrono::duration<double>(took).count());
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    const auto* target = argc < 3 ? nullptr : pilotlight::fuzz::find_target(argv[1]);
    if (target == nullptr) {
        fmt::print(stderr, "usage: fuzz_replay TARGET PATH...\n");
        return 2;
    }
    std::size_t inputs = 0;
    bool good = true;
    for (int i = 2; i < argc; ++i) {
        for (const auto& path : files_of(argv[i])) {
            good = replay(*target, path) && good;
            ++inputs;
        }
    }
    if (inputs == 0) fmt::print(stderr, "no inputs for {}\n", target->name);
    return good && inputs > 0 ? 0 : 1;
}
