#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "alerting/journal.h"

namespace pilotlight::app {

/// Writes records that change often into one table of the journal: of each key one at a time, and
/// what is asked meanwhile goes into the next one, the newest of it only. So a flood of changes
/// costs no more than commits can take. Thread: one owner; callbacks run on the journal's.
class RecordWriter {
  public:
    using Done = alerting::Journal::Done;

    /// `journal` outlives this, and this may end before its answers have come.
    RecordWriter(alerting::Journal& journal, alerting::RecordTable table);

    /// `done`, which may be empty, is called once this or a newer record is on disk, or has failed
    /// to get there.
    void write(const std::string& key, std::string record, Done done);
    void remove(const std::string& key);

  private:
    struct Slot;
    struct Table;
    std::shared_ptr<Table> table_;
    std::unordered_map<std::string, std::shared_ptr<Slot>> slots_;
};

}  // namespace pilotlight::app
