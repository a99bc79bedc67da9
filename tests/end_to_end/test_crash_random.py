"""kill -9 a hundred times at random moments, while faults come and go and receivers misbehave.

The plan is made of a seed, which is printed; PILOTLIGHT_TEST_SEED repeats one. What the machine
makes of it still differs from run to run: that is the point.
"""

import json
import os
import random
import resource
import sqlite3
import threading
import time
import unittest
from contextlib import closing

from support import (EndToEndTest, HttpServer, PagerDuty, Slack, alerting, main_file, rule,
                     rule_file, target, text_of, wait_until)

INSTANCES = 5
KILLS = 20  # of each instance
THINGS = 8  # of each instance; every one breaks once

_PENDING = "SELECT sequence, group_key FROM outbox WHERE state = 'pending'"


class Things(HttpServer):
    """/thing-N answers 200, or 503 while it is broken."""

    def __init__(self):
        super().__init__()
        self.broken = set()

    def answer(self, request):
        down = request.path.lstrip("/") in self.broken
        return (503 if down else 200), {"Content-Type": "text/plain"}, b"\n"


class Instance:
    """One daemon with its own things and receivers, and its own part of the plan."""

    def __init__(self, test, number, seed):
        self.plan = random.Random(f"{seed}/{number}")
        self.number = number
        self.things = test.start(Things())
        self.slack = test.start(Slack())
        self.pagerduty = test.start(PagerDuty())
        self.names = [f"thing-{number}-{i}" for i in range(THINGS)]
        targets = [target(name, "http", f"{self.things.url}/{name}", interval="200ms",
                          timeout="200ms") for name in self.names]
        self.daemon = test.daemon(
            main_file(*targets),
            rules=rule_file(rule("Broken", "probe_success == 0")),
            alerting=alerting(self.slack, self.pagerduty, group_interval="200ms"), start=False)
        self.waiting = list(self.names)
        self.lasting = []
        self.over = []
        self.promised = set()
        self.closed = []
        self.kills = 0
        self.failure = None

    def run(self):
        try:
            self.daemon.start()
            while self.kills < KILLS:
                self.live()
                self.daemon.kill()
                self.kills += 1
                self.note_promises()
                if self.plan.random() < 0.3:
                    self.step()  # the world does not wait for the monitor
                self.daemon.start()
            self.settle()
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure

    def live(self):
        """A few steps at random moments, the kill at the end of them another."""
        for _ in range(self.plan.randint(0, 3)):
            self.pause(0.3)
            self.note_promises()
            self.step()
        self.pause(0.5)

    def pause(self, longest):
        """Nothing to wait for: the moment is what the plan is about."""
        time.sleep(self.plan.uniform(0, longest))

    def step(self):
        kind = self.plan.choice(("break", "break", "mend", "slack", "pagerduty"))
        if kind == "break" and self.waiting:
            name = self.waiting.pop()
            self.things.broken.add(name)
            self.lasting.append(name)
        elif kind == "mend" and len(self.lasting) > 1:
            # Mostly what somebody was promised to hear of; sometimes what perhaps nobody saw.
            name = self.lasting.pop(self.plan.randrange(len(self.lasting)))
            if name not in self.promised and self.plan.random() < 0.8:
                self.lasting.append(name)
                return
            self.things.broken.discard(name)
            self.over.append(name)
        elif kind == "slack":
            self.misbehave(self.slack)
        elif kind == "pagerduty":
            self.misbehave(self.pagerduty)

    def misbehave(self, receiver):
        times = self.plan.randint(1, 3)
        self.open(receiver)
        self.plan.choice((
            receiver.accept, receiver.accept,
            lambda: receiver.too_many_requests(1, times),
            lambda: receiver.fail(500, times),
            lambda: receiver.reset(times),
            lambda: receiver.hang(times),
            lambda: self.close(receiver),
        ))()

    def open(self, receiver):
        if receiver in self.closed:
            self.closed.remove(receiver)
            receiver.listen()

    def close(self, receiver):
        self.closed.append(receiver)
        receiver.refuse()

    def note_promises(self):
        """What stands in the journal was decided: it must be told, whatever comes."""
        for (text,) in self.journal("SELECT notification FROM outbox"):
            self.promised.add(json.loads(text)["group_labels"]["target"])

    def journal(self, query):
        path = self.daemon.data / "pilotlight.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as journal:
            try:
                return journal.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []  # the daemon is just making it

    def settle(self):
        """Everything breaks that has not yet; half of all ends; receivers are well again."""
        for receiver in (self.slack, self.pagerduty):
            self.open(receiver)
            receiver.accept()
        self.things.broken.update(self.waiting)
        self.lasting += self.waiting
        for name in self.lasting[:-2]:
            wait_until(lambda name=name: self.daemon.metrics().alerts("Broken", target=name), 20,
                       f"{name} to be found broken")
        self.note_promises()
        self.over += self.lasting[:-2]
        self.lasting = self.lasting[-2:]
        self.things.broken = set(self.lasting)
        self.promised.update(self.lasting)
        wait_until(lambda: not (self.missing() or self.untold() or self.journal(_PENDING)), 60,
                   f"instance {self.number} to have told all",
                   lambda: (self.missing(), self.untold(), self.journal(_PENDING)), every=0.2)
        self.note_promises()
        self.daemon.stop()

    def states(self):
        """By thing: its keys, and what became of each at PagerDuty."""
        states = {}
        for one in self.pagerduty.accepted():
            keys = states.setdefault(self.thing_of(one), {})
            key, action = one.event["dedup_key"], one.event["event_action"]
            if action == "trigger" or key in keys:
                keys[key] = "triggered" if action == "trigger" else "resolved"
        return states

    def thing_of(self, delivery):
        key = delivery.event.get("dedup_key")
        for one in self.pagerduty.accepted():
            if one.event.get("dedup_key") == key and one.event["event_action"] == "trigger":
                return self.thing_in(text_of(one.event))
        return f"key {key}, never triggered"

    def thing_in(self, text):
        return next((name for name in self.names if name in text), "no thing")

    def missing(self):
        """What is not as it should be in the end."""
        states = self.states()
        troubles = []
        for name in self.names:
            keys = states.get(name, {})
            wanted = "resolved" if name in self.over else "triggered"
            if not keys and name not in self.promised:
                continue  # it was over before anybody had looked
            if list(keys.values()) != [wanted]:
                troubles.append(f"{name}: {keys}, expected one that is {wanted}")
        return troubles

    def repeats(self):
        """How often Slack's readers saw what they had seen before."""
        seen = {}
        for text in self.slack.texts():
            told = (self.thing_in(text), "RESOLVED" in text)
            seen[told] = seen.get(told, 0) + 1
        return {told: count - 1 for told, count in seen.items() if count > 1}

    def untold(self):
        """Things that Slack has not heard the end of."""
        ended = {self.thing_in(text) for text in self.slack.texts() if "RESOLVED" in text}
        return [name for name in self.over if name in self.promised and name not in ended]


