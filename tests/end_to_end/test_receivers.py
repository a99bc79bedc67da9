"""Every kind of receiver: told, told of the end, and told in spite of faults."""

import datetime
import unittest

from support import (Alertmanager, AlertmanagerMember, App, Authority, Discord, EndToEndTest,
                     MailServer, Opsgenie, PagerDuty, SlackBot, Teams, Telegram, Webhook, fetch,
                     http_target, main_file, pilotlight, rule, rule_file, text_of, wait_until)

SERVICES = (SlackBot, Discord, Teams, Telegram, Opsgenie, Webhook, AlertmanagerMember)
PATHS = ("/", "/metrics", "/api/status", "/api/v2/status", "/api/v2/receivers", "/api/v2/alerts",
         "/api/v1/status/config", "/api/v1/alerts")


def watched(name, app):
    """Asked each second: with eight services about, an answer may take its time."""
    return {**http_target(name, app.health_url), "interval": "1s", "timeout": "1s"}


class Told(EndToEndTest):
    """An application, and a team that has every kind of receiver."""

    def watch(self, *integrations, rules=None, **route):
        """A daemon whose one receiver has the integrations, each (key, options)."""
        receiver = {"name": "team"}
        for key, options in integrations:
            receiver.setdefault(key, []).append(options)
        daemon = self.daemon(
            main_file(watched("api", self.app)),
            rules=rules or rule_file(rule("AppDown", "probe_success == 0")),
            alerting={"route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s",
                                "group_interval": "1s", **route}, "receivers": [receiver]})
        daemon.wait_for_value(1, "probe_success", target="api")
        return daemon

    def setUp(self):
        self.app = self.start(App())

    def service(self, kind):
        made = self.start(kind())
        self.addCleanup(self.assert_nothing_invalid, made)
        return made

    def mail_server(self):
        authority = Authority(self.folder / "authority")
        server = self.start(MailServer(authority.valid()))
        return server, server.configuration(authority.ca_file)


