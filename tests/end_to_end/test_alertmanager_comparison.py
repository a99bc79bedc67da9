"""The same alerts under the same configuration, told by a real Alertmanager and by Pilotlight.

Each scenario is a route of one configuration file, which both read, and a list of what is posted
to both at the same time. What their receivers hear is compared: which messages, about which alerts,
in which order, and roughly when. DIFFERENCES lists what is meant to differ, and why.
"""

import json
import threading
import time
import unittest
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from support import PATIENCE, Alertmanager, EndToEndTest, HttpServer, as_text, fetch, main_file

# Seconds. Steps lie between the flushes, so that a busy machine does not move them past one. Where
# repeat_interval is a multiple of group_interval, Alertmanager's own delay decides whether it
# repeats in time or one flush later; Pilotlight does it in time. So it is none.
WAIT, INTERVAL, REPEAT = 1 * PATIENCE, 3 * PATIENCE, 5 * PATIENCE
# How far apart the two may tell the same.
TOLERANCE = 1.4 * PATIENCE
# When the last message is due of what the scenarios do.
END = 15 * PATIENCE

# Scenario -> why Pilotlight tells something else there.
DIFFERENCES = {
    "ends while silenced": "who was told of the beginning is told of the end, silenced or not",
    "ends while inhibited": "who was told of the beginning is told of the end, inhibited or not",
    "told before it was silenced": "what still fires when its silence ends is told once more, so "
                                   "that nobody takes it for over",
}


def seconds(duration):
    return f"{round(duration * 1000)}ms"


def moment(offset):
    return (datetime.now(timezone.utc) + timedelta(seconds=offset)).isoformat()


def fire(*alerts, lasts=None):
    """Alerts by name, with further labels after commas: "A,cluster=x"."""
    return ("alerts", alerts, lasts)


def end(*alerts):
    return ("alerts", alerts, 0)


def silence(*matchers):
    return ("silence", matchers, 3600)


def unsilence():
    return ("unsilence", (), None)


@dataclass
class Scenario:
    """`steps` are (time, what) in seconds before PATIENCE; `route` is added to the scenario's."""
    name: str
    steps: list
    route: dict = None
    inhibit: tuple = ()
    receiver: dict = None


SOURCE = "severity=critical"
TARGET = "severity=warning"
CRITICAL_OVER_WARNING = ({"source_matchers": [SOURCE], "target_matchers": [TARGET],
                          "equal": ["cluster"]},)

