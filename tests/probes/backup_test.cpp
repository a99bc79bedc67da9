#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <random>

#include "probes/archive_check.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/child_process.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::check_archive;
using probes::make_backup;
using probes::Report;
using Fault = probes::ArchiveCheck::Fault;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

std::string noise(std::size_t size, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::string text(size, '\0');
    for (char& c : text)
        c = static_cast<char>(random());
    return text;
}

std::string gzip(std::string_view text) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

struct Folder : TemporaryFolder {
    /// A file that was written `age` ago.
    std::string backup(const std::string& name, std::string_view bytes,
                       seconds age = hours(1)) const {
        const std::string file = write(name, bytes);
        const auto then = std::filesystem::file_time_type::clock::now() - age;
        std::filesystem::last_write_time(file, then);
        return file;
    }
    [[nodiscard]] Report probe(const std::string& options = "{}",
                               const std::string& glob = "/*.gz") const {
        return probe_now(&make_backup, path().string() + glob, options);
    }
    /// What a program of Debian's makes of `bytes`.
    std::string packed(const std::vector<std::string>& command, const std::string& name,
                       std::string_view bytes) const {
        const std::string plain = write("plain", bytes);
        std::vector<std::string> whole = command;
        whole.push_back(plain);
        ChildProcess program(whole, {.log = path() / name});
        BOOST_REQUIRE(program.wait(seconds(20)) == 0);
        return (path() / name).string();
    }
};

void cut(const std::string& file, std::uintmax_t bytes) {
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - bytes);
}

Fault fault_of(const std::string& file, std::uint64_t full = 1U << 20) {
    return check_archive(file, full).fault;
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Fault)

BOOST_FIXTURE_TEST_SUITE(backup, Folder)

BOOST_AUTO_TEST_CASE(a_fresh_whole_archive_is_good) {
    backup("old.gz", gzip("old"), hours(30));
    const std::string newest = backup("new.gz", gzip(noise(5000)), hours(2));
    const Report report = probe("{max_age: 26h, min_size: 1KB}");
    BOOST_TEST(verdict_of(report) == "");
    BOOST_TEST(value_of(report, "backup_valid").value() == 1.0);
    BOOST_TEST(value_of(report, "backup_files").value() == 2.0);
    BOOST_TEST(value_of(report, "backup_size_bytes").value() ==
               static_cast<double>(std::filesystem::file_size(newest)));
    BOOST_TEST(value_of(report, "backup_max_age_seconds").value() == 26.0 * 3600);
    BOOST_TEST(value_of(report, "backup_min_size_bytes").value() == 1024.0);
    const double age = to_unix_seconds(wall_now()) -
                       value_of(report, "backup_last_success_timestamp_seconds").value();
    BOOST_TEST(age > 7190.0);
    BOOST_TEST(age < 7260.0);
}

BOOST_AUTO_TEST_CASE(none_at_all_is_missing) {
    const Report report = probe();
    BOOST_TEST(verdict_of(report) == "find/missing");
    BOOST_TEST(value_of(report, "backup_last_success_timestamp_seconds").value() == 0.0);
    BOOST_TEST(value_of(report, "backup_valid").value() == 0.0);
    BOOST_TEST(!value_of(report, "backup_size_bytes").has_value());
}

