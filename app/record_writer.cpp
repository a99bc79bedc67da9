#include "app/record_writer.h"

#include <optional>
#include <utility>

namespace pilotlight::app {

struct RecordWriter::Table {
    alerting::Journal& journal;
    alerting::RecordTable table;
};

struct RecordWriter::Slot {
    std::mutex mutex;
    bool is_writing = false;
    /// What is to be written next, and who waits for that.
    std::optional<std::string> next;
    std::vector<Done> waiting;

    static void write_next(const std::shared_ptr<Slot>& slot, const std::shared_ptr<Table>& table,
                           const std::string& key);
};

void RecordWriter::Slot::write_next(const std::shared_ptr<Slot>& slot,
                                    const std::shared_ptr<Table>& table, const std::string& key) {
    alerting::Record record{key, ""};
    std::vector<Done> waiting;
    {
        const std::scoped_lock lock(slot->mutex);
        slot->is_writing = slot->next.has_value();
        if (!slot->is_writing) return;
        record.record = *std::exchange(slot->next, std::nullopt);
        waiting = std::exchange(slot->waiting, {});
    }
    table->journal.write_records(
        table->table, {std::move(record)}, {},
        [slot, table, key, waiting = std::move(waiting)](const Result<void>& written) {
            for (const Done& done : waiting)
                done(written);
            write_next(slot, table, key);
        });
}

RecordWriter::RecordWriter(alerting::Journal& journal, alerting::RecordTable table)
    : table_(std::make_shared<Table>(journal, table)) {}

void RecordWriter::write(const std::string& key, std::string record, Done done) {
    std::shared_ptr<Slot>& slot = slots_[key];
    if (slot == nullptr) slot = std::make_shared<Slot>();
    {
        const std::scoped_lock lock(slot->mutex);
        slot->next = std::move(record);
        if (done) slot->waiting.push_back(std::move(done));
        if (std::exchange(slot->is_writing, true)) return;
    }
    Slot::write_next(slot, table_, key);
}

void RecordWriter::remove(const std::string& key) {
    const auto found = slots_.find(key);
    if (found != slots_.end()) {
        std::vector<Done> waiting;
        {
            const std::scoped_lock lock(found->second->mutex);
            found->second->next.reset();
            waiting = std::exchange(found->second->waiting, {});
        }
        for (const Done& done : waiting)
            done(fail("it was removed"));
        slots_.erase(found);
    }
    table_->journal.write_records(table_->table, {}, {key});
}

}  // namespace pilotlight::app
