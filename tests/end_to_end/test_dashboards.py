"""Every query of the shipped dashboards returns data from a Prometheus that scrapes Pilotlight."""

import unittest

from support import (ROOT, Dashboard, EndToEndTest, PagerDuty, Prometheus, Site, Slack, alerting,
                     rule, rule_file, wait_until)


class Dashboards(EndToEndTest):
    def test_every_panel_query_returns_data(self):
        site = Site(self)
        slack, pagerduty = self.start(Slack()), self.start(PagerDuty())
        daemon = self.daemon(
            site.configuration(alerting_file="alerting.yaml"),
            rules=rule_file(rule("AppDown", 'probe_success{target="lpg-api"} == 0'),
                            rule("CacheDown", "redis_up == 0", hold="1h")),
            alerting=alerting(slack, pagerduty))
        prometheus = self.start(Prometheus(self.folder, daemon.address))
        # A fault of each kind, so that panels of faults have something to show.
        daemon.wait_for_value(1, "probe_success", target="lpg-api")
        slack.fail(500, times=1)
        site.app.down()
        site.backups.write(age=27 * 3600)
        slack.wait_for_text("AppDown", limit=30)
        pagerduty.wait_for_event("trigger")
        wait_until(lambda: prometheus.query("count_over_time(up[10s]) > 8"), 20,
                   "Prometheus to have scraped some times")

        files = sorted((ROOT / "dashboards").glob("*.json"))
        self.assertIn("overview.json", [path.name for path in files])
        for path in files:
            dashboard = Dashboard(path)
            queries = list(dashboard.queries(prometheus))
            self.assertGreater(len(queries), 0, path)
            for query in queries:
                with self.subTest(dashboard=path.name, panel=query.panel, query=query.expression):
                    wait_until(lambda: prometheus.query(query.expression), 5, "data")

    def test_every_panel_can_be_read(self):
        for path in sorted((ROOT / "dashboards").glob("*.json")):
            dashboard = Dashboard(path)
            panels = list(dashboard.panels())
            self.assertEqual(len({panel["id"] for panel in panels}), len(panels), "panel ids")
            for panel in panels:
                with self.subTest(dashboard=path.name, panel=panel.get("title")):
                    self.assertTrue(panel.get("title"))
                    self.assertTrue(panel.get("description"), "a panel says what it is for")


if __name__ == "__main__":
    unittest.main()
