"""Stand-ins for what else can be told: a Slack bot's API, Discord, Teams, Telegram, Opsgenie.

Like their elders in receivers.py they refuse what the real services refuse, by the limits that
these publish, and can be told to misbehave.
"""

import json
import secrets

from .receivers import Receiver, _text, text_of

__unittest = True  # a failure shows the test's line, not this file's

_JSON = {"Content-Type": "application/json"}


def _as_json(value):
    return json.dumps(value).encode()


class Service(Receiver):
    """Has a secret, which wrong() looks for; says no, if told to, with a 200 as well."""

    # A body with which the service says with a 200 that it failed; None for those that never do.
    failure_inside = None

    def __init__(self):
        super().__init__()
        self.secret = secrets.token_hex(16)

    def fail_inside(self, times=None):
        """Answers 200, with the failure in the body."""
        self.fail(200, times, _JSON, self.failure_inside)

    def limit(self, seconds, times=None):
        """429, as the service says it."""
        self.too_many_requests(seconds, times)

    def refuse_with_secret(self):
        """Answers 403 with what must not be repeated in its words."""
        self.fail(403, None, {"Content-Type": "text/plain"},
                  f"no rights with {self.secret}".encode())

    def check(self, request):
        problems = list(self.wrong(request))
        if problems:
            return None, problems
        try:
            event = json.loads(request.body.decode("utf-8"))
        except ValueError as error:
            return None, [f"no JSON: {error}"]
        return event, list(self.problems(event))

    def wrong(self, request):
        """What is wrong with the request but for its body."""
        if request.method != "POST":
            yield f"method {request.method}"
        if not self.knows(request.path):
            yield f"path {request.path}"
        if not request.headers.get("content-type", "").startswith("application/json"):
            yield f"content type {request.headers.get('content-type')}"

    def knows(self, path):
        return path == self.path

    def acceptance(self, event):
        return 200, _JSON, b"{}"

    def refusal(self, problems):
        return 400, _JSON, _as_json({"errors": problems})

    def wait_for_text(self, *parts, limit=20.0, after=0.0):
        """The first accepted message, later than `after` (monotonic), that has all the parts."""
        return self.wait_for(
            lambda one: one.at > after and all(part in text_of(one.event) for part in parts),
            limit, f"a message with {', '.join(map(repr, parts))}")


class SlackBot(Service):
    """chat.postMessage and chat.update. Source: slackapi/slack-api-specs."""

    failure_inside = _as_json({"ok": False, "error": "fatal_error"})

    def __init__(self):
        super().__init__()
        self.token = self.secret = f"xoxb-{self.secret}"
        self.channel = "C0PILOT"
        self.messages = {}  # ts: the message as it stands, its thread in "replies"

    @property
    def post_url(self):
        return self.url + "/api/chat.postMessage"

    def configuration(self):
        return "slack_configs", {"app_token": self.token, "app_url": self.post_url,
                                 "channel": "#ops", "send_resolved": True}

    def forget(self):
        """Deletes every message, as an owner of the workspace may."""
        self.messages.clear()

    def shown(self):
        """The channel's messages, oldest first, edits included."""
        return list(self.messages.values())

    def knows(self, path):
        return path in ("/api/chat.postMessage", "/api/chat.update")

    def wrong(self, request):
        if request.headers.get("authorization") != f"Bearer {self.token}":
            yield "not_authed"
        yield from super().wrong(request)

    def check(self, request):
        event, problems = super().check(request)
        if event is not None:
            event["method"] = request.path.rpartition(".")[2]
        return event, problems

    def problems(self, event):
        if not event.get("channel"):
            yield "channel_not_found"
        if not (event.get("text") or event.get("attachments") or event.get("blocks")):
            yield "no_text"
        for part in [event, *event.get("attachments", [])]:
            for block in part.get("blocks", []):
                text = block.get("text")
                if isinstance(text, dict) and not 0 < len(text.get("text", "")) <= 3000:
                    yield f"invalid_blocks: text of a {block.get('type')}"

    def acceptance(self, event):
        said_no = self._take(event)
        if said_no:
            return 200, _JSON, _as_json({"ok": False, "error": said_no})
        return 200, _JSON, _as_json({"ok": True, "channel": self.channel, "ts": event["ts"]})

    def _take(self, event):
        if event["method"] == "update":
            if event["ts"] not in self.messages:
                return "message_not_found"
            if event["channel"] != self.channel:
                return "channel_not_found"
            self.messages[event["ts"]].update(event)
            return None
        thread = event.get("thread_ts")
        if thread is not None and thread not in self.messages:
            return "thread_not_found"
        event["ts"] = f"{1_700_000_000 + len(self.deliveries)}.{secrets.randbelow(10**6):06}"
        if thread is None:
            self.messages[event["ts"]] = {**event, "replies": []}
        else:
            self.messages[thread]["replies"].append(event)
        return None

    def refusal(self, problems):
        return 200, _JSON, _as_json({"ok": False, "error": problems[0]})


