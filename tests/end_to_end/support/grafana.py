"""A Grafana dashboard's queries, with its variables filled in as Grafana would at first sight."""

import json
import re
from dataclasses import dataclass

# Tests scrape every 500 ms and for seconds, not every 15 s and for hours.
_BUILT_IN = {"__rate_interval": "5s", "__interval": "1s", "__range": "1m", "__interval_ms": "1000",
             "__range_s": "60", "__from": "0", "__to": "1"}


@dataclass
class Query:
    panel: str
    expression: str


class Dashboard:
    def __init__(self, path):
        self.model = json.loads(path.read_text())

    def panels(self):
        """Every panel that is not a row, those inside rows included."""
        waiting = list(self.model["panels"])
        while waiting:
            panel = waiting.pop(0)
            waiting = panel.get("panels", []) + waiting
            if panel["type"] != "row":
                yield panel

    def queries(self, prometheus):
        """Each panel query, ready for Prometheus; `prometheus` answers the variables' queries."""
        values = dict(_BUILT_IN)
        for variable in self.model.get("templating", {}).get("list", []):
            values[variable["name"]] = self._value(variable, values, prometheus)
        for panel in self.panels():
            for wanted in panel.get("targets", []):
                yield Query(panel["title"], _fill(wanted["expr"], values))

    @staticmethod
    def _value(variable, values, prometheus):
        if variable["type"] in ("custom", "constant", "interval", "textbox"):
            return variable["query"].split(",")[0].strip()
        if variable["type"] != "query":
            return ""
        if variable.get("includeAll") and variable.get("allValue"):
            return variable["allValue"]
        query = variable["query"]
        query = query["query"] if isinstance(query, dict) else query
        asked = re.fullmatch(r"label_values\((?:(.+),\s*)?(\w+)\)", _fill(query, values))
        if not asked:
            raise AssertionError(f"variable {variable['name']}: no label_values(): {query}")
        found = prometheus.label_values(asked[2], asked[1] or '{__name__=~".+"}')
        if not found:
            raise AssertionError(f"variable {variable['name']} has no values: {query}")
        return "|".join(found) if variable.get("includeAll") else found[0]


def _fill(expression, values):
    def value(found):
        name = found[1] or found[2] or found[3]
        if name not in values:
            raise AssertionError(f"unknown variable {found[0]} in {expression}")
        return values[name]
    return re.sub(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]", value, expression)
