#include "alerting/outbox.h"

#include <boost/test/unit_test.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <condition_variable>
#include <mutex>

#include "runtime/blocking.h"
#include "runtime/loop.h"
#include "runtime/services.h"
#include "tests/alerting/samples.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;
using pilotlight::testing::http_answer;
using pilotlight::testing::Script;
using pilotlight::testing::ScriptedServer;

namespace {

using Outcome = Settlement::Outcome;

/// Everything from the journal to the wire, on a delivery loop of its own.
class Post {
  public:
    Post(const std::string& database, SharedRouting routing, Journal::Options options = {},
         Duration commit_patience = 50ms)
        : journal_(database, std::move(options)),
          loop_("delivery"),
          services_(loop_.executor(), blocking_) {
        loop_.start();
        JournalContents contents = journal_.take_contents();
        Outbox::Options fast;
        fast.backoff.first = 1ms;
        fast.backoff.cap = 4ms;
        fast.timeout = 300ms;
        fast.commit_patience = commit_patience;
        OutboxObserver observer;
        observer.on_settled = [this](const Settlement& settlement) {
            const std::scoped_lock lock(mutex_);
            settled_.push_back(settlement);
            changed_.notify_all();
        };
        observer.on_failed = [this](const Address&, Reason reason) {
            const std::scoped_lock lock(mutex_);
            failures_.emplace_back(to_string(reason));
            changed_.notify_all();
        };
        observer.on_delivered = [this](const Address&, Duration delay) {
            const std::scoped_lock lock(mutex_);
            delays_.push_back(delay);
        };
        outbox_ =
            std::make_unique<Outbox>(journal_, loop_, services_, std::move(routing),
                                     std::move(contents.outbox), contents.told, observer, fast);
    }

    ~Post() { stop(); }

    void stop() {
        if (outbox_ == nullptr) return;
        auto stopped =
            boost::asio::co_spawn(loop_.executor(), outbox_->stop(), boost::asio::use_future);
        BOOST_REQUIRE(stopped.wait_for(60s) == std::future_status::ready);
        outbox_.reset();
        loop_.stop();
        loop_.join();
        journal_.flush();
    }

    template <class F>
    void wait(const char* what, F condition) {
        std::unique_lock lock(mutex_);
        const bool came = changed_.wait_for(lock, 60s, condition);
        BOOST_REQUIRE_MESSAGE(came, "waited for " << what);
    }
    /// What was settled so far, as `7 delivered`, once there are so many.
    std::string settled(std::size_t wanted) {
        wait("settlements", [&] { return settled_.size() >= wanted; });
        std::string all;
        const std::scoped_lock lock(mutex_);
        for (const Settlement& settlement : settled_) {
            all += std::to_string(settlement.sequence) + " " +
                   std::string(to_string(settlement.outcome)) + "\n";
        }
        return all;
    }
    std::vector<std::string> failures(std::size_t wanted) {
        wait("failures", [&] { return failures_.size() >= wanted; });
        const std::scoped_lock lock(mutex_);
        return failures_;
    }

    Outbox& outbox() { return *outbox_; }
    Journal& journal() { return journal_; }
    [[nodiscard]] const std::vector<Duration>& delays() const { return delays_; }

