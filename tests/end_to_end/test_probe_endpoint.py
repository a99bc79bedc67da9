"""GET /probe as blackbox_exporter has it: beside that one, and scraped by a real Prometheus."""

import json
import threading
import unittest
from urllib.parse import urlencode

from support import (App, EndToEndTest, Metrics, Process, Prometheus, alerting, fetch,
                     free_port, http_target, main_file, promtool, rule, rule_file, wait_until)

MODULES = {"modules": {
    "http_2xx": {"prober": "http", "timeout": "5s"},
    "quick": {"prober": "http", "timeout": "1s"},
    "post": {"prober": "http", "timeout": "5s",
             "http": {"method": "POST", "headers": {"X-Key": "hunter2"},
                      "basic_auth": {"username": "bob", "password": "hunter2"}}},
    "tcp": {"prober": "tcp", "timeout": "5s"}}}


class Blackbox:
    """Debian's blackbox_exporter."""

    def __init__(self, folder):
        self.port = free_port()
        (folder / "blackbox.yml").write_text(json.dumps(MODULES))
        self._process = Process("blackbox_exporter", [
            "prometheus-blackbox-exporter", f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address=127.0.0.1:{self.port}"], folder / "blackbox.log")

    def start(self):
        self._process.start_until(self._ready, 20, "blackbox_exporter to be ready")

    def stop(self):
        self._process.stop()

    def get(self, path, **headers):
        return fetch(f"http://127.0.0.1:{self.port}{path}", headers=headers)

    def _ready(self):
        try:
            return self.get("/-/healthy").status == 200
        except OSError:
            return False


def query(**parameters):
    return "/probe?" + urlencode(parameters)


class ProbeEndpoint(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())

    def watch(self, *targets, **more):
        return self.daemon(main_file(*targets, module_files=["modules.yaml"], **more),
                           rules=rule_file(rule("AppDown", "probe_success == 0")),
                           alerting=alerting(), files={"modules.yaml": MODULES})

    def test_it_says_what_blackbox_exporter_says(self):
        daemon, blackbox = self.watch(), self.start(Blackbox(self.folder))
        refused = f"127.0.0.1:{free_port()}"
        for parameters in ({"target": self.app.health_url}, {"target": self.app.url + "/none"},
                           {"target": self.app.health_url, "module": "quick"},
                           {"target": self.app.address, "module": "tcp"},
                           {"target": refused, "module": "tcp"},
                           {"target": self.app.health_url, "hostname": "a.example"}):
            with self.subTest(parameters):
                ours, theirs = (one.get(query(**parameters)) for one in (daemon, blackbox))
                self.assertEqual((ours.status, theirs.status), (200, 200), ours.text)
                # Newer ones leave it out, too, where no connection came about.
                is_refused = refused in parameters.values()
                is_left_out = "probe_failed_due_to_regex " if is_refused else "-"
                self.assertEqual({line for line in self.types(theirs.text) - self.types(ours.text)
                                  if is_left_out not in line}, set())
                for one in Metrics(theirs.text).samples:
                    if one.name == is_left_out.strip():
                        continue
                    found = [each for each in Metrics(ours.text).find(one.name)
                             if each.labels == one.labels]
                    self.assertEqual(len(found), 1, f"{one}\n{ours.text}")
                    if "duration" not in one.name and "time_seconds" not in one.name:
                        self.assertEqual(found[0].value, one.value, one)
                self.assertEqual(promtool("check", "metrics", text=ours.text), (0, ""))

    def test_any_method_asks_and_the_form_is_that_of_a_scraper(self):
        daemon, blackbox = self.watch(), self.start(Blackbox(self.folder))
        path = query(target=self.app.health_url)
        old_scraper = {"Accept": "text/plain;version=0.0.4;q=1,*/*;q=0.1"}
        for method, headers in (("GET", {}), ("GET", old_scraper), ("POST", {})):
            with self.subTest(method=method, headers=headers):
                ours, theirs = (fetch(f"http://127.0.0.1:{one.port}{path}", method, b"", headers)
                                for one in (daemon, blackbox))
                self.assertEqual((ours.status, theirs.status), (200, 200))
                self.assertEqual(ours.headers["Content-Type"], theirs.headers["Content-Type"])
                self.assertEqual(Metrics(ours.text).value("probe_success"), 1)
        head = fetch(f"{daemon.url}{path}", "HEAD")
        self.assertEqual((head.status, head.text), (200, ""))

    def types(self, text):
        return {line for line in text.splitlines() if line.startswith("# TYPE ")}

    def test_what_is_wrong_is_refused_in_its_words(self):
        daemon, blackbox = self.watch(), self.start(Blackbox(self.folder))
        for path in ("/probe", query(module="none", target="x"), query(module="tcp"),
                     "/logs?id=99"):
            with self.subTest(path):
                ours, theirs = daemon.get(path), blackbox.get(path)
                self.assertEqual((ours.status, ours.text), (theirs.status, theirs.text))
        # Debian's knows no target there yet.
        for path, status, text in (
                ("/logs?id=1&target=x", 400,
                 "Probe id and target can't be defined at the same time\n"),
                ("/logs?target=none", 404, "Probe target not found\n"),
                ("/logs?id=first", 400,
                 "Probe id or target must be defined as http query parameters\n")):
            answer = daemon.get(path)
            self.assertEqual((answer.status, answer.text), (status, text))
        for one in (daemon, blackbox):
            answer = one.get(query(target="x"),
                             **{"X-Prometheus-Scrape-Timeout-Seconds": "soon"})
            self.assertEqual(answer.status, 500)
            self.assert_contains("Failed to parse timeout from Prometheus header", answer.text)

    def test_a_prometheus_scrapes_through_it_and_no_target_is_touched(self):
        daemon = self.watch(http_target("api", self.app.health_url))
        daemon.wait_for_value(1, "probe_success", target="api")
        prometheus = Prometheus(self.folder, daemon.address)
        path = next(self.folder.glob("prometheus-*/prometheus.yml"))
        config = json.loads(path.read_text())
        config["scrape_configs"] = [{
            "job_name": "blackbox", "metrics_path": "/probe", "params": {"module": ["http_2xx"]},
            "static_configs": [{"targets": [self.app.health_url, self.app.url + "/none"]}],
            "relabel_configs": [
                {"source_labels": ["__address__"], "target_label": "__param_target"},
                {"source_labels": ["__param_target"], "target_label": "instance"},
                {"target_label": "__address__", "replacement": daemon.address}]}]
        path.write_text(json.dumps(config))
        self.start(prometheus)
        for address, expected in ((self.app.health_url, "1"), (self.app.url + "/none", "0")):
            def seen(address=address, expected=expected):
                found = prometheus.query(f'probe_success{{instance="{address}"}}')
                return found and found[0]["value"][1] == expected
            wait_until(seen, 20, f"{address} to be {expected}")
        metric = prometheus.query(
            f'probe_http_status_code{{instance="{self.app.health_url}"}}')[0]["metric"]
        self.assertEqual(metric, {"__name__": "probe_http_status_code", "job": "blackbox",
                                  "instance": self.app.health_url})
        found = daemon.metrics().find("probe_success")
        self.assertEqual([one.labels["target"] for one in found], ["api"])

    def test_a_scrapers_patience_bounds_the_probe(self):
        daemon = self.watch()
        self.app.delay = 30
        answer = daemon.get(query(target=self.app.health_url),
                            **{"X-Prometheus-Scrape-Timeout-Seconds": "1"})
        page = Metrics(answer.text)
        self.assertEqual(page.value("probe_success"), 0)
        self.assertEqual(page.find("probe_failure_info")[0].labels["reason"], "timeout")
        self.assert_contains("timeout_seconds=0.5", daemon.get("/logs?id=0").text)

    def test_debug_and_logs_tell_what_happened_and_no_secret(self):
        daemon = self.watch()
        address = self.app.url.replace("//", "//bob:hunter2@") + "/none?key=hunter2"
        debug = daemon.get(query(target=address, module="post", debug="true"))
        self.assertEqual(debug.status, 200)
        for part in ("Logs for the probe:\n", 'msg="Beginning probe" probe=http timeout_seconds=5',
                     'msg="Probe failed"', "phase=connect duration_seconds=", "reason=status",
                     "Metrics that would have been returned:\n", "probe_http_status_code 404"):
            self.assert_contains(part, debug.text)
        daemon.get(query(target=self.app.health_url))
        listed = daemon.get("/logs")
        self.assertRegex(listed.text, r"\n +1  .*  success  http_2xx +" + self.app.health_url)
        self.assertRegex(listed.text, r"\n +0  .*  failure  post +" + self.app.url + r"/none\n")
        by_id = daemon.get("/logs?id=0")
        self.assertEqual(by_id.text, debug.text)
        self.assertEqual(daemon.get("/logs?" + urlencode({"target": address})).text, debug.text)
        for text in (debug.text, listed.text, daemon.log()):
            self.assertNotIn("hunter2", text)

    def test_who_is_not_plainly_on_loopback_reaches_only_what_is_allowed(self):
        daemon = self.watch(probe_endpoint={"allow": [self.app.url + "/api/.*"]})
        for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Host": "evil.example"},
                        {"Origin": "https://evil.example"}):
            with self.subTest(headers):
                allowed = daemon.get(query(target=self.app.health_url), **headers)
                self.assertEqual(Metrics(allowed.text).value("probe_success"), 1)
                for other in (self.app.metrics_url, "x" + self.app.health_url):
                    refused = daemon.get(query(target=other), **headers)
                    self.assertEqual(refused.status, 403, refused.text)
        daemon.get(query(target=self.app.metrics_url))
        seen = daemon.get("/logs", **{"X-Forwarded-For": "192.0.2.1"}).text
        self.assert_contains(self.app.health_url, seen)
        self.assertNotIn(self.app.metrics_url, seen)
        afar = {"X-Forwarded-For": "192.0.2.1"}
        debug = daemon.get(query(target=self.app.health_url, debug="true"), **afar)
        self.assertNotIn("Logs for the probe", debug.text)
        for one in ({"id": "0"}, {"target": self.app.health_url}):
            path = "/logs?" + urlencode(one)
            self.assertEqual((daemon.get(path, **afar).status, daemon.get(path).status), (404, 200))

        daemon.write("pilotlight.yaml", main_file(module_files=["modules.yaml"]))
        self.assertEqual(daemon.post("/-/reload").status, 200)
        refused = daemon.get(query(target=self.app.health_url), **{"X-Forwarded-For": "192.0.2.1"})
        self.assertEqual(refused.status, 403)

    def test_an_edited_module_counts_from_the_next_request_on(self):
        daemon = self.watch()
        edited = json.loads(json.dumps(MODULES))
        edited["modules"]["http_2xx"]["http"] = {"valid_status_codes": [404]}
        daemon.write("modules.yaml", edited)
        self.assertEqual(daemon.post("/-/reload").status, 200)
        answer = daemon.get(query(target=self.app.health_url))
        self.assertEqual(Metrics(answer.text).value("probe_success"), 0)

    def test_too_many_at_once_are_sent_away_and_others_are_still_served(self):
        daemon = self.watch()
        self.app.delay = 300
        path = query(target=self.app.health_url, module="http")
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(
            fetch(daemon.url + path, limit=100).status)) for _ in range(45)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(statuses) == 13, 60, "13 to be sent away", lambda: statuses)
        self.assertEqual(daemon.get("/-/healthy").status, 200)
        self.app.down()
        for thread in threads:
            thread.join()
        self.assertEqual((statuses.count(503), statuses.count(200)), (13, 32))
        name, labels = "pilotlight_limit_reached_total", {"limit": "probe_endpoint"}
        wait_until(lambda: daemon.metrics().value(name, **labels) == 13, 15, "13 to be counted")

    def test_an_end_does_not_wait_for_a_probe(self):
        daemon = self.watch()
        self.app.delay = 30
        asking = threading.Thread(target=self._ask_quietly, args=(daemon,))
        asking.start()
        wait_until(lambda: self.app.hits > 0, 15, "the probe to begin")
        daemon.stop()
        asking.join()

    def _ask_quietly(self, daemon):
        try:
            daemon.get(query(target=self.app.health_url, module="http"))
        except OSError:
            pass  # the daemon has ended


if __name__ == "__main__":
    unittest.main()
