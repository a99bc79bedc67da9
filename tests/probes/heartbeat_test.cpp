#include "probes/heartbeat.h"

#include <boost/test/unit_test.hpp>

#include <array>

#include "config/yaml.h"
#include "probes/heartbeat_address.h"
#include "probes/probers.h"
#include "probes/target.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;

namespace {

config::TargetConfig target(const std::string& options, const std::string& file = "t.yaml") {
    config::TargetConfig target;
    target.name = "job";
    target.prober = "heartbeat";
    target.interval = 15s;
    target.timeout = 5s;
    target.options = config::parse_yaml(options, file).value();
    target.where = target.options.where;
    return target;
}

HeartbeatOptions accepted(const std::string& options) {
    const auto prober = make_heartbeat(target(options));
    BOOST_REQUIRE_MESSAGE(prober.has_value(), options);
    return *(*prober)->awaits();
}

std::string refused(const config::TargetConfig& target) {
    const auto prober = make_heartbeat(target);
    if (prober) return "accepted";
    std::string text;
    for (const Error& error : prober.error())
        text += error.to_string() + "\n";
    return text;
}

std::string_view kept_of_body(std::string_view body) {
    return end_of(body, kHeartbeatBodyMax);
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string read(std::string_view action, std::string_view run = "") {
    const auto ping = read_heartbeat_ping(action, run);
    if (!ping) return ping.error().message;
    using enum HeartbeatPing::Kind;
    switch (ping->kind) {
        case start:
            return "start";
        case success:
            return "success";
        case fail:
            return "fail";
        case exit_code:
            return std::to_string(ping->exit_code);
    }
    return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(heartbeat)

BOOST_AUTO_TEST_CASE(options_are_read) {
    const HeartbeatOptions simple = accepted("{every: 5m}");
    BOOST_TEST((simple.every == 5min));
    BOOST_TEST((simple.grace == 5min));
    BOOST_TEST(!simple.cron.has_value());
    BOOST_TEST(simple.token.empty());
    const HeartbeatOptions full = accepted(
        "{cron: '0 3 * * *', timezone: Europe/Berlin, grace: 1h, min_duration: 1m, "
        "max_duration: 2h, token: s3cret}");
    BOOST_TEST(full.cron.has_value());
    BOOST_TEST((full.zone->offset_at(WallTime{}) == 1h));
    BOOST_TEST((full.grace == 1h));
    BOOST_TEST((full.max_duration == 2h));
    BOOST_TEST(full.token.reveal() == "s3cret");
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_with_their_place) {
    constexpr std::pair<const char*, const char*> kCases[] = {
        {"{}", "t.yaml:1:1: expected one of \"every\" and \"cron\" of a heartbeat, got neither"},
        {"{every: 5m, cron: '@daily'}", "got both"},
        {"{every: 5}", "t.yaml:1:9: expected a duration"},
        {"{every: 0s}", "t.yaml:1:9: expected 1s or more"},
        {"{cron: '0 3 * *'}", "t.yaml:1:8: expected a cron expression of five fields"},
        {"{cron: [a]}", "t.yaml:1:8: expected a cron expression"},
        {"{cron: '@daily', timezone: Mars/Olympus}", "t.yaml:1:28: unknown time zone"},
        {"{cron: '@daily', timezone: '../../etc/passwd'}", "unknown time zone"},
        {"{every: 5m, timezone: UTC}", "only a heartbeat with \"cron\" has a time zone"},
        {"{every: 5m, max_duration: 0s}", "expected a duration of more than 0s"},
        {"{every: 5m, min_duration: 2m, max_duration: 1m}",
         "t.yaml:1:27: expected a duration of at most max_duration"},
        {"{every: 5m, gracee: 1m}", "did you mean \"grace\"?"},
        {"{every: 5m, token: a, token_file: b}", "expected token or token_file, got both"},
        {"{every: 5m, token: ''}", "t.yaml:1:20: expected a token, got an empty text"},
        {"{every: 5m, token: }", "expected a token, got an empty text"},
        {"{every: 5m, token_file: /nonexistent}", "t.yaml:1:25: cannot read /nonexistent"},
    };
    for (const auto& [options, message] : kCases)
        BOOST_TEST(has(refused(target(options)), message),
                   options << ": " << refused(target(options)));
}

BOOST_AUTO_TEST_CASE(a_name_that_is_no_part_of_an_address_is_refused) {
    for (const char* const name : {"a/b", "/", ".", ".."}) {
        config::TargetConfig named = target("{every: 5m}");
        named.name = name;
        BOOST_TEST(has(refused(named), "expected a name without `/`"), name);
    }
}

BOOST_AUTO_TEST_CASE(a_token_may_stand_in_a_file) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.write("token", "s3cret\n");
    BOOST_TEST(accepted("{every: 5m, token_file: " + path + "}").token.reveal() == "s3cret");
    folder.write("token", "\n");
    BOOST_TEST(has(refused(target("{every: 5m, token_file: " + path + "}")), "expected a token"));
    folder.write("token", std::string(5'000, 'x'));
    BOOST_TEST(has(refused(target("{every: 5m, token_file: " + path + "}")), "at most 4 KiB"));
}

BOOST_AUTO_TEST_CASE(it_cannot_be_asked) {
    const auto prepared = prepare_target(target("{every: 5m}"), {});
    BOOST_REQUIRE(prepared.has_value());
    BOOST_TEST(prepared->target->heartbeat != nullptr);
    const auto other = prepare_target(
        [] {
            config::TargetConfig host = target("{}");
            host.prober = "host";
            return host;
        }(),
        {});
    BOOST_TEST(other->target->heartbeat == nullptr);
}

BOOST_AUTO_TEST_CASE(addresses_are_read) {
    constexpr std::array<std::string_view, 3> kCases[] = {
        {"job", "job", ""},
        {"job/", "job", ""},
        {"job/start", "job", "start"},
        {"job/start/", "job", "start/"},
        {"", "", ""},
        {"/start", "", "start"},
    };
    for (const auto& [path, name, action] : kCases) {
        const HeartbeatAddress address = split_heartbeat_address(path);
        BOOST_TEST(address.name == name, path);
        BOOST_TEST(address.action == action, path);
    }
    BOOST_TEST(read("") == "success");
    BOOST_TEST(read("start") == "start");
    BOOST_TEST(read("fail") == "fail");
    BOOST_TEST(read("0") == "success");
    BOOST_TEST(read("000") == "success");
    BOOST_TEST(read("1") == "1");
    BOOST_TEST(read("255") == "255");
    for (const char* const action :
         {"256", "-1", "+1", "0001", "1.0", "1 ", "x", "Start", "start/", "log", "99999999999"}) {
        BOOST_TEST(has(read(action), "expected start, fail or an exit code of 0 to 255"), action);
    }
    BOOST_TEST(read("start", "0b9d5c94-53b4-4f5c-8d2c-6d1f1e6b0f7e") == "start");
    BOOST_TEST(read("start", std::string(100, 'x')) == "start");
    for (const std::string& run : {std::string(101, 'x'), std::string("a\nb"), std::string("\xff"),
                                   std::string("a\0b", 3)}) {
        BOOST_TEST(has(read("start", run), "expected a run's id"));
    }
}

BOOST_AUTO_TEST_CASE(the_end_of_what_was_printed_is_kept) {
    BOOST_TEST(kept_of_body("").empty());
    const std::string most(kHeartbeatBodyMax, 'x');
    BOOST_TEST(kept_of_body(most).size() == kHeartbeatBodyMax);
    BOOST_TEST((kept_of_body("begin" + most + "end").substr(0, 3) == "xxx"));
    BOOST_TEST(kept_of_body("begin" + most + "end").ends_with("xend"));
    BOOST_TEST(kept_of_body("begin" + most + "end").size() == kHeartbeatBodyMax);
    // A character is not cut.
    const std::string cut = "\u20ac" + std::string(kHeartbeatBodyMax - 1, 'x');
    BOOST_TEST(kept_of_body(cut).size() == kHeartbeatBodyMax - 1);
    BOOST_TEST(kept_of_body(std::string(2 * kHeartbeatBodyMax, '\x80')).size() ==
               kHeartbeatBodyMax - 3);
}

BOOST_AUTO_TEST_SUITE_END()
