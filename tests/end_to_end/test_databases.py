"""PostgreSQL and Redis, real ones, stopped and started."""

import unittest

from support import (EndToEndTest, PagerDuty, Postgres, Redis, alerting, main_file, rule, rule_file,
                     target)


class Databases(EndToEndTest):
    def setUp(self):
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def watch(self, described, expression):
        return self.daemon(main_file(described), alerting=alerting(pagerduty=self.pagerduty),
                           rules=rule_file(rule("DatabaseDown", expression, "500ms")))

    def test_postgres_stopped_pages_and_started_resolves(self):
        postgres = self.start(Postgres(self.folder))
        daemon = self.watch(target("db", "postgres", postgres.url), "pg_up == 0")
        daemon.wait_for_value(1, "pg_up", target="db")
        postgres.stop()
        page = self.pagerduty.wait_for_event("trigger", "DatabaseDown on db")
        daemon.wait_for_value(0, "probe_success", target="db")
        postgres.start()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_postgres_says_what_it_is(self):
        postgres = self.start(Postgres(self.folder))
        daemon = self.watch(target("db", "postgres", postgres.url), "pg_up == 0")
        daemon.wait_for_value(1, "pg_up", target="db")
        metrics = daemon.metrics()
        self.assertEqual(metrics.value("pg_settings_max_connections", target="db"), 20)
        self.assertGreaterEqual(sum(one.value for one in metrics.find("pg_stat_activity_count")), 1)

    def test_a_wrong_postgres_password_pages_and_is_named(self):
        postgres = self.start(Postgres(self.folder))
        url = postgres.url.replace(postgres.password, "wrong-password")
        daemon = self.watch(target("db", "postgres", url), "pg_up == 0")
        self.pagerduty.wait_for_event("trigger", "DatabaseDown on db")
        failure = daemon.metrics().find("probe_failure_info", target="db")[0]
        self.assertEqual((failure.labels["phase"], failure.labels["reason"]),
                         ("auth", "wrong_password"))
        self.assertNotIn("wrong-password", daemon.metrics().text + daemon.log())

    def test_redis_stopped_pages_and_started_resolves(self):
        redis = self.start(Redis(self.folder))
        daemon = self.watch(target("cache", "redis", redis.url), "redis_up == 0")
        daemon.wait_for_value(1, "redis_up", target="cache")
        self.assertGreater(daemon.metrics().value("redis_memory_used_bytes", target="cache"), 0)
        redis.stop()
        page = self.pagerduty.wait_for_event("trigger", "DatabaseDown on cache")
        daemon.wait_for_value(0, "probe_success", target="cache")
        redis.start()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_a_wrong_redis_password_pages(self):
        redis = self.start(Redis(self.folder))
        url = redis.url.replace(redis.password, "wrong-password")
        daemon = self.watch(target("cache", "redis", url), "redis_up == 0")
        self.pagerduty.wait_for_event("trigger", "DatabaseDown on cache")
        self.assertNotIn("wrong-password", daemon.metrics().text + daemon.log())


if __name__ == "__main__":
    unittest.main()
