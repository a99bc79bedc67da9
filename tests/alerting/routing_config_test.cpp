#include "alerting/routing_config.h"

#include "alerting/receivers/registry.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/routing_text.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using alerting::testing::mistakes;
using alerting::testing::read_text;
using alerting::testing::routing;
using namespace std::chrono_literals;

namespace {

constexpr const char* kSmall = R"(
route:
  receiver: ops
receivers:
  - name: ops
    webhook_configs: [{url: "http://127.0.0.1:9/x"}]
)";

std::string receivers_of(const RoutingConfig& config, const Labels& labels) {
    std::string names;
    for (const Route* route : matching_routes(config.route, labels)) {
        names += (names.empty() ? "" : " ") + route->receiver;
    }
    return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(routing_config)

BOOST_AUTO_TEST_CASE(the_smallest_file_has_alertmanagers_defaults) {
    const auto config = routing(kSmall);
    BOOST_TEST(config->route.receiver == "ops");
    BOOST_CHECK(config->route.group_wait == 30s);
    BOOST_CHECK(config->route.group_interval == 5min);
    BOOST_CHECK(config->route.repeat_interval == 4h);
    BOOST_CHECK(config->resolve_timeout == 5min);
    BOOST_TEST(config->route.group_by.empty());
    BOOST_REQUIRE(config->receivers[0].integrations.size() == 1U);
    BOOST_TEST(config->receivers[0].integrations[0]->address().to_string() == "ops/webhook[0]");
    BOOST_TEST(config->receivers[0].integrations[0]->send_resolved());
}

BOOST_AUTO_TEST_CASE(children_inherit_all_but_matchers_continue_and_time_intervals) {
    const auto config = routing(R"(
route:
  receiver: ops
  group_by: [job, alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 3s
  routes:
    - matchers: ['severity="critical"', team=~"a|b"]
      group_wait: 0s
      mute_time_intervals: [nights]
      continue: true
      routes:
        - match: {job: api}
          match_re: {zone: "eu-.*"}
          receiver: api
          group_by: ['...']
receivers: [{name: ops}, {name: api}]
time_intervals: [{name: nights, time_intervals: [{times: [{start_time: "00:00", end_time: "06:00"}]}]}]
)");
    const Route& child = config->route.routes[0];
    BOOST_CHECK((child.group_by == std::vector<std::string>{"alertname", "job"}));
    BOOST_CHECK(child.group_wait == 0s);
    BOOST_CHECK(child.group_interval == 2s);
    BOOST_CHECK(child.repeat_interval == 3s);
    BOOST_TEST(child.receiver == "ops");
    BOOST_TEST(child.continues);
    const Route& grandchild = child.routes[0];
    BOOST_CHECK(grandchild.group_wait == 0s);
    BOOST_TEST(grandchild.group_by_all);
    BOOST_TEST(!grandchild.continues);
    BOOST_TEST(grandchild.mute_time_intervals.empty());
    BOOST_TEST(grandchild.matchers.size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_first_match_wins_unless_it_continues) {
    const auto config = routing(R"(
route:
  receiver: root
  routes:
    - {matchers: [a="1"], receiver: first, continue: true}
    - {matchers: [b="1"], receiver: second}
    - {matchers: [a="1"], receiver: third, routes: [{matchers: [c="1"], receiver: deep}]}
receivers: [{name: root}, {name: first}, {name: second}, {name: third}, {name: deep}]
)");
    BOOST_TEST(receivers_of(*config, {}) == "root");
    BOOST_TEST(receivers_of(*config, {{"a", "1"}}) == "first third");
    BOOST_TEST(receivers_of(*config, {{"a", "1"}, {"b", "1"}}) == "first second");
    BOOST_TEST(receivers_of(*config, {{"a", "1"}, {"c", "1"}}) == "first deep");
    BOOST_TEST(receivers_of(*config, {{"c", "1"}}) == "root");
}

BOOST_AUTO_TEST_CASE(group_labels_leave_out_what_the_alert_has_not) {
    const auto config = routing(R"(
route: {receiver: ops, group_by: [alertname, zone]}
receivers: [{name: ops}]
)");
    const Labels labels{{"alertname", "Down"}, {"job", "api"}};
    BOOST_CHECK(group_labels_of(config->route, labels) == (Labels{{"alertname", "Down"}}));
    Route all = config->route;
    all.group_by_all = true;
    BOOST_CHECK(group_labels_of(all, labels) == labels);
}

BOOST_AUTO_TEST_CASE(routes_of_one_receiver_with_equal_grouping_are_told_apart) {
    const auto config = routing(R"(
route:
  receiver: pd
  group_by: [alertname]
  routes:
    - {matchers: [severity="critical"], group_wait: 0s}
    - {matchers: [severity="warning"]}
    - {matchers: [severity="info"], group_by: [job]}
receivers: [{name: pd}]
)");
    const Route& root = config->route;
    BOOST_TEST(root.discriminator.empty());
    BOOST_TEST(!root.routes[0].discriminator.empty());
    BOOST_TEST(root.routes[0].discriminator != root.routes[1].discriminator);
    BOOST_TEST(root.routes[2].discriminator.empty());
}

BOOST_AUTO_TEST_CASE(every_mistake_is_told_with_its_place_and_the_nearest_key) {
    BOOST_TEST(mistakes(R"(
route:
  reciever: ops
  routes:
    - matchers: [severity]
      receiver: opps
      group_wiat: 3s
      mute_time_intervals: [nigths]
receivers: [{name: ops}, {name: ops}]
time_intervals: [{name: nights}]
)") == R"(3:3: unknown key "reciever", did you mean "receiver"?
3:3: the root route must say a receiver
5:18: bad matcher "severity", expected a form such as severity="critical" or job=~"api|web"
6:17: undefined receiver "opps", did you mean "ops"?
7:7: unknown key "group_wiat", did you mean "group_wait"?
8:29: undefined time interval "nigths", did you mean "nights"?
9:26: receiver "ops" is there twice
)");
}

BOOST_AUTO_TEST_CASE(refuses_what_alertmanager_refuses_of_routes) {
    const std::string tail = "\nreceivers: [{name: ops}]\n";
    const std::pair<const char*, const char*> cases[] = {
        {"route: {receiver: ops, matchers: [a=b]}", "no matchers"},
        {"route: {receiver: ops, match: {a: b}}", "no matchers"},
        {"route: {receiver: ops, continue: true}", "cannot continue"},
        {"route: {receiver: ops, mute_time_intervals: [x]}", "no time intervals"},
        {"route: {receiver: ops, group_interval: 0s}", "must be more than 0"},
        {"route: {receiver: ops, repeat_interval: 0s}", "must be more than 0"},
        {"route: {receiver: ops, group_by: [a, a]}", "is there twice"},
        {"route: {receiver: ops, group_by: [a, '...']}", "must stand alone"},
        {"route: {receiver: ops, group_wait: soon}", "duration"},
        {"route: {receiver: ops, routes: [{match_re: {a: '('}}]}",
         "error parsing regexp: missing closing ): `(`"},
        {"route: {receiver: ops, routes: [{match: {'a-b': c}}]}", "invalid label name"},
        {"inhibit_rules: []", "route"},
    };
    for (const auto& [text, wanted] : cases) {
        const std::string found = mistakes(text + tail);
        BOOST_TEST(found.find(wanted) != std::string::npos, text << " -> " << found);
    }
}

BOOST_AUTO_TEST_CASE(an_entry_that_says_nothing_is_refused) {
    const std::string route = "route: {receiver: ops}\n";
    const std::string receivers = "receivers: [{name: ops}]\n";
    const std::string cases[] = {
        route + "receivers: [{name: ops}, null]\n",
        route + "receivers: [{name: ops, slack_configs: [null]}]\n",
        route + "receivers: [{name: ops, webhook_configs: [null]}]\n",
        receivers + "route: {receiver: ops, routes: [null]}\n",
        receivers + "route: {receiver: ops, group_by: [null]}\n",
        receivers + "route: {receiver: ops, routes: [{matchers: [null]}]}\n",
        route + receivers + "inhibit_rules: [null]\n",
        route + receivers + "time_intervals: [null]\n",
        route + receivers + "mute_time_intervals: [null]\n",
        route + receivers + "time_intervals: [{name: a, time_intervals: [null]}]\n",
        route + receivers + "templates: [null]\n",
        route + receivers + "time_intervals: [{name: a, time_intervals: [{times: [null]}]}]\n",
    };
    for (const std::string& text : cases) {
        BOOST_TEST(mistakes(text) != "", text);
    }
    BOOST_TEST(mistakes(cases[0]) == "2:26: expected a mapping, got nothing\n");
    BOOST_TEST(mistakes(cases[1]) == "2:41: expected a mapping, got nothing\n");
    BOOST_TEST(mistakes(cases[3]) == "2:33: expected a mapping, got nothing\n");
}

BOOST_AUTO_TEST_CASE(a_receiver_kind_that_is_not_here_is_refused_by_name) {
    const std::string found = mistakes(R"(
route: {receiver: ops}
receivers:
  - name: ops
    pushover_configs: [{user_key: a}]
)");
    BOOST_TEST(found.starts_with("5:5: receiver \"ops\": Pilotlight has no pushover_configs, "
                                 "expected some of: "),
               found);
    BOOST_TEST(found.find("slack_configs, ") != std::string::npos);
    for (const std::string_view key : foreign_receiver_keys()) {
        const std::string of_key = mistakes("route: {receiver: ops}\nreceivers: [{name: ops, " +
                                            std::string(key) + ": []}]\n");
        BOOST_TEST(of_key.find("Pilotlight has no " + std::string(key)) != std::string::npos, key);
        BOOST_TEST(find_receiver_kind(key) == nullptr);
    }
    BOOST_TEST(mistakes(R"(
route: {receiver: ops}
receivers: [{name: ops, slak_configs: []}]
)")
                   .find("did you mean \"slack_configs\"?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(receivers_say_what_they_lack) {
    const auto of_receiver = [](const std::string& configs) {
        return mistakes("route: {receiver: ops}\nreceivers:\n  - name: ops\n    " + configs + "\n");
    };
    BOOST_TEST(of_receiver("slack_configs: [{channel: '#x'}]").find("nowhere to send to") !=
               std::string::npos);
    BOOST_TEST(of_receiver("pagerduty_configs: [{severity: error}]").find("no key") !=
               std::string::npos);
    BOOST_TEST(of_receiver("webhook_configs: [{max_alerts: 3}]").find("nowhere to send to") !=
               std::string::npos);
    BOOST_TEST(of_receiver("webhook_configs: [{url: 'ftp://x'}]").find("url is no URL") !=
               std::string::npos);
    BOOST_TEST(of_receiver("webhook_configs: [{url: 'http://x', url_file: y}]")
                   .find("at most one of url and url_file") != std::string::npos);
    BOOST_TEST(of_receiver("webhook_configs: [{url_file: /nonexistent/secret}]")
                   .find("cannot read /nonexistent/secret") != std::string::npos);
    BOOST_TEST(of_receiver("slack_configs: [{app_token: xoxb-1}]").find("needs a channel") !=
               std::string::npos);
    BOOST_TEST(of_receiver("webhook_configs: [{url: 'http://x', http_config: {oauth2: {}}}]")
                   .find("client_id") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_template_that_does_not_parse_is_told_with_its_place) {
    BOOST_TEST(mistakes(R"(
route: {receiver: ops}
receivers:
  - name: ops
    slack_configs:
      - api_url: http://127.0.0.1:9/x
        title: "{{ .Status | shout }}"
        text: |
          fine
          {{ if .x }}
)")
                   .find("7:") == 0U);
}

BOOST_AUTO_TEST_CASE(secrets_are_read_from_files_relative_to_the_config) {
    const pilotlight::testing::TemporaryFolder folder;
    folder.write("url", "http://127.0.0.1:9/secret-path\n");
    folder.write("key", "0123456789abcdef0123456789abcdef\n");
    folder.write("empty", "\n");
    const std::string file = (folder.path() / "alerting.yaml").string();
    const auto config = read_text(R"(
global: {slack_api_url_file: url}
route: {receiver: ops}
receivers:
  - name: ops
    slack_configs: [{channel: "#ops"}]
    pagerduty_configs: [{routing_key_file: key}]
)",
                                  file);
    BOOST_REQUIRE(config.has_value());
    const auto files = (*config)->files_read;
    BOOST_TEST(files.size() == 2U);
    BOOST_TEST(files[0] == (folder.path() / "url").string());
    const auto slack = (*config)->find_integration({"ops", "slack", 0});
    BOOST_REQUIRE(slack != nullptr);
    BOOST_TEST(slack->render({}).requests[0].url == "http://127.0.0.1:9/secret-path");
    BOOST_TEST(!read_text("route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: "
                          "[{url_file: empty}]}]",
                          file)
                    .has_value());
}

BOOST_AUTO_TEST_CASE(template_files_add_to_and_replace_the_defaults) {
    const pilotlight::testing::TemporaryFolder folder;
    folder.write("a.tmpl", R"({{ define "slack.default.title" }}mine {{ .Status }}{{ end }})");
    folder.write("b.tmpl",
                 R"({{ define "extra" }}{{ template "slack.default.title" . }}!{{ end }})");
    const std::string file = (folder.path() / "alerting.yaml").string();
    const std::string text = R"(
route: {receiver: ops}
receivers:
  - name: ops
    slack_configs: [{api_url: "http://127.0.0.1:9/x", title: '{{ template "extra" . }}'}]
templates: ['*.tmpl']
)";
    const auto config = read_text(text, file);
    BOOST_REQUIRE(config.has_value());
    const auto slack = (*config)->find_integration({"ops", "slack", 0});
    BOOST_TEST(slack->render({}).requests[0].body.find("mine resolved!") != std::string::npos);
    folder.write("c.tmpl", "fine\n{{ nonsense }}");
    const auto broken = read_text(text, file);
    BOOST_REQUIRE(!broken.has_value());
    BOOST_TEST(broken.error()[0].to_string().starts_with((folder.path() / "c.tmpl:2:").string()));
}

BOOST_AUTO_TEST_CASE(what_is_not_acted_on_yet_is_a_warning) {
    const auto config = routing(R"(
global: {webex_api_url: "http://w"}
route: {receiver: ops}
receivers:
  - name: ops
    slack_configs: [{api_url: "http://127.0.0.1:9/x", update_message: true}]
)");
    BOOST_REQUIRE(config->not_yet.size() == 2U);
    BOOST_TEST(config->not_yet[0].to_string() ==
               "routes.yaml:2:10: webex_api_url is not acted on: no receiver here uses it");
}

BOOST_AUTO_TEST_CASE(a_template_that_fails_when_it_runs_is_a_warning) {
    const auto config = routing(R"(
route: {receiver: ops}
receivers:
  - name: ops
    slack_configs:
      - {api_url: "http://127.0.0.1:9/x", title: '{{ template "nowhere" . }}'}
)");
    BOOST_REQUIRE(config->not_yet.size() == 1U);
    BOOST_TEST(config->not_yet[0].to_string().starts_with("routes.yaml:6:9: a template fails"));
}

BOOST_AUTO_TEST_CASE(the_shipped_example_is_read) {
    const auto node = config::load_yaml("examples/alerting.yaml");
    BOOST_REQUIRE(node.has_value());
    const auto config = read_alerting_config(*node);
    if (!config) {
        for (const Error& error : config.error())
            BOOST_ERROR(error.to_string());
    }
    BOOST_REQUIRE(config.has_value());
    BOOST_TEST((*config)->not_yet.empty());
}

BOOST_AUTO_TEST_CASE(the_shipped_example_is_alertmanagers_too) {
    BOOST_TEST(std::system("amtool check-config examples/alerting.yaml > /dev/null") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
