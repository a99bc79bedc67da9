#include "rules/alert_record.h"

#include <fmt/format.h>

namespace pilotlight::rules {

std::string AlertRecord::key() const {
    return fmt::format("{:016x}{}", rule, labels.to_string());
}

}  // namespace pilotlight::rules
