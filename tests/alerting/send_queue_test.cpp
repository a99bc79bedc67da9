#include "alerting/send_queue.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

using Kind = SendQueue::Ended::Kind;

BackoffOptions no_jitter() {
    BackoffOptions options;
    options.jitter = [] { return 1.0; };
    return options;
}

struct Fixture {
    SendQueue queue{no_jitter()};
    SteadyTime start{1h};
    std::uint64_t sequence = 0;

    SendQueue::Item item(const std::string& group, std::vector<NotifiedAlert> alerts) {
        Notification notification;
        notification.sequence = ++sequence;
        notification.group_key = group;
        notification.alerts = std::move(alerts);
        return {std::move(notification), 0, {}, start + 24h};
    }
    void push(const std::string& group, std::vector<NotifiedAlert> alerts) {
        (void)queue.push(item(group, std::move(alerts)));
    }
    /// The group that is sent at that time; "" for none.
    std::string begin(Duration after) {
        const SendQueue::Item* next = queue.begin(start + after);
        return next == nullptr ? "" : next->notification.group_key;
    }
    SendQueue::Ended end(const Delivery& delivery, Duration after) {
        return queue.end(delivery, start + after);
    }
    static Delivery down() { return Delivery::retry(Reason::connect, "refused"); }
};

NotifiedAlert severe(std::string_view severity, bool firing = true) {
    NotifiedAlert alert = sample_alert("one", firing);
    LabelsBuilder labels(alert.labels);
    labels.set("severity", severity);
    alert.labels = labels.build();
    return alert;
}

const NotifiedAlert kFires = sample_alert("one");
const NotifiedAlert kEnded = sample_alert("one", false);
const NotifiedAlert kOtherFires = sample_alert("two");
const NotifiedAlert kOtherEnded = sample_alert("two", false);

}  // namespace

BOOST_FIXTURE_TEST_SUITE(send_queue, Fixture)

BOOST_AUTO_TEST_CASE(sends_one_at_a_time_in_order) {
    push("a", {kFires});
    push("b", {kFires});
    BOOST_TEST(begin(0s) == "a");
    BOOST_TEST(begin(0s) == "");
    BOOST_CHECK(end(Delivery::delivered(), 0s).kind == Kind::delivered);
    BOOST_TEST(begin(0s) == "b");
}

