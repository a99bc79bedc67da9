"""The query API beside a real Prometheus, under promtool, as Grafana asks, and under attack."""

import gzip
import json
import threading
import time
import unittest
from urllib.parse import quote, urlencode

from support import (App, EndToEndTest, HttpServer, Prometheus, fetch, http_target, pilotlight,
                     promtool, rule, rule_file, target, wait_until)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Gauges(HttpServer):
    """/metrics of series that never change."""

    def __init__(self, count=0):
        super().__init__()
        lines = ["# HELP g A gauge.", "# TYPE g gauge"]
        lines += [f'g{{x="{x}",y="{y}"}} {x * 1.5 - y}' for x in range(4) for y in range(3)]
        lines += ['odd{v="nan"} NaN', 'odd{v="inf"} +Inf', 'odd{v="big"} 1e+21',
                  'odd{v="small"} 9e-07', 'odd{v="quote\\"\\\\\\nline"} -0', 'odd{v="€"} 5']
        lines += [f'h_bucket{{le="{le}"}} {n}' for le, n in
                  (("0.1", 3), ("1", 7), ("10", 9), ("+Inf", 10))]
        lines += [f'many{{n="{n}",m="{n % 7}"}} {n}' for n in range(count)]
        self._text = ("\n".join(lines) + "\n").encode()

    def answer(self, request):
        return 200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}, self._text


def ask(url, name, parameters, method="GET"):
    """Parameters as a list of pairs or a dict."""
    form = urlencode(parameters)
    if method == "POST":
        return fetch(f"{url}/api/v1/{name}", "POST", form.encode(), FORM, limit=60)
    return fetch(f"{url}/api/v1/{name}?{form}", limit=60)


def same_order(document):
    """Vectors of Prometheus have no order that means anything."""
    result = document.get("data", {})
    if isinstance(result, dict) and isinstance(result.get("result"), list):
        if result["resultType"] in ("vector", "matrix"):
            result["result"].sort(key=lambda one: json.dumps(one["metric"], sort_keys=True))
    return document


