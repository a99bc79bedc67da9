"""A journal that is damaged, torn, foreign or no file at all: set aside, told, and gone on."""

import os
import sqlite3
import unittest
from contextlib import closing

from support import (App, EndToEndTest, PagerDuty, Slack, alerting, http_target, main_file, rule,
                     rule_file, text_of, wait_until)


class Journal(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)
        self.watched = self.daemon(main_file(http_target("api", self.app.health_url)),
                                   rules=rule_file(rule("AppDown", "probe_success == 0")),
                                   alerting=alerting(self.slack, self.pagerduty))
        self.watched.wait_for_value(1, "probe_success", target="api")
        self.path = self.watched.data / "pilotlight.db"

    def page(self):
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        self.slack.wait_for_text("AppDown")
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")
        return page

    def told_of_loss(self):
        return [one for receiver in (self.slack, self.pagerduty) for one in receiver.accepted()
                if "JournalSetAside" in text_of(one.event)]

    def assert_begun_anew(self, page):
        """Said to every receiver once; what fires is the same incident; it ends; all is on disk."""
        self.pagerduty.wait_for_event("trigger", "JournalSetAside", "set aside")
        self.slack.wait_for_text("JournalSetAside")
        self.watched.wait_for_alert("AppDown")
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page, limit=30)
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")
        self.assertEqual(len(self.told_of_loss()), 2)
        triggered = {one.event["dedup_key"] for one in self.pagerduty.accepted()
                     if "AppDown" in text_of(one.event)}
        self.assertEqual(triggered, {page.event["dedup_key"]})
        self.assertEqual(len(list(self.watched.data.glob("pilotlight.db.set-aside-*Z"))), 1)
        self.watched.wait_for_value(1, "pilotlight_journal_healthy")
        self.watched.kill()
        self.watched.start()
        self.watched.wait_for_value(1, "probe_success", target="api")
        self.assertEqual(len(self.told_of_loss()), 2, "it was told again after a restart")

    def forget_companions(self):
        for name in ("pilotlight.db-wal", "pilotlight.db-shm"):
            (self.watched.data / name).unlink(missing_ok=True)

    def test_one_full_of_garbage_is_set_aside_and_told(self):
        page = self.page()
        self.watched.kill()
        self.path.write_bytes(os.urandom(200_000))
        self.forget_companions()
        self.watched.start()
        self.assert_begun_anew(page)

    def test_one_that_was_cut_off_is_set_aside_and_told(self):
        page = self.page()
        self.watched.stop()
        with closing(sqlite3.connect(self.path)) as journal:
            journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.truncate(self.path, self.path.stat().st_size // 2 + 100)
        self.forget_companions()
        self.watched.start()
        self.assert_begun_anew(page)

    def test_one_of_another_program_is_set_aside_whole(self):
        page = self.page()
        self.watched.kill()
        self.path.unlink()
        self.forget_companions()
        with closing(sqlite3.connect(self.path)) as other:
            other.execute("CREATE TABLE songs (title TEXT)")
            other.execute("INSERT INTO songs VALUES ('kept')")
            other.commit()
        self.watched.start()
        self.assert_begun_anew(page)
        aside = next(self.watched.data.glob("pilotlight.db.set-aside-*Z"))
        with closing(sqlite3.connect(aside)) as other:
            self.assertEqual(other.execute("SELECT title FROM songs").fetchall(), [("kept",)])

    def test_what_is_no_file_is_set_aside_and_told(self):
        page = self.page()
        self.watched.kill()
        self.path.unlink()
        self.forget_companions()
        self.path.mkdir()
        self.watched.start()
        self.assert_begun_anew(page)

    def test_one_that_is_overwritten_while_it_is_used_delays_nothing(self):
        self.path.write_bytes(os.urandom(200_000))
        (self.watched.data / "pilotlight.db-wal").write_bytes(os.urandom(100_000))
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown", limit=5)
        self.slack.wait_for_text("AppDown", limit=5)
        self.watched.kill()
        self.watched.start()
        self.assert_begun_anew(page)

    def test_the_receivers_that_are_away_hear_of_it_later_once(self):
        self.page()
        self.watched.kill()
        self.path.write_bytes(b"torn" * 10_000)
        self.forget_companions()
        self.slack.fail(503)
        self.pagerduty.fail(503)
        self.watched.start()
        wait_until(lambda: self.pagerduty.failed() and self.slack.failed(), 15, "an attempt")
        self.watched.kill()
        self.slack.accept()
        self.pagerduty.accept()
        self.watched.start()
        self.pagerduty.wait_for_event("trigger", "JournalSetAside", limit=40)
        self.slack.wait_for_text("JournalSetAside", limit=40)
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")
        self.assertEqual(len(self.told_of_loss()), 2)


if __name__ == "__main__":
    unittest.main()