BOOST_AUTO_TEST_CASE(a_newer_one_takes_the_waiting_ones_place) {
    push("a", {kFires});
    push("b", {kFires});
    const auto pushed = queue.push(item("a", {kFires, kOtherFires}));
    BOOST_REQUIRE(pushed.superseded.has_value());
    BOOST_TEST(pushed.superseded->older.sequence == 1U);
    BOOST_TEST(queue.size() == 2U);
    const SendQueue::Item* first = queue.begin(start);
    BOOST_TEST(first->notification.sequence == 3U);
    BOOST_TEST(first->notification.alerts.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_end_that_was_never_told_is_carried_over) {
    push("a", {kOtherFires, kEnded});
    const auto pushed = queue.push(item("a", {kOtherFires, sample_alert("three")}));
    const Notification& merged = pushed.superseded->merged;
    BOOST_REQUIRE(merged.alerts.size() == 3U);
    BOOST_CHECK(merged.alerts[2] == kEnded);
    BOOST_CHECK(merged.status() == Status::firing);
}

BOOST_AUTO_TEST_CASE(what_fired_and_ended_while_it_waited_is_one_message_that_was_missed) {
    push("a", {kFires});
    push("a", {kEnded});
    const SendQueue::Item* only = queue.begin(start);
    BOOST_TEST(only->notification.missed);
    BOOST_CHECK(only->notification.status() == Status::resolved);
    (void)end(Delivery::delivered(), 0s);
    BOOST_TEST(queue.size() == 0U);
}

BOOST_AUTO_TEST_CASE(an_end_after_a_told_beginning_was_not_missed) {
    push("a", {kFires});
    (void)begin(0s);
    push("a", {kEnded});
    (void)end(Delivery::delivered(), 0s);
    BOOST_TEST(!queue.begin(start)->notification.missed);
}

BOOST_AUTO_TEST_CASE(what_was_told_before_a_restart_counts) {
    queue.set_open("a", true);
    push("a", {kEnded});
    BOOST_TEST(!queue.begin(start)->notification.missed);
}

BOOST_AUTO_TEST_CASE(a_failed_one_gives_way_to_the_newer_of_its_group) {
    push("a", {kFires});
    (void)begin(0s);
    push("a", {kEnded});
    const auto ended = end(down(), 0s);
    BOOST_CHECK(ended.kind == Kind::superseded);
    BOOST_TEST(ended.superseded->older.sequence == 1U);
    BOOST_TEST(ended.superseded->merged.sequence == 2U);
    BOOST_TEST(queue.size() == 1U);
    BOOST_TEST(queue.begin(start + 1s)->notification.missed);
}

BOOST_AUTO_TEST_CASE(failures_wait_longer_each_time_up_to_the_cap) {
    push("a", {kFires});
    Duration now{};
    std::string waits;
    for (int i = 0; i < 9; ++i) {
        BOOST_REQUIRE(begin(now) == "a");
        (void)end(down(), now);
        const auto due = queue.next_due();
        const Duration wait = std::chrono::duration_cast<Duration>(*due - (start + now));
        waits += format_duration(wait) + " ";
        now += wait - 1ms;
        BOOST_TEST(begin(now) == "");
        now += 1ms;
    }
    BOOST_TEST(waits == "1s 2s 4s 8s 16s 32s 1m 1m 1m ");
}

BOOST_AUTO_TEST_CASE(retry_after_stops_the_whole_queue) {
    push("a", {kFires});
    push("b", {kFires});
    (void)begin(0s);
    (void)end(Delivery::retry(Reason::rate_limited, "slow down", 30s), 0s);
    BOOST_TEST(begin(29s) == "");
    queue.retry_now();
    BOOST_TEST(begin(29s) == "");
    BOOST_TEST(begin(30s) == "a");
}

BOOST_AUTO_TEST_CASE(a_retry_after_beyond_belief_is_cut) {
    push("a", {kFires});
    (void)begin(0s);
    (void)end(Delivery::retry(Reason::rate_limited, "go away", 24h), 0s);
    BOOST_TEST(begin(1h) == "a");
}

BOOST_AUTO_TEST_CASE(one_bad_message_does_not_hold_up_the_others) {
    push("bad", {kFires});
    push("good", {kFires});
    (void)begin(0s);
    (void)end(Delivery::retry(Reason::server_error, "HTTP 500"), 0s);
    // Failing a second time it waits for 2 s; the other has its turn after 1 s.
    BOOST_TEST(begin(1s) == "bad");
    (void)end(Delivery::retry(Reason::server_error, "HTTP 500"), 1s);
    BOOST_TEST(begin(3s - 1ms) == "");
    BOOST_TEST(!begin(3s).empty());
}

BOOST_AUTO_TEST_CASE(when_the_receiver_is_back_nobody_waits_out_a_backoff) {
    push("a", {kFires});
    push("b", {kFires});
    Duration now{};
    for (int i = 0; i < 12; ++i) {
        now = std::chrono::duration_cast<Duration>(*queue.next_due() - start);
        now = std::max(now, Duration(0));
        BOOST_REQUIRE(!begin(now).empty());
        (void)end(down(), now);
    }
    now = std::chrono::duration_cast<Duration>(*queue.next_due() - start);
    BOOST_REQUIRE(!begin(now).empty());
    (void)end(Delivery::delivered(), now);
    BOOST_TEST(!begin(now).empty());
}

BOOST_AUTO_TEST_CASE(it_is_given_up_after_its_age) {
    push("a", {kFires});
    (void)begin(24h - 1s);
    BOOST_CHECK(end(down(), 24h - 1s).kind == Kind::retry);
    (void)begin(24h);
    const auto ended = end(down(), 24h);
    BOOST_CHECK(ended.kind == Kind::dead);
    BOOST_CHECK(ended.reason == Reason::expired);
    BOOST_TEST(queue.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_final_at_once) {
    push("a", {kFires});
    (void)begin(0s);
    const auto ended = end(Delivery::rejected(Reason::client_error, "HTTP 404"), 0s);
    BOOST_CHECK(ended.kind == Kind::dead);
    BOOST_CHECK(ended.reason == Reason::client_error);
    BOOST_TEST(queue.size() == 0U);
}

BOOST_AUTO_TEST_CASE(an_amendment_is_sent_only_in_place_of_what_waits) {
    auto amendment = [&] {
        auto made = item("a", {kEnded});
        made.notification.only_amends = true;
        return made;
    };
    BOOST_TEST(queue.push(amendment()).needless);
    push("a", {kFires});
    BOOST_TEST(queue.push(amendment()).superseded.has_value());
    BOOST_TEST(queue.begin(start)->notification.missed);
    (void)end(Delivery::delivered(), 0s);

    push("a", {kFires});
    (void)begin(0s);
    BOOST_TEST(!queue.push(amendment()).needless);
    const auto ended = end(Delivery::delivered(), 0s);
    BOOST_TEST(ended.needless.has_value());
    BOOST_TEST(queue.size() == 0U);
}

BOOST_AUTO_TEST_CASE(ten_thousand_waiting_are_quick) {
    for (int i = 0; i < 10'000; ++i)
        push(std::to_string(i), {kFires});
    for (int i = 0; i < 10'000; ++i) {
        BOOST_REQUIRE(!begin(0s).empty());
        (void)end(Delivery::delivered(), 0s);
    }
    BOOST_TEST(queue.size() == 0U);
}

BOOST_AUTO_TEST_CASE(the_most_severe_goes_first_among_equals_the_oldest) {
    push("info", {severe("info")});
    push("none", {severe("")});
    push("warning", {severe("warning")});
    push("critical", {severe("critical")});
    push("critical 2", {severe("info"), severe("critical")});
    for (const char* group : {"critical", "critical 2", "warning", "info", "none"}) {
        BOOST_TEST(begin(0s) == group);
        (void)end(Delivery::delivered(), 0s);
    }
}

BOOST_AUTO_TEST_CASE(what_ended_makes_nothing_severe_while_another_fires) {
    push("a", {severe("critical", false), severe("info")});
    push("b", {severe("warning")});
    BOOST_TEST(begin(0s) == "b");
}

BOOST_AUTO_TEST_CASE(one_that_grows_severe_while_it_waits_moves_up) {
    push("a", {severe("warning")});
    push("b", {severe("info")});
    push("b", {severe("critical")});
    BOOST_TEST(begin(0s) == "b");
    (void)end(Delivery::delivered(), 0s);
    BOOST_TEST(begin(0s) == "a");
}

BOOST_AUTO_TEST_CASE(an_end_never_goes_before_its_own_beginning) {
    push("a", {severe("info")});
    BOOST_TEST(begin(0s) == "a");
    push("a", {severe("critical", false)});
    BOOST_TEST(begin(0s) == "");
    (void)end(down(), 0s);
    // What failed and its end are one message now.
    BOOST_TEST(begin(1min) == "a");
    BOOST_TEST(queue.size() == 1U);
    (void)end(Delivery::delivered(), 1min);
    BOOST_TEST(queue.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_is_down_is_asked_by_one_message_at_a_time) {
    for (int i = 0; i < 100; ++i)
        push(std::to_string(i), {kFires});
    int attempts = 0;
    for (Duration now{}; now < 10min; now += 100ms) {
        if (begin(now).empty()) continue;
        ++attempts;
        (void)end(down(), now);
    }
    // 1 + 2 + 4 + ... + 32 s, then once a minute.
    BOOST_TEST(attempts == 15);
    BOOST_TEST(queue.failures() == attempts);
    BOOST_TEST((queue.failing_since() == start));
    (void)begin(11min);
    (void)end(Delivery::delivered(), 11min);
    BOOST_TEST(!queue.failing_since().has_value());
    // It is back: the others follow at once.
    BOOST_TEST(!begin(11min).empty());
}

BOOST_AUTO_TEST_CASE(who_waits_longest_is_known_but_for_what_others_were_told) {
    BOOST_TEST(!queue.waiting_since().has_value());
    for (const Duration since : {5s, 3s, 9s}) {
        auto waiting = item(format_duration(since), {kFires});
        waiting.since = start + since;
        (void)queue.push(std::move(waiting));
    }
    BOOST_TEST((queue.waiting_since() == start + 3s));
    queue.visit_waiting([&](SendQueue::Item& item) {
        if (item.since == start + 3s) item.handed_over = true;
    });
    BOOST_TEST((queue.waiting_since() == start + 5s));
    // News of the same group has not been told yet.
    auto news = item("3s", {kFires, kOtherFires});
    news.since = start + 20s;
    (void)queue.push(std::move(news));
    BOOST_TEST((queue.waiting_since() == start + 3s));
}

BOOST_AUTO_TEST_CASE(knows_whether_some_that_wait_have_failed_before) {
    push("a", {kFires});
    push("b", {kOtherFires});
    BOOST_TEST(!queue.has_retries());
    BOOST_TEST(begin(0s) == "a");
    BOOST_TEST((end(down(), 0s).kind == Kind::retry));
    BOOST_TEST(queue.has_retries());
    // A newer one of its group takes its attempts along.
    push("a", {kEnded});
    BOOST_TEST(queue.has_retries());
    BOOST_TEST(begin(10s) == "a");
    BOOST_TEST(!queue.has_retries());
    BOOST_TEST((end(Delivery::delivered(), 10s).kind == Kind::delivered));
    BOOST_TEST(!queue.has_retries());
}

BOOST_AUTO_TEST_CASE(keeps_to_the_pace_of_the_service) {
    queue.set_pace({10s, 3});
    for (const char* group : {"a", "b", "c", "d", "e"})
        push(group, {kFires});
    for (const char* group : {"a", "b", "c"}) {
        BOOST_TEST(begin(0s) == group);
        (void)end(Delivery::delivered(), 0s);
    }
    BOOST_TEST(begin(0s) == "");
    BOOST_TEST((*queue.next_due() == start + 10s));
    BOOST_TEST(begin(9s) == "");
    BOOST_TEST(begin(10s) == "d");
    // A retry is a message like any other.
    (void)end(Delivery::retry(Reason::server_error, "503"), 10s);
    BOOST_TEST(begin(19s) == "");
    BOOST_TEST(begin(20s) != "");
}

BOOST_AUTO_TEST_CASE(a_rest_earns_no_more_than_the_burst) {
    queue.set_pace({1s, 2});
    for (const char* group : {"a", "b", "c"})
        push(group, {kFires});
    BOOST_TEST(begin(1h) == "a");
    (void)end(Delivery::delivered(), 1h);
    BOOST_TEST(begin(1h) == "b");
    (void)end(Delivery::delivered(), 1h);
    BOOST_TEST(begin(1h) == "");
}

BOOST_AUTO_TEST_SUITE_END()
