#include "rules/place.h"

#include <algorithm>
#include <string_view>

#include "core/template/utf8.h"

namespace pilotlight::rules {

Location place_inside(const Node& node, int indent, std::size_t offset) {
    const std::string_view before = std::string_view(node.scalar).substr(0, offset);
    const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t newline = before.rfind('\n');
    const auto column = static_cast<int>(
        tmpl::rune_count(newline == before.npos ? before : before.substr(newline + 1)));
    Location place = node.where;
    if (place.line == 0) return place;
    if (node.block) {
        place.line += 1 + lines;
        place.column = indent + column;
    } else if (lines == 0) {
        place.column += column + (node.quoted ? 1 : 0);
    }
    return place;
}

}  // namespace pilotlight::rules
