"""The status page in a real browser: it shows what is wrong, and follows by itself."""

import unittest

from support import (App, Browser, EndToEndTest, PagerDuty, alerting, http_target, main_file, rule,
                     rule_file, wait_until)


class StatusPage(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.pagerduty = self.start(PagerDuty())
        services = [{"name": "application", "title": "LPG Distributor", "rto": "2h"}]
        described = http_target("lpg-api", self.app.health_url) | {"service": "application"}
        self.watched = self.daemon(
            main_file(described, services=services),
            rules=rule_file(rule("ApplicationDown", "probe_success == 0", hold="1s",
                                 description="The application does not answer."),
                            rule("NobodyBringsIt", "probe_sucess == 0")),
            alerting=alerting(pagerduty=self.pagerduty))
        self.watched.wait_for_value(1, "probe_success", target="lpg-api")

    def wait_for_text(self, browser, *parts, gone=()):
        def shown():
            text = browser.text()
            return all(part in text for part in parts) and not any(part in text for part in gone)
        wait_until(shown, 20, f"the page to show {parts}{f' and not {gone}' if gone else ''}",
                   browser.text, every=0.1)

    def test_follows_an_outage_by_itself(self):
        browser = self.start(Browser(self.folder))
        browser.open(self.watched.url + "/")
        self.wait_for_text(browser, "LPG Distributor", "lpg-api", gone=["ApplicationDown"])
        self.app.down()
        self.wait_for_text(browser, "ApplicationDown")
        self.app.up()
        self.wait_for_text(browser, "LPG Distributor", gone=["ApplicationDown"])
        self.assertEqual(browser.complaints, [])

    def test_tells_of_rules_that_nothing_was_ever_there_for(self):
        self.watched.wait_for_value(1, "pilotlight_rules_unmatched")
        browser = self.start(Browser(self.folder))
        browser.open(self.watched.url + "/")
        self.wait_for_text(browser, "Rules without series")
        status = self.watched.get("/api/status").json()
        self.assertEqual([rule["name"] for rule in status["unmatched_rules"]], ["NobodyBringsIt"])
        self.assertEqual(status["counts"]["rules_unmatched"], 1)
        self.assertEqual(browser.complaints, [])

    def test_loads_nothing_from_elsewhere_and_runs_nothing_inline(self):
        page = self.watched.get("/")
        self.assertEqual(page.status, 200)
        self.assertTrue(page.headers["Content-Type"].startswith("text/html"))
        policy = page.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        for elsewhere in ('src="http', 'href="//', 'src="//', "@import", " onclick=", "<style"):
            self.assertNotIn(elsewhere, page.text)

    def test_says_that_it_has_lost_its_daemon(self):
        browser = self.start(Browser(self.folder))
        browser.open(self.watched.url + "/")
        self.wait_for_text(browser, "lpg-api")
        before = browser.text()
        self.watched.stop()
        wait_until(lambda: browser.text() != before, 20, "the page to say that it is stale",
                   browser.text, every=0.1)

    def test_a_bad_edit_is_shown_with_its_line(self):
        browser = self.start(Browser(self.folder))
        browser.open(self.watched.url + "/")
        self.wait_for_text(browser, "LPG Distributor")
        self.watched.write("rules/test.yaml", "groups:\n  - nome: x\n")
        self.wait_for_text(browser, "rules/test.yaml:2:")

    def test_hostile_texts_stay_texts(self):
        hostile = "<img src=x onerror=document.title='stolen'>"
        self.watched.write("rules/test.yaml", rule_file(
            rule("Hostile", "probe_success", summary=hostile, description=hostile)))
        browser = self.start(Browser(self.folder))
        browser.open(self.watched.url + "/")
        self.wait_for_text(browser, "Hostile")
        self.assertEqual(browser.evaluate("document.querySelectorAll('img[src=x]').length"), 0)
        self.assertNotEqual(browser.evaluate("document.title"), "stolen")


if __name__ == "__main__":
    unittest.main()