class Discord(Service):
    """A channel's webhook. Limits: discord.com/developers/docs/resources/message."""

    def __init__(self):
        super().__init__()
        self.path = f"/api/webhooks/4711/{self.secret}"

    def configuration(self):
        return "discord_configs", {"webhook_url": self.url + self.path}

    def limit(self, seconds, times=None):
        self.fail(429, times, _JSON, _as_json({"retry_after": float(seconds), "global": False}))

    def acceptance(self, event):
        return 204, {}, b""

    def problems(self, event):
        embeds = event.get("embeds", [])
        if not (embeds or event.get("content")):
            yield "cannot send an empty message"
        if len(embeds) > 10:
            yield "more than 10 embeds"
        yield from _text(event, "content", 2000)
        for embed in embeds:
            yield from _text(embed, "title", 256)
            yield from _text(embed, "description", 4096)
        if "parse" not in event.get("allowed_mentions", {}):
            yield "allowed_mentions is missing: a label could wake everyone"


class Teams(Service):
    """A workflow that takes an Adaptive Card of at most 28 KB."""

    failure_inside = (b"Webhook message delivery failed with error: Microsoft Teams endpoint "
                      b"returned HTTP error 503 with ContextId tcid=0")

    def __init__(self):
        super().__init__()
        self.path = f"/workflows/4711/triggers/manual/paths/invoke?sig={self.secret}"

    def configuration(self):
        return "msteamsv2_configs", {"webhook_url": self.url + self.path}

    def acceptance(self, event):
        return 202, {}, b""

    def problems(self, event):
        if len(json.dumps(event)) > 28_000:
            yield "larger than 28 KB"
        for attachment in event.get("attachments", [{}]):
            if attachment.get("contentType") != "application/vnd.microsoft.card.adaptive":
                yield f"contentType {attachment.get('contentType')}"
            if attachment.get("content", {}).get("type") != "AdaptiveCard":
                yield "no AdaptiveCard"


class Telegram(Service):
    """sendMessage of the Bot API. Source: core.telegram.org/bots/api."""

    failure_inside = _as_json({"ok": False, "description": "Internal Server Error"})

    def __init__(self):
        super().__init__()
        self.token = f"4711:{self.secret}"
        self.path = f"/bot{self.token}/sendMessage"

    def configuration(self):
        return "telegram_configs", {"bot_token": self.token, "chat_id": -100, "api_url": self.url}

    def limit(self, seconds, times=None):
        self.fail(429, times, _JSON, _as_json({
            "ok": False, "error_code": 429, "parameters": {"retry_after": seconds}}))

    def acceptance(self, event):
        return 200, _JSON, _as_json({"ok": True, "result": {"message_id": 1}})

    def problems(self, event):
        if event.get("chat_id") != -100:
            yield "chat not found"
        yield from _text(event, "text", 4096, required=True)
        if event.get("parse_mode", "HTML") not in ("HTML", "Markdown", "MarkdownV2"):
            yield f"unsupported parse_mode {event['parse_mode']}"


class Opsgenie(Service):
    """The Alert API. Source: docs.opsgenie.com/docs/alert-api."""

    def configuration(self):
        return "opsgenie_configs", {"api_key": self.secret, "api_url": self.url}

    def knows(self, path):
        return path == "/v2/alerts" or path.startswith("/v2/alerts/")

    def wrong(self, request):
        if request.headers.get("authorization") != f"GenieKey {self.secret}":
            yield "Could not authenticate"
        yield from super().wrong(request)

    def check(self, request):
        event, problems = super().check(request)
        if event is not None and request.path != "/v2/alerts":
            parts = request.path.partition("?")[0].split("/")
            event["alias"], event["action"] = parts[3], parts[4]
        return event, problems

    def problems(self, event):
        if "message" in event:
            yield from _text(event, "message", 130, required=True)
            yield from _text(event, "alias", 512, required=True)
            yield from _text(event, "description", 15000)

    def acceptance(self, event):
        return 202, _JSON, _as_json({"result": "Request will be processed", "took": 0.1})

    def alerts(self):
        """{alias: "open" or "closed"}, oldest first; what was closed before is opened anew."""
        state = {}
        for one in self.accepted():
            if one.event.get("action") != "close":
                state[one.event["alias"]] = "open"
            elif one.event["alias"] in state:
                state[one.event["alias"]] = "closed"
        return state


class Webhook(Service):
    """Takes Alertmanager's JSON, version 4, from whoever has the login."""

    path = "/hook"

    def configuration(self):
        return "webhook_configs", {"url": self.url + self.path, "http_config": {
            "authorization": {"credentials": self.secret}}}

    def wrong(self, request):
        if request.headers.get("authorization") != f"Bearer {self.secret}":
            yield "no login"
        yield from super().wrong(request)

    def problems(self, event):
        if event.get("version") != "4":
            yield f"version {event.get('version')}"


class AlertmanagerMember(Service):
    """POST /api/v2/alerts of one member of a cluster that is behind a login."""

    path = "/api/v2/alerts"

    def configuration(self):
        return "alertmanager_configs", {"urls": [self.url], "resend_delay": "1s", "http_config": {
            "basic_auth": {"username": "pilotlight", "password": self.secret}}}

    def problems(self, event):
        for alert in event:
            if not alert.get("labels"):
                yield "an alert without labels"
            if not alert.get("endsAt"):
                yield "an alert that never ends"
