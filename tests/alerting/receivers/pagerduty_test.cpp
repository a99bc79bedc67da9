#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

IntegrationPtr pagerduty(const std::string& more = "") {
    return integration("pagerduty", "{routing_key: 0123456789abcdef0123456789abcdef" +
                                        (more.empty() ? "" : ", " + more) + "}");
}

json event(const Notification& notification, const std::string& more = "") {
    return json::parse(pagerduty(more)->render(notification).requests.at(0).body);
}

std::string severity(std::initializer_list<const char*> labels) {
    Notification notification = sample(static_cast<int>(labels.size()), 0, "pagerduty");
    std::size_t i = 0;
    for (const char* label : labels) {
        auto& alert = notification.alerts[i++];
        alert.labels = LabelsBuilder(alert.labels).set("severity", label).build();
    }
    return event(notification)["payload"]["severity"];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pagerduty_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("pagerduty_firing", pagerduty()->render(sample(1, 0, "pagerduty")));
    check_golden("pagerduty_resolved", pagerduty()->render(sample(0, 1, "pagerduty")));
    check_golden("pagerduty_thirty", pagerduty()->render(sample(30, 0, "pagerduty")));
    check_golden("pagerduty_hostile", pagerduty()->render(hostile("pagerduty")));
    check_golden("pagerduty_all_options",
                 pagerduty("url: 'https://pd.example/enqueue', client: us, client_url: "
                           "'https://us.example', description: '{{ .Status }} d', severity: "
                           "'{{ .CommonLabels.severity }}', source: s, class: cl, component: co, "
                           "group: gr, details: {firing: '', extra: '{{ .Alerts | len }}'}, "
                           "images: [{src: 'https://us.example/i.png', alt: a, href: h}], links: "
                           "[{href: 'https://us.example/l', text: l}]")
                     ->render(sample(1, 1, "pagerduty")));
    check_golden("pagerduty_v1",
                 integration("pagerduty", "{service_key: abc}")->render(sample(1, 0, "pagerduty")));
}

BOOST_AUTO_TEST_CASE(changes_are_told_to_their_own_address) {
    ChangeEvent change;
    change.summary = "Pilotlight configuration reloaded: 1 rule added";
    change.source = "monitor-1";
    change.at = noon();
    change.details = {{"rules added", "shop/Slow"}, {"files changed", "/etc/rules.yaml"}};
    change.external_url = "https://pilotlight.example";
    BOOST_TEST(pagerduty()->takes_changes());
    check_golden("pagerduty_change", pagerduty()->render_change(change));
    const auto elsewhere = pagerduty("url: 'https://pd.example/eu/v2/enqueue'");
    BOOST_TEST(elsewhere->render_change(change).requests.at(0).url ==
               "https://pd.example/eu/v2/change/enqueue");
}

