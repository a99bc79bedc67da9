#include "probes/host_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace pilotlight::probes::host {

Result<std::string> read_kernel_file(const std::string& path) {
    constexpr std::size_t kMostBytes = 4U << 20;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(fmt::format("{}: {}", path, std::strerror(errno)));
    std::string text;
    ssize_t got = 0;
    // Such files say that they are empty; only reading tells.
    do {
        const std::size_t before = text.size();
        text.resize(before + 16 * 1024);
        got = read(fd, text.data() + before, text.size() - before);
        text.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    } while (got > 0 && text.size() < kMostBytes);
    const int error = errno;
    close(fd);
    if (got < 0) return fail(fmt::format("{}: {}", path, std::strerror(error)));
    return text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return lines;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (;;) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == line.npos) return words;
        const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
        words.push_back(line.substr(begin, end - begin));
        line.remove_prefix(end);
    }
}

std::optional<double> number_of(std::string_view word) {
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

}  // namespace pilotlight::probes::host
