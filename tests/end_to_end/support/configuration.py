"""Pieces of configuration for tests, as values; JSON is YAML, so they are written as JSON."""

import json
import re


def http_target(name, url, **options):
    """A target asked every half second; `options` are its http section."""
    target = {"name": name, "prober": "http", "target": url, **FAST}
    if options:
        target["http"] = options
    return target


FAST = {"interval": "500ms", "timeout": "500ms"}


def target(name, prober, address=None, **more):
    """A target of any prober, asked every half second; `more` are further keys."""
    described = {"name": name, "prober": prober, **FAST, **more}
    if address is not None:
        described["target"] = str(address)
    return described


def rule(name, expression, hold="0s", severity="critical", **annotations):
    """An alerting rule; `hold` is its `for`."""
    return {"alert": name, "expr": expression, "for": hold, "labels": {"severity": severity},
            "annotations": {"summary": f"{name} on {{{{ $labels.target }}}}", **annotations}}


def rule_file(*rules, interval="1s", group="test"):
    return {"groups": [{"name": group, "interval": interval, "rules": list(rules)}]}


def alerting(slack=None, pagerduty=None, group_by=("alertname", "target"), **route):
    """Alertmanager's file: one route to one receiver that has both integrations."""
    receiver = {"name": "team"}
    if slack:
        receiver["slack_configs"] = [{"api_url": slack.webhook, "channel": "#ops",
                                      "send_resolved": True}]
    if pagerduty:
        receiver["pagerduty_configs"] = [{"routing_key": pagerduty.routing_key,
                                          "url": pagerduty.endpoint, "send_resolved": True}]
    return {"route": {"receiver": "team", "group_by": list(group_by), "group_wait": "0s",
                      "group_interval": "1s", "repeat_interval": "4h", **route},
            "receivers": [receiver]}


def main_file(*targets, **more):
    """pilotlight.yaml with rules/*.yaml and alerting.yaml beside it."""
    return {"rule_files": ["rules/*.yaml"], "alerting_file": "alerting.yaml",
            "targets": list(targets), **more}


def shortened(text, hold="1s", ranges="5s", interval="1s"):
    """A shipped rule file with every `for`, range and group interval cut short, else unchanged."""
    text = re.sub(r"^(\s*(?:-\s+)?for:\s*)\S+", rf"\g<1>{hold}", text, flags=re.MULTILINE)
    text = re.sub(r"^(\s*(?:-\s+)?interval:\s*)\S+", rf"\g<1>{interval}", text, flags=re.MULTILINE)
    return re.sub(r"\[\d+[smhd]\]", f"[{ranges}]", text)


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value, indent=2) + "\n"
