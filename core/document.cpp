#include "core/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/check.h"

namespace pilotlight {
namespace {

/// Letters added, left out, changed, or swapped with their neighbour (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before_last, last);
        std::swap(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({changed, row[j - 1] + 1, last[j] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row.back();
}

}  // namespace

std::string_view Node::kind_name() const {
    switch (kind) {
        case Kind::null:
            return "nothing";
        case Kind::scalar:
            return "a single value";
        case Kind::sequence:
            return "a list";
        case Kind::mapping:
            return "a mapping";
    }
    PILOT_CHECK(false);
}

std::string Node::shown() const {
    constexpr std::size_t kShownMax = 60;
    if (kind != Kind::scalar) return std::string(kind_name());
    if (from_environment) return "what the environment gave";
    std::string text;
    for (const char c : scalar.substr(0, kShownMax))
        text += c == '\n' || c == '\r' ? ' ' : c;
    return scalar.size() > kShownMax ? fmt::format("\"{}...\"", text) : fmt::format("\"{}\"", text);
}

const Node* Node::find(std::string_view key) const {
    for (const Entry& entry : entries) {
        if (entry.key == key) return &entry.value;
    }
    return nullptr;
}

std::string_view nearest_key(std::string_view key, const std::vector<std::string_view>& known) {
    std::string_view best;
    // Beyond a third of its letters changed, a key is another word.
    std::size_t best_distance = std::max<std::size_t>(2, key.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t distance = edit_distance(key, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string unknown_key_message(std::string_view key, const std::vector<std::string_view>& known) {
    const std::string_view nearest = nearest_key(key, known);
    if (!nearest.empty()) {
        return fmt::format("unknown key \"{}\", did you mean \"{}\"?", key, nearest);
    }
    return fmt::format("unknown key \"{}\", expected one of: {}", key, fmt::join(known, ", "));
}

}  // namespace pilotlight
