#pragma once

#include <optional>
#include <string_view>

#include "alerting/journal.h"
#include "rules/alert_record.h"

namespace pilotlight::app {

/// A rule's alert record as the journal keeps it: its key and one JSON object, described in
/// docs/formats/journal.md.
[[nodiscard]] alerting::AlertRow to_row(const rules::AlertRecord& record);

/// Back again; nothing where `record` is not one.
[[nodiscard]] std::optional<rules::AlertRecord> alert_record_from(std::string_view record);

}  // namespace pilotlight::app
