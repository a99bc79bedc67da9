#include "core/error.h"

namespace pilotlight {

std::string Error::to_string() const {
    std::string text;
    if (!where.file.empty()) text += where.file.str() + ':';
    if (where.line > 0) {
        text += std::to_string(where.line) + ':';
        if (where.column > 0) text += std::to_string(where.column) + ':';
    }
    if (!text.empty()) text += ' ';
    return text + message;
}

}  // namespace pilotlight
