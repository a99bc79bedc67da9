#include <boost/test/unit_test.hpp>

#include "tests/alerting/sending.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;
using nlohmann::json;
using pilotlight::testing::http_answer;
using pilotlight::testing::refused_port;
using pilotlight::testing::ScriptedServer;
using pilotlight::testing::stall;

namespace {

IntegrationPtr cluster(const std::string& urls, const std::string& more = "") {
    return integration("alertmanager",
                       "{urls: [" + urls + "]" + (more.empty() ? "" : ", " + more) + "}");
}

std::string quoted(const ScriptedServer& server) {
    return "'" + server.url("/am/") + "'";
}

json alerts_of(const ScriptedServer& server, std::size_t connection = 0) {
    const std::string all = server.received(connection);
    return json::parse(all.substr(all.find("\r\n\r\n") + 4));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(alertmanager_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    const auto receiver = cluster("'http://am-0:9093', 'http://am-1:9093/prefix/'");
    check_golden("alertmanager_firing", receiver->render(sample(1, 0, "alertmanager")));
    check_golden("alertmanager_resolved", receiver->render(sample(0, 1, "alertmanager")));
    check_golden("alertmanager_mixed", receiver->render(sample(1, 1, "alertmanager")));
    check_golden("alertmanager_thirty",
                 cluster("'http://am-0:9093'")->render(sample(30, 0, "alertmanager")));
}

BOOST_AUTO_TEST_CASE(what_fires_ends_by_itself_some_intervals_later) {
    const auto receiver = cluster("'http://am-0:9093'", "resend_delay: 30s");
    const json sent =
        json::parse(receiver->render(sample(1, 1, "alertmanager")).requests.at(0).body);
    BOOST_TEST(sent[0]["endsAt"] == "2026-01-02T12:15:00.000Z");
    BOOST_TEST(sent[1]["endsAt"] == "2026-01-02T12:12:34.000Z");
    BOOST_TEST((receiver->resend_every() == Duration(30s)));
}

BOOST_AUTO_TEST_CASE(what_has_waited_long_is_no_end_when_it_is_sent) {
    ScriptedServer server(http_answer(200));
    BOOST_TEST(verdict(send_once(cluster(quoted(server)), sample(1, 0, "alertmanager")).delivery) ==
               "delivered");
    BOOST_TEST(server.received().starts_with("POST /am/api/v2/alerts HTTP/1.1"));
    // The sample was decided long ago; RFC 3339 sorts as text.
    BOOST_TEST(alerts_of(server)[0]["endsAt"].get<std::string>() > format_time(wall_now()));
}

BOOST_AUTO_TEST_CASE(every_member_is_told_and_one_is_enough) {
    ScriptedServer good(http_answer(200));
    ScriptedServer bad(http_answer(500));
    const std::string dead = "'http://127.0.0.1:" + std::to_string(refused_port()) + "'";
    const auto told = send_once(cluster(dead + ", " + quoted(bad) + ", " + quoted(good)),
                                sample(1, 0, "alertmanager"));
    BOOST_TEST(verdict(told.delivery) == "delivered");
    BOOST_TEST(bad.connections() == 1U);
    BOOST_TEST(good.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_member_that_hangs_leaves_time_for_the_others) {
    ScriptedServer hangs({stall()});
    ScriptedServer good(http_answer(200));
    const auto told = send_once(cluster(quoted(hangs) + ", " + quoted(good)),
                                sample(1, 0, "alertmanager"), "", 600ms);
    BOOST_TEST(verdict(told.delivery) == "delivered");
}

BOOST_AUTO_TEST_CASE(without_any_member_it_is_tried_again) {
    ScriptedServer refuses(http_answer(400, "bad"));
    ScriptedServer fails(http_answer(503));
    const Notification notification = sample(1, 0, "alertmanager");
    BOOST_TEST(verdict(send_once(cluster(quoted(refuses) + ", " + quoted(fails)), notification)
                           .delivery) == "retry server_error");
    BOOST_TEST(verdict(send_once(cluster(quoted(refuses)), notification).delivery) ==
               "rejected client_error");
}

BOOST_AUTO_TEST_CASE(many_alerts_go_in_batches) {
    const Message message = cluster("'http://am-0:9093'")->render(sample(600, 0, "alertmanager"));
    BOOST_REQUIRE(message.requests.size() == 3U);
    BOOST_TEST(json::parse(message.requests[0].body).size() == 256U);
    BOOST_TEST(json::parse(message.requests[2].body).size() == 88U);
}

BOOST_AUTO_TEST_CASE(a_hostile_alert_is_data) {
    const Message message = cluster("'http://am-0:9093'")->render(hostile("alertmanager"));
    check_golden("alertmanager_hostile", message);
    const json sent = json::parse(message.requests.at(0).body);
    BOOST_TEST(sent.size() == 1U);
    BOOST_TEST(sent[0]["labels"]["alertname"] ==
               "<!channel> & <@U123> @here\r\nBcc: all@evil.example");
    BOOST_TEST(message.requests[0].body.size() < 100'000U);
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto receiver = cluster("'http://am-0:9093'");
    const auto means = [&](int status) { return verdict(receiver->classify(answer(status))); };
    BOOST_TEST(means(200) == "delivered");
    BOOST_TEST(means(400) == "rejected client_error");
    BOOST_TEST(means(401) == "rejected client_error");
    BOOST_TEST(means(404) == "rejected client_error");
    BOOST_TEST(means(429) == "retry rate_limited");
    BOOST_TEST(means(500) == "retry server_error");
    BOOST_TEST(means(503) == "retry server_error");
}

BOOST_AUTO_TEST_CASE(what_it_lacks_is_told) {
    const auto of = [](const std::string& entry) {
        return mistakes(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    alertmanager_configs: [{" +
            entry + "}]\n");
    };
    BOOST_TEST(of("send_resolved: true").find("missing key \"urls\"") != std::string::npos,
               of("send_resolved: true"));
    BOOST_TEST(of("urls: []").find("nowhere to send to") != std::string::npos);
    BOOST_TEST(of("urls: ['am:9093']") != "");
    BOOST_TEST(of("urls: ['http://am:9093'], resend_delay: 0s").find("more than 0s") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
