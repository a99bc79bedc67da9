#include "rules/alert_record.h"

#include <fmt/format.h>

namespace pilotlight::rules {

std::string_view to_string(AlertCause cause) {
    switch (cause) {
        case AlertCause::condition:
            return "condition";
        case AlertCause::no_data:
            return "no_data";
        case AlertCause::error:
            return "error";
    }
    return "condition";
}

std::string AlertRecord::key() const {
    return fmt::format("{:016x}{}", rule, labels.to_string());
}

}  // namespace pilotlight::rules
