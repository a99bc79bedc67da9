"""A TLS site whose certificate is valid, expiring, expired, for another name, or not trusted."""

import time
import unittest

from support import (App, Authority, EndToEndTest, PagerDuty, alerting, main_file, rule, rule_file,
                     target)

RULES = rule_file(
    rule("CertificateExpired", "probe_ssl_earliest_cert_expiry - time() <= 0"),
    rule("CertificateExpiring", "(probe_ssl_earliest_cert_expiry - time() < 30 * 86400) > 0",
         severity="warning"),
    rule("CertificateBad", 'probe_success{prober="tls"} == 0'))


class Certificates(EndToEndTest):
    def setUp(self):
        self.authority = Authority(self.folder / "ca")
        self.pagerduty = self.start(PagerDuty())
        self.addCleanup(self.assert_nothing_invalid, self.pagerduty)

    def watch(self, certificate, ca_file=None):
        self.site = self.start(App(certificate))
        site = target("site", "tls", f"localhost:{self.site.port}")
        if ca_file:
            site["tls"] = {"ca_file": str(ca_file)}
        return self.daemon(main_file(site), rules=RULES,
                           alerting=alerting(pagerduty=self.pagerduty))

    def failure(self, daemon):
        return daemon.metrics().find("probe_failure_info", target="site")[0].labels["reason"]

    def test_a_valid_one_is_silent_and_its_end_is_shown(self):
        certificate = self.authority.valid()
        daemon = self.watch(certificate, self.authority.ca_file)
        daemon.wait_for_value(1, "probe_success", target="site")
        shown = daemon.metrics().value("probe_ssl_earliest_cert_expiry", target="site")
        self.assertAlmostEqual(shown, certificate.not_after.timestamp(), delta=2)
        self.assertEqual(daemon.metrics().alerts(), [])

    def test_expiring_warns_but_does_not_say_expired(self):
        daemon = self.watch(self.authority.expiring(days=10), self.authority.ca_file)
        page = self.pagerduty.wait_for_event("trigger", "CertificateExpiring on site")
        self.assertEqual(page.event["payload"]["severity"], "warning")
        daemon.wait_for_value(1, "probe_success", target="site")
        self.assertEqual(len(daemon.metrics().alerts()), 1)

        self.site.present(self.authority.valid())
        self.pagerduty.wait_for_event("resolve", after=page)

    def test_expired_is_critical_and_not_expiring(self):
        daemon = self.watch(self.authority.expired(), self.authority.ca_file)
        page = self.pagerduty.wait_for_event("trigger", "CertificateExpired on site")
        self.pagerduty.wait_for_event("trigger", "CertificateBad on site")
        self.assertEqual(self.failure(daemon), "certificate_expired")
        self.assertLess(daemon.metrics().value("probe_ssl_earliest_cert_expiry", target="site"),
                        time.time())
        self.assertEqual(daemon.metrics().alerts("CertificateExpiring"), [])

        self.site.present(self.authority.valid())
        self.pagerduty.wait_for_event("resolve", after=page)
        daemon.wait_for_no_alert("CertificateBad")

    def test_a_certificate_that_expires_while_watched_is_noticed(self):
        daemon = self.watch(self.authority.valid(), self.authority.ca_file)
        daemon.wait_for_value(1, "probe_success", target="site")
        self.site.present(self.authority.issue(days=4 / 86400))
        self.pagerduty.wait_for_event("trigger", "CertificateExpiring on site")
        self.pagerduty.wait_for_event("trigger", "CertificateExpired on site")
        daemon.wait_for_no_alert("CertificateExpiring")

    def test_an_unknown_authority_fails_yet_its_end_is_read(self):
        certificate = self.authority.valid()
        daemon = self.watch(certificate)
        self.pagerduty.wait_for_event("trigger", "CertificateBad on site")
        shown = daemon.wait_for_metric(
            lambda page: page.value("probe_ssl_earliest_cert_expiry", target="site"), "its end")
        self.assertAlmostEqual(shown, certificate.not_after.timestamp(), delta=2)

    def test_another_name_fails(self):
        daemon = self.watch(self.authority.for_another_name(), self.authority.ca_file)
        self.pagerduty.wait_for_event("trigger", "CertificateBad on site")
        self.assertIn("name", self.failure(daemon))


if __name__ == "__main__":
    unittest.main()