BOOST_AUTO_TEST_CASE(an_old_one_is_stale) {
    backup("dump.gz", gzip("x"), hours(27));
    const Report report = probe("{max_age: 26h}");
    BOOST_TEST(verdict_of(report) == "check/stale");
    BOOST_TEST(report.outcome.detail.starts_with("dump.gz: 1d3h"), report.outcome.detail);
    BOOST_TEST(value_of(report, "backup_valid").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(a_small_one_is_no_success) {
    backup("yesterday.gz", gzip(noise(5000)), hours(25));
    backup("today.gz", gzip("nothing"), hours(1));
    const Report report = probe("{min_size: 1KB}");
    BOOST_TEST(verdict_of(report) == "check/too_small");
    const double last = value_of(report, "backup_last_success_timestamp_seconds").value();
    BOOST_TEST(to_unix_seconds(wall_now()) - last > 24.0 * 3600);
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_too_small) {
    backup("empty.gz", "");
    BOOST_TEST(verdict_of(probe()) == "check/too_small");
}

BOOST_AUTO_TEST_CASE(a_cut_one_fails_and_the_last_good_one_still_counts) {
    backup("yesterday.gz", gzip(noise(5000)), hours(25));
    cut(backup("today.gz", gzip(noise(5000))), 100);
    const auto then = std::filesystem::file_time_type::clock::now() - hours(1);
    std::filesystem::last_write_time(path() / "today.gz", then);
    const Report report = probe();
    BOOST_TEST(verdict_of(report) == "check/truncated");
    BOOST_TEST(value_of(report, "backup_valid").value() == 0.0);
    const double last = value_of(report, "backup_last_success_timestamp_seconds").value();
    BOOST_TEST(to_unix_seconds(wall_now()) - last > 24.0 * 3600);
}

BOOST_AUTO_TEST_CASE(one_that_is_still_being_written_is_left_out) {
    backup("yesterday.gz", gzip("whole"), hours(24));
    cut(backup("now.gz", gzip(noise(5000))), 100);
    BOOST_TEST(verdict_of(probe("{settle: 1m}")) == "");
    BOOST_TEST(verdict_of(probe("{settle: 0s}")) == "check/truncated");
    std::filesystem::remove(path() / "yesterday.gz");
    BOOST_TEST(verdict_of(probe("{settle: 1m}")) == "find/missing");
}

BOOST_AUTO_TEST_CASE(names_may_be_chosen_by_a_pattern) {
    backup("app-2026.gz", gzip("a"), hours(2));
    backup("other.gz", "no gzip at all", hours(1));
    BOOST_TEST(verdict_of(probe("{pattern: '^app-\\d+'}")) == "");
    BOOST_TEST(verdict_of(probe()) == "check/bad_header");
}

BOOST_AUTO_TEST_CASE(folders_are_no_backups) {
    std::filesystem::create_directory(path() / "folder.gz");
    BOOST_TEST(verdict_of(probe()) == "find/missing");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_written_anew_is_looked_at_anew) {
    const auto prober = make_backup(make_target((path() / "*.gz").string())).value();
    const auto verdict = [&] {
        Report report;
        run_coroutine_test([&](runtime::Services& services) -> boost::asio::awaitable<void> {
            report = co_await prober->run(services, runtime::Deadline::in(seconds(5)));
        });
        return verdict_of(report);
    };
    backup("dump.gz", gzip("first"));
    BOOST_TEST(verdict() == "");
    backup("dump.gz", "now it is something else");
    BOOST_TEST(verdict() == "check/bad_header");
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
    BOOST_TEST(refusal_of(&make_backup, "", "{}").find("path or glob") != std::string::npos);
    BOOST_TEST(refusal_of(&make_backup, "/b/*", "{max_aeg: 1h}").find("max_age") !=
               std::string::npos);
    BOOST_TEST(refusal_of(&make_backup, "/b/*", "{min_size: big}") != "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(archive_check, Folder)

BOOST_AUTO_TEST_CASE(gzip_is_read_to_its_end) {
    const std::string whole = gzip(noise(300'000));
    BOOST_TEST(fault_of(write("a.gz", whole)) == Fault::none);
    BOOST_TEST(fault_of(write("two.gz", whole + gzip("more"))) == Fault::none);
    BOOST_TEST(fault_of(write("padded.gz", whole + std::string(512, '\0'))) == Fault::none);
    for (const std::size_t missing : {1U, 4U, 8U, 1000U, 200'000U}) {
        BOOST_TEST(fault_of(write("cut.gz", whole.substr(0, whole.size() - missing))) ==
                   Fault::truncated);
    }
    std::string flipped = whole;
    flipped[100'000] = static_cast<char>(~flipped[100'000]);
    BOOST_TEST(fault_of(write("flipped.gz", flipped)) == Fault::corrupt);
    BOOST_TEST(fault_of(write("no.gz", "-- PostgreSQL database dump")) == Fault::bad_header);
    BOOST_TEST(fault_of(write("short.tgz", whole.substr(0, 12))) == Fault::truncated);
}

BOOST_AUTO_TEST_CASE(of_a_large_gzip_only_the_trailer_is_looked_at) {
    const std::string whole = gzip(std::string(1 << 20, 'x') + noise(50'000));
    constexpr std::uint64_t kNever = 0;
    BOOST_TEST(fault_of(write("a.gz", whole), kNever) == Fault::none);
    int found = 0;
    for (std::size_t missing = 1; missing <= 200; ++missing) {
        const std::string file = write("cut.gz", whole.substr(0, whole.size() - missing));
        if (fault_of(file, kNever) == Fault::truncated) ++found;
    }
    // By chance a cut may leave a plausible size; most do not.
    BOOST_TEST(found > 150);
}

BOOST_AUTO_TEST_CASE(a_dump_that_died_half_way_is_noticed_in_a_faultless_gzip) {
    const std::string begin = "--\n-- PostgreSQL database dump\n--\n" + std::string(5000, '\n');
    const std::string end = "--\n-- PostgreSQL database dump complete\n--\n\n";
    BOOST_TEST(fault_of(write("dump.sql.gz", gzip(begin + end))) == Fault::none);
    BOOST_TEST(fault_of(write("dump.sql.gz", gzip(begin))) == Fault::truncated);
    BOOST_TEST(fault_of(write("dump.sql", begin + end)) == Fault::none);
    BOOST_TEST(fault_of(write("dump.sql", begin)) == Fault::truncated);
    BOOST_TEST(fault_of(write("other.sql", "INSERT INTO a VALUES (1);")) == Fault::none);
}

BOOST_AUTO_TEST_CASE(xz_ends_with_a_footer) {
    const std::string file = packed({"/usr/bin/xz", "-c"}, "a.xz", noise(20'000));
    BOOST_TEST(fault_of(file) == Fault::none);
    cut(file, 1);
    BOOST_TEST(fault_of(file) == Fault::truncated);
    BOOST_TEST(fault_of(write("no.xz", gzip("x"))) == Fault::bad_header);
}

BOOST_AUTO_TEST_CASE(bzip2_ends_on_any_bit) {
    for (unsigned i = 0; i < 16; ++i) {
        const std::string file = packed({"/bin/bzip2", "-c"}, "a.bz2", noise(1000 + i * 7, i));
        BOOST_TEST(fault_of(file) == Fault::none);
        cut(file, 3);
        BOOST_TEST(fault_of(file) == Fault::truncated);
        std::filesystem::remove(file);
    }
}

BOOST_AUTO_TEST_CASE(zstd_blocks_are_walked) {
    // One frame of two raw blocks with a checksum, by RFC 8878.
    const std::string frame = std::string("\x28\xb5\x2f\xfd\x04\x00", 6) +
                              std::string("\x18\x00\x00", 3) + "abc" +
                              std::string("\x11\x00\x00", 3) + "de" + "SUM!";
    const std::string skippable = std::string("\x50\x2a\x4d\x18\x04\x00\x00\x00", 8) + "skip";
    BOOST_TEST(fault_of(write("a.zst", frame)) == Fault::none);
    BOOST_TEST(fault_of(write("two.zst", frame + skippable + frame)) == Fault::none);
    for (std::size_t missing = 1; missing < frame.size() - 4; ++missing) {
        BOOST_TEST(fault_of(write("cut.zst", frame.substr(0, frame.size() - missing))) ==
                   Fault::truncated);
    }
    BOOST_TEST(fault_of(write("garbage.zst", frame + "garbage")) == Fault::truncated);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_told_apart) {
    BOOST_TEST(fault_of("/nonexistent/a.gz") == Fault::unreadable);
    BOOST_TEST(fault_of(write("anything.bin", "?")) == Fault::none);
}

BOOST_AUTO_TEST_SUITE_END()