class CrashRandom(EndToEndTest):
    def test_killed_a_hundred_times_nothing_is_lost_and_nobody_is_paged_twice(self):
        seed = os.environ.get("PILOTLIGHT_TEST_SEED", str(random.randrange(10**9)))
        print(f"PILOTLIGHT_TEST_SEED={seed}", flush=True)
        instances = [Instance(self, number, seed) for number in range(INSTANCES)]
        threads = [threading.Thread(target=instance.run) for instance in instances]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for instance in instances:
            with self.subTest(instance=instance.number, seed=seed):
                self.check(instance)
        self.assertGreaterEqual(sum(len(one.promised) for one in instances),
                                INSTANCES * THINGS // 2, "the plan made too few outages")

    def check(self, instance):
        if instance.failure:
            raise instance.failure
        self.assertEqual(instance.missing(), [])
        self.assertEqual(instance.untold(), [])
        self.assertEqual([thing for thing in instance.states() if thing not in instance.names], [])
        self.assertLessEqual(sum(instance.repeats().values()), instance.kills,
                             instance.repeats())
        self.assert_nothing_invalid(instance.slack, instance.pagerduty)
        instance.daemon.assert_no_report()


class DiskFull(EndToEndTest):
    def setUp(self):
        self.things = self.start(Things())
        self.slack = self.start(Slack())
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.slack, self.pagerduty)
        targets = [target(name, "http", f"{self.things.url}/{name}", interval="200ms",
                          timeout="200ms") for name in ("one", "two", "three")]
        self.watched = self.daemon(
            main_file(*targets), rules=rule_file(rule("Broken", "probe_success == 0")),
            alerting=alerting(self.slack, self.pagerduty, group_interval="200ms"))
        self.watched.wait_for_value(1, "probe_success", target="three")

    def fill(self):
        """No file of the daemon's grows any more: what a full disk is to it."""
        grown = (self.watched.data / "pilotlight.db-wal").stat().st_size
        resource.prlimit(self.watched.pid, resource.RLIMIT_FSIZE,
                         (grown, resource.RLIM_INFINITY))

    def make_room(self):
        resource.prlimit(self.watched.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def test_a_full_disk_delays_nothing_and_is_told(self):
        self.fill()
        self.things.broken = {"one"}
        page = self.pagerduty.wait_for_event("trigger", "one", limit=3)
        self.slack.wait_for_text("one", limit=3)
        self.watched.wait_for_value(0, "pilotlight_journal_healthy")
        self.assertGreater(self.watched.metrics().value("pilotlight_journal_failures_total"), 0)
        wait_until(lambda: "the journal cannot be written" in self.watched.log(), 10,
                   "the log to say so", self.watched.log)
        self.things.broken = set()
        self.pagerduty.wait_for_event("resolve", after=page, limit=3)

        self.make_room()
        self.watched.wait_for_value(1, "pilotlight_journal_healthy")
        self.things.broken = {"two"}
        page = self.pagerduty.wait_for_event("trigger", "two")
        self.slack.wait_for_text("two")
        self.watched.wait_for_value(0, "pilotlight_outbox_pending")
        self.watched.kill()
        self.things.broken = set()
        self.watched.start()
        self.pagerduty.wait_for_event("resolve", after=page, limit=30)
        self.assertEqual(set(self.pagerduty.incidents().values()), {"resolved"})

    def test_what_was_made_up_for_survives_a_kill(self):
        self.slack.fail(503)
        self.pagerduty.fail(503)
        self.fill()
        self.things.broken = {"one"}
        wait_until(lambda: self.pagerduty.failed() and self.slack.failed(), 10, "an attempt")
        self.watched.wait_for_value(0, "pilotlight_journal_healthy")
        self.make_room()
        self.watched.wait_for_value(1, "pilotlight_journal_healthy")
        self.watched.kill()
        self.things.broken = set()
        self.slack.accept()
        self.pagerduty.accept()
        self.watched.start()
        page = self.pagerduty.wait_for_event("trigger", "one", limit=40)
        self.pagerduty.wait_for_event("resolve", after=page, limit=40)
        self.slack.wait_for_text("one", limit=40)


if __name__ == "__main__":
    unittest.main()
