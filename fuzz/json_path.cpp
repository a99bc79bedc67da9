// JSONPath as a user writes it, and bodies as servers send them: the first line is the path.
#include <string>

#include "core/check.h"
#include "probes/json_document.h"

namespace pilotlight::fuzz {

void json_path(std::string_view input) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const auto path = probes::JsonPath::parse(input.substr(0, end));
    if (!path) {
        PILOT_CHECK(path.error().message.contains("column") ||
                    path.error().message.contains("4096"));
    }
    const auto document =
        probes::JsonDocument::parse(input.substr(std::min(end + 1, input.size())));
    if (!path || !document) return;
    const auto values = document->select(*path);
    if (!values) return;
    PILOT_CHECK(values->size() <= probes::JsonDocument::kVisitsMax);
    for (std::size_t i = 0; i < std::min<std::size_t>(values->size(), 100); ++i) {
        const probes::JsonDocument::Value& value = (*values)[i];
        PILOT_CHECK(value.shown().size() < 1'000 && !value.kind_name().empty());
        static_cast<void>(value.equals(std::string("ok")) || value.contains(1.0));
    }
}

}  // namespace pilotlight::fuzz