SCENARIOS = [
    Scenario("one alert and its end", [(0, fire("A")), (5.5, end("A"))]),
    Scenario("groups by label", [
        (0, fire("A,cluster=x", "B,cluster=y")), (0.4, fire("C,cluster=x")),
        (2.2, fire("D,cluster=x")), (8.2, end("A,cluster=x", "B,cluster=y"))],
        {"group_by": ["cluster"]}),
    Scenario("groups by all labels", [
        (0, fire("A,cluster=x", "A,cluster=y")), (5.5, end("A,cluster=y"))],
        {"group_by": ["..."]}),
    Scenario("groups by a label that some lack", [(0, fire("A,cluster=x", "B"))],
             {"group_by": ["cluster"]}),
    Scenario("one ends and another goes on", [
        (0, fire("A", "B")), (2.2, end("A")), (8.2, end("B"))]),
    Scenario("one begins as another ends", [(0, fire("A")), (2.2, fire("B")), (2.4, end("A"))]),
    Scenario("ends before it is told", [(0, fire("A")), (0.4, end("A"))]),
    Scenario("ends and begins again between two flushes", [
        (0, fire("A")), (2.0, end("A")), (2.6, fire("A"))]),
    Scenario("begins again after its end was told", [
        (0, fire("A")), (2.2, end("A")), (5.5, fire("A"))]),
    Scenario("posted again and again", [
        (when, fire("A")) for when in (0, 1.6, 3.2, 4.8, 6.4, 8.0)]),
    Scenario("repeats", [(0, fire("A"))], {"repeat_interval": seconds(REPEAT)}),
    Scenario("repeats at each flush", [(0, fire("A"))], {"repeat_interval": seconds(PATIENCE)}),
    Scenario("a change puts the repeat off", [(0, fire("A")), (5.5, fire("B"))],
             {"repeat_interval": seconds(REPEAT)}),
    Scenario("ends by itself", [(0, fire("A", lasts=5.5))]),
    Scenario("its end is put off", [(0, fire("A", lasts=5.5)), (3.0, fire("A", lasts=10))]),
    Scenario("ends are not wanted", [(0, fire("A", "B")), (2.2, end("A")), (5.5, end("B"))],
             receiver={"send_resolved": False}),
    Scenario("begins again where ends are not wanted", [
        (0, fire("A")), (2.2, end("A")), (5.5, fire("A"))], receiver={"send_resolved": False}),
    Scenario("a quick route", [(0, fire("A")), (2.2, end("A"))], {"group_wait": "0s"}),
    Scenario("inhibited from the start", [
        (0, fire(f"Down,cluster=x,{SOURCE}", f"Slow,cluster=x,{TARGET}",
                 f"Slow,cluster=y,{TARGET}")),
        (5.5, end(f"Slow,cluster=x,{TARGET}"))],
        {"group_by": ["alertname"]}, CRITICAL_OVER_WARNING),
    Scenario("inhibited until the source ends", [
        (0, fire(f"Down,cluster=x,{SOURCE}")), (0.3, fire(f"Slow,cluster=x,{TARGET}")),
        (5.5, end(f"Down,cluster=x,{SOURCE}"))],
        {"group_by": ["alertname"]}, CRITICAL_OVER_WARNING),
    Scenario("ends while inhibited", [
        (0, fire(f"Slow,cluster=x,{TARGET}")), (2.2, fire(f"Down,cluster=x,{SOURCE}")),
        (5.5, end(f"Slow,cluster=x,{TARGET}"))],
        {"group_by": ["alertname"]}, CRITICAL_OVER_WARNING),
    Scenario("inhibited where both lack the label", [
        (0, fire(f"Down,{SOURCE}", f"Slow,{TARGET}"))], {"group_by": ["alertname"]},
        CRITICAL_OVER_WARNING),
    Scenario("source and target of one rule", [
        (0, fire("Both,severity=critical,kind=target", "Other,severity=critical,kind=target"))],
        {"group_by": ["alertname"]},
        ({"source_matchers": [SOURCE], "target_matchers": ["kind=target"]},)),
    Scenario("silenced from the start", [(0, silence("alertname=A")), (0.2, fire("A", "B"))]),
    Scenario("a silence ends before it was told", [
        (0, silence("alertname=A")), (0.2, fire("A")), (5.5, unsilence())]),
    Scenario("told before it was silenced", [
        (0, fire("A")), (2.2, silence("alertname=A")), (5.5, unsilence())]),
    Scenario("silenced while it repeats", [(0, fire("A")), (2.2, silence("alertname=A"))],
             {"repeat_interval": seconds(REPEAT)}),
    Scenario("ends while silenced", [
        (0, fire("A")), (2.2, silence("alertname=A")), (5.5, end("A"))]),
    Scenario("another silence does not hide it", [
        (0, silence("alertname=~B|C")), (0.2, fire("A"))]),
    Scenario("muted by time", [(0, fire("A")), (5.5, end("A"))],
             {"mute_time_intervals": ["always"]}),
    Scenario("not muted at other times", [(0, fire("A"))],
             {"mute_time_intervals": ["never", "past"]}),
    Scenario("active by time", [(0, fire("A")), (5.5, end("A"))],
             {"active_time_intervals": ["never", "always"]}),
    Scenario("not active", [(0, fire("A"))], {"active_time_intervals": ["never", "past"]}),
    Scenario("active and muted", [(0, fire("A"))],
             {"active_time_intervals": ["always"], "mute_time_intervals": ["always"]}),
    Scenario("routed further down", [
        (0, fire("A,team=db", "B,team=web", "C")), (5.5, end("A,team=db"))],
             {"routes": [{"matchers": ["team=db"], "receiver": "db", "continue": True},
                         {"matchers": ['team=~"db|web"'], "receiver": "web", "group_by": ["team"]},
                         {"matchers": ["team=web"], "receiver": "db"}]}),
    Scenario("routed by what is not there", [(0, fire("A", "B,team=db"))],
             {"routes": [{"matchers": ['team=""'], "receiver": "web"}]}),
    Scenario("routed by the old words", [(0, fire("A,team=db", "B,team=dba"))],
             {"routes": [{"match": {"team": "db"}, "receiver": "db"},
                         {"match_re": {"team": "d.*"}, "receiver": "web"}]}),
]

