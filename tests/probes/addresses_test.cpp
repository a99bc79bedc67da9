#include "probes/addresses.h"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

#include "runtime/wait.h"
#include "tests/probes/probe_now.h"
#include "tests/support/datagram_server.h"
#include "tests/support/run_coroutine_test.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;
using pilotlight::testing::make_target;
using pilotlight::testing::run_coroutine_test;
using pilotlight::testing::value_of;

namespace {

/// What is seen at each address, and who asked.
struct World {
    std::map<std::string, Outcome> outcomes;
    std::multiset<std::string> asked;
    int made = 0;
    int inside = 0;
    bool hangs = false;
    bool throws = false;
};

/// Expects to be shown one address.
class AddressProber : public Prober {
  public:
    explicit AddressProber(World& world) : world_(world) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        ++world_.inside;
        struct Leave {
            World& world;
            ~Leave() { --world.inside; }
        } const leave{world_};
        const auto found = co_await services.resolver().resolve("LocalHost", {}, deadline);
        BOOST_REQUIRE(found.has_value());
        BOOST_TEST(found->size() == 1U);
        const std::string address = found->front().to_string();
        world_.asked.insert(address);
        // The others are let begin.
        co_await runtime::sleep_for(1ms);
        if (world_.hangs) co_await runtime::sleep_until(deadline.at);
        if (world_.throws) throw std::runtime_error("a bug");
        co_return Report{world_.outcomes[address]};
    }

  private:
    World& world_;
};

struct Fixture {
    World world;

    AddressProbes probes(config::AddressPolicy policy, const std::string& options = "{}",
                         const std::string& host = "localhost") {
        auto target = std::make_shared<Target>();
        target->config = make_target(host, options);
        target->config.addresses = policy;
        target->host = host;
        return {target, [this] {
                    ++world.made;
                    return std::make_unique<AddressProber>(world);
                }};
    }
    std::optional<Report> ask(AddressProbes& probes, Duration limit = 10s,
                              const runtime::Services::Options& options = {}) {
        std::optional<Report> report;
        run_coroutine_test(
            [&](runtime::Services& services) -> asio::awaitable<void> {
                report = co_await probes.ask(services, runtime::Deadline::in(limit));
            },
            20s, options);
        return report;
    }
};

using config::AddressPolicy;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(addresses, Fixture)

BOOST_AUTO_TEST_CASE(each_address_is_asked_at_the_same_time) {
    AddressProbes both = probes(AddressPolicy::each);
    world.hangs = true;
    const SteadyTime began = steady_now();
    const std::optional<Report> report = ask(both, 300ms);
    BOOST_CHECK(steady_now() - began >= 300ms);
    BOOST_REQUIRE(report.has_value());
    BOOST_CHECK(report->outcome.verdict == Verdict::ok);
    const std::multiset<std::string> expected{"127.0.0.1", "::1"};
    BOOST_TEST(world.asked == expected, boost::test_tools::per_element());
    BOOST_TEST(value_of(*report, "probe_address_success", "127.0.0.1").value() == 1.0);
    BOOST_TEST(value_of(*report, "probe_address_success", "::1").value() == 1.0);
}

BOOST_AUTO_TEST_CASE(one_that_fails_fails_each_and_not_any) {
    world.outcomes["::1"] = Outcome::failed("connect", "refused", "nobody there");
    AddressProbes each = probes(AddressPolicy::each);
    BOOST_CHECK(ask(each)->outcome.verdict == Verdict::failed);
    AddressProbes any = probes(AddressPolicy::any);
    BOOST_CHECK(ask(any)->outcome.verdict == Verdict::ok);
    AddressProbes quorum = probes(AddressPolicy::quorum);
    BOOST_CHECK(ask(quorum)->outcome.verdict == Verdict::failed);
}

BOOST_AUTO_TEST_CASE(each_address_keeps_its_prober) {
    AddressProbes both = probes(AddressPolicy::each);
    ask(both);
    ask(both);
    BOOST_TEST(world.made == 2);
    BOOST_TEST(world.asked.count("::1") == 2U);
}

BOOST_AUTO_TEST_CASE(the_prober_s_options_choose_among_the_addresses) {
    for (const char* options : {"{preferred_ip_protocol: ip4, ip_protocol_fallback: false}",
                                "{source_ip_address: 127.0.0.1}"}) {
        world.asked.clear();
        AddressProbes one = probes(AddressPolicy::each, options);
        BOOST_TEST(ask(one).has_value());
        BOOST_TEST(world.asked.size() == 1U);
        BOOST_TEST(world.asked.count("127.0.0.1") == 1U, options);
    }
}

BOOST_AUTO_TEST_CASE(a_name_without_an_address_is_left_to_the_prober) {
    AddressProbes none =
        probes(AddressPolicy::each, "{preferred_ip_protocol: ip6, ip_protocol_fallback: false}",
               "127.0.0.1");
    BOOST_TEST(!ask(none).has_value());
    AddressProbes other_family =
        probes(AddressPolicy::each, "{source_ip_address: '::1'}", "127.0.0.1");
    BOOST_TEST(!ask(other_family).has_value());
    BOOST_TEST(world.made == 0);
}

BOOST_AUTO_TEST_CASE(a_dead_zone_fails_where_there_is_no_time_to_look_it_up_again) {
    // It refuses the root, by which it is seen to live, and is silent of all else.
    const testing::DatagramServer zone(
        [](std::string_view question, int) -> std::vector<std::string> {
            if (question.size() < 17 || question[12] != '\0') return {};
            std::string reply(question.substr(0, 17));
            reply[2] = '\x81';
            reply[3] = '\x85';
            reply[11] = '\0';
            return {reply};
        });
    AddressProbes each = probes(AddressPolicy::each, "{}", "app.example");
    const std::optional<Report> report =
        ask(each, 1500ms, {.resolver = {.servers = zone.address()}});
    BOOST_REQUIRE(report.has_value());
    BOOST_CHECK(report->outcome.verdict == Verdict::failed);
    BOOST_TEST(report->outcome.reason == "timeout");
    BOOST_TEST(world.made == 0);
}

BOOST_AUTO_TEST_CASE(an_exception_out_of_a_prober_is_our_own_trouble) {
    world.throws = true;
    AddressProbes both = probes(AddressPolicy::each);
    const std::optional<Report> report = ask(both);
    BOOST_REQUIRE(report.has_value());
    BOOST_CHECK(report->outcome.verdict == Verdict::unknown);
    BOOST_TEST(report->outcome.reason == "exception");
}

BOOST_AUTO_TEST_CASE(cancelled_it_ends_once_all_have_ended) {
    world.hangs = true;
    AddressProbes both = probes(AddressPolicy::each);
    run_coroutine_test([&](runtime::Services& services) -> asio::awaitable<void> {
        auto asking = both.ask(services, runtime::Deadline::in(1h));
        const auto report =
            co_await runtime::with_deadline(std::move(asking), runtime::Deadline::in(50ms));
        BOOST_TEST(!report.has_value());
        BOOST_TEST(world.inside == 0);
        BOOST_TEST(world.asked.size() == 2U);
    });
}

BOOST_AUTO_TEST_SUITE_END()
