"""The shipped rules: as they are they load and pass; with shorter times they catch real faults."""

import re
import unittest

from support import (ROOT, App, EndToEndTest, PagerDuty, Site, Slack, alerting, http_target,
                     pilotlight, promtool, shortened, target, wait_until)

SHIPPED = ROOT / "rules/shipped"
RULE_FILES = [SHIPPED / "critical.yaml", SHIPPED / "warning.yaml"]
# The thresholds of the disaster-recovery plan, by the severity that it gives them.
PLAN = {
    "critical": {"ApplicationDown", "DatabaseConnectionFailure", "CertificateExpired",
                 "BackupFailure", "HighErrorRate"},
    "warning": {"HighMemoryUsage", "HighCpuUsage", "SlowResponses", "CertificateExpiringSoon"},
}
# Those that no test can bring about on a machine that it shares.
OF_THE_MACHINE = {"HighMemoryUsage", "HighCpuUsage", "DiskNearlyFull", "ProbesLate"}


def names_in(path):
    return set(re.findall(r"^\s*- alert: (\w+)", path.read_text(), re.MULTILINE))


class ShippedFiles(EndToEndTest):
    def test_they_hold_the_whole_plan(self):
        for severity, names in PLAN.items():
            self.assertEqual(names - names_in(SHIPPED / f"{severity}.yaml"), set(), severity)

    def test_both_tools_accept_them(self):
        code, output = promtool("check", "rules", *RULE_FILES)
        self.assertEqual(code, 0, output)
        done = pilotlight("check", "rules", *RULE_FILES)
        self.assertEqual(done.code, 0, done.text)

    def test_every_alert_has_a_unit_test_that_passes_in_both_tools(self):
        tests = sorted(SHIPPED.rglob("*test*.yaml"))
        self.assertTrue(tests, "no unit tests")
        code, output = promtool("test", "rules", *tests)
        self.assertEqual(code, 0, output)
        done = pilotlight("test", "rules", *tests)
        self.assertEqual(done.code, 0, done.text)
        tested = set(re.findall(r"alertname: (\w+)", "".join(path.read_text() for path in tests)))
        for path in RULE_FILES:
            self.assertEqual(names_in(path) - tested, set(), "alerts without a unit test")

    def test_a_daemon_runs_them_unchanged(self):
        daemon = self.daemon({"rule_files": [str(path) for path in RULE_FILES]})
        self.assertEqual(daemon.metrics().value("pilotlight_config_last_reload_successful"), 1)
        daemon.wait_for_metric(lambda page: page.find("pilotlight_rule_evaluations_total"),
                               "the rules to be evaluated", limit=30)
        failures = daemon.metrics().find("pilotlight_rule_evaluation_failures_total")
        self.assertEqual([one for one in failures if one.value], [])


class Disaster(EndToEndTest):
    """Everything at once, on real parts."""

    def setUp(self):
        self.site = Site(self)
        self.shop = self.start(App())
        self.old = self.start(App(self.site.authority.valid()))
        self.slack, self.pagerduty = self.start(Slack()), self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)
        configuration = self.site.configuration()
        configuration["targets"] += [
            target("shop-metrics", "scrape", self.shop.metrics_url, service="shop"),
            http_target("shop", self.shop.health_url) | {"service": "shop", "interval": "4s", "timeout": "4s"},
            target("old-certificate", "tls", f"localhost:{self.old.port}", tls={
                "ca_file": str(self.site.authority.ca_file)})]
        self.targets = [one["name"] for one in configuration["targets"]]
        self.watched = self.daemon(
            configuration, alerting=alerting(self.slack, self.pagerduty),
            files={f"rules/{path.name}": shortened(path.read_text()) for path in RULE_FILES})

    def firing(self):
        return {one.labels["alertname"] for one in self.watched.metrics().alerts(state="firing")
                } - OF_THE_MACHINE

    def test_every_fault_is_caught_told_and_ended(self):
        for name in self.targets:
            self.watched.wait_for_value(1, "probe_success", target=name)
        self.assertEqual(self.firing(), set())

        self.site.app.down()
        self.site.postgres.stop()
        self.site.redis.stop()
        self.site.partner.down()
        self.site.secure.present(self.site.authority.expired())
        self.old.present(self.site.authority.expiring(days=10))
        self.site.backups.write(age=27 * 3600)
        self.shop.error_rate = 0.2
        self.shop.delay = 2.5
        expected = {name: severity for severity, names in PLAN.items() for name in names
                    if name not in OF_THE_MACHINE}
        expected |= {"RedisDown": "critical", "ExternalDependencyDown": "warning"}
        for name, severity in expected.items():
            with self.subTest(name):
                page = self.pagerduty.wait_for_event("trigger", f"alertname = {name}\n",
                                                    limit=30)
                self.assertEqual(page.event["payload"]["severity"], severity)
                self.slack.wait_for_text(name)

        self.site.app.up()
        self.site.postgres.start()
        self.site.redis.start()
        self.site.partner.up()
        self.site.secure.present(self.site.authority.valid())
        self.old.present(self.site.authority.valid())
        self.site.backups.write()
        self.shop.error_rate = 0.0
        self.shop.delay = 0.0
        wait_until(lambda: not self.firing(), 30, "all to be well", self.firing)
        wait_until(lambda: not self.open_incidents(), 30, "every incident to be resolved",
                   self.open_incidents)

    def open_incidents(self):
        """Keys that PagerDuty still shows, without those of the machine itself."""
        ours = {one.event["dedup_key"] for one in self.pagerduty.accepted()
                if not any(name in str(one.event) for name in OF_THE_MACHINE)}
        return [key for key, state in self.pagerduty.incidents().items()
                if state == "triggered" and key in ours]


if __name__ == "__main__":
    unittest.main()
