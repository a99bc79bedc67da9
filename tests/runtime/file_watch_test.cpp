#include "runtime/file_watch.h"

#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "runtime/wait.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/temporary_folder.h"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace pilotlight;
using namespace pilotlight::runtime;
using namespace pilotlight::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr FileWatch::Options kInotifyOnly{.debounce = milliseconds(30), .poll = seconds(3600)};
constexpr FileWatch::Options kPollOnly{.debounce = seconds(3600), .poll = milliseconds(30)};

/// What a watch told, and how often.
struct Told {
    std::set<std::string> paths;
    int times = 0;
    FileWatch::OnChange note() {
        return [this](const std::vector<std::string>& changed) {
            paths.insert(changed.begin(), changed.end());
            ++times;
        };
    }
};

asio::awaitable<bool> hears(Told& told, std::string path) {
    const Deadline limit = Deadline::in(seconds(10));
    while (!told.paths.contains(path) && !limit.passed())
        co_await sleep_for(milliseconds(2));
    const bool heard = told.paths.contains(path);
    told.paths.clear();
    co_return heard;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file_watch)

BOOST_AUTO_TEST_CASE(hears_edits_in_place_renames_and_removals) {
    for (const FileWatch::Options& options : {kInotifyOnly, kPollOnly}) {
        const TemporaryFolder folder;
        const std::string path = folder.write("a.yaml", "one");
        run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
            Told told;
            const FileWatch watch(services.executor(), {path}, told.note(), options);
            folder.write("a.yaml", "two two");
            const bool edited = co_await hears(told, path);
            BOOST_TEST(edited);
            fs::rename(folder.write("a.yaml.new", "three"), path);
            const bool renamed = co_await hears(told, path);
            BOOST_TEST(renamed);
            fs::remove(path);
            const bool removed = co_await hears(told, path);
            BOOST_TEST(removed);
            folder.write("a.yaml", "again");
            const bool made = co_await hears(told, path);
            BOOST_TEST(made);
        });
    }
}

BOOST_AUTO_TEST_CASE(hears_of_files_that_begin_to_match_a_glob) {
    const TemporaryFolder folder;
    folder.write("rules/a.yaml", "a");
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        Told told;
        const std::string glob = (folder.path() / "rules/*.yaml").string();
        const FileWatch watch(services.executor(), {glob}, told.note(), kInotifyOnly);
        const std::string fresh = folder.write("rules/b.yaml", "b");
        const bool heard = co_await hears(told, fresh);
        BOOST_TEST(heard);
        folder.write("rules/notes.txt", "nothing to us");
        co_await sleep_for(milliseconds(100));
        BOOST_TEST(told.paths.empty());
    });
}

BOOST_AUTO_TEST_CASE(hears_of_a_folder_that_is_made_later) {
    const TemporaryFolder folder;
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        Told told;
        const std::string glob = (folder.path() / "rules/*.yaml").string();
        const FileWatch watch(services.executor(), {glob}, told.note(),
                              {.debounce = milliseconds(30), .poll = milliseconds(500)});
        const std::string fresh = folder.write("rules/b.yaml", "b");
        const bool heard = co_await hears(told, fresh);
        BOOST_TEST(heard);
    });
}

BOOST_AUTO_TEST_CASE(hears_kubernetes_swap_its_link) {
    const TemporaryFolder folder;
    folder.write("..one/a.yaml", "one");
    folder.write("..two/a.yaml", "two");
    fs::create_directory_symlink("..one", folder.path() / "..data");
    fs::create_symlink("..data/a.yaml", folder.path() / "a.yaml");
    const std::string path = (folder.path() / "a.yaml").string();
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        Told told;
        const FileWatch watch(services.executor(), {path}, told.note(), kInotifyOnly);
        fs::create_directory_symlink("..two", folder.path() / "..data_tmp");
        fs::rename(folder.path() / "..data_tmp", folder.path() / "..data");
        const bool swapped = co_await hears(told, path);
        BOOST_TEST(swapped);
        folder.write("..two/a.yaml", "edited behind the link");
        const bool edited = co_await hears(told, path);
        BOOST_TEST(edited);
    });
}

BOOST_AUTO_TEST_CASE(many_writes_of_one_save_are_told_once) {
    const TemporaryFolder folder;
    const std::string path = folder.write("a.yaml", "");
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        Told told;
        const FileWatch watch(services.executor(), {path}, told.note(),
                              {.debounce = milliseconds(200), .poll = seconds(3600)});
        for (int i = 0; i < 20; ++i)
            folder.write("a.yaml", std::string(100, 'x'));
        const bool heard = co_await hears(told, path);
        BOOST_TEST(heard);
        BOOST_TEST(told.times == 1);
    });
}

BOOST_AUTO_TEST_CASE(what_is_watched_can_be_replaced_without_losing_a_change) {
    const TemporaryFolder folder;
    const std::string kept = folder.write("kept.yaml", "one");
    const std::string dropped = folder.write("dropped.yaml", "one");
    const std::string added = folder.write("added.yaml", "one");
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        Told told;
        FileWatch watch(services.executor(), {kept, dropped}, told.note(), kInotifyOnly);
        folder.write("kept.yaml", "changed just before");
        watch.watch({kept, added});
        const bool heard_kept = co_await hears(told, kept);
        BOOST_TEST(heard_kept);
        folder.write("dropped.yaml", "nobody cares");
        folder.write("added.yaml", "two");
        const bool heard_added = co_await hears(told, added);
        BOOST_TEST(heard_added);
    });
}

BOOST_AUTO_TEST_CASE(after_its_end_nothing_is_told) {
    const TemporaryFolder folder;
    const std::string path = folder.write("a.yaml", "one");
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        Told told;
        {
            const FileWatch watch(services.executor(), {path}, told.note(), kInotifyOnly);
            folder.write("a.yaml", "two");
        }
        co_await sleep_for(milliseconds(100));
        BOOST_TEST(told.times == 0);
    });
}

BOOST_AUTO_TEST_SUITE_END()
