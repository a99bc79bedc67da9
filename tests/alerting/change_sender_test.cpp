#include "alerting/change_sender.h"

#include <boost/test/unit_test.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <condition_variable>
#include <mutex>

#include "runtime/blocking.h"
#include "runtime/loop.h"
#include "runtime/services.h"
#include "tests/alerting/routing_text.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;
using pilotlight::testing::http_answer;
using pilotlight::testing::Script;
using pilotlight::testing::ScriptedServer;

namespace {

const std::string kKey = "0123456789abcdef0123456789abcdef";

ChangeEvent change() {
    ChangeEvent event;
    event.summary = "Pilotlight configuration reloaded: 1 rule added";
    event.source = "monitor-1";
    return event;
}

/// A sender on a delivery loop of its own.
struct Fixture {
    runtime::BlockingPool blocking;
    runtime::Loop loop{"delivery"};
    runtime::Services services{loop.executor(), blocking};
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> troubles;
    std::unique_ptr<ChangeSender> sender;

    Fixture() {
        loop.start();
        BackoffOptions quick;
        quick.first = 1ms;
        quick.cap = 2ms;
        sender = std::make_unique<ChangeSender>(
            loop, services,
            [this](const std::string& line) {
                const std::scoped_lock lock(mutex);
                troubles.push_back(line);
                changed.notify_all();
            },
            quick);
    }
    ~Fixture() {
        auto stopped =
            boost::asio::co_spawn(loop.executor(), sender->stop(), boost::asio::use_future);
        BOOST_REQUIRE(stopped.wait_for(60s) == std::future_status::ready);
        sender.reset();
        loop.stop();
        loop.join();
    }

    static SharedRouting told(const ScriptedServer& server, bool wants_changes = true) {
        auto read = routing(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n"
            "    pagerduty_configs: [{routing_key: " +
            kKey + ", url: '" + server.url("/v2/enqueue") + "'}]\n" +
            "    webhook_configs: [{url: '" + server.url("/hook") + "'}]\n");
        RoutingConfig config = *read;
        config.receivers[0].change_events = wants_changes;
        return std::make_shared<const RoutingConfig>(std::move(config));
    }
    std::string trouble() {
        std::unique_lock lock(mutex);
        BOOST_REQUIRE(changed.wait_for(lock, 60s, [&] { return !troubles.empty(); }));
        return troubles.front();
    }
    static void wait_for(const ScriptedServer& server, std::size_t connections) {
        for (int i = 0; i < 2'000 && server.connections() < connections; ++i) {
            std::this_thread::sleep_for(5ms);
        }
        BOOST_REQUIRE(server.connections() >= connections);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(change_sender, Fixture)

BOOST_AUTO_TEST_CASE(a_change_is_tried_again_until_it_is_accepted_and_told_to_pagerduty_only) {
    using namespace pilotlight::testing;
    ScriptedServer server({http_answer(500),
                           {expect("\r\n\r\n"), pilotlight::testing::reset()},
                           http_answer(429, "", {"Retry-After: 0"}),
                           http_answer(202)});
    sender->tell(told(server), change());
    BOOST_TEST(server.receives("1 rule added", 3));
    BOOST_TEST(server.received(3).starts_with("POST /v2/change/enqueue "));
    BOOST_TEST(server.connections() == 4U);
    BOOST_TEST(troubles.empty());
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_without_the_key_and_not_repeated) {
    ScriptedServer server(http_answer(400, "no such key: " + kKey));
    sender->tell(told(server), change());
    const std::string line = trouble();
    BOOST_TEST(line.starts_with("receiver 'ops', pagerduty: not told of a change: HTTP 400"));
    BOOST_TEST(line.find(kKey) == std::string::npos);
    BOOST_TEST(server.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(it_is_let_go_of_after_five_attempts) {
    ScriptedServer server(http_answer(503));
    sender->tell(told(server), change());
    BOOST_TEST(trouble().find("HTTP 503") != std::string::npos);
    BOOST_TEST(server.connections() == 5U);
}

BOOST_AUTO_TEST_CASE(no_more_than_a_few_wait_for_one_that_hangs) {
    ScriptedServer server(Script{pilotlight::testing::stall()});
    const SharedRouting routing = told(server);
    for (std::size_t i = 0; i <= ChangeSender::kWaitingMax; ++i)
        sender->tell(routing, change());
    BOOST_TEST(trouble().find("too many wait") != std::string::npos);
    BOOST_TEST(troubles.size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_did_not_ask_is_not_told) {
    ScriptedServer silent(http_answer(202));
    ScriptedServer server(http_answer(202));
    sender->tell(told(silent, false), change());
    sender->tell(told(server), change());
    wait_for(server, 1);
    BOOST_TEST(silent.connections() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
