#pragma once

#include "alerting/database.h"
#include "alerting/journal.h"

namespace pilotlight::alerting {

/// Brings a database of any earlier version up to this one, in one transaction. Fails as corrupt
/// where it belongs to another program or to a later Pilotlight.
Database::Outcome<void> migrate(Database& database);

/// Reads what a start needs. Rows that cannot be read become warnings.
Database::Outcome<JournalContents> read_contents(Database& database);

}  // namespace pilotlight::alerting