class BesidePrometheus(EndToEndTest):
    """The same gauges, scraped by both; ours answers as Prometheus 2 where 2.42 is the judge."""

    def setUp(self):
        gauges = self.start(Gauges())
        self.prometheus = self.start(Prometheus(self.folder, gauges.address))
        self.daemon = self.daemon(
            {"targets": [target("gauges", "scrape", gauges.url + "/metrics")],
             "query_history": "10m", "promql": {"compatibility": 2}})
        wait_until(lambda: self.prometheus.query("count(g)"), 20, "Prometheus to scrape")
        wait_until(lambda: ask(self.daemon.url, "query", {"query": "count(g)"}
                               ).json()["data"]["result"], 20, "Pilotlight to scrape")

    def both(self, name, parameters, method="GET"):
        return [ask(one.url, name, parameters, method) for one in (self.prometheus, self.daemon)]

    def test_answers_are_the_same(self):
        now = f"{time.time():.3f}"
        for expression in (
                "1", "-0", "1/0", "0/0", "1e21", "1e-7", "\"text\\n\\\"€\\\"\"", "time()",
                "vector(time())", "sum(g)", "sum by (x) (g)",
                "avg without (y, job, instance, target, prober) (g) > 1",
                "max by (x, y) (g) * on (x) group_left () sum by (x) (g)",
                "quantile by (x) (0.3, g)", "max by (v) (odd)", "count_values('c', g)",
                "histogram_quantile(0.8, sum by (le) (h_bucket))", "absent(nothing{a=\"b\"})",
                "label_replace(max by (x) (g), 'z', 'n$1', 'x', '(.*)')", "sum(g) == bool 5",
                "nothing", "sum by (x) (g) and on (x) max by (x) (g > 1)",
                "max_over_time(vector(time())[1m:10s])", "vector(1)[20s:10s]",
                "stddev(g)", "timestamp(vector(1))", "day_of_week(vector(0))"):
            for method in ("GET", "POST"):
                with self.subTest(expression, method=method):
                    theirs, ours = self.both("query", {"query": expression, "time": now}, method)
                    self.assertEqual(ours.status, theirs.status)
                    self.assertEqual(same_order(ours.json()), same_order(theirs.json()))
        for expression in ("1", "time()", "vector(time()) % 7", "sgn(vector(time()) - 5)",
                           "max_over_time(vector(time())[1m:10s] offset 5s)", "nothing"):
            for start, end, step in ((0, 10, 1), (1.5, 100, "7s"), (100, 100, "1h")):
                with self.subTest(expression, start=start):
                    theirs, ours = self.both("query_range", {
                        "query": expression, "start": start, "end": end, "step": step})
                    self.assertEqual(ours.status, theirs.status)
                    self.assertEqual(same_order(ours.json()), same_order(theirs.json()))

    def test_ordered_answers_are_in_the_same_order(self):
        for expression in ("sort(max by (x) (g))", "sort_desc(max by (x, y) (g) + 0)",
                           "topk(2, max by (x) (g))", "bottomk(2, max by (x) (g))"):
            with self.subTest(expression):
                theirs, ours = self.both("query", {"query": expression})
                orders = [[one["metric"] for one in answer.json()["data"]["result"]]
                          for answer in (theirs, ours)]
                self.assertEqual(orders[1], orders[0])

    def test_refusals_are_the_same(self):
        base = {"query": "1", "start": "0", "end": "10", "step": "1"}
        asked = [("query", {"query": expression}) for expression in (
            "", "1+", "up{", "sum(", "foo bar", "rate(g)", "1 + 'a'", "g[5m] + 1", "g[0s]", "{}",
            "max by (x, y) (g) * on (nothing) max by (y, x) (g)",
            "max by (x, y) (g) + on (x) group_left () max by (x, y) (g)",
            "sum by (x) (g) + on () max by (x) (g)", "label_replace(g, '0x', '', 'x', '')",
            "label_replace(g, 'x', '', 'x', '(')", "count_values('0', g)",
            "nosuch(g)", "topk(g, 1)", "g @ x", "\"a")]
        asked += [("query", {"query": "1", **wrong}) for wrong in (
            {"time": "abc"}, {"time": "1,5"}, {"timeout": "x"}, {"timeout": "1.5x"},
            {"timeout": "99999999999999999999"})]
        asked += [("query_range", {**base, **wrong}) for wrong in (
            {"start": ""}, {"end": ""}, {"step": ""}, {"start": "x"}, {"step": "0"},
            {"step": "-1"}, {"start": "11"}, {"end": "11001"}, {"step": "1y1y"},
            {"step": "NaN"}, {"timeout": "x"})]
        asked += [("series", wrong) for wrong in (
            {}, {"start": "0"}, {"match[]": "up{"}, {"match[]": "g", "start": "x"},
            {"match[]": "g", "end": "x"})]
        asked += [("labels", {"start": "x"}), ("label/x/values", {"end": "x"}),
                  ("label/a.b/values", {}), ("metadata", {"limit": "x"}),
                  ("format_query", {"query": "sum("}), ("format_query", {"query": ""})]
        for name, parameters in asked:
            with self.subTest(name, **parameters):
                theirs, ours = self.both(name, parameters)
                self.assertEqual(ours.json(), theirs.json())
                self.assertEqual(ours.status, theirs.status)

    def test_names_and_descriptions_are_the_same(self):
        for name, parameters in (
                ("label/x/values", {}), ("label/v/values", {}), ("label/nothing/values", {}),
                ("label/x/values", {"match[]": "g{y=\"1\",x!=\"2\"}"}),
                ("label/__name__/values", [("match[]", "{x=\"1\"}"), ("match[]", "h_bucket")]),
                ("label/x/values", {"start": "10", "end": "5"}),
                ("metadata", {"metric": "g"}), ("metadata", {"metric": "nothing"}),
                ("query_exemplars", {"query": "g", "start": "0", "end": "5"}),
                ("format_query", {"query": "sum(g)by(x)"})):
            with self.subTest(name, parameters=parameters):
                theirs, ours = self.both(name, parameters)
                self.assertEqual(ours.json(), theirs.json())
                self.assertEqual(ours.status, theirs.status)

    def test_values_of_a_range_are_the_same_as_at_each_time(self):
        end = int(time.time())
        ranged = ask(self.daemon.url, "query_range", {
            "query": "up", "start": end - 4, "end": end, "step": 1}, "POST").json()
        series = ranged["data"]["result"]
        self.assertEqual(len(series), 1)
        for at, value in series[0]["values"]:
            instant = ask(self.daemon.url, "query", {"query": "up", "time": at}).json()
            self.assertEqual(instant["data"]["result"][0]["value"], [at, value])


