#include "app/record_writer.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::app;

BOOST_AUTO_TEST_SUITE(record_writer)

BOOST_AUTO_TEST_CASE(a_flood_is_written_a_few_times_and_answered_each_time) {
    testing::TemporaryFolder folder;
    std::mutex gate;
    std::condition_variable opened;
    bool is_open = false;
    alerting::Journal::Options options;
    options.before_commit = [&] {
        std::unique_lock lock(gate);
        opened.wait(lock, [&] { return is_open; });
    };
    const std::string path = (folder.path() / "pilotlight.db").string();
    std::atomic<int> answered = 0;
    {
        alerting::Journal journal(path, options);
        RecordWriter writer(journal, alerting::RecordTable::heartbeats);
        for (int i = 0; i < 1'000; ++i) {
            writer.write("a", std::to_string(i), [&](const Result<void>& written) {
                if (written) ++answered;
            });
        }
        writer.write("b", "{}", {});
        {
            const std::scoped_lock lock(gate);
            is_open = true;
        }
        opened.notify_all();
        while (answered < 1'000)
            journal.flush();
        BOOST_TEST(journal.stats().requests <= 4U);
    }
    alerting::Journal again(path);
    const auto kept = again.take_contents().heartbeats;
    BOOST_REQUIRE(kept.size() == 2U);
    BOOST_TEST(kept[0].record == "999");
}

BOOST_AUTO_TEST_CASE(what_was_removed_is_gone) {
    testing::TemporaryFolder folder;
    const std::string path = (folder.path() / "pilotlight.db").string();
    {
        alerting::Journal journal(path);
        RecordWriter writer(journal, alerting::RecordTable::heartbeats);
        writer.write("a", "1", {});
        writer.remove("a");
        writer.write("b", "2", {});
    }
    alerting::Journal again(path);
    const auto kept = again.take_contents().heartbeats;
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0].key == "b");
}

BOOST_AUTO_TEST_SUITE_END()
