"""Passwords, tokens and webhook addresses are shown nowhere: no endpoint, no log, no output."""

import re
import unittest
from urllib.parse import quote

from support import (EndToEndTest, PagerDuty, Site, Slack, alerting, http_target, pilotlight, rule,
                     rule_file, target)

PATHS = ["/", "/metrics", "/api/health", "/-/ready", "/-/healthy", "/api/v1/targets",
         "/api/v1/rules", "/api/v1/alerts", "/api/v1/status/config", "/api/v1/status/buildinfo",
         "/api/v1/query?query=probe_success", "/api/v1/series?match[]=probe_success",
         "/api/v2/alerts", "/api/v2/receivers", "/api/v2/status", "/api/incidents", "/api/status"]


class Secrets(EndToEndTest):
    def test_are_shown_nowhere(self):
        site = Site(self)
        slack, pagerduty = self.start(Slack()), self.start(PagerDuty())
        with_login = site.app.health_url.replace("http://", "http://user:login-secret@")
        more = [http_target("with-login", with_login + "?token=query-secret"),
                http_target("down", "http://user:down-secret@127.0.0.1:1/?token=down-query"),
                target("bad-database", "postgres",
                       site.postgres.url.replace(site.postgres.password, "wrong-postgres-secret")),
                target("bad-cache", "redis",
                       site.redis.url.replace(site.redis.password, "wrong-redis-secret"))]
        # What the environment brings is a secret as much as what the file says.
        configuration = site.configuration()
        configuration["targets"] += more
        for described in configuration["targets"]:
            if described["name"] == "primary-database":
                described["target"] = "${DATABASE_URL}"
        daemon = self.daemon(configuration, environment={"DATABASE_URL": site.postgres.url},
                             rules=rule_file(rule("Down", "probe_success == 0")),
                             alerting=alerting(slack, pagerduty))
        slack.fail(403, body=b"invalid_token")
        pagerduty.fail(500)
        daemon.wait_for_value(1, "probe_success", target="primary-database")
        for name in ("down", "bad-database", "bad-cache"):
            daemon.wait_for_alert("Down", target=name)
        daemon.wait_for_metric(lambda page: any(one.value for one in page.find(
            "pilotlight_notifications_failed_total", integration="slack")), "Slack's refusal")

        secrets = {**site.secrets(), "the webhook": slack.secret,
                   "the routing key": pagerduty.routing_key}
        for text in ("login-secret", "query-secret", "down-secret", "down-query",
                     "wrong-postgres-secret", "wrong-redis-secret"):
            secrets[text] = text
        shown = {path: str(answer.headers) + answer.text
                 for path in PATHS for answer in [daemon.get(path)]}
        for asset in set(re.findall(r'(?:src|href)="(/[^"]+)"', shown["/"])):
            shown[asset] = daemon.get(asset).text
        probed = quote(with_login + "?token=query-secret", safe="")
        shown["/probe"] = daemon.get(f"/probe?target={probed}&module=http_2xx").text
        daemon.write("rules/test.yaml", "groups: [\n")
        daemon.wait_for_value(0, "pilotlight_config_last_reload_successful")
        shown["/api/health after a bad edit"] = daemon.get("/api/health").text
        config = daemon.folder / "pilotlight.yaml"
        environment = {"DATABASE_URL": site.postgres.url}
        for name in ("with-login", "down", "bad-database", "bad-cache", "cache"):
            shown[f"probe {name}"] = pilotlight("probe", "--config", config, name,
                                                environment=environment).text
        shown["check config"] = pilotlight("check", "config", config, environment=environment).text
        for command in ("targets", "alerts"):
            shown[command] = pilotlight(command, "--url", daemon.url).text
            shown[f"{command} of nobody"] = pilotlight(
                command, "--url", "http://user:login-secret@127.0.0.1:1").text
        daemon.stop()
        shown["the log"] = daemon.log()
        for where, text in shown.items():
            for what, secret in secrets.items():
                self.assertNotIn(secret, text, f"{what} is shown by {where}")

    def test_the_process_keeps_its_data_to_itself(self):
        daemon = self.daemon({"targets": []})
        # Nobody else reaches the files within, whatever their own modes.
        self.assertEqual(daemon.data.stat().st_mode & 0o077, 0)


if __name__ == "__main__":
    unittest.main()