class Tools(EndToEndTest):
    def setUp(self):
        self.gauges = self.start(Gauges())
        self.daemon = self.daemon(
            {"targets": [target("gauges", "scrape", self.gauges.url + "/metrics")],
             "query_history": "10m"})
        wait_until(lambda: ask(self.daemon.url, "query", {"query": "count_over_time(up[1m]) > 3"}
                               ).json()["data"]["result"], 20, "some samples")

    def assert_promtool(self, expected, *arguments):
        code, output = promtool("query", *arguments)
        self.assertEqual(code, 0, output)
        self.assert_contains(expected, output)

    def test_promtool_asks_everything(self):
        url = self.daemon.url
        self.assert_promtool('target="gauges"} => 1 @[', "instant", url, "up")
        self.assert_promtool("=>\n1 @[", "range", "--step=1s", url, "sum(up)")
        self.assert_promtool('{__name__="up", instance=', "series", "--match=up", url)
        self.assert_promtool("gauges\n", "labels", url, "target")
        code, output = promtool("query", "instant", url, "up{")
        self.assertEqual(code, 1)
        self.assert_contains("unexpected end of input", output)

    def test_our_command_prints_what_promtool_prints(self):
        for expression in ("sum by (x) (g @ end())", "1", "\"text\"", "sort_desc(g)", "-0.5e-9",
                           "{__name__=~\"odd|g\",x!=\"1\"}", "nothing"):
            with self.subTest(expression):
                ours = pilotlight("query", expression, "--url", self.daemon.url, "--time",
                                  "2026-11-23T10:00:00Z")
                self.assertEqual(ours.code, 0, ours.errors)
                again = pilotlight("query", expression, "--url", self.daemon.url, "--json",
                                   "--time", "1795428000")
                self.assertIn("resultType", json.loads(again.out))
        _, theirs = promtool("query", "instant", self.daemon.url, "sort_desc(max by (x, y) (g))")
        ours = pilotlight("query", "sort_desc(max by (x, y) (g))", "--url", self.daemon.url)
        self.assertEqual([line.split(" @[")[0] for line in ours.out.splitlines()],
                         [line.split(" @[")[0] for line in theirs.splitlines()])
        end = int(time.time())
        start, end = str(end - 3), str(end)
        _, theirs = promtool("query", "range", f"--start={start}", f"--end={end}", "--step=1s",
                             self.daemon.url, "vector(time())")
        ours = pilotlight("query", "vector(time())", "--url", self.daemon.url, "--start", start,
                          "--end", end, "--step", "1s")
        self.assertEqual(ours.out.strip(), theirs.strip())

    def test_our_command_tells_the_generations_apart(self):
        end = int(time.time())
        for generation, count in (("2", "3"), ("3", "2")):
            done = pilotlight("query", "count_over_time(vector(1)[2s:1s])", "--url",
                              self.daemon.url, "--time", str(end), "--prometheus", generation)
            self.assertEqual(done.out, f"{{}} => {count} @[{end}]\n", done.errors)

    def test_our_command_fails_as_promised(self):
        url = self.daemon.url
        for arguments, code, words in (
                (("up{", "--url", url), 1, "bad_data"),
                (("g * on () g", "--url", url), 1, "execution"),
                (("up", "--url", url, "--time", "soon"), 1, "cannot parse"),
                (("up", "--url", url, "--start", "soon"), 2, "no time"),
                (("up", "--url", url, "--start", "1", "--time", "1"), 2, "--time"),
                (("up", "--url", url, "--prometheus", "4"), 2, "--prometheus"),
                (("up", "--url", "http://127.0.0.1:1"), 2, "127.0.0.1:1"),
                (("up", "--url", self.gauges.url), 2, "no JSON"),
                ((), 2, "expression")):
            with self.subTest(arguments):
                done = pilotlight("query", *arguments)
                self.assertEqual(done.code, code, done.text)
                self.assert_contains(words, done.errors)
                self.assertEqual(done.out, "")

    def test_what_grafana_asks(self):
        url = self.daemon.url
        now = int(time.time())
        span = {"start": now - 60, "end": now}

        def data(name, parameters, method):
            answer = ask(url, name, parameters, method)
            self.assertEqual(answer.status, 200, answer.text)
            self.assertEqual(answer.json()["status"], "success")
            return answer.json()["data"]

        # Save & test; panels; the editor; variables; the rules of its alert list.
        self.assertEqual(data("query", {"query": "1+1", "time": now}, "POST")["result"][1], "2")
        self.assertTrue(data("status/buildinfo", {}, "GET")["version"])
        panel = {"query": "sum(rate(up[1m]))", "step": 15, "timeout": "60s", **span}
        self.assertEqual(data("query_range", panel, "POST")["resultType"], "matrix")
        exemplars = data("query_exemplars", {"query": panel["query"], **span}, "POST")
        self.assertEqual(exemplars, [])
        for method in ("GET", "POST"):
            self.assertIn("x", data("labels", {"match[]": "g", **span}, method))
            self.assertEqual(len(data("series", {"match[]": "g", **span}, method)), 12)
        self.assertIn("g", data("label/__name__/values", span, "GET"))
        self.assertEqual(data("label/x/values", {"match[]": "g", **span}, "GET"),
                         ["0", "1", "2", "3"])
        self.assertEqual(data("metadata", {"limit_per_metric": 1}, "GET")["g"][0]["type"], "gauge")
        self.assertIn("groups", data("rules", {}, "GET"))

    def test_answers_are_compressed_for_whoever_wants_it(self):
        answer = self.daemon.get("/api/v1/series?match[]=" + quote('{__name__!=""}'),
                                 **{"Accept-Encoding": "gzip"})
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertGreater(len(json.loads(gzip.decompress(answer.body))["data"]), 12)

    def test_long_forms_are_taken_and_endless_ones_are_not(self):
        long = ask(self.daemon.url, "query", {"query": 'g{x!="' + "y" * 500_000 + '"}'}, "POST")
        self.assertEqual(len(long.json()["data"]["result"]), 12)
        try:
            endless = ask(self.daemon.url, "query", {"query": "1+" * 5_000_000 + "1"}, "POST")
            self.assertEqual(endless.status, 413)
        except OSError:
            pass  # closed while the rest was still being sent

    def test_history_is_kept_as_the_configuration_says(self):
        def kept():
            answer = ask(self.daemon.url, "query", {"query": "count_over_time(g[5m])"}).json()
            return max(int(one["value"][1]) for one in answer["data"]["result"])
        wait_until(lambda: kept() > 3, 10, "history")
        configuration = json.loads((self.daemon.folder / "pilotlight.yaml").read_text())
        del configuration["query_history"]
        self.daemon.write("pilotlight.yaml", configuration)
        wait_until(lambda: kept() == 1, 10, "the reload to forget history")


