#include "exporters/headline.h"

#include <boost/test/unit_test.hpp>

#include "tests/exporters/made_up.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;
using made_up::calm;
using made_up::firing;
using made_up::kNow;

namespace {

Headline of(const Snapshot& snapshot) {
    return headline(snapshot, check_self(snapshot, kNow));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(headlines)

BOOST_AUTO_TEST_CASE(all_is_well) {
    BOOST_TEST(of(calm()).text == "All systems operational");
    BOOST_TEST(to_string(of(calm()).level) == "up");
    BOOST_TEST(of(calm()).problems == 0U);
}

BOOST_AUTO_TEST_CASE(nothing_is_known_before_the_first_probe) {
    Snapshot snapshot = calm();
    for (TargetView& target : snapshot.targets)
        target.health = Health::unknown;
    for (ServiceView& service : snapshot.services)
        service.health = Health::unknown;
    BOOST_TEST(of(snapshot).text == "Waiting for the first probes");
    BOOST_TEST(to_string(of(snapshot).level) == "unknown");
    Snapshot empty;
    empty.at = kNow;
    BOOST_TEST(of(empty).text == "Nothing is watched yet");
}

BOOST_AUTO_TEST_CASE(one_problem_is_named) {
    Snapshot snapshot = calm();
    snapshot.services[1].health = Health::down;
    BOOST_TEST(of(snapshot).text == "PostgreSQL is down");
    BOOST_TEST(to_string(of(snapshot).level) == "down");
}

BOOST_AUTO_TEST_CASE(a_service_and_its_alert_are_one_problem) {
    Snapshot snapshot = calm();
    snapshot.services[1].health = Health::down;
    snapshot.alerts = {firing("DatabaseDown", "critical", "database", "", 1min)};
    BOOST_TEST(of(snapshot).problems == 1U);
    snapshot.alerts.push_back(firing("CacheSlow", "warning", "cache", "", 1min));
    BOOST_TEST(of(snapshot).text == "2 problems");
}

BOOST_AUTO_TEST_CASE(an_alert_alone_is_a_problem_as_bad_as_its_severity) {
    Snapshot snapshot = calm();
    snapshot.alerts = {firing("DiskFull", "warning", "", "", 1min)};
    BOOST_TEST(of(snapshot).text == "DiskFull is firing");
    BOOST_TEST(to_string(of(snapshot).level) == "degraded");
    snapshot.alerts[0].labels = Labels{{"alertname", "DiskFull"}, {"severity", "critical"}};
    BOOST_TEST(to_string(of(snapshot).level) == "down");
}

BOOST_AUTO_TEST_CASE(pending_and_resolved_alerts_are_no_problems) {
    Snapshot snapshot = calm();
    snapshot.alerts = {firing("A", "critical", "", "", 1min),
                       firing("B", "critical", "", "", 1min)};
    snapshot.alerts[0].state = AlertState::pending;
    snapshot.alerts[1].state = AlertState::resolved;
    BOOST_TEST(of(snapshot).problems == 0U);
}

BOOST_AUTO_TEST_CASE(a_target_of_no_service_that_is_down_is_a_problem) {
    Snapshot snapshot = calm();
    snapshot.targets[8].health = Health::down;
    BOOST_TEST(of(snapshot).text == "payment-gateway is down");
    BOOST_TEST(to_string(of(snapshot).level) == "degraded");
}

BOOST_AUTO_TEST_CASE(pilotlight_s_own_trouble_is_a_problem) {
    Snapshot snapshot = calm();
    snapshot.journal_healthy = false;
    BOOST_TEST(of(snapshot).text == "Pilotlight's own journal needs attention");
    BOOST_TEST(to_string(of(snapshot).level) == "degraded");
}

BOOST_AUTO_TEST_CASE(targets_of_no_declared_service_are_shown_too) {
    Snapshot snapshot = calm();
    snapshot.targets.push_back(made_up::target("dns", "tcp", "network"));
    const std::vector<ServiceView> services = all_services(snapshot);
    BOOST_TEST(services.size() == 6U);
    BOOST_TEST(services[4].name == "network");
    BOOST_TEST(title_of(services[4]) == "network");
    BOOST_TEST(title_of(services[5]) == "Other targets");
    BOOST_TEST(services[5].targets == (std::vector<std::string>{"node", "payment-gateway"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(such_a_service_is_as_bad_as_its_worst_target) {
    Snapshot snapshot = calm();
    snapshot.targets[7].health = Health::down;
    snapshot.targets[7].since = kNow - 5min;
    snapshot.targets[8].health = Health::down;
    snapshot.targets[8].since = kNow - 9min;
    BOOST_TEST(to_string(all_services(snapshot)[4].health) == "down");
    BOOST_CHECK(all_services(snapshot)[4].since == kNow - 9min);
    snapshot.targets[8].health = Health::unknown;
    BOOST_CHECK(all_services(snapshot)[4].since == kNow - 5min);
    snapshot.targets[7].health = Health::up;
    snapshot.targets[8].health = Health::up;
    BOOST_CHECK(all_services(snapshot)[4].since == kNow - 5min);
}

BOOST_AUTO_TEST_CASE(alerts_are_listed_firing_first_by_severity_newest_first) {
    Snapshot snapshot = calm();
    snapshot.alerts = {
        firing("Odd", "page-me", "", "", 1min),   firing("Old", "critical", "", "", 9min),
        firing("Warn", "warning", "", "", 1min),  firing("New", "critical", "", "", 2min),
        firing("Soon", "critical", "", "", 1min), firing("Gone", "critical", "", "", 1min),
    };
    snapshot.alerts[4].state = AlertState::pending;
    snapshot.alerts[5].state = AlertState::resolved;
    std::string names;
    for (const Alert* alert : listed_alerts(snapshot)) {
        names += std::string(alert->labels.get(kAlertName)) + ' ';
    }
    BOOST_TEST(names == "New Old Warn Odd Soon ");
}

BOOST_AUTO_TEST_SUITE_END()
