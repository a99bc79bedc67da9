#include "alerting/journal.h"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "tests/alerting/samples.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

using Outcome = Settlement::Outcome;

Notification numbered(std::uint64_t sequence, const std::string& group = "g", int firing = 1) {
    Notification notification = sample(firing, firing == 0 ? 1 : 0, "webhook");
    notification.sequence = sequence;
    notification.group_key = group;
    return notification;
}

Settlement settlement(const Notification& notification, Outcome outcome) {
    return {notification.sequence,
            notification.to,
            notification.group_key,
            notification.status(),
            outcome,
            noon(),
            ""};
}

std::string sequences(const std::vector<OutboxRow>& rows) {
    std::string all;
    for (const OutboxRow& row : rows)
        all += std::to_string(row.notification.sequence) + " ";
    return all;
}

/// Waits until it has been told `wanted` results.
class Results {
  public:
    Journal::Done expect() {
        return [this](const Result<void>& result) {
            const std::scoped_lock lock(mutex_);
            results_.push_back(result.has_value());
            arrived_.notify_all();
        };
    }
    std::vector<bool> wait(std::size_t wanted) {
        std::unique_lock lock(mutex_);
        const bool came = arrived_.wait_for(lock, 60s, [&] { return results_.size() >= wanted; });
        BOOST_REQUIRE_MESSAGE(came, "waited for " << wanted << " results of the journal");
        return results_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<bool> results_;
};

struct Fixture {
    pilotlight::testing::TemporaryFolder folder;
    std::string path = (folder.path() / "pilotlight.db").string();

    [[nodiscard]] std::size_t files_aside() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
            const std::string name = entry.path().filename();
            count += name.find(".set-aside-") != std::string::npos && !name.ends_with("-wal") &&
                     !name.ends_with("-shm");
        }
        return count;
    }
    void overwrite(std::size_t at, std::string_view bytes) const {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(at));
        file << bytes;
    }
    /// Runs `steps` in a process of its own that dies without a word after them.
    template <class F>
    void in_dying_process(F steps) const {
        const pid_t child = fork();
        if (child == 0) {
            steps();
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        BOOST_REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(journal, Fixture)

BOOST_AUTO_TEST_CASE(a_new_one_is_empty_and_healthy) {
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_TEST(contents.outbox.empty());
    BOOST_TEST(contents.next_sequence == 1U);
    BOOST_TEST(journal.healthy());
    BOOST_TEST(journal.take_warnings().empty());
}

BOOST_AUTO_TEST_CASE(what_was_recorded_is_there_after_a_start) {
    const Notification first = numbered(5, "a");
    const Notification second = numbered(6, "b");
    {
        Journal journal(path);
        journal.record({first, second}, {});
        journal.note_attempt(6, 3, noon(1min), "HTTP 500");
        journal.write_alerts({{"k1", "{}"}, {"k2", "x"}}, {});
        journal.write_alerts({{"k1", "changed"}}, {"k2"});
        journal.append_events({{noon(), "reload", "f", "{}"}});
    }
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_TEST(sequences(contents.outbox) == "5 6 ");
    BOOST_TEST(to_json(contents.outbox[0].notification) == to_json(first));
    BOOST_TEST(contents.outbox[1].attempts == 3);
    BOOST_TEST(contents.outbox[1].last_reason == "HTTP 500");
    BOOST_CHECK(contents.outbox[1].next_attempt_at == noon(1min));
    BOOST_REQUIRE(contents.told.size() == 2U);
    BOOST_TEST(contents.told[0].pending);
    BOOST_TEST(!contents.told[0].open);
    BOOST_REQUIRE(contents.alerts.size() == 1U);
    BOOST_TEST(contents.alerts[0].record == "changed");
    BOOST_TEST(contents.next_sequence == 7U);
}

BOOST_AUTO_TEST_CASE(settled_ones_do_not_come_back_and_what_was_told_is_known) {
    {
        Journal journal(path);
        journal.record({numbered(1, "a"), numbered(2, "b"), numbered(3, "c")}, {});
        journal.settle(settlement(numbered(1, "a"), Outcome::delivered));
        journal.settle(settlement(numbered(2, "b"), Outcome::dead));
        journal.record({numbered(4, "a", 0)}, {});
    }
    {
        Journal journal(path);
        const JournalContents contents = journal.take_contents();
        BOOST_TEST(sequences(contents.outbox) == "3 4 ");
        for (const Told& told : contents.told) {
            const std::string& group = told.last.group_key;
            BOOST_TEST(told.open == (group == "a"), group);
            BOOST_TEST(told.failed == (group == "b"), group);
            BOOST_TEST(told.pending == (group != "b"), group);
            BOOST_TEST(told.delivered_at.has_value() == (group == "a"), group);
        }
        journal.settle(settlement(numbered(4, "a", 0), Outcome::delivered));
        Told gone;
        gone.last = numbered(2, "b");
        journal.forget({gone});
    }
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_REQUIRE(contents.told.size() == 2U);
    BOOST_TEST(!contents.told[0].open);
}

BOOST_AUTO_TEST_CASE(a_superseded_one_is_gone_and_its_successor_rewritten) {
    const Notification merged = numbered(2, "a", 3);
    {
        Journal journal(path);
        journal.record({numbered(1, "a")}, {});
        journal.record({numbered(2, "a")}, {});
        journal.supersede(settlement(numbered(1, "a"), Outcome::superseded), merged);
    }
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_TEST(sequences(contents.outbox) == "2 ");
    BOOST_TEST(contents.outbox[0].notification.alerts.size() == 3U);
}

BOOST_AUTO_TEST_CASE(requests_that_come_during_a_commit_share_the_next_one) {
    std::mutex mutex;
    std::condition_variable changed;
    bool held = true;
    Journal::Options options;
    options.before_commit = [&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return !held; });
    };
    Journal journal(path, options);
    Results results;
    for (std::uint64_t i = 1; i <= 101; ++i) {
        journal.record({numbered(i, std::to_string(i))}, results.expect());
    }
    {
        const std::scoped_lock lock(mutex);
        held = false;
    }
    changed.notify_all();
    (void)results.wait(101);
    journal.flush();
    BOOST_TEST(journal.stats().requests == 101U);
    BOOST_TEST(journal.stats().commits <= 2U);
}