HOSTILE = [
    'count_over_time({__name__=~".+"}[1h:1ms])',
    'max_over_time(max_over_time(many[1h:1ms])[1h:1ms])',
    'sum_over_time(vector(1)[10y:1ms])',
    '{__name__=~"(.*)*(.*)*x"} or {__name__=~".+"} or {n=~".*(.*)9"}',
    'many * on (m) group_left () sum by (m) (many) and many unless many or many',
    'sort(label_replace(many, "z", "$1$1$1", "n", "(.*)"))',
    "(" * 100_000, "-" * 100_000 + "1", "1" + "+1" * 100_000, "abs(" * 300 + "many" + ")" * 300,
    'absent(absent(absent(many)))[1y:1s]',
]


class Attack(EndToEndTest):
    def test_alerts_go_on_while_hostile_queries_run(self):
        app = self.start(App())
        gauges = self.start(Gauges(count=20_000))
        daemon = self.daemon(
            {"targets": [http_target("api", app.health_url),
                         target("gauges", "scrape", gauges.url + "/metrics", interval="2s",
                                timeout="2s")],
             "rule_files": ["rules/*.yaml"], "query_history": "10m",
             "limits": {"query_timeout": "3s"}},
            rules=rule_file(rule("AppDown", 'probe_success{target="api"} == 0')))
        wait_until(lambda: ask(daemon.url, "query", {"query": "count(many) > 0"}
                               ).json()["data"]["result"], 30, "all series to be there")
        seen, stop = set(), threading.Event()

        def attack(number):
            while not stop.is_set():
                number += 1
                answer = ask(daemon.url, "query", {"query": HOSTILE[number % len(HOSTILE)]}, "POST")
                seen.add((answer.status, answer.json().get("errorType")))

        attackers = [threading.Thread(target=attack, args=(n,)) for n in range(30)]
        for attacker in attackers:
            attacker.start()
        try:
            wait_until(lambda: any(status == 503 for status, _ in seen), 20,
                       "queries to be refused")
            app.down()
            daemon.wait_for_alert("AppDown", limit=5)
            app.up()
            daemon.wait_for_no_alert("AppDown", limit=5)
            self.assertEqual(daemon.get("/-/healthy").status, 200)
        finally:
            stop.set()
            for attacker in attackers:
                attacker.join()
        allowed = {(200, None), (400, "bad_data"), (422, "execution"), (503, "timeout"),
                   (503, "unavailable")}
        self.assertLessEqual(seen, allowed)
        self.assertEqual(ask(daemon.url, "query", {"query": "count(many)"}
                             ).json()["data"]["result"][0]["value"][1], "20000")


if __name__ == "__main__":
    unittest.main()