class EveryKind(Told):
    def setUp(self):
        super().setUp()
        self.services = {kind.__name__: self.service(kind) for kind in SERVICES}
        self.mail, mail_options = self.mail_server()
        self.daemon_ = self.watch(*(one.configuration() for one in self.services.values()),
                                  mail_options)

    def outage(self, spoil=lambda service: None):
        """Down until all were told, then up until all were told that."""
        for service in self.services.values():
            spoil(service)
        self.app.down()
        told = {name: service.wait_for_text("AppDown")
                for name, service in self.services.items()}
        told["mail"] = self.mail.wait_for("AppDown", "FIRING")
        self.app.up()
        return told

    def wait_for_end(self, told):
        for name, service in self.services.items():
            after = told[name].at
            if name == "Opsgenie":
                wait_until(lambda: set(service.alerts().values()) == {"closed"}, 20,
                           "Opsgenie's alert to be closed", service.alerts)
            elif name == "SlackBot":
                wait_until(lambda: all("RESOLVED" in text_of(one) for one in service.shown()), 20,
                           "the bot's message to say the end", service.shown)
            elif name == "AlertmanagerMember":
                service.wait_for(lambda one: one.at > after and all(
                    alert["endsAt"] < alert_time(one) for alert in one.event), 20, "the end")
            elif name == "Webhook":
                service.wait_for_text('resolved', after=after)
            else:
                service.wait_for_text("RESOLVED", after=after)
        self.mail.wait_for("RESOLVED", after=told["mail"].at)
        self.daemon_.wait_for_value(0, "pilotlight_outbox_pending")

    def test_is_told_and_told_of_the_end(self):
        told = self.outage()
        self.wait_for_end(told)
        first, last = self.mail.mails[0], self.mail.mails[-1]
        self.assertEqual(first.recipients, ["ops@example.com"])
        self.assert_contains("AppDown on api", first.text())
        self.assert_contains("AppDown on api", first.text("html"))
        self.assertEqual(first.message["References"], last.message["References"])
        self.assertNotEqual(first.message["Message-Id"], last.message["Message-Id"])
        for name, service in self.services.items():
            self.assertEqual(service.failed(), [], name)
        self.assertEqual(self.mail.refused, [])

    def check_fault(self, outcome, spoil):
        told = self.outage(spoil)
        for name, service in self.services.items():
            spoiled = service.failed(outcome)
            self.assertEqual(len(spoiled), 1, name)
        self.wait_for_end(told)
        return told

    def test_retry_after_is_obeyed(self):
        told = self.check_fault("429", lambda service: service.limit(2, times=1))
        for name, service in self.services.items():
            self.assertGreaterEqual(told[name].at - service.failed("429")[0].at, 2.0, name)

    def test_a_server_error_is_retried(self):
        self.mail.fail("451 4.3.0 try again later")
        self.check_fault("500", lambda service: service.fail(500, times=1))
        self.assertEqual(len(self.mail.refused), 1)

    def test_a_reset_after_accepting_leads_to_one_repeat(self):
        self.mail.reset_after_data = 1
        told = self.check_fault("reset", lambda service: service.reset(times=1))
        self.assertEqual(len(self.mail.refused), 1)
        # By these the service knows the repeat.
        alias = {one.event["alias"] for one in self.services["Opsgenie"].deliveries}
        self.assertEqual(len(alias), 1)
        hooks = self.services["Webhook"].deliveries
        self.assertEqual(hooks[0].request.headers["idempotency-key"],
                         told["Webhook"].request.headers["idempotency-key"])

    def test_a_failure_inside_a_200_is_a_failure(self):
        def spoil(service):
            if service.failure_inside is not None:
                service.fail_inside(times=1)
        told = self.outage(spoil)
        self.wait_for_end(told)
        for name, service in self.services.items():
            inside = service.failure_inside is not None
            self.assertEqual(len(service.failed("200")), 1 if inside else 0, name)

    def test_a_refusal_is_reported_without_any_secret(self):
        for service in self.services.values():
            service.refuse_with_secret()
        self.mail.fail(f"550 5.7.1 not for {self.mail.secret}", times=100)
        self.app.down()
        for one in ("slack", "discord", "msteamsv2", "telegram", "opsgenie", "webhook",
                    "alertmanager", "email"):
            self.daemon_.wait_for_metric(
                lambda page, one=one: any(sample.value for sample in page.find(
                    "pilotlight_notifications_failed_total", integration=one,
                    reason="client_error")),
                f"the refusal of {one}")
        shown = {path: self.daemon_.get(path).text for path in PATHS}
        config = self.daemon_.folder / "pilotlight.yaml"
        shown["check config"] = pilotlight("check", "config", config).text
        self.daemon_.stop()
        shown["the log"] = self.daemon_.log()
        self.assert_contains("no rights with", shown["the log"])
        for where, text in shown.items():
            for name, one in {**self.services, "mail": self.mail}.items():
                self.assertNotIn(one.secret, text, f"{name}'s secret is shown by {where}")


class Bot(Told):
    """One message per group at Slack, edited as the group changes, its timeline in the thread."""

    def setUp(self):
        super().setUp()
        self.other = self.start(App())
        self.bot = self.service(SlackBot)
        self.daemon_ = self.daemon(
            main_file(watched("api", self.app),
                      watched("shop", self.other)),
            rules=rule_file(rule("AppDown", "probe_success == 0")),
            alerting={"route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s",
                                "group_interval": "1s"},
                      "receivers": [{"name": "team",
                                     "slack_configs": [self.bot.configuration()[1]]}]})
        for name in ("api", "shop"):
            self.daemon_.wait_for_value(1, "probe_success", target=name)

    def wait_for_shown(self, *parts, count=1):
        return wait_until(lambda: len(self.bot.shown()) == count and all(
            part in text_of(self.bot.shown()[-1]) for part in parts), 20,
            f"message {count} to show {parts}", self.bot.shown)

    def test_edits_its_message_across_a_kill_and_replies_in_its_thread(self):
        self.app.down()
        self.wait_for_shown("FIRING:1", "AppDown on api")
        self.daemon_.wait_for_value(0, "pilotlight_outbox_pending")
        self.daemon_.kill()
        self.daemon_.start()
        self.other.down()
        self.wait_for_shown("FIRING:2", "AppDown on shop")
        self.app.up()
        self.other.up()
        self.wait_for_shown("RESOLVED")
        replies = [text_of(one) for one in self.bot.shown()[0]["replies"]]
        self.assertGreaterEqual(len(replies), 2)
        self.assert_contains("shop", replies[0])
        # What is new is worth a sound, which an edit does not make.
        self.assertTrue(self.bot.shown()[0]["replies"][0].get("reply_broadcast"))

    def test_posts_anew_what_it_may_not_edit(self):
        self.app.down()
        self.wait_for_shown("FIRING:1")
        self.bot.forget()
        self.other.down()
        self.wait_for_shown("FIRING:2", "AppDown on shop")
        self.daemon_.wait_for_value(0, "pilotlight_outbox_pending")


