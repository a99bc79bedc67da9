"""A nightly dump that is missing, stale, truncated, or no dump at all."""

import gzip
import os
import unittest

from support import (Backups, EndToEndTest, PagerDuty, alerting, main_file, rule, rule_file, target)

HOUR = 3600  # old enough that nobody is still writing it


class BackupFiles(EndToEndTest):
    def setUp(self):
        self.backups = Backups(self.folder / "backup")
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)
        self.watched = self.daemon(
            main_file(target("dump", "backup", self.backups.glob,
                             backup={"max_age": "26h", "min_size": "1KB"})),
            rules=rule_file(rule("BackupFailure", 'probe_success{prober="backup"} == 0', "500ms")),
            alerting=alerting(pagerduty=self.pagerduty))
        self.watched.wait_for_value(1, "probe_success", target="dump")

    def fails_and_heals(self, reason):
        page = self.pagerduty.wait_for_event("trigger", "BackupFailure on dump")
        failure = self.watched.metrics().find("probe_failure_info", target="dump")[0]
        self.assertEqual(reason, failure.labels["reason"])
        self.backups.write()
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_a_good_one_is_described(self):
        metrics = self.watched.metrics()
        written = self.backups.newest.stat()
        self.assertEqual(metrics.value("backup_size_bytes", target="dump"), written.st_size)
        self.assertAlmostEqual(metrics.value("backup_last_success_timestamp_seconds",
                                             target="dump"), written.st_mtime, delta=1)
        self.assertEqual(metrics.value("backup_valid", target="dump"), 1)

    def test_a_stale_one_pages(self):
        self.backups.write(age=27 * 3600)
        self.fails_and_heals("stale")

    def test_a_young_enough_one_is_silent(self):
        self.backups.write(age=25 * 3600)
        self.watched.wait_for_metric(lambda page: page.value(
            "pilotlight_probes_total", prober="backup", result="ok") > 5, "more probes")
        self.assertEqual(self.watched.metrics().alerts(), [])

    def test_a_truncated_one_pages(self):
        self.backups.write(gzip.compress(os.urandom(8192))[:4096], age=HOUR)
        self.fails_and_heals("truncated")

    def test_one_that_is_too_small_pages(self):
        self.backups.write(gzip.compress(b"pg_dump"), age=HOUR)
        self.fails_and_heals("too_small")

    def test_an_empty_one_pages(self):
        self.backups.write(b"", age=HOUR)
        self.fails_and_heals("too_small")

    def test_one_that_is_not_compressed_pages(self):
        self.backups.write(b"ERROR: disk full\n" * 1000, age=HOUR)
        self.fails_and_heals("bad_header")
        self.watched.wait_for_value(1, "backup_valid", target="dump")

    def test_a_missing_one_pages(self):
        self.backups.newest.unlink()
        self.fails_and_heals("missing")

    def test_one_that_is_being_written_does_not_hide_the_one_before(self):
        part = self.backups.newest.with_name("tonight.sql.gz")
        part.write_bytes(gzip.compress(os.urandom(8192))[:4096])
        self.watched.wait_for_value(2, "backup_files", target="dump")
        self.assertEqual(self.watched.metrics().value("probe_success", target="dump"), 1)


if __name__ == "__main__":
    unittest.main()
