#include "alerting/destinations.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;

namespace {

std::string page(const std::string& name, const std::string& key) {
    return "  - name: " + name + "\n    pagerduty_configs: [{routing_key: " + key + "}]\n";
}

SharedRouting with(const std::string& receivers, const std::string& first = "ops") {
    return routing("route: {receiver: " + first + "}\nreceivers:\n" + receivers);
}

Notification told_to(const std::string& receiver, std::uint64_t sequence = 7) {
    Notification notification = sample(1, 0, "pagerduty");
    notification.sequence = sequence;
    notification.to = {receiver, "pagerduty", 0};
    notification.group_key = receiver + ":{alertname=\"InstanceDown\"}";
    notification.dedup_key = "made for " + receiver;
    return notification;
}

/// A database that outlives the programs which have it one after the other.
class Runs {
  public:
    /// A run with `routing`, in which `delivered` were told and `waiting` were not.
    void run(const SharedRouting& routing, std::vector<Notification> delivered,
             std::vector<Notification> waiting = {}) {
        Journal journal(path_);
        Destinations destinations(journal.take_contents().destinations);
        destinations.note(*routing, journal);
        for (const Notification& one : delivered) {
            journal.record({one}, {});
            journal.settle({one.sequence, one.to, one.group_key, one.status(),
                            Settlement::Outcome::delivered, noon(), ""});
        }
        journal.record(std::move(waiting), {});
    }

    /// The start of the next run.
    FollowedRenames start(const SharedRouting& routing) {
        Journal journal(path_);
        JournalContents contents = journal.take_contents();
        Destinations destinations(std::exchange(contents.destinations, {}));
        FollowedRenames renames = destinations.follow(contents, *routing);
        journal.readdress(renames.told, renames.outbox);
        destinations.note(*routing, journal);
        return renames;
    }

    JournalContents contents() {
        Journal journal(path_);
        return journal.take_contents();
    }

    [[nodiscard]] std::string bytes() const {
        std::string all;
        for (const char* companion : {"", "-wal"}) {
            std::ifstream file(path_ + companion, std::ios::binary);
            all += std::string(std::istreambuf_iterator<char>(file), {});
        }
        return all;
    }

  private:
    pilotlight::testing::TemporaryFolder folder_;
    std::string path_ = (folder_.path() / "pilotlight.db").string();
};

const std::string kOpsGroup = "ops:{alertname=\"InstanceDown\"}";
const std::string kDutyGroup = "duty:{alertname=\"InstanceDown\"}";

}  // namespace

BOOST_AUTO_TEST_SUITE(destinations)

BOOST_AUTO_TEST_CASE(what_was_told_goes_on_under_the_new_name_with_its_key) {
    Runs runs;
    runs.run(with(page("ops", "k1")), {told_to("ops", 7)}, {told_to("ops", 8)});
    const FollowedRenames renames = runs.start(with(page("duty", "k1"), "duty"));
    BOOST_TEST(renames.stranded.empty());
    const JournalContents kept = runs.contents();
    BOOST_REQUIRE(kept.told.size() == 1U);
    BOOST_TEST(kept.told[0].last.to.receiver == "duty");
    BOOST_TEST(kept.told[0].last.group_key == kDutyGroup);
    BOOST_TEST(kept.told[0].last.dedup_key == "made for ops");
    BOOST_TEST(kept.told[0].open);
    BOOST_REQUIRE(kept.outbox.size() == 1U);
    BOOST_TEST(kept.outbox[0].notification.to.receiver == "duty");
    BOOST_TEST(kept.outbox[0].notification.group_key == kDutyGroup);
}

BOOST_AUTO_TEST_CASE(another_key_is_another_destination) {
    for (const char* key : {"k2", "K1", "k11"}) {
        Runs runs;
        runs.run(with(page("ops", "k1")), {told_to("ops")});
        const FollowedRenames renames = runs.start(with(page("duty", key), "duty"));
        BOOST_TEST(renames.told.empty());
        BOOST_REQUIRE(renames.stranded.size() == 1U);
        BOOST_TEST(renames.stranded[0].last.dedup_key == "made for ops");
    }
}

