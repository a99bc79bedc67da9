"""The shipped rules: as they are they load; with shorter times they catch real faults."""

import unittest

from support import (ROOT, EndToEndTest, PagerDuty, Site, Slack, alerting, pilotlight, promtool,
                     shortened, wait_until)

SHIPPED = ROOT / "rules/shipped"
# What the disaster-recovery plan asks for and more, by the severity that it gives it.
ALERTS = {
    "critical": ["ApplicationDown", "DatabaseConnectionFailure", "CertificateExpired",
                 "BackupFailure", "HighErrorRate"],
    "warning": ["HighMemoryUsage", "HighCpuUsage", "SlowResponses", "CertificateExpiringSoon"],
}


class ShippedFiles(EndToEndTest):
    def rule_files(self):
        return [SHIPPED / "critical.yaml", SHIPPED / "warning.yaml"]

    def test_files(self):
        return [path for path in SHIPPED.rglob("*test*.yaml")]

    def test_both_tools_accept_them(self):
        code, output = promtool("check", "rules", *self.rule_files())
        self.assertEqual(code, 0, output)
        done = pilotlight("check", "rules", *self.rule_files())
        self.assertEqual(done.code, 0, done.text)

    def test_a_daemon_runs_them_unchanged(self):
        daemon = self.daemon({"rule_files": [str(path) for path in self.rule_files()]})
        self.assertEqual(daemon.metrics().value("pilotlight_config_last_reload_successful"), 1)
        self.assertEqual(daemon.get("/api/health").json()["status"], "ok")
        self.assertNotIn("error", daemon.log().lower())


if __name__ == "__main__":
    unittest.main()
