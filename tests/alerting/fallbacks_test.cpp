#include "alerting/fallbacks.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    SharedRouting config = routing(R"(
route: {receiver: ops}
receivers:
  - name: ops
    webhook_configs: [{url: 'http://127.0.0.1:9/'}]
  - name: spare
    webhook_configs: [{url: 'http://127.0.0.1:9/1'}, {url: 'http://127.0.0.1:9/2', send_resolved: false}]
)");
    Fallbacks fallbacks;

    const ReceiverConfig& spare() { return *config->find_receiver("spare"); }
    std::vector<Notification> hand_over(const Notification& notification) {
        return fallbacks.hand_over(notification, spare(), "has not taken it: HTTP 503");
    }
    std::vector<Notification> follow(const Notification& notification) {
        return fallbacks.follow(notification, *config);
    }
};

Told told_of(const Notification& copy) {
    Told told;
    told.last = copy;
    told.open = true;
    return told;
}

std::string description(const Notification& notification) {
    return std::string(notification.alerts.at(0).annotations.get("description"));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fallbacks, Fixture)

BOOST_AUTO_TEST_CASE(every_integration_gets_a_copy_that_says_for_whom_and_why) {
    const Notification original = sample(1, 0, "webhook");
    const auto copies = hand_over(original);
    BOOST_REQUIRE(copies.size() == 2U);
    BOOST_TEST(copies[0].to.to_string() == "spare/webhook[0]");
    BOOST_TEST(copies[1].to.to_string() == "spare/webhook[1]");
    BOOST_TEST(copies[0].instead_of == "ops");
    BOOST_TEST(copies[0].dedup_key == original.dedup_key);
    BOOST_TEST(copies[0].group_key == original.group_key);
    BOOST_TEST(description(copies[0]) ==
               "[For ops, whose webhook has not taken it: HTTP 503.] No answer for 2 minutes.");
}

BOOST_AUTO_TEST_CASE(the_same_is_handed_over_once_and_news_again) {
    BOOST_TEST(hand_over(sample(1, 0, "webhook")).size() == 2U);
    BOOST_TEST(hand_over(sample(1, 0, "slack")).empty());
    BOOST_TEST(hand_over(sample(2, 0, "webhook")).size() == 2U);
}

BOOST_AUTO_TEST_CASE(whoever_was_told_and_wants_to_hears_of_the_end_once) {
    (void)hand_over(sample(1, 0, "webhook"));
    BOOST_TEST(follow(sample(2, 0, "webhook")).empty());
    const auto ends = follow(sample(0, 1, "webhook"));
    BOOST_REQUIRE(ends.size() == 1U);
    BOOST_TEST(ends[0].to.to_string() == "spare/webhook[0]");
    BOOST_CHECK(ends[0].cause == Cause::resolved);
    BOOST_TEST(follow(sample(0, 1, "webhook")).empty());
    // The receiver itself goes on failing, with the end now.
    BOOST_TEST(hand_over(sample(0, 1, "webhook")).empty());
}

BOOST_AUTO_TEST_CASE(an_end_is_told_though_the_receiver_itself_does_not_want_it) {
    (void)hand_over(sample(1, 0, "webhook"));
    Notification silent = sample(0, 1, "webhook");
    silent.only_amends = true;
    const auto ends = follow(silent);
    BOOST_REQUIRE(ends.size() == 1U);
    BOOST_TEST(!ends[0].only_amends);
}

BOOST_AUTO_TEST_CASE(who_was_told_nothing_hears_of_no_end) {
    BOOST_TEST(follow(sample(0, 1, "webhook")).empty());
    Notification silent = sample(0, 1, "webhook");
    silent.only_amends = true;
    BOOST_TEST(hand_over(silent).empty());
}

BOOST_AUTO_TEST_CASE(a_new_outage_after_the_end_is_handed_over_anew) {
    (void)hand_over(sample(1, 0, "webhook"));
    (void)follow(sample(0, 1, "webhook"));
    const auto copies = hand_over(sample(1, 0, "webhook"));
    BOOST_REQUIRE(copies.size() == 2U);
    BOOST_CHECK(copies[0].cause == Cause::first);
}

BOOST_AUTO_TEST_CASE(what_was_told_survives_a_restart_through_the_log) {
    const auto copies = hand_over(sample(1, 0, "webhook"));
    Fallbacks after;
    for (const Notification& copy : copies) {
        auto read = notification_from_json(to_json(copy));
        BOOST_REQUIRE(read.has_value());
        after.restore(told_of(*read));
    }
    fallbacks = after;
    BOOST_TEST(hand_over(sample(1, 0, "webhook")).empty());
    BOOST_TEST(follow(sample(0, 1, "webhook")).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_fallback_that_refused_is_told_no_end) {
    for (const Notification& copy : hand_over(sample(1, 0, "webhook")))
        fallbacks.refused(copy);
    BOOST_TEST(follow(sample(0, 1, "webhook")).empty());
}

BOOST_AUTO_TEST_CASE(a_fallback_that_the_configuration_no_longer_has_is_left_out) {
    (void)hand_over(sample(1, 0, "webhook"));
    config = routing("route: {receiver: ops}\nreceivers: [{name: ops}]");
    BOOST_TEST(follow(sample(0, 1, "webhook")).empty());
}

BOOST_AUTO_TEST_CASE(a_queue_is_handed_over_after_the_failures_or_the_time) {
    ReceiverConfig receiver;
    receiver.fallback_failures = 3;
    receiver.fallback_for = 5min;
    BackoffOptions backoff;
    backoff.jitter = [] { return 1.0; };
    const SteadyTime start{1h};
    const auto waiting = [&](const std::string& group) {
        SendQueue::Item item;
        item.notification = sample(1, 0, "webhook");
        item.notification.group_key = group;
        item.since = start;
        item.give_up_at = start + 24h;
        return item;
    };
    const auto fail_at = [&](SendQueue& queue, Duration after) {
        BOOST_REQUIRE(queue.begin(start + after) != nullptr);
        (void)queue.end(Delivery::retry(Reason::connect, "refused"), start + after);
    };
    SendQueue often(backoff);
    (void)often.push(waiting("a"));
    (void)often.push(waiting("b"));
    BOOST_TEST(!due_at(often, receiver).has_value());
    fail_at(often, 0s);
    fail_at(often, 10s);
    BOOST_TEST(take_due(often, receiver, start + 10s).empty());
    BOOST_TEST((due_at(often, receiver) == start + 5min));
    fail_at(often, 20s);
    BOOST_TEST(take_due(often, receiver, start + 20s).size() == 2U);
    BOOST_TEST(take_due(often, receiver, start + 20s).empty());
    BOOST_TEST(!due_at(often, receiver).has_value());

    SendQueue slow(backoff);
    (void)slow.push(waiting("a"));
    fail_at(slow, 10s);
    BOOST_TEST(take_due(slow, receiver, start + 299s).empty());
    BOOST_TEST(take_due(slow, receiver, start + 310s).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