BOOST_AUTO_TEST_CASE(a_change_keeps_to_the_limits_and_breaks_out_of_nothing) {
    ChangeEvent change;
    change.summary = std::string(2'000, 's') + "\xff";
    change.source = "\"},\"routing_key\":\"stolen";
    change.details = {{"files changed", std::string(1 << 20, 'f')}};
    const auto body = pagerduty()->render_change(change).requests.at(0).body;
    const json event = json::parse(body);
    // Characters: the one that says that it was cut has three bytes.
    BOOST_TEST(event["payload"]["summary"].get<std::string>().size() == 1'026U);
    BOOST_TEST(event["payload"]["source"] == change.source);
    BOOST_TEST(event["routing_key"] == "0123456789abcdef0123456789abcdef");
    BOOST_TEST(!event.contains("links"));
    BOOST_TEST(body.size() < 512'000U);
}

BOOST_AUTO_TEST_CASE(no_changes_go_by_events_v1_or_to_an_unknown_address) {
    BOOST_TEST(!integration("pagerduty", "{service_key: abc}")->takes_changes());
    BOOST_TEST(!pagerduty("url: 'https://pd.example/enqueue'")->takes_changes());
}

BOOST_AUTO_TEST_CASE(what_was_missed_is_opened_low_and_closed) {
    Notification notification = sample(0, 1, "pagerduty");
    notification.missed = true;
    const Message message = pagerduty()->render(notification);
    check_golden("pagerduty_missed", message);
    BOOST_REQUIRE(message.requests.size() == 2U);
    const json trigger = json::parse(message.requests[0].body);
    const json resolve = json::parse(message.requests[1].body);
    BOOST_TEST(trigger["event_action"] == "trigger");
    BOOST_TEST(trigger["payload"]["severity"] == "info");
    BOOST_TEST(trigger["payload"]["summary"].get<std::string>().starts_with(
        "[OVER, 12:00:00 to 12:12:34 UTC]"));
    BOOST_TEST(resolve["event_action"] == "resolve");
    BOOST_TEST(resolve["dedup_key"] == trigger["dedup_key"]);
}

BOOST_AUTO_TEST_CASE(severity_is_the_worst_that_fires_by_its_label) {
    BOOST_TEST(severity({"critical"}) == "critical");
    BOOST_TEST(severity({"warning", "critical", "info"}) == "critical");
    BOOST_TEST(severity({"info", "warn"}) == "warning");
    BOOST_TEST(severity({"none"}) == "info");
    BOOST_TEST(severity({"PAGE"}) == "critical");
    BOOST_TEST(severity({"whatever"}) == "error");
    BOOST_TEST(severity({""}) == "error");
    BOOST_TEST(event(sample(1, 0, "pagerduty"), "severity: nonsense")["payload"]["severity"] ==
               "error");
}

BOOST_AUTO_TEST_CASE(a_hostile_alert_stays_within_its_strings_and_limits) {
    const json made = event(hostile("pagerduty"));
    BOOST_TEST(made["routing_key"] == "0123456789abcdef0123456789abcdef");
    BOOST_TEST(made["payload"]["severity"] == "error");
    BOOST_TEST(made["payload"]["summary"].get<std::string>().size() <= 4'096U);
    BOOST_TEST(made["dedup_key"].get<std::string>().size() <= 255U);
}

BOOST_AUTO_TEST_CASE(an_event_never_exceeds_what_pagerduty_takes) {
    Notification notification = sample(500, 0, "pagerduty");
    for (NotifiedAlert& alert : notification.alerts) {
        const std::string text(3'000, 'd');
        alert.annotations = Labels{{"summary", text}};
    }
    const std::string details =
        "details: {a: '{{ template \"pagerduty.default.instances\" "
        ".Alerts }}', b: '{{ template \"pagerduty.default.instances\" "
        ".Alerts }}'}";
    for (const std::string& more : {std::string(), details}) {
        const Message message = pagerduty(more)->render(notification);
        BOOST_TEST(message.template_error == "");
        BOOST_TEST(message.requests[0].body.size() <= 512'000U);
    }
    std::string many = "details: {";
    for (int i = 0; i < 20; ++i) {
        many += "k" + std::to_string(i) +
                ": '{{ template \"pagerduty.default.instances\" .Alerts }}', ";
    }
    const std::string body = pagerduty(many + "}")->render(notification).requests[0].body;
    BOOST_TEST(body.size() <= 512'000U);
    BOOST_TEST(json::parse(body)["payload"]["custom_details"].contains("shortened"));
}

BOOST_AUTO_TEST_CASE(a_failing_template_pages_plainly_with_the_error) {
    const Message message =
        pagerduty("description: '{{ .Alerts.Firing.Nothing }}'")->render(sample(1, 0, "pagerduty"));
    BOOST_TEST(!message.template_error.empty());
    const json made = json::parse(message.requests[0].body);
    const std::string summary = made["payload"]["summary"];
    BOOST_TEST(summary.starts_with("[FIRING:1] InstanceDown (a template failed: "));
    BOOST_TEST(made["payload"]["custom_details"]["alerts"].get<std::string>().find(
                   "The shop is down") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto receiver = pagerduty();
    const auto means = [&](int status) { return verdict(receiver->classify(answer(status))); };
    BOOST_TEST(means(202) == "delivered");
    BOOST_TEST(means(200) == "delivered");
    BOOST_TEST(means(400) == "rejected client_error");
    BOOST_TEST(means(403) == "rejected client_error");
    BOOST_TEST(means(429) == "retry rate_limited");
    BOOST_TEST(means(500) == "retry server_error");
    BOOST_TEST(means(503) == "retry server_error");
    const auto v1 = integration("pagerduty", "{service_key: abc}");
    BOOST_TEST(verdict(v1->classify(answer(403))) == "retry rate_limited");
    BOOST_TEST(verdict(v1->classify(answer(400))) == "rejected client_error");
}

BOOST_AUTO_TEST_SUITE_END()
