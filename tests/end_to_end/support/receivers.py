"""Stand-ins for Slack's incoming webhooks and PagerDuty's Events API v2.

Both check what they are sent as strictly as the real services, or more so, record every request
with its time of arrival, and can be told to misbehave.
"""

import json
import secrets
import threading
from dataclasses import dataclass

from .http import HttpServer, reset
from .waiting import wait_until

__unittest = True  # a failure shows the test's line, not this file's


@dataclass
class Delivery:
    """One request that arrived, and what became of it."""
    request: object
    outcome: str  # "accepted", "invalid", or the fault that answered: "429", "500", "hang", ...
    event: object = None  # the JSON, if it was any
    problems: tuple = ()

    @property
    def at(self):
        return self.request.at

    @property
    def wall(self):
        return self.request.wall


class Receiver(HttpServer):
    """Accepts by default. The last told behaviour holds until another one is told."""

    def __init__(self):
        super().__init__()
        self._told = threading.Condition()
        self._fault = None
        self._times = 0
        self._deliveries = []

    # What it does with the next requests.

    def accept(self):
        self._tell(None)

    def fail(self, status, times=None, headers=None, body=b"told to fail"):
        """Answers with an HTTP error, `times` times or until told otherwise."""
        self._tell((str(status), (status, headers or {}, body)), times)

    def too_many_requests(self, retry_after, times=None):
        self.fail(429, times, {"Retry-After": str(retry_after)}, b"rate limited")

    def hang(self, times=None):
        """Reads the request and never answers (until told otherwise or stopped)."""
        self._tell(("hang", self._hang), times)

    def reset(self, times=None):
        """Reads the request, then resets the connection."""
        self._tell(("reset", reset), times)

    def refuse(self):
        """Closes the port; listen() opens the same one again."""
        self.down()

    def listen(self):
        self.up()

    # What it was sent.

    @property
    def deliveries(self):
        with self._told:
            return list(self._deliveries)

    def accepted(self):
        return [one for one in self.deliveries if one.outcome == "accepted"]

    def failed(self, outcome=None):
        return [one for one in self.deliveries
                if one.outcome != "accepted" and outcome in (None, one.outcome)]

    def invalid(self):
        return [one for one in self.deliveries if one.outcome == "invalid"]

    def wait_for(self, wanted, limit=15.0, what="a message"):
        """The first accepted delivery for which wanted(delivery) is true."""
        def found():
            return next((one for one in self.accepted() if wanted(one)), None)
        return wait_until(found, limit, f"{what} at {type(self).__name__}", self.describe)

    def describe(self):
        return "; ".join(f"{one.outcome} {one.request.body[:300]!r}" for one in self.deliveries[-5:]
                         ) or "nothing"

    # Within.

    def _tell(self, fault, times=None):
        with self._told:
            self._fault, self._times = fault, times
            self._told.notify_all()

    def _hang(self, connection):
        with self._told:
            self._told.wait_for(lambda: self._fault is None or self._fault[0] != "hang", 120)

    def stop(self):
        self.accept()
        super().stop()

    def answer(self, request):
        event, problems = self.check(request)
        with self._told:
            fault = self._fault
            if fault is not None and self._times is not None:
                self._times -= 1
                if self._times <= 0:
                    self._fault = None
            outcome = "invalid" if problems else fault[0] if fault else "accepted"
            self._deliveries.append(Delivery(request, outcome, event, tuple(problems)))
        if problems:
            return self.refusal(problems)
        return fault[1] if fault else self.acceptance(event)

    def check(self, request):
        """Returns the event and the list of what is wrong with the request."""
        if request.method != "POST":
            return None, [f"method {request.method}"]
        if request.path not in self.paths:
            return None, [f"path {request.path}"]
        if not request.headers.get("content-type", "").startswith("application/json"):
            return None, [f"content type {request.headers.get('content-type')}"]
        try:
            event = json.loads(request.body.decode("utf-8"))
        except ValueError as error:
            return None, [f"no JSON: {error}"]
        if not isinstance(event, dict):
            return None, ["no JSON object"]
        return event, list(self.problems_at(request.path, event))

    @property
    def paths(self):
        return (self.path,)

    def problems_at(self, _path, event):
        return self.problems(event)

    def problems(self, event):
        raise NotImplementedError


class Slack(Receiver):
    """An incoming webhook. Limits: api.slack.com/reference/block-kit, /messaging/webhooks."""

    def __init__(self):
        super().__init__()
        self.secret = secrets.token_hex(12)
        self.path = f"/services/T0PILOT/B0LIGHT/{self.secret}"

    @property
    def webhook(self):
        return self.url + self.path

    def acceptance(self, _event):
        return 200, {"Content-Type": "text/plain"}, b"ok"

    def refusal(self, problems):
        return 400, {"Content-Type": "text/plain"}, b"invalid_payload: " + str(problems).encode()

    def problems(self, event):
        attachments = event.get("attachments", [])
        if not (event.get("text") or event.get("blocks") or attachments):
            yield "no_text"
        yield from _text(event, "text", 40000)
        if len(attachments) > 100:
            yield "too_many_attachments"
        for part in [event, *attachments]:
            blocks = part.get("blocks", [])
            if len(blocks) > 50:
                yield "more than 50 blocks"
            for block in blocks:
                limit = {"section": 3000, "header": 150}.get(block.get("type"), 3000)
                text = block.get("text")
                if isinstance(text, dict) and not 0 < len(text.get("text", "")) <= limit:
                    yield f"invalid_blocks: text of a {block.get('type')}"
        for attachment in attachments:
            for name in ("title", "text", "fallback", "pretext"):
                yield from _text(attachment, name, 40000)

    def texts(self):
        """Every accepted message as one text, as a reader in the channel sees it."""
        return [text_of(one.event) for one in self.accepted()]

    def wait_for_text(self, *parts, limit=15.0):
        """The first accepted message that has all the parts."""
        return self.wait_for(lambda one: all(part in text_of(one.event) for part in parts), limit,
                             f"a message with {', '.join(map(repr, parts))}")


