#include "alerting/rehearsal.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "tests/alerting/routing_text.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace std::chrono_literals;

namespace {

constexpr const char* kTwoReceivers = R"(
route:
  receiver: page
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1m
  repeat_interval: 1h
  routes:
    - {receiver: page, continue: true}
    - {receiver: chat}
receivers:
  - name: page
    pagerduty_configs: [{routing_key: 0123456789abcdef0123456789abcdef}]
  - name: chat
    webhook_configs: [{url: 'http://chat.example/hook', timeout: 10s}]
)";

WallTime at(Duration since) {
    return WallTime(500'000h) + since;
}

Alert alert(const std::string& name, Duration fired, std::optional<Duration> ended = {}) {
    Alert made;
    made.labels = Labels{{kAlertName, name}};
    made.state = ended ? AlertState::resolved : AlertState::firing;
    made.active_at = at(fired);
    made.fired_at = at(fired);
    if (ended) made.resolved_at = at(*ended);
    return made;
}

Rehearsal::Fault fault(const std::string& receiver, Duration from, Duration until, int status) {
    Rehearsal::Fault made;
    made.receiver = receiver;
    made.from = at(from);
    made.until = at(until);
    made.answer.status = status;
    return made;
}

struct Stage {
    explicit Stage(std::vector<Rehearsal::Fault> faults = {},
                   Rehearsal::Options options = Rehearsal::Options())
        : rehearsal(testing::routing(kTwoReceivers), std::move(faults), at(0s),
                    std::move(options)) {}

    Stage& put(Duration when, const Alert& alert) {
        rehearsal.advance(at(when));
        rehearsal.accept(std::vector{alert}, at(when));
        rehearsal.advance(at(when));
        return *this;
    }

    /// `1m page firing +A -B`, of this receiver.
    std::string told(const std::string& receiver, Duration until = 30min) {
        rehearsal.advance(at(until));
        std::string lines;
        for (const auto& outcome : rehearsal.outcomes()) {
            const Notification& notification = outcome.notification;
            if (notification.to.receiver != receiver) continue;
            if (!lines.empty()) lines += "; ";
            lines += format_duration(outcome.at - at(0s));
            if (outcome.kind == Settlement::Outcome::dead) lines += " dead";
            for (const NotifiedAlert& one : notification.alerts) {
                lines += one.status == Status::firing ? " +" : " -";
                lines += one.labels.get(kAlertName);
            }
        }
        return lines;
    }

    Rehearsal rehearsal;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rehearsal)

BOOST_AUTO_TEST_CASE(what_begins_and_ends_is_told_to_every_receiver) {
    Stage stage;
    stage.put(0s, alert("A", 0s)).put(90s, alert("A", 0s, 90s));
    BOOST_TEST(stage.told("page") == "0s +A; 2m -A");
    BOOST_TEST(stage.told("chat") == "0s +A; 2m -A");
}

BOOST_AUTO_TEST_CASE(failures_are_retried_with_the_longest_waits) {
    Stage stage({fault("page", 0s, 5s, 503)});
    stage.put(0s, alert("A", 0s));
    // After 1, 2 and 4 seconds.
    BOOST_TEST(stage.told("page", 10min) == "7s +A");
    BOOST_TEST(stage.told("chat", 10min) == "0s +A");
    BOOST_TEST(stage.rehearsal.outcomes().back().failures == 3);
}

BOOST_AUTO_TEST_CASE(a_limit_is_waited_out) {
    auto limited = fault("page", 0s, 1s, 429);
    limited.answer.headers.push_back({"Retry-After", "40"});
    Stage stage({limited});
    stage.put(0s, alert("A", 0s));
    BOOST_TEST(stage.told("page", 10min) == "40s +A");
}

BOOST_AUTO_TEST_CASE(a_refusal_for_good_is_dead_at_once) {
    Stage stage({fault("page", 0s, 1s, 400)});
    stage.put(0s, alert("A", 0s));
    // Dead is no word of it: the next flush tries again.
    BOOST_TEST(stage.told("page", 10min) == "0s dead +A; 1m +A");
    // The other receiver is told at the same time, and before.
    BOOST_TEST(stage.rehearsal.outcomes().at(1).last_error.starts_with("HTTP 400"));
}

BOOST_AUTO_TEST_CASE(what_is_too_old_is_given_up) {
    Rehearsal::Options options;
    options.give_up_after_of["page"] = 10s;
    Stage stage({fault("page", 0s, 40s, 500)}, options);
    stage.put(0s, alert("A", 0s));
    BOOST_TEST(stage.told("page", 90s) == "15s dead +A; 1m +A");
}

BOOST_AUTO_TEST_CASE(what_waits_becomes_one_message) {
    Stage stage({fault("page", 0s, 200s, 500)});
    stage.put(0s, alert("A", 0s)).put(90s, alert("A", 0s, 90s));
    BOOST_TEST(stage.told("page").ends_with(" -A"));
    BOOST_TEST(stage.rehearsal.outcomes().size() == 3U);
    for (const auto& outcome : stage.rehearsal.outcomes()) {
        if (outcome.notification.to.receiver == "page") BOOST_TEST(outcome.notification.missed);
    }
}

BOOST_AUTO_TEST_CASE(a_receiver_that_hangs_takes_its_timeout) {
    auto hanging = fault("chat", 0s, 5s, 0);
    hanging.hangs = true;
    Stage stage({hanging});
    stage.put(0s, alert("A", 0s));
    BOOST_TEST(stage.told("chat", 1min) == "11s +A");
    BOOST_TEST(stage.rehearsal.waiting() == 0U);
}

BOOST_AUTO_TEST_CASE(a_fault_of_another_integration_is_none) {
    auto other = fault("page", 0s, 10min, 500);
    other.integration = "slack";
    Stage stage({other});
    stage.put(0s, alert("A", 0s));
    BOOST_TEST(stage.told("page", 1min) == "0s +A");
}

BOOST_AUTO_TEST_CASE(a_silence_hides_from_its_start_to_its_end) {
    Stage stage;
    Silence silence;
    silence.matchers = *parse_matchers("alertname=A");
    silence.starts_at = at(1min);
    silence.ends_at = at(5min);
    silence.created_by = silence.comment = "test";
    BOOST_REQUIRE(stage.rehearsal.add_silence(silence).has_value());
    stage.put(2min, alert("A", 2min)).put(6min, alert("B", 6min));
    BOOST_TEST(stage.told("page") == "5m +A; 6m +B");
}

BOOST_AUTO_TEST_CASE(a_silence_that_nobody_may_ask_for_is_refused) {
    Stage stage;
    Silence silence;
    silence.matchers = *parse_matchers("alertname=A");
    BOOST_TEST(!stage.rehearsal.add_silence(silence).has_value());
}

BOOST_AUTO_TEST_CASE(messages_are_the_integrations_own) {
    Stage stage;
    stage.put(0s, alert("A", 0s));
    BOOST_TEST(stage.told("page") == "0s +A");
    const auto& requests = stage.rehearsal.outcomes().back().message.requests;
    BOOST_REQUIRE(requests.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