class Renamed(Told):
    """A receiver that is called otherwise after a restart."""

    def setUp(self):
        super().setUp()
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def alerting_of(self, name, service):
        return {"route": {"receiver": name, "group_by": ["alertname"], "group_wait": "0s",
                          "group_interval": "1s"},
                "receivers": [{"name": name, "pagerduty_configs": [
                    {"routing_key": service.routing_key, "url": service.endpoint}]}]}

    def restart_as(self, name, service):
        daemon = self.daemon(main_file(watched("api", self.app)),
                             rules=rule_file(rule("AppDown", "probe_success == 0")),
                             alerting=self.alerting_of("team", self.pagerduty))
        daemon.wait_for_value(1, "probe_success", target="api")
        self.app.down()
        page = self.pagerduty.wait_for_event("trigger", "AppDown")
        daemon.wait_for_value(0, "pilotlight_outbox_pending")
        daemon.stop()
        daemon.write("alerting.yaml", self.alerting_of(name, service))
        daemon.start()
        daemon.wait_for_alert("AppDown")
        return daemon, page

    def test_its_incident_goes_on_and_ends_under_its_key(self):
        daemon, page = self.restart_as("duty", self.pagerduty)
        self.assert_contains("team/pagerduty[0] is duty/pagerduty[0] now", daemon.log())
        self.app.up()
        self.pagerduty.wait_for_event("resolve", after=page)
        daemon.wait_for_value(0, "pilotlight_outbox_pending")
        self.assertEqual(self.pagerduty.incidents(), {page.event["dedup_key"]: "resolved"})

    def test_what_stays_open_elsewhere_is_logged_and_shown(self):
        other = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, other)
        daemon, page = self.restart_as("duty", other)
        other.wait_for_event("trigger", "AppDown")
        self.assert_contains(page.event["dedup_key"], daemon.log())
        status = daemon.get("/api/status").json()
        gone = [one for one in status["receivers"] if one["name"] == "team"]
        self.assertEqual([one["dead"] for one in gone], [1])
        self.assert_contains("stays open", gone[0]["last_error"])


class RealAlertmanager(Told):
    def test_is_told_as_by_a_prometheus(self):
        real = self.start(Alertmanager(self.folder, {
            "route": {"receiver": "none"}, "receivers": [{"name": "none"}]}))
        self.watch(("alertmanager_configs", {"urls": [real.url], "resend_delay": "1s"}))

        def alerts():
            return fetch(f"{real.url}/api/v2/alerts").json()
        self.app.down()
        told = wait_until(alerts, 20, "Alertmanager to have the alert")
        self.assertEqual(told[0]["labels"]["alertname"], "AppDown")
        self.assertEqual(told[0]["annotations"]["summary"], "AppDown on api")
        self.assertEqual(told[0]["status"]["state"], "active")
        updated = told[0]["updatedAt"]
        wait_until(lambda: alerts()[0]["updatedAt"] > updated, 10, "it to be told again")
        self.app.up()
        wait_until(lambda: not alerts(), 20, "Alertmanager to see the end", alerts)


def alert_time(delivery):
    """The moment of a delivery as RFC 3339, which sorts as text."""
    moment = datetime.datetime.fromtimestamp(delivery.wall, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


if __name__ == "__main__":
    unittest.main()
