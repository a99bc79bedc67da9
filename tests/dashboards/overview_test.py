"""The Grafana dashboard holds together: its shape, its queries, the names that they use.

Every query is parsed by the real promtool; that each returns data from a Prometheus that scrapes a
running Pilotlight is for tests/end_to_end to show.
"""

import itertools
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "dashboards" / "overview.json"
# What Grafana puts in for its variables, for parsing.
VARIABLES = {"$__rate_interval": "1m", "$service": ".*", "$target": ".*"}
# Come with the kernel's fields or from the rules, and are in no catalogue.
OTHER_NAMES = {"ALERTS", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"}


def load():
    return json.loads(DASHBOARD.read_text())


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def expressions(dashboard):
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield annotation["name"], annotation["expr"]


def filled_in(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def known_names():
    """Every metric name that Pilotlight promises: the probers' catalogue, and its own."""
    names = set(OTHER_NAMES)
    catalogue = (ROOT / "probes" / "catalogue.cpp").read_text()
    names.update(re.findall(r'^    \{"(\w+)",', catalogue, re.MULTILINE))
    own = (ROOT / "tests" / "exporters" / "self_metrics.golden").read_text()
    for name, kind in re.findall(r"^(\w+) (\w+)", own, re.MULTILINE):
        names.add(name)
        if kind == "histogram":
            names.update(name + suffix for suffix in ("_bucket", "_sum", "_count"))
    return names


def metric_names(expression):
    """The words that stand where only a metric name can: before `{`, `[`, or with an underscore."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right) *\([^)]*\)", "", bare)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    words = re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?! *\()\b", re.sub(r"\[[^]]*\]", "", bare))
    return {word for word in words if word not in ("or", "and", "unless", "bool", "offset")}


class Shape(unittest.TestCase):
    def test_ids_are_unique(self):
        ids = [panel["id"] for panel in panels(load())]
        self.assertEqual(len(ids), len(set(ids)))

    def test_panels_lie_side_by_side(self):
        grids = [(panel["title"], panel["gridPos"]) for panel in panels(load())]
        for title, grid in grids:
            self.assertLessEqual(grid["x"] + grid["w"], 24, title)
        for (one, a), (other, b) in itertools.combinations(grids, 2):
            apart = (a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
                     or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"])
            self.assertTrue(apart, f"{one} and {other} overlap")

    def test_panels_ask_the_chosen_data_source(self):
        dashboard = load()
        kinds = {v["name"]: v["type"] for v in dashboard["templating"]["list"]}
        self.assertEqual(kinds, {"datasource": "datasource", "service": "query", "target": "query"})
        for panel in panels(dashboard):
            if panel["type"] == "row":
                continue
            for asked in [panel] + panel["targets"]:
                self.assertEqual(asked["datasource"],
                                 {"type": "prometheus", "uid": "${datasource}"}, panel["title"])

    def test_every_panel_says_what_it_shows(self):
        for panel in panels(load()):
            if panel["type"] != "row":
                self.assertTrue(panel["description"].endswith("."), panel["title"])

    def test_references_are_unique_within_a_panel(self):
        for panel in panels(load()):
            references = [target["refId"] for target in panel.get("targets", [])]
            self.assertEqual(len(references), len(set(references)), panel["title"])

    def test_it_is_one_that_grafana_9_reads(self):
        dashboard = load()
        self.assertGreaterEqual(dashboard["schemaVersion"], 36)
        self.assertEqual(dashboard["uid"], "pilotlight-overview")
        self.assertNotIn("id", dashboard)


class Queries(unittest.TestCase):
    def test_promtool_parses_every_query(self):
        rules = [{"record": f"query:{number}", "expr": filled_in(expression)}
                 for number, (_, expression) in enumerate(expressions(load()))]
        self.assertGreater(len(rules), 30)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            checked = subprocess.run(["promtool", "check", "rules", file.name],
                                     capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_no_variable_is_left_over(self):
        for title, expression in expressions(load()):
            self.assertNotIn("$", filled_in(expression), title)

    def test_they_use_only_names_that_pilotlight_promises(self):
        known = known_names()
        for title, expression in expressions(load()):
            names = metric_names(filled_in(expression))
            self.assertTrue(names, title)
            self.assertLessEqual(names, known, title)


if __name__ == "__main__":
    unittest.main()
