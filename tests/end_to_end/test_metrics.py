"""/metrics: every name that is promised, as Prometheus's own tools like it."""

import gzip
import re
import unittest

from support import (EndToEndTest, PagerDuty, Prometheus, Site, Slack, alerting, fetch, promtool,
                     rule, rule_file, wait_until)

EVERY_PROBER = {"http", "postgres", "redis", "tls", "scrape", "host", "backup", "tcp"}
OF_TARGETS = {
    "http": ["probe_http_status_code", "probe_http_duration_seconds", "probe_http_content_length",
             "probe_http_version", "probe_http_redirects", "probe_http_ssl",
             "probe_dns_lookup_time_seconds", "probe_ip_protocol"],
    "tls": ["probe_ssl_earliest_cert_expiry"],
    "postgres": ["pg_up", "pg_stat_activity_count", "pg_settings_max_connections"],
    "redis": ["redis_up", "redis_memory_used_bytes"],
    "host": ["node_cpu_seconds_total", "node_memory_MemAvailable_bytes",
             "node_memory_MemTotal_bytes", "node_filesystem_avail_bytes",
             "node_network_receive_bytes_total", "node_load1"],
    "backup": ["backup_last_success_timestamp_seconds", "backup_size_bytes", "backup_valid"],
    "scrape": ["up", "scrape_duration_seconds", "scrape_samples_scraped"],
}
OF_PILOTLIGHT = [
    "pilotlight_build_info", "pilotlight_probes_total", "pilotlight_probe_lateness_seconds",
    "pilotlight_targets", "pilotlight_series", "pilotlight_rule_evaluations_total",
    "pilotlight_rule_evaluation_failures_total", "pilotlight_rule_evaluation_seconds",
    "pilotlight_notifications_total", "pilotlight_notifications_failed_total",
    "pilotlight_notification_delay_seconds", "pilotlight_outbox_pending", "pilotlight_incidents",
    "pilotlight_config_last_reload_successful",
    "pilotlight_config_last_reload_success_timestamp_seconds"]

# The names of node_exporter, redis_exporter and postgres_exporter, which promtool finds unclean.
NOT_OURS = re.compile(r"node_memory_\w+ metric names should be written in 'snake_case'.*"
                      r"|redis_\w+ metric names should not contain abbreviated units"
                      r"|pg_\w+ (counter metrics should have|non-).*")


def complaints_of_promtool(text):
    _, output = promtool("check", "metrics", text=text)
    return [line for line in output.splitlines() if not NOT_OURS.fullmatch(line)]


class MetricsPage(EndToEndTest):
    def setUp(self):
        self.site = Site(self)
        self.slack, self.pagerduty = self.start(Slack()), self.start(PagerDuty())
        self.watched = self.daemon(
            self.site.configuration(external_labels={"environment": "test"}),
            rules=rule_file(rule("AppDown", 'probe_success{target="lpg-api"} == 0'),
                            {"record": "service:up:min", "expr": "min by (service) (probe_success)"}),
            alerting=alerting(self.slack, self.pagerduty))
        for prober in EVERY_PROBER:
            self.watched.wait_for_metric(
                lambda page, prober=prober: [one for one in page.find("probe_success",
                                                                      prober=prober)
                                             if one.value == 1], f"a good {prober} probe")

    def test_every_promised_name_is_there_and_promtool_agrees(self):
        self.slack.fail(500, times=1)
        self.site.app.down()
        self.slack.wait_for_text("AppDown", limit=30)
        self.pagerduty.wait_for_event("trigger")
        page = self.watched.wait_for_metric(
            lambda page: page if page.find("pilotlight_notifications_failed_total") else None,
            "Slack's failure to be counted")

        self.assertEqual(page.types.keys() & set(OF_PILOTLIGHT), set(OF_PILOTLIGHT))
        for name in OF_PILOTLIGHT:
            suffix = "_bucket" if page.types[name] == "histogram" else ""
            self.assertTrue(page.find(name + suffix), f"{name} has a type but no sample")
        for prober, names in OF_TARGETS.items():
            for name in [*names, "probe_success", "probe_duration_seconds"]:
                self.assertTrue(page.find(name, prober=prober), f"{name} of {prober}")
        phases = {one.labels["phase"] for one in page.find("probe_http_duration_seconds")}
        self.assertEqual(phases, {"resolve", "connect", "tls", "processing", "transfer"})
        self.assertTrue(page.find("probe_failure_info", target="lpg-api"))
        self.assertEqual(page.value("ALERTS", alertname="AppDown", alertstate="firing",
                                    target="lpg-api"), 1)

        self.assertEqual(complaints_of_promtool(page.text), [])

    def test_samples_carry_where_they_come_from(self):
        page = self.watched.metrics()
        sample = page.find("probe_success", target="lpg-api")[0]
        self.assertEqual(sample.labels["prober"], "http")
        self.assertEqual(sample.labels["service"], "application")
        self.assertEqual(sample.labels["tier"], "critical")
        self.assertEqual(sample.labels["instance"], self.site.app.health_url)
        database = page.find("pg_up", target="primary-database")[0]
        self.assertNotIn(self.site.postgres.password, str(database.labels))
        self.assertIn(str(self.site.postgres.port), database.labels["instance"])

    def test_scraped_and_recorded_samples_are_for_rules_only(self):
        page = self.watched.metrics()
        self.assertEqual(page.find("http_requests_total"), [])
        self.assertEqual(page.find("service:up:min"), [])

    def test_no_sample_is_given_twice(self):
        seen = set()
        for one in self.watched.metrics().samples:
            key = (one.name, tuple(sorted(one.labels.items())))
            self.assertNotIn(key, seen)
            seen.add(key)

    def test_is_compressed_when_asked(self):
        answer = fetch(self.watched.url + "/metrics", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(answer.headers.get("Content-Encoding"), "gzip")
        self.assertIn(b"probe_success", gzip.decompress(answer.body))
        plain = self.watched.get("/metrics")
        self.assertNotIn("Content-Encoding", plain.headers)
        self.assertTrue(plain.headers["Content-Type"].startswith("text/plain; version=0.0.4"))

    def test_a_real_prometheus_takes_all_of_it(self):
        prometheus = self.start(Prometheus(self.folder, self.watched.address))
        wait_until(lambda: prometheus.query("up == 1"), 15, "Prometheus to scrape")
        wait_until(lambda: prometheus.query('probe_success{target="lpg-api"} == 1'), 15, "a sample")
        scraped = prometheus.query("scrape_samples_scraped")[0]["value"][1]
        self.assertGreater(int(scraped), 100)
        for name in ("http", "postgres"):
            self.assertTrue(prometheus.query(f'probe_success{{prober="{name}"}}'))

    def test_life_cycle_addresses_answer(self):
        for path in ("/-/healthy", "/-/ready"):
            self.assertEqual(self.watched.get(path).status, 200)
        health = self.watched.get("/api/health")
        self.assertEqual(health.status, 200)
        self.assertEqual(health.json()["status"], "ok", health.text)
        self.assertEqual(self.watched.get("/no/such/page").status, 404)
        self.assertEqual(self.watched.post("/metrics").status, 405)


if __name__ == "__main__":
    unittest.main()
