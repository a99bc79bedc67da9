"""Requests to the query API however they come, beside a real Prometheus; what tools ask of it."""

import gzip
import json
import socket
import time
import unittest
from urllib.parse import urlencode

from support import (EndToEndTest, HttpServer, Prometheus, fetch, promtool, rule, rule_file, target,
                     wait_until)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Gauges(HttpServer):
    def answer(self, request):
        return 200, {"Content-Type": "text/plain; version=0.0.4"}, b'g{x="1"} 5\ng{x="2"} 7\n'


def raw(url, request):
    """The status line and the body of a request that is sent as it is."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


class Requests(EndToEndTest):
    def setUp(self):
        gauges = self.start(Gauges())
        self.prometheus = self.start(Prometheus(self.folder, gauges.address))
        self.daemon = self.daemon(
            {"targets": [target("gauges", "scrape", gauges.url + "/metrics")],
             "external_labels": {"region": "eu"}, "rule_files": ["rules/*.yaml"],
             "promql": {"compatibility": 2}},
            rules=rule_file(rule("Never", "vector(0) > 1")))
        for one in (self.prometheus, self.daemon):
            wait_until(lambda one=one: fetch(f"{one.url}/api/v1/query?query=count(g)"
                                             ).json()["data"]["result"], 20, "the first scrape")

    def both(self, path, method="GET", body=None, headers=None):
        return [fetch(one.url + path, method, body, headers, limit=60)
                for one in (self.prometheus, self.daemon)]

    def assert_same(self, path, **more):
        theirs, ours = self.both(path, **more)
        self.assertEqual((ours.status, ours.json()), (theirs.status, theirs.json()))
        return ours

    def test_addresses_that_are_not_encoded_mean_what_they_mean_to_prometheus(self):
        for query in ("query=vector(1)?&time=5", "query=1&time=5?", "query=1&a?b=c&time=5",
                      "?query=1", "query=1&&time=5&", "query=%31&time=5",
                      "query=1%2B1&time=5", "query=1+%2b+1&time=5", "query=1&query=2&time=5"):
            with self.subTest(query):
                self.assert_same("/api/v1/query?" + query)

    def test_forms_and_addresses_together(self):
        for body, query in ((b"query=2&time=5", ""), (b"query=2", "time=5"),
                            (b"query=2&time=6", "query=1&time=5"), (b"", "query=1&time=5"),
                            (b"time=5&query=sum(g", "")):
            with self.subTest(body=body, query=query):
                self.assert_same("/api/v1/query?" + query, method="POST", body=body, headers=FORM)

    def test_large_forms_are_taken_and_larger_ones_refused_with_a_reason(self):
        long = urlencode({"query": 'g{x!="' + "y" * 5_000_000 + '"} * 0', "time": "5"}).encode()
        theirs, ours = self.both("/api/v1/query", "POST", long, FORM)
        self.assertEqual(ours.status, 200, ours.text[:300])
        self.assertEqual(ours.json(), theirs.json())
        size = 11 << 20
        status, body = raw(self.daemon.url, b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\n"
                           b"Connection: close\r\nContent-Type: application/x-www-form-urlencoded"
                           b"\r\nContent-Length: %d\r\n\r\nquery=" % size + b"1" * (size - 6))
        self.assertEqual(status, 413)
        self.assertIn("too large", json.loads(body)["error"])

    def test_methods_that_do_not_belong(self):
        for method, path in (("PUT", "/api/v1/query?query=1"), ("DELETE", "/api/v1/query_range"),
                             ("POST", "/api/v1/label/x/values"), ("POST", "/api/v1/metadata"),
                             ("DELETE", "/api/v1/labels"), ("GET", "/api/v1/admin/tsdb/snapshot")):
            with self.subTest(method, path=path):
                theirs, ours = self.both(path, method)
                self.assertEqual(ours.status, theirs.status)
        for method in ("POST", "PUT"):
            theirs, ours = self.both("/api/v1/admin/tsdb/clean_tombstones", method)
            self.assertEqual(ours.json(), theirs.json())
            # Prometheus 3 has given it the code that it means; 2 says 500.
            self.assertEqual(ours.status, 503)

    def test_no_other_site_is_let_in(self):
        # Meant: whoever shows a page elsewhere shall not read what a visitor can.
        answer = self.daemon.get("/api/v1/query?query=1", Origin="http://elsewhere.example")
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertEqual(fetch(self.daemon.url + "/api/v1/query", "OPTIONS").status, 405)

    def test_numbers_limits_and_times(self):
        for path in ("query?query=1e6&time=5", "query?query=1&time=2015-07-01T20:10:51Z",
                     "query?query=1&time=2015-07-01T20:10:51.781%2B02:00", "query?query=1&time=-5",
                     "query?query=1&time=1435781451.781", "query?query=1&time=1e3",
                     "query?query=1&time=5&timeout=2s", "query?query=1&time=5&timeout=0.5",
                     "format_query?query=1000*g%2B1e-3%2B0x1F",
                     "query_range?query=1&start=0&end=10&step=1m30s",
                     "query_range?query=time()&start=0.25&end=1.5&step=0.5",
                     "series?match[]=nothing", "labels?match[]=nothing"):
            with self.subTest(path):
                self.assert_same("/api/v1/" + path)

    def test_gzip_says_the_same(self):
        path = "/api/v1/query_range?query=time()&start=0&end=5000&step=1"
        for one in (self.prometheus, self.daemon):
            packed = fetch(one.url + path, headers={"Accept-Encoding": "gzip"})
            self.assertEqual(packed.headers["Content-Encoding"], "gzip")
            self.assertEqual(json.loads(gzip.decompress(packed.body)), fetch(one.url + path).json())

    def test_what_tools_ask_about_a_prometheus(self):
        for path in ("status/walreplay", "alertmanagers"):
            with self.subTest(path):
                self.assert_same("/api/v1/" + path)
        # What is told at all is told under the same names, in the same types.
        for path in ("status/runtimeinfo", "status/flags", "status/config", "status/buildinfo",
                     "status/tsdb"):
            with self.subTest(path):
                theirs, ours = (one.json()["data"] for one in self.both("/api/v1/" + path))
                newer = {"hostname", "serverTime"}
                for name in set(ours) - newer:
                    self.assertEqual(type(ours[name]), type(theirs[name]), name)
        self.assert_contains('"region": "eu"', fetch(self.daemon.url + "/api/v1/status/config"
                                                     ).json()["data"]["yaml"])
        head = fetch(self.daemon.url + "/api/v1/status/tsdb").json()["data"]["headStats"]
        self.assertGreater(head["numSeries"], 2)
        self.assertLess(abs(head["maxTime"] / 1000 - time.time()), 60)
        # Its own configuration is one that Prometheus would take.
        path = self.folder / "as_prometheus.yml"
        path.write_text(fetch(self.daemon.url + "/api/v1/status/config").json()["data"]["yaml"])
        code, output = promtool("check", "config", "--syntax-only", path)
        self.assertEqual(code, 0, output)


class ItsOwnTarget(EndToEndTest):
    def test_what_it_scrapes_of_itself_does_not_grow(self):
        for reexpose in (False, True):
            with self.subTest(reexpose=reexpose):
                daemon = self.daemon({"targets": [], "query_history": "5m"})
                daemon.write("pilotlight.yaml", {
                    "listen": daemon.address, "query_history": "5m", "targets": [
                        target("self", "scrape", daemon.url + "/metrics", reexpose=reexpose)]})

                def scrapes():
                    answer = fetch(daemon.url + "/api/v1/query?query=count_over_time("
                                   "scrape_samples_scraped{target='self'}[5m])".replace(
                                       "'", "%22")).json()["data"]["result"]
                    return int(answer[0]["value"][1]) if answer else 0

                def names():
                    return set(fetch(daemon.url + "/api/v1/labels").json()["data"])

                wait_until(lambda: scrapes() >= 5, 30, "five rounds")
                series, labels = self.series(daemon), names()
                wait_until(lambda: scrapes() >= 9, 30, "four more rounds")
                self.assertEqual(names(), labels)
                self.assertEqual(self.series(daemon), series)
                self.assertNotIn("exported_exported_exported_target", labels)

    def series(self, daemon):
        answer = fetch(daemon.url + "/api/v1/series?match[]=" + "%7B__name__!=%22%22%7D").json()
        # What depends on time and not on rounds.
        return {json.dumps(one, sort_keys=True) for one in answer["data"]
                if "reload" not in one["__name__"]}


if __name__ == "__main__":
    unittest.main()