# The same, but both are ended and started anew in between.
RESTARTED = [
    Scenario("fires through it", [(0, fire("A")), ("again", fire("A")), (9.0, end("A"))]),
    Scenario("ends after it", [(0, fire("A")), ("again", end("A"))]),
    Scenario("begins after it", [("again", fire("A"))]),
    Scenario("grows after it", [(0, fire("A")), ("again", fire("A", "B"))]),
    Scenario("silenced through it", [(0, silence("alertname=A")), ("again", fire("A"))]),
    Scenario("repeats after it", [(0, fire("A")), ("again", fire("A"))],
             {"repeat_interval": seconds(REPEAT)}),
]

INTERVALS = [
    {"name": "always", "time_intervals": [
        {"times": [{"start_time": "00:00", "end_time": "24:00"}], "location": "Asia/Tokyo"}]},
    {"name": "never", "time_intervals": [
        {"years": ["2100:2200"]}, {"days_of_month": ["30:31"], "months": ["february"]}]},
    {"name": "past", "time_intervals": [
        {"weekdays": ["sunday:saturday"], "months": ["1:12"], "years": ["1971:2001"]}]},
]


def configuration(scenarios, hooks):
    """One route for each scenario, to receivers of its own."""
    routes, receivers, inhibit = [], [{"name": "nobody"}], []
    for number, scenario in enumerate(scenarios):
        own = f's{number}'
        names = {own}

        def named(route):
            if "receiver" in route:
                route = {**route, "receiver": f"{own}-{route['receiver']}"}
                names.add(route["receiver"])
            return {**route, "routes": [named(below) for below in route.get("routes", [])]}
        routes.append({"matchers": [f'scenario="{own}"'], "receiver": own,
                       **named(scenario.route or {})})
        for name in sorted(names):
            receivers.append({"name": name, "webhook_configs": [
                {"url": f"{hooks}/{name}", **(scenario.receiver or {})}]})
        for rule in scenario.inhibit:
            inhibit.append({**rule, **{key: [*rule[key], f"scenario={own}"]
                                       for key in ("source_matchers", "target_matchers")}})
    return {"route": {"receiver": "nobody", "group_wait": seconds(WAIT), "group_interval":
                      seconds(INTERVAL), "repeat_interval": "1h", "routes": routes},
            "receivers": receivers, "inhibit_rules": inhibit, "time_intervals": INTERVALS}


class Hooks(HttpServer):
    """Takes the webhooks of both, and tells them apart by who says that he calls."""

    def __init__(self):
        super().__init__()
        self._heard = threading.Lock()
        self._calls = []

    def answer(self, request):
        who = "alertmanager" if request.headers["user-agent"].startswith("Alertmanager") else "ours"
        body = request.json()
        alerts = sorted(("+" if one["status"] == "firing" else "-") + told(one["labels"])
                        for one in body["alerts"])
        line = f"{body['status']} {told(body['groupLabels'])}: {' '.join(alerts)}"
        with self._heard:
            self._calls.append((who, request.path.strip("/"), request.at, line))
        return 200, {}, b""

    def heard(self, who, scenario):
        """(time, receiver and message) of a scenario, by their time."""
        with self._heard:
            return [(at, f"{path} {line}") for one, path, at, line in self._calls
                    if one == who and path.split("-")[0] == scenario]


def told(labels):
    return "{" + ",".join(f"{name}={value}" for name, value in sorted(labels.items())
                          if name != "scenario") + "}"