  private:
    Journal journal_;
    runtime::BlockingPool blocking_;
    runtime::Loop loop_;
    runtime::Services services_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Settlement> settled_;
    std::vector<std::string> failures_;
    std::vector<Duration> delays_;
    std::unique_ptr<Outbox> outbox_;
};

SharedRouting hooks(const std::vector<std::string>& urls) {
    std::string text = "route: {receiver: ops}\nreceivers:\n  - name: ops\n    webhook_configs:\n";
    for (const std::string& url : urls)
        text += "      - {url: '" + url + "'}\n";
    return routing(text);
}

Notification message(std::uint64_t sequence, const std::string& group, bool firing = true,
                     int index = 0) {
    Notification notification = sample(firing ? 1 : 0, firing ? 0 : 1, "webhook");
    notification.sequence = sequence;
    notification.group_key = group;
    notification.to.index = index;
    notification.news_at = steady_now();
    return notification;
}

struct Fixture {
    pilotlight::testing::TemporaryFolder folder;
    std::string database = (folder.path() / "pilotlight.db").string();
};

bool is_resolved(const std::string& request) {
    return request.find(R"("status":"resolved","truncatedAlerts")") != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(outbox, Fixture)

BOOST_AUTO_TEST_CASE(is_recorded_delivered_and_settled) {
    ScriptedServer server(http_answer(200));
    Post post(database, hooks({server.url()}));
    post.outbox().submit({message(1, "a"), message(2, "b")});
    BOOST_TEST(post.settled(2) == "1 delivered\n2 delivered\n");
    BOOST_TEST(server.connections() == 2U);
    post.journal().flush();
    BOOST_TEST(post.outbox().pending() == 0U);
    const auto status = post.outbox().status();
    BOOST_REQUIRE(status.size() == 1U);
    BOOST_TEST(status[0].last_error == "");
    BOOST_TEST(status[0].last_delivered.has_value());
    post.stop();
    BOOST_TEST(post.delays().size() == 2U);
    Journal journal(database);
    const JournalContents contents = journal.take_contents();
    BOOST_TEST(contents.outbox.empty());
    BOOST_TEST(contents.told.at(0).open);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_it_is_committed) {
    ScriptedServer server(http_answer(200));
    std::atomic<std::size_t> sent_before_commit = 0;
    std::atomic<bool> first = true;
    Journal::Options options;
    options.before_commit = [&] {
        if (first.exchange(false)) {
            usleep(20'000);
            sent_before_commit = server.connections();
        }
    };
    Post post(database, hooks({server.url()}), options);
    post.outbox().submit({message(1, "a")});
    (void)post.settled(1);
    BOOST_TEST(sent_before_commit == 0U);
    BOOST_TEST(server.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_disk_that_hangs_delays_no_page) {
    ScriptedServer server(http_answer(200));
    std::mutex disk;
    std::unique_lock hanging(disk);
    Journal::Options options;
    options.before_commit = [&] { const std::scoped_lock wait(disk); };
    Post post(database, hooks({server.url()}), options);
    post.outbox().submit({message(1, "a")});
    BOOST_TEST(post.settled(1) == "1 delivered\n");
    hanging.unlock();
    post.stop();
    Journal journal(database);
    BOOST_TEST(journal.take_contents().outbox.empty());
}

BOOST_AUTO_TEST_CASE(
    only_a_receiver_that_knows_repeats_is_sent_more_before_the_receipt_is_on_disk) {
    ScriptedServer hook(http_answer(200));
    ScriptedServer slack(http_answer(200, "ok"));
    std::mutex disk;
    std::unique_lock hanging(disk, std::defer_lock);
    std::atomic<bool> first = true;
    Journal::Options options;
    options.before_commit = [&] {
        if (!first.exchange(false)) const std::scoped_lock wait(disk);
    };
    hanging.lock();
    const auto both = routing(
        "route: {receiver: ops}\nreceivers:\n  - name: ops\n"
        "    webhook_configs: [{url: '" +
        hook.url() + "'}]\n    slack_configs: [{api_url: '" + slack.url() +
        "', channel: '#ops'}]\n");
    Post post(database, both, options, 10s);
    std::vector<Notification> messages;
    for (std::uint64_t number = 1; number <= 3; ++number) {
        messages.push_back(message(number, "a" + std::to_string(number)));
        messages.push_back(message(number + 3, "b" + std::to_string(number)));
        messages.back().to.integration = "slack";
    }
    post.outbox().submit(std::move(messages));
    (void)post.settled(4);
    BOOST_TEST(hook.connections() == 3U);
    BOOST_TEST(slack.connections() == 1U);
    hanging.unlock();
    (void)post.settled(6);
    BOOST_TEST(slack.connections() == 3U);
}

BOOST_AUTO_TEST_CASE(the_most_severe_of_many_goes_first_and_all_arrive) {
    ScriptedServer server(http_answer(200));
    Post post(database, hooks({server.url()}));
    std::vector<Notification> messages;
    for (std::uint64_t number = 1; number <= 600; ++number) {
        messages.push_back(message(number, std::to_string(number)));
        if (number < 600) {
            NotifiedAlert& alert = messages.back().alerts[0];
            alert.labels = LabelsBuilder(alert.labels).set("severity", "warning").build();
        }
    }
    post.outbox().submit(std::move(messages));
    const std::string settled = post.settled(600);
    BOOST_TEST(settled.starts_with("600 delivered\n1 delivered\n2 delivered\n"));
    BOOST_TEST(std::ranges::count(settled, '\n') == 600);
    post.stop();
    Journal journal(database);
    BOOST_TEST(journal.take_contents().outbox.empty());
}

BOOST_AUTO_TEST_CASE(troubles_are_tried_again_until_it_is_accepted) {
    using namespace pilotlight::testing;
    ScriptedServer server({http_answer(500),
                           http_answer(429, "", {"Retry-After: 0"}),
                           {expect("\r\n\r\n"), pilotlight::testing::reset()},
                           {expect("\r\n\r\n"), pilotlight::testing::close()},
                           {expect("\r\n\r\n"), stall()},
                           http_answer(200)});
    Post post(database, hooks({server.url()}));
    post.outbox().submit({message(1, "a")});
    BOOST_TEST(post.settled(1) == "1 delivered\n");
    const auto failures = post.failures(5);
    BOOST_TEST(failures[0] == "server_error");
    BOOST_TEST(failures[1] == "rate_limited");
    BOOST_TEST(failures[2] == "connection_lost");
    BOOST_TEST(failures[3] == "connection_lost");
    BOOST_TEST(failures[4] == "timeout");
    // A repeat is the same message under the same key.
    const auto key = [&](std::size_t n) {
        const std::string request = server.received(n);
        const std::size_t at = request.find("Idempotency-Key: ");
        return request.substr(at, request.find('\r', at) - at);
    };
    BOOST_TEST(key(0) == key(5));
    BOOST_TEST(server.connections() == 6U);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_told_at_once_and_not_repeated) {
    ScriptedServer server(http_answer(404, "no such hook"));
    Post post(database, hooks({server.url()}));
    post.outbox().submit({message(1, "a")});
    BOOST_TEST(post.settled(1) == "1 dead\n");
    BOOST_TEST(post.failures(1)[0] == "client_error");
    BOOST_TEST(post.outbox().status()[0].last_error == "HTTP 404: no such hook");
    BOOST_TEST(server.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_hangs_delays_no_other) {
    using namespace pilotlight::testing;
    ScriptedServer slow(Script{expect("\r\n\r\n"), stall()});
    ScriptedServer quick(http_answer(200));
    Post post(database, hooks({slow.url(), quick.url()}));
    const SteadyTime begun = steady_now();
    post.outbox().submit({message(1, "a", true, 0), message(2, "a", true, 1)});
    BOOST_TEST(post.settled(1) == "2 delivered\n");
    BOOST_CHECK(steady_now() - begun < 250ms);
}

BOOST_AUTO_TEST_CASE(beginning_and_end_that_both_wait_become_one_message) {
    const std::uint16_t port = pilotlight::testing::refused_port();
    {
        Post post(database, hooks({"http://127.0.0.1:" + std::to_string(port) + "/"}));
        post.outbox().submit({message(1, "a")});
        (void)post.failures(2);
        post.outbox().submit({message(2, "a", false)});
        BOOST_TEST(post.settled(1) == "1 superseded\n");
        BOOST_TEST(post.outbox().pending() == 1U);
    }
    ScriptedServer server(http_answer(200));
    Post post(database, hooks({server.url()}));
    BOOST_TEST(post.settled(1) == "2 delivered\n");
    BOOST_TEST(server.connections() == 1U);
    BOOST_TEST(is_resolved(server.received(0)));
}

BOOST_AUTO_TEST_CASE(what_waited_at_a_crash_is_sent_after_the_start_in_order) {
    {
        Journal journal(database);
        journal.record({message(3, "a"), message(4, "b"), message(5, "c", false)}, {});
    }
    ScriptedServer server(http_answer(200));
    Post post(database, hooks({server.url()}));
    BOOST_TEST(post.settled(3) == "3 delivered\n4 delivered\n5 delivered\n");
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_receiver_that_is_gone_is_dead) {
    {
        Journal journal(database);
        journal.record({message(3, "a", true, 7)}, {});
    }
    ScriptedServer server(http_answer(200));
    Post post(database, hooks({server.url()}));
    BOOST_TEST(post.settled(1) == "3 dead\n");
    BOOST_TEST(post.failures(1)[0] == "receiver_removed");
    BOOST_TEST(post.outbox().status().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_mended_configuration_is_tried_at_once) {
    ScriptedServer broken(http_answer(500));
    ScriptedServer mended(http_answer(200));
    Post post(database, hooks({broken.url()}));
    post.outbox().submit({message(1, "a")});
    (void)post.failures(2);
    post.outbox().configure(hooks({mended.url()}));
    BOOST_TEST(post.settled(1) == "1 delivered\n");
    BOOST_TEST(mended.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(pagerduty_hears_of_what_it_missed_by_a_trigger_and_a_resolve) {
    ScriptedServer server(http_answer(202));
    const auto config = routing(
        "route: {receiver: ops}\nreceivers: [{name: ops, pagerduty_configs: [{routing_key: k, url: "
        "'" +
        server.url("/enqueue") + "'}]}]");
    Post post(database, config);
    Notification over = sample(0, 1, "pagerduty");
    over.sequence = 1;
    post.outbox().submit({over});
    BOOST_TEST(post.settled(1) == "1 delivered\n");
    BOOST_REQUIRE(server.connections() == 2U);
    BOOST_TEST(server.received(0).find(R"("event_action":"trigger")") != std::string::npos);
    BOOST_TEST(server.received(1).find(R"("event_action":"resolve")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_nobody_may_miss_goes_to_every_integration_once_and_leaves_no_trace) {
    ScriptedServer one(http_answer(200));
    ScriptedServer two(http_answer(503));
    {
        Post post(database, hooks({one.url(), two.url()}));
        post.outbox().announce(sample_alert("self"), "https://pilotlight.example");
        (void)post.failures(1);
        post.outbox().configure(hooks({one.url(), one.url()}));
        (void)post.settled(2);
        BOOST_TEST(one.connections() == 2U);
    }
    Journal after(database);
    const JournalContents contents = after.take_contents();
    BOOST_TEST(contents.outbox.empty());
    BOOST_TEST(contents.told.empty());
    BOOST_TEST(contents.next_sequence == 1U);
    BOOST_TEST(contents.next_beyond_routes == Notification::kBeyondRoutes + 2);
}

BOOST_AUTO_TEST_CASE(what_is_given_up_is_kept_and_counted_after_a_restart) {
    ScriptedServer server(http_answer(404));
    {
        Post post(database, hooks({server.url()}));
        post.outbox().submit({message(1, "a"), message(2, "b")});
        (void)post.settled(2);
        BOOST_TEST(post.outbox().status().at(0).dead == 2U);
    }
    Journal after(database);
    const auto dead = after.take_contents().dead;
    BOOST_REQUIRE(dead.size() == 1U);
    BOOST_TEST(dead.begin()->first.to_string() == "ops/webhook[0]");
    BOOST_TEST(dead.begin()->second == 2U);
}

BOOST_AUTO_TEST_CASE(last_words_go_out_as_the_receiver_was_configured_before) {
    ScriptedServer server(http_answer(200));
    ScriptedServer other(http_answer(200));
    Post post(database, hooks({other.url(), server.url()}));
    post.outbox().submit({message(1, "a", true, 1)});
    BOOST_TEST(post.settled(1) == "1 delivered\n");
    post.outbox().configure(hooks({other.url()}));
    post.outbox().submit({message(2, "a", false, 1), message(3, "b", true, 1)});
    BOOST_TEST(post.settled(3) == "1 delivered\n2 delivered\n3 dead\n");
    BOOST_TEST(server.connections() == 2U);
}

BOOST_AUTO_TEST_CASE(a_broken_disk_sends_from_memory) {
    ScriptedServer server(http_answer(200));
    // A file in its folder's place: nothing can be made there.
    std::ofstream(folder.path() / "file") << "x";
    Post post((folder.path() / "file" / "pilotlight.db").string(), hooks({server.url()}));
    post.outbox().submit({message(1, "a")});
    BOOST_TEST(post.settled(1) == "1 delivered\n");
    BOOST_TEST(!post.journal().healthy());
}

BOOST_AUTO_TEST_CASE(a_message_is_edited_even_after_a_restart) {
    const std::vector<std::string> json{"Content-Type: application/json"};
    const Script ok = http_answer(200, R"({"ok":true,"channel":"C1","ts":"17.5"})", json);
    ScriptedServer server(ok);
    const auto bot = [&] {
        return routing(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    slack_configs: "
            "[{app_token: x, channel: C1, send_resolved: true, app_url: '" +
            server.url("/api/chat.postMessage") + "'}]\n");
    };
    const auto to_slack = [](std::uint64_t sequence, bool firing) {
        Notification notification = message(sequence, "a", firing);
        notification.to.integration = "slack";
        return notification;
    };
    {
        Post post(database, bot());
        post.outbox().submit({to_slack(1, true)});
        BOOST_TEST(post.settled(1) == "1 delivered\n");
    }
    {
        Post post(database, bot());
        post.outbox().submit({to_slack(2, false)});
        BOOST_TEST(post.settled(1) == "2 delivered\n");
    }
    BOOST_TEST(server.connections() == 3U);
    BOOST_TEST(server.received(1).starts_with("POST /api/chat.update "));
    BOOST_TEST(server.received(1).find(R"("ts":"17.5")") != std::string::npos);
    BOOST_TEST(server.received(2).find(R"("thread_ts":"17.5")") != std::string::npos);
    Journal journal(database);
    BOOST_TEST(journal.take_contents().told.at(0).memory == "");
}

BOOST_AUTO_TEST_CASE(an_alertmanager_is_told_again_while_it_fires_even_after_a_restart) {
    ScriptedServer server(http_answer(200));
    const auto cluster = [&] {
        return routing(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    "
            "alertmanager_configs: [{resend_delay: 10ms, urls: ['" +
            server.url("") + "']}]\n");
    };
    const auto wait_for = [&](std::size_t connections) {
        for (int turn = 0; turn < 1'000 && server.connections() < connections; ++turn)
            usleep(5'000);
        BOOST_REQUIRE(server.connections() >= connections);
    };
    {
        Post post(database, cluster());
        Notification notification = message(1, "a");
        notification.to.integration = "alertmanager";
        post.outbox().submit({notification});
        BOOST_TEST(post.settled(1) == "1 delivered\n");
        wait_for(3);
    }
    const std::size_t before = server.connections();
    Post post(database, cluster());
    wait_for(before + 2);
}

BOOST_AUTO_TEST_SUITE_END()
