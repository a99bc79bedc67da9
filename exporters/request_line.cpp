#include "exporters/request_line.h"

#include <algorithm>

namespace pilotlight::exporters {

std::size_t RequestLine::pass(std::string_view bytes, char* to) {
    std::size_t shown = 0;
    while (!bytes.empty()) {
        std::size_t length = bytes.size();
        if (part_ == Part::query) {
            length = std::min(bytes.find_first_of(" \r\n"), length);
            const std::size_t room = query_bytes_max_ - query_.size();
            query_ += bytes.substr(0, std::min(length, room));
            too_long_ = too_long_ || length > room;
            if (length < bytes.size()) part_ = Part::rest;
            bytes.remove_prefix(length);
            continue;
        }
        if (part_ == Part::before_query) {
            const std::size_t end = bytes.find_first_of("?\n");
            if (end != bytes.npos) {
                has_query_ = bytes[end] == '?';
                part_ = has_query_ ? Part::query : Part::rest;
                length = has_query_ ? end : bytes.size();
            }
        }
        std::copy_n(bytes.data(), length, to + shown);
        shown += length;
        // The question mark itself is neither shown nor kept.
        bytes.remove_prefix(std::min(length + (part_ == Part::query ? 1 : 0), bytes.size()));
    }
    return shown;
}

}  // namespace pilotlight::exporters