BOOST_AUTO_TEST_CASE(what_was_answered_survives_a_process_that_dies_at_once) {
    for (int step = 0; step < 4; ++step) {
        const std::string at = path + std::to_string(step);
        in_dying_process([&] {
            // Never destroyed: as after SIGKILL.
            auto* journal = new Journal(at);
            Results results;
            journal->record({numbered(1)}, results.expect());
            (void)results.wait(1);
            if (step >= 1) journal->note_attempt(1, 1, noon(), "refused", results.expect());
            if (step >= 1) (void)results.wait(2);
            if (step >= 2) {
                journal->settle(settlement(numbered(1), Outcome::delivered), results.expect());
                (void)results.wait(3);
            }
            if (step >= 3) {
                journal->record({numbered(2, "g", 0)}, results.expect());
                (void)results.wait(4);
            }
        });
        Journal journal(at);
        const JournalContents contents = journal.take_contents();
        const char* wanted[] = {"1 ", "1 ", "", "2 "};
        BOOST_TEST(sequences(contents.outbox) == wanted[step], "step " << step);
        BOOST_TEST(contents.told.at(0).open == (step >= 2), "step " << step);
        BOOST_TEST(contents.told.at(0).last.dedup_key == numbered(1).dedup_key);
        BOOST_TEST(journal.take_warnings().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_process_that_dies_before_the_commit_leaves_all_or_nothing) {
    in_dying_process([&] {
        Journal::Options options;
        options.before_commit = [] { _exit(0); };
        auto* journal = new Journal(path, options);
        journal->record({numbered(1, "a"), numbered(2, "b")}, {});
        journal->flush();
        pause();
    });
    Journal journal(path);
    BOOST_TEST(journal.take_contents().outbox.empty());
    BOOST_TEST(journal.take_warnings().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_database_is_set_aside_and_a_new_one_begun) {
    std::ofstream(path) << std::string(10'000, 'x');
    Journal journal(path);
    const Errors warnings = journal.take_warnings();
    BOOST_REQUIRE(warnings.size() == 1U);
    BOOST_TEST(warnings[0].message.find("set aside as") != std::string::npos);
    BOOST_TEST(files_aside() == 1U);
    Results results;
    journal.record({numbered(1)}, results.expect());
    BOOST_TEST(results.wait(1)[0]);
    BOOST_TEST(journal.healthy());
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_set_aside_and_the_loss_told_once) {
    const std::string inside = (folder.path() / "folder.db").string();
    std::filesystem::create_directory(inside);
    std::ofstream(inside + "/kept") << "x";
    Journal journal(inside);
    BOOST_TEST(journal.healthy());
    const auto losses = journal.take_losses();
    BOOST_REQUIRE(losses.size() == 1U);
    const std::string aside = losses[0].substr(losses[0].rfind(' ') + 1);
    BOOST_TEST(std::filesystem::exists(aside + "/kept"));
    BOOST_TEST(journal.take_losses().empty());
    Journal other((folder.path() / "new.db").string());
    BOOST_TEST(other.take_losses().empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_database_is_set_aside) {
    {
        Journal journal(path);
        std::vector<Notification> many;
        for (std::uint64_t i = 1; i <= 200; ++i)
            many.push_back(numbered(i, std::to_string(i)));
        journal.record(many, {});
    }
    // Wounds in every page but the first.
    const auto size = std::filesystem::file_size(path);
    for (std::size_t at = 4'096; at < size; at += 4'096)
        overwrite(at, std::string(64, '\xee'));
    Journal journal(path);
    BOOST_TEST(journal.take_contents().outbox.empty());
    BOOST_TEST(journal.take_warnings().size() == 1U);
    BOOST_TEST(files_aside() == 1U);
}

BOOST_AUTO_TEST_CASE(a_truncated_database_is_set_aside) {
    {
        Journal journal(path);
        std::vector<Notification> many;
        for (std::uint64_t i = 1; i <= 200; ++i)
            many.push_back(numbered(i, std::to_string(i)));
        journal.record(many, {});
    }
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2 + 100);
    Journal journal(path);
    BOOST_TEST(journal.take_warnings().size() == 1U);
    BOOST_TEST(files_aside() == 1U);
}

BOOST_AUTO_TEST_CASE(a_database_of_a_later_version_is_set_aside_whole) {
    {
        Journal journal(path);
    }
    // user_version stands at byte 60 of the header, big-endian.
    overwrite(60, std::string("\0\0\3\xe7", 4));
    Journal journal(path);
    const Errors warnings = journal.take_warnings();
    BOOST_REQUIRE(warnings.size() == 1U);
    BOOST_TEST(warnings[0].message.find("format 999 is newer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_row_that_cannot_be_read_is_a_warning_and_harms_no_other) {
    {
        Journal journal(path);
        journal.record({numbered(1, "a"), numbered(2, "b")}, {});
    }
    const std::string command = "python3 -c \"import sqlite3; d = sqlite3.connect('" + path +
                                "'); d.execute('update outbox set notification = 42 where "
                                "sequence = 1'); d.commit()\"";
    BOOST_REQUIRE(std::system(command.c_str()) == 0);
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_TEST(sequences(contents.outbox) == "2 ");
    BOOST_TEST(contents.warnings.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_disk_that_takes_nothing_answers_at_once_and_is_made_up_for) {
    // A file in its folder's place: nothing can be made there.
    std::ofstream(folder.path() / "d") << "x";
    const std::string inside = (folder.path() / "d" / "j.db").string();
    Journal::Options options;
    options.retry_every = 5ms;
    Journal journal(inside, options);
    BOOST_TEST(!journal.healthy());
    Results results;
    journal.record({numbered(1)}, results.expect());
    journal.record({numbered(2, "h")}, results.expect());
    journal.settle(settlement(numbered(1), Outcome::delivered), results.expect());
    for (const bool written : results.wait(3))
        BOOST_TEST(!written);
    BOOST_TEST(journal.stats().backlog == 3U);
    BOOST_TEST(!journal.stats().last_error.empty());

    std::filesystem::remove(folder.path() / "d");
    std::filesystem::create_directory(folder.path() / "d");
    for (int i = 0; i < 2'000 && !journal.healthy(); ++i)
        usleep(5'000);
    BOOST_TEST(journal.healthy());
    BOOST_TEST(journal.stats().backlog == 0U);
    Results later;
    journal.note_attempt(2, 1, noon(), "x", later.expect());
    BOOST_TEST(later.wait(1)[0]);
    Journal reader(inside);
    BOOST_TEST(sequences(reader.take_contents().outbox) == "2 ");
}

BOOST_AUTO_TEST_CASE(a_full_disk_fails_at_once_and_spoils_nothing) {
    in_dying_process([&] {
        auto* journal = new Journal(path);
        Results results;
        journal->record({numbered(1)}, results.expect());
        if (!results.wait(1)[0]) _exit(2);
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit none{1'024, 1'024};
        setrlimit(RLIMIT_FSIZE, &none);
        journal->record({numbered(2, "b")}, results.expect());
        if (results.wait(2)[1]) _exit(3);
        if (journal->healthy()) _exit(4);
    });
    Journal journal(path);
    BOOST_TEST(sequences(journal.take_contents().outbox) == "1 ");
    BOOST_TEST(journal.take_warnings().empty());
}

BOOST_AUTO_TEST_CASE(a_database_that_breaks_while_it_runs_is_replaced) {
    Journal::Options options;
    options.retry_every = 5ms;
    Journal journal(path, options);
    Results results;
    std::vector<Notification> many;
    for (std::uint64_t i = 1; i <= 300; ++i)
        many.push_back(numbered(i, std::to_string(i)));
    journal.record(many, results.expect());
    (void)results.wait(1);
    // Wounds in the write-ahead log and the file alike.
    for (const std::string& file : {path, path + "-wal"}) {
        std::error_code ignored;
        const auto size = std::filesystem::file_size(file, ignored);
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        for (std::size_t at = 0; at < size; at += 512) {
            bytes.seekp(static_cast<std::streamoff>(at));
            bytes << std::string(64, '\xee');
        }
    }
    // Whatever SQLite still has in memory, in the end requests are written again.
    bool written = false;
    for (std::uint64_t i = 1'000; i < 1'050 && !written; ++i) {
        Results one;
        journal.record({numbered(i, std::to_string(i))}, one.expect());
        written = one.wait(1)[0];
        usleep(10'000);
    }
    BOOST_TEST(written);
}

BOOST_AUTO_TEST_CASE(what_a_receiver_wants_remembered_lasts_as_long_as_what_it_was_told) {
    const auto memory = [&] {
        Journal journal(path);
        const JournalContents contents = journal.take_contents();
        return contents.told.empty() ? "gone" : contents.told[0].memory;
    };
    {
        Journal journal(path);
        journal.record({numbered(1)}, {});
        journal.remember(numbered(1).to, "g", "first");
        journal.flush();
    }
    BOOST_TEST(memory() == "first");
    {
        Journal journal(path);
        // A receipt that says nothing of it leaves it; a new notification does, too.
        journal.settle(settlement(numbered(1), Outcome::delivered));
        journal.record({numbered(2)}, {});
        journal.flush();
    }
    BOOST_TEST(memory() == "first");
    {
        Journal journal(path);
        Settlement receipt = settlement(numbered(2), Outcome::delivered);
        receipt.memory = "second";
        journal.settle(receipt);
        journal.flush();
    }
    BOOST_TEST(memory() == "second");
    {
        Journal journal(path);
        JournalContents contents = journal.take_contents();
        journal.forget(contents.told);
        journal.flush();
    }
    BOOST_TEST(memory() == "gone");
}

BOOST_AUTO_TEST_CASE(records_of_every_table_are_there_after_a_kill) {
    in_dying_process([&] {
        Journal journal(path);
        Results results;
        journal.write_records(RecordTable::silences, {{"s1", "{1}"}, {"s2", "{2}"}}, {});
        journal.write_records(RecordTable::outside_alerts, {{"{a=\"b\"}", "{3}"}}, {});
        journal.write_records(RecordTable::discovered_targets, {{"http_sd u", "[]"}}, {});
        journal.write_records(RecordTable::heartbeats, {{"job", "{5}"}, {"old", "{}"}}, {});
        journal.write_records(RecordTable::heartbeats, {{"job", "{6}"}}, {"old"});
        journal.write_records(RecordTable::silences, {{"s1", "{4}"}}, {"s2"}, results.expect());
        results.wait(1);
        _exit(0);
    });
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_REQUIRE(contents.silences.size() == 1U);
    BOOST_TEST(contents.silences[0].key == "s1");
    BOOST_TEST(contents.silences[0].record == "{4}");
    BOOST_REQUIRE(contents.outside_alerts.size() == 1U);
    BOOST_TEST(contents.outside_alerts[0].key == "{a=\"b\"}");
    BOOST_REQUIRE(contents.discovered_targets.size() == 1U);
    BOOST_TEST(contents.discovered_targets[0].key == "http_sd u");
    BOOST_TEST(contents.discovered_targets[0].record == "[]");
    BOOST_REQUIRE(contents.heartbeats.size() == 1U);
    BOOST_TEST(contents.heartbeats[0].key == "job");
    BOOST_TEST(contents.heartbeats[0].record == "{6}");
    BOOST_TEST(contents.alerts.empty());
}

BOOST_AUTO_TEST_CASE(a_database_of_the_first_format_is_brought_up_with_all_that_it_holds) {
    {
        Journal journal(path);
        journal.record({numbered(5)}, {});
        journal.write_alerts({{"k1", "{}"}}, {});
    }
    const std::string back =
        "python3 -c \"import sqlite3; d = sqlite3.connect('" + path +
        "'); d.executescript('DROP TABLE silences; DROP TABLE outside_alerts; "
        "DROP TABLE destinations; DROP TABLE discovered_targets; DROP TABLE heartbeats; "
        "ALTER TABLE told DROP COLUMN memory; "
        "PRAGMA user_version = 1')\"";
    BOOST_REQUIRE(std::system(back.c_str()) == 0);
    {
        Journal journal(path);
        BOOST_TEST(journal.take_warnings().empty());
        journal.write_records(RecordTable::silences, {{"s1", "{}"}}, {});
    }
    Journal journal(path);
    const JournalContents contents = journal.take_contents();
    BOOST_TEST(sequences(contents.outbox) == "5 ");
    BOOST_TEST(contents.alerts.size() == 1U);
    BOOST_TEST(contents.silences.size() == 1U);
    BOOST_TEST(files_aside() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
