#include "tests/exporters/promtool.h"

#include <sys/wait.h>

#include <unistd.h>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace pilotlight::exporters {

Verdict promtool_check_metrics(const std::string& text) {
    const auto file = std::filesystem::temp_directory_path() /
                      ("pilotlight-metrics-" + std::to_string(::getpid()));
    std::ofstream(file, std::ios::binary) << text;
    const std::string command = "promtool check metrics < '" + file.string() + "' 2>&1";
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot start promtool");
    Verdict verdict;
    std::array<char, 4096> buffer;
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        verdict.said.append(buffer.data(), count);
    }
    const int status = ::pclose(pipe);
    verdict.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::filesystem::remove(file);
    return verdict;
}

}  // namespace pilotlight::exporters
