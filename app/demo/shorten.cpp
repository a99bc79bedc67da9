#include "app/demo/shorten.h"

#include <algorithm>

#include "core/time.h"

namespace pilotlight::app::demo {
namespace {

constexpr std::string_view kTimeKeys[] = {"for:", "keep_firing_for:", "interval:"};

std::string shortened(std::string_view text, int divisor, Duration least) {
    const auto duration = parse_duration(text);
    if (!duration || duration->count() == 0) return std::string(text);
    return format_duration(std::min(*duration, std::max(least, *duration / divisor)));
}

/// `[5m]` anywhere in the line.
std::string shorten_ranges(std::string_view line) {
    std::string out;
    while (!line.empty()) {
        const std::size_t open = line.find('[');
        const std::size_t close = open == std::string_view::npos ? open : line.find(']', open);
        if (close == std::string_view::npos) break;
        out += line.substr(0, open + 1);
        out += shortened(line.substr(open + 1, close - open - 1), 20, Duration{10'000});
        line.remove_prefix(close);
    }
    return out += line;
}

std::string shorten_line(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" -");
    if (begin == std::string_view::npos) return std::string(line);
    for (const std::string_view key : kTimeKeys) {
        if (!line.substr(begin).starts_with(key)) continue;
        const std::size_t value = line.find_first_not_of(' ', begin + key.size());
        if (value == std::string_view::npos) break;
        const std::size_t end = std::min(line.find_first_of(" #", value), line.size());
        return std::string(line.substr(0, value)) +
               shortened(line.substr(value, end - value), 60, Duration{1'000}) +
               std::string(line.substr(end));
    }
    return shorten_ranges(line);
}

}  // namespace

std::string shorten_times(std::string_view rule_file) {
    std::string out;
    while (!rule_file.empty()) {
        const std::size_t end = std::min(rule_file.find('\n'), rule_file.size());
        out += shorten_line(rule_file.substr(0, end)) + '\n';
        rule_file.remove_prefix(std::min(end + 1, rule_file.size()));
    }
    return out;
}

}  // namespace pilotlight::app::demo