class Both:
    """What is posted goes to both at once."""

    def __init__(self, manager, daemon):
        self.urls = {"alertmanager": manager.url, "ours": daemon.url}
        self.silences = defaultdict(dict)
        self.began = {}

    def do(self, scenario, step):
        kind, words, lasts = step
        if kind == "alerts":
            self._post_all("/api/v2/alerts", self._alerts(scenario, words, lasts))
        elif kind == "silence":
            body = {"matchers": [self._matcher(word) for word in (*words, f"scenario={scenario}")],
                    "startsAt": moment(0), "endsAt": moment(lasts), "createdBy": "test",
                    "comment": "test"}
            for who, answer in self._post_all("/api/v2/silences", body).items():
                self.silences[scenario][who] = answer.json()["silenceID"]
        else:
            for who, name in self.silences[scenario].items():
                self._check(who, fetch(f"{self.urls[who]}/api/v2/silence/{name}", "DELETE"))

    def _alerts(self, scenario, words, lasts):
        alerts = []
        for word in words:
            name, *more = word.split(",")
            labels = {"alertname": name, "scenario": scenario,
                      **dict(one.split("=") for one in more)}
            key = json.dumps(labels, sort_keys=True)
            if lasts != 0:
                self.began.setdefault(key, moment(0))
            alert = {"labels": labels, "annotations": {"summary": "s"},
                     "startsAt": self.began.get(key, moment(0))}
            if lasts is not None:
                alert["endsAt"] = moment(lasts * PATIENCE)
            if lasts == 0:
                self.began.pop(key, None)
            alerts.append(alert)
        return alerts

    @staticmethod
    def _matcher(word):
        name, _, value = word.partition("=")
        return {"name": name, "value": value.lstrip("~"), "isRegex": value.startswith("~"),
                "isEqual": True}

    def _post_all(self, path, body):
        answers = {}
        for who, url in self.urls.items():
            answers[who] = self._check(who, fetch(url + path, "POST", json.dumps(body),
                                                  {"Content-Type": "application/json"}))
        return answers

    @staticmethod
    def _check(who, answer):
        if answer.status != 200:
            raise AssertionError(f"{who}: {answer.status} {answer.text}")
        return answer


class Comparison(EndToEndTest):
    def run_all(self, scenarios, restart_at=None):
        """Scenario -> what each of the two told, as (seconds since the start, message)."""
        hooks = self.start(Hooks())
        written = as_text(configuration(scenarios, hooks.url))
        manager = self.start(Alertmanager(self.folder, written))
        daemon = self.daemon(main_file(), alerting=written)
        both = Both(manager, daemon)
        start = time.monotonic()
        agenda = sorted((restart_at + 0.5 if when == "again" else when, number, step)
                        for number, scenario in enumerate(scenarios)
                        for when, step in scenario.steps)
        if restart_at is not None:
            agenda = sorted([*agenda, (restart_at, -1, None)], key=lambda one: one[:2])
        for when, number, step in agenda:
            self.wait_for_moment(start + when * PATIENCE)
            if step is None:
                for one in (manager, daemon):
                    one.stop()
                for one in (manager, daemon):
                    one.start()
            else:
                both.do(f"s{number}", step)
        self.wait_for_moment(start + END)
        return {scenario.name: {who: [(at - start, line)
                                      for at, line in hooks.heard(who, f"s{number}")]
                                for who in both.urls}
                for number, scenario in enumerate(scenarios)}

    @staticmethod
    def wait_for_moment(moment_at):
        while (left := moment_at - time.monotonic()) > 0:
            time.sleep(left)

    def compare(self, scenarios, **options):
        """What differs, by scenario. A step that a busy machine was late with may fall behind a
        flush; what differs is run once more."""
        differing = {}
        for _ in range(2):
            told_by = self.run_all(scenarios, **options)
            differing = {name: both for name, both in told_by.items() if self.differ(**both)}
            scenarios = [one for one in scenarios if one.name in differing]
            if not set(differing) - set(DIFFERENCES):
                break
            self.doCleanups()
        return differing

    @staticmethod
    def differ(alertmanager, ours):
        """Different messages, or the same of a receiver and group at other times."""
        if sorted(line for _, line in alertmanager) != sorted(line for _, line in ours):
            return True
        times = defaultdict(list)
        for at, line in alertmanager:
            times[line].append(at)
        return any(abs(times[line].pop(0) - at) > TOLERANCE for at, line in ours)

    def assert_alike(self, differing):
        for name, both in differing.items():
            if name not in DIFFERENCES:
                shown = "\n".join(f"  {who}: " + "; ".join(f"{at:.1f} s {line}"
                                                           for at, line in said)
                                  for who, said in both.items())
                self.fail(f"{name}:\n{shown}")

    def test_the_same_is_told(self):
        differing = self.compare(SCENARIOS)
        self.assert_alike(differing)
        self.assertEqual(set(DIFFERENCES) - set(differing), set(), "no difference any more")

    def test_the_same_is_told_after_a_restart(self):
        self.assert_alike(self.compare(RESTARTED, restart_at=3.2))


if __name__ == "__main__":
    unittest.main()