BOOST_AUTO_TEST_CASE(another_kind_is_another_destination) {
    Runs runs;
    runs.run(with("  - name: ops\n    discord_configs: [{webhook_url: 'http://x/'}]\n"), {});
    Runs other;
    Notification told = told_to("ops");
    told.to.integration = "discord";
    other.run(with("  - name: ops\n    discord_configs: [{webhook_url: 'http://x/'}]\n"), {told});
    const auto renames = other.start(
        with("  - name: duty\n    msteamsv2_configs: [{webhook_url: 'http://x/'}]\n", "duty"));
    BOOST_TEST(renames.told.empty());
    BOOST_TEST(renames.stranded.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_name_that_stays_is_left_alone_whatever_becomes_of_its_key) {
    Runs runs;
    runs.run(with(page("ops", "k1")), {told_to("ops")});
    const FollowedRenames renames = runs.start(with(page("ops", "k2") + page("duty", "k1")));
    BOOST_TEST(renames.told.empty());
    BOOST_TEST(renames.stranded.empty());
}

BOOST_AUTO_TEST_CASE(two_incidents_of_one_destination_stay_two) {
    Runs runs;
    runs.run(with(page("ops", "k1") + page("duty", "k1")), {told_to("ops", 7), told_to("duty", 8)});
    const FollowedRenames renames = runs.start(with(page("duty", "k1"), "duty"));
    BOOST_TEST(renames.stranded.empty());
    std::set<std::string> keys;
    for (const Told& entry : runs.contents().told) {
        BOOST_TEST(entry.last.to.receiver == "duty");
        keys.insert(entry.last.group_key + " " + entry.last.dedup_key);
    }
    BOOST_TEST(keys.size() == 2U);
    BOOST_TEST(keys.contains(kDutyGroup + " made for duty"));
    BOOST_TEST(keys.contains(kOpsGroup + " made for ops"));
}

BOOST_AUTO_TEST_CASE(what_has_ended_is_not_stranded) {
    Runs runs;
    Notification ended = told_to("ops");
    ended.alerts = sample(0, 1, "pagerduty").alerts;
    runs.run(with(page("ops", "k1")), {ended});
    BOOST_TEST(runs.start(with(page("duty", "k2"), "duty")).stranded.empty());
}

BOOST_AUTO_TEST_CASE(a_fallbacks_copy_follows_both_names) {
    Runs runs;
    Notification copy = told_to("duty", Notification::kBeyondRoutes + 1);
    copy.instead_of = "ops";
    copy.group_key = kOpsGroup;
    runs.run(with(page("ops", "k1") + page("duty", "k2")), {told_to("ops"), copy});
    (void)runs.start(with(page("team", "k1") + page("night", "k2"), "team"));
    for (const Told& entry : runs.contents().told) {
        BOOST_TEST(entry.last.group_key == "team:{alertname=\"InstanceDown\"}");
        const bool is_copy = entry.last.is_beyond_routes();
        BOOST_TEST(entry.last.to.receiver == (is_copy ? "night" : "team"));
        BOOST_TEST(entry.last.instead_of == (is_copy ? "team" : ""));
    }
}

BOOST_AUTO_TEST_CASE(no_secret_is_written_down) {
    Runs runs;
    runs.run(with(page("ops", "0123456789T0PSECRET")), {});
    BOOST_TEST(runs.contents().destinations.size() == 2U);
    BOOST_TEST(runs.bytes().find("T0PSECRET") == std::string::npos);
    // Not the same digest in two places, by which keys could be told alike.
    Runs other;
    other.run(with(page("ops", "0123456789T0PSECRET")), {});
    BOOST_TEST(runs.contents().destinations[1].record != other.contents().destinations[1].record);
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_destination) {
    for (const auto& [kind, entry] : std::initializer_list<std::pair<std::string, std::string>>{
             {"slack", "{api_url: 'http://x/'}"},
             {"pagerduty", "{routing_key: k}"},
             {"webhook", "{url: 'http://x/'}"},
             {"discord", "{webhook_url: 'http://x/'}"},
             {"msteamsv2", "{webhook_url: 'http://x/'}"},
             {"alertmanager", "{urls: ['http://x']}"},
             {"opsgenie", "{api_key: k}"},
             {"telegram", "{bot_token: t, chat_id: 1}"},
             {"email", "{to: a@b.example, from: c@d.example, smarthost: 'x:25'}"}}) {
        BOOST_TEST(!integration(kind, entry)->destination().empty(), kind);
    }
}

BOOST_AUTO_TEST_SUITE_END()