class PagerDuty(Receiver):
    """POST /v2/enqueue and /v2/change/enqueue. Fields: PagerDuty/developer-docs,
    docs/events-API-v2/."""

    path = "/v2/enqueue"
    change_path = "/v2/change/enqueue"
    paths = (path, change_path)

    def __init__(self):
        super().__init__()
        self.routing_key = secrets.token_hex(16)

    @property
    def endpoint(self):
        return self.url + self.path

    def acceptance(self, event):
        answer = {"status": "success", "message": "Event processed",
                  "dedup_key": event.get("dedup_key", "made-by-pagerduty")}
        return 202, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def refusal(self, problems):
        answer = {"status": "invalid event", "message": "Event object is invalid",
                  "errors": problems}
        return 400, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def problems(self, event):
        known = {"routing_key", "event_action", "dedup_key", "payload", "images", "links",
                 "client", "client_url"}
        for name in event.keys() - known:
            yield f"unknown field {name}"
        if event.get("routing_key") != self.routing_key:
            yield "routing_key is not the one of this service"
        action = event.get("event_action")
        if action not in ("trigger", "acknowledge", "resolve"):
            yield f"event_action {action!r}"
        yield from _text(event, "dedup_key", 255, required=action != "trigger")
        yield from _text(event, "client", 1024)
        yield from _text(event, "client_url", 2048)
        if action == "trigger" or "payload" in event:
            yield from self._payload_problems(event.get("payload"))
        for link in event.get("links", []):
            yield from _text(link, "href", 2048, required=True)
        for image in event.get("images", []):
            yield from _text(image, "src", 2048, required=True)
        if len(json.dumps(event)) > 512 * 1024:
            yield "larger than 512 KB"

    def changes(self):
        """The change events, in the order of their arrival."""
        return [one.event for one in self.accepted() if one.request.path == self.change_path]

    def problems_at(self, path, event):
        return self._change_problems(event) if path == self.change_path else self.problems(event)

    def _change_problems(self, event):
        for name in event.keys() - {"routing_key", "payload", "links", "images"}:
            yield f"unknown field {name}"
        if event.get("routing_key") != self.routing_key:
            yield "routing_key is not the one of this service"
        payload = event.get("payload")
        if not isinstance(payload, dict):
            yield "payload is missing"
            return
        for name in payload.keys() - {"summary", "source", "timestamp", "custom_details"}:
            yield f"unknown field payload.{name}"
        yield from _text(payload, "summary", 1024, required=True)
        yield from _text(payload, "source", 1024)
        yield from _text(payload, "timestamp", 1024)
        for link in event.get("links", []):
            yield from _text(link, "href", 2048, required=True)

    @staticmethod
    def _payload_problems(payload):
        if not isinstance(payload, dict):
            yield "payload is missing"
            return
        known = {"summary", "source", "severity", "timestamp", "component", "group", "class",
                 "custom_details"}
        for name in payload.keys() - known:
            yield f"unknown field payload.{name}"
        yield from _text(payload, "summary", 1024, required=True)
        yield from _text(payload, "source", 1024, required=True)
        for name in ("component", "group", "class", "timestamp"):
            yield from _text(payload, name, 1024)
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            yield f"payload.severity {payload.get('severity')!r}"

    def incidents(self):
        """What PagerDuty would show: {dedup_key: "triggered" or "resolved"}, oldest first."""
        state = {}
        for one in self.accepted():
            key = one.event.get("dedup_key")
            if one.event["event_action"] == "trigger":
                state[key] = "triggered"
            elif key in state:
                state[key] = "resolved"
        return state

    def wait_for_event(self, action, *parts, limit=15.0, after=None):
        """The first accepted event of this action whose texts have all the parts.

        With `after`, a delivery, only what arrived later and has its dedup_key counts.
        """
        def wanted(one):
            if one.event["event_action"] != action:
                return False
            if after and (one.at <= after.at or one.event["dedup_key"] != after.event["dedup_key"]):
                return False
            return all(part in text_of(one.event) for part in parts)
        with_parts = f" with {', '.join(map(repr, parts))}" if parts else ""
        with_key = f" and the key {after.event['dedup_key']!r}" if after else ""
        return self.wait_for(wanted, limit, f"a {action}{with_parts}{with_key}")


def text_of(event):
    """All texts of a Slack message or a PagerDuty event, a line each."""
    if isinstance(event, dict):
        return "\n".join(filter(None, (text_of(value) for value in event.values())))
    if isinstance(event, list):
        return "\n".join(filter(None, map(text_of, event)))
    return event if isinstance(event, str) else ""


def _text(holder, name, limit, required=False):
    value = holder.get(name)
    if value is None:
        if required:
            yield f"{name} is missing"
    elif not isinstance(value, str):
        yield f"{name} is no text"
    elif required and not value:
        yield f"{name} is empty"
    elif len(value) > limit:
        yield f"{name} has {len(value)} characters, {limit} are allowed"
