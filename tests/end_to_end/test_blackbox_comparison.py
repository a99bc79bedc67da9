"""The same modules and targets, probed by a real blackbox_exporter and by Pilotlight.

Each case is a module of one file, which both read, and a target on loopback. Names, labels and
values of all metrics are compared, but for the values of durations. DIFFERENCES lists what is meant
to differ, and why.
"""

import gzip
import json
import re
import socket
import socketserver
import subprocess
import threading
import unittest
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from support import (PATIENCE, Authority, EndToEndTest, HttpServer, Metrics, Process, as_text,
                     binary, clean_environment, fetch, free_port)

TIMEOUT = 2 * PATIENCE
EXAMPLES = [Path("/etc/prometheus/blackbox.yml"),
            Path("/usr/share/doc/prometheus-blackbox-exporter/examples/example.yml")]

# (metric, cases that it is meant of or None for all, why). A metric that stands here may be there
# on one side only, or have another value.
DIFFERENCES = [
    ("probe_failure_info", None, "ours: the phase and the reason of a failure"),
    ("probe_tls_certificate_lifetime_left_ratio", None, "ours: for certificates of any lifetime"),
    ("probe_tls_leaf_expiry_timestamp_seconds", None, "ours: beside the earliest of the chain"),
    ("probe_success", {"http gzip body without asking for it"},
     "a body is decoded as its Content-Encoding says, whatever was asked for"),
    ("probe_failed_due_to_regex", {"http gzip body without asking for it"}, "likewise"),
    ("probe_http_uncompressed_body_length", {"http gzip body without asking for it"}, "likewise"),
    ("probe_http_uncompressed_body_length", {
        "http status 404", "http regexp in the body that must not be there", "http too large",
        "http redirect not followed", "http compression that does not come"},
     "what was read of a body is told, whether or not the probe failed before it was looked at"),
    ("probe_http_content_length", {"http too many redirects"},
     "the last answer is that of the redirect that was not followed any more"),
    ("probe_http_status_code", {"http too many redirects"}, "likewise"),
    ("probe_http_version", {"http too many redirects"}, "likewise"),
    ("probe_http_redirects", {
        "http redirect not followed", "http redirect as wished", "http too many redirects"},
     "a redirect that is not followed is not counted"),
    ("probe_ssl_earliest_cert_expiry", {
        "http expired certificate", "http certificate for another name", "http untrusted",
        "tcp tls expired", "dns over tls untrusted"},
     "the chain is read though it does not verify: the alert must not end when it runs out"),
    ("probe_ssl_last_chain_info", {
        "http expired certificate", "http certificate for another name", "http untrusted",
        "tcp tls expired", "dns over tls untrusted"}, "likewise"),
    ("probe_ssl_last_chain_expiry_timestamp_seconds", {
        "http expired certificate", "http certificate for another name", "tcp tls expired"},
     "likewise"),
    ("probe_tls_version_info", {
        "http expired certificate", "http certificate for another name", "http untrusted",
        "tcp tls expired", "dns over tls untrusted"}, "likewise"),
    ("probe_ssl_last_chain_expiry_timestamp_seconds", {"http untrusted but skipped"},
     "no chain was verified: nothing instead of a time before all times"),
    ("probe_ssl_earliest_cert_expiry", {
        "grpc serving", "grpc not serving", "grpc unknown service"},
     "no TLS, no certificate: nothing instead of one that ran out in 1970"),
    ("probe_tls_cipher_info", None, "newer than Debian's blackbox_exporter"),
    ("probe_failed_due_to_bytes", None, "newer than Debian's blackbox_exporter"),
    ("probe_failed_due_to_regex", {"tcp refused", "tcp tls expired"},
     "newer ones leave it out, too, where no connection came about"),
]
# Their values are times, or the random choice of a port.
UNCOMPARED_VALUES = {
    "probe_duration_seconds", "probe_dns_lookup_time_seconds", "probe_http_duration_seconds",
    "probe_dns_duration_seconds", "probe_icmp_duration_seconds", "probe_grpc_duration_seconds"}
# What Pilotlight adds to every sample, and a label that is newer than Debian's blackbox_exporter.
OWN_LABELS = {"target", "instance", "prober"}
NEWER_LABELS = {"probe_ssl_last_chain_info": {"serialnumber"}}


@dataclass
class Case:
    """`target` may have {names} of what Targets listens on; so may the strings of `options`."""
    name: str
    prober: str
    target: str
    options: dict = field(default_factory=dict)
    succeeds: bool = True

    @property
    def module(self):
        return self.name.replace(" ", "_")


def http(name, target, succeeds=True, **options):
    return Case(f"http {name}", "http", target, {"preferred_ip_protocol": "ip4", **options},
                succeeds)


def tcp(name, target, *steps, succeeds=True, **options):
    return Case(f"tcp {name}", "tcp", target,
                {"preferred_ip_protocol": "ip4", "query_response": list(steps), **options},
                succeeds)


def dns(name, succeeds=True, target="{dns}", **options):
    return Case(f"dns {name}", "dns", target,
                {"preferred_ip_protocol": "ip4", "query_name": "www.example.test",
                 "query_type": "A", **options}, succeeds)


TRUST = {"ca_file": "{ca}"}

CASES = [
    http("status 200", "{http}/status/200"),
    http("status 404", "{http}/status/404", succeeds=False),
    http("status 404 as wished", "{http}/status/404", valid_status_codes=[200, 404]),
    http("without a scheme", "{http_address}/status/204"),
    http("post with a body", "{http}/echo", method="POST", body="what was sent",
         fail_if_body_not_matches_regexp=["^POST what was sent$"]),
    http("headers", "{http}/header/x-thing", headers={"X-Thing": "yes"},
         fail_if_body_not_matches_regexp=["^yes$"]),
    http("basic auth", "{http}/header/authorization",
         basic_auth={"username": "Aladdin", "password": "open sesame"},
         fail_if_body_not_matches_regexp=["^Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==$"]),
    http("regexp in the body that must not be there", "{http}/text/bad%20news", succeeds=False,
         fail_if_body_matches_regexp=["good", "bad"]),
    http("regexp in the body that must be there", "{http}/text/good%20news",
         fail_if_body_not_matches_regexp=["good", "news$"]),
    http("header that matches", "{http}/status/200", succeeds=False,
         fail_if_header_matches=[{"header": "x-server", "regexp": "^test"}]),
    http("header that is missing", "{http}/status/200", succeeds=False,
         fail_if_header_not_matches=[{"header": "X-None", "regexp": "."}]),
    http("header that may be missing", "{http}/status/200",
         fail_if_header_matches=[{"header": "X-None", "regexp": ".", "allow_missing": True}]),
    http("last modified", "{http}/modified"),
    http("redirect", "{http}/redirect/2"),
    http("redirect not followed", "{http}/redirect/1", succeeds=False, follow_redirects=False),
    http("redirect as wished", "{http}/redirect/1", follow_redirects=False,
         valid_status_codes=[302]),
    http("too many redirects", "{http}/redirect/20", succeeds=False),
    http("gzip", "{http}/gzip", compression="gzip", fail_if_body_not_matches_regexp=["^zipped$"]),
    http("gzip body without asking for it", "{http}/gzip",
         fail_if_body_not_matches_regexp=["^zipped$"]),
    http("compression that does not come", "{http}/text/plain", succeeds=False,
         compression="gzip", fail_if_body_not_matches_regexp=["plain"]),
    http("too large", "{http}/text/0123456789", succeeds=False, body_size_limit="5B"),
    http("no answer", "{http}/stall", succeeds=False),
    http("reset", "{http}/reset", succeeds=False),
    http("refused", "http://{refused}/", succeeds=False),
    http("not ssl", "{http}/status/200", succeeds=False, fail_if_not_ssl=True),
    http("version", "{http}/status/200", succeeds=False, valid_http_versions=["HTTP/2.0"]),
    http("https", "{https}/status/200", tls_config=TRUST),
    http("https that must not be", "{https}/status/200", succeeds=False, tls_config=TRUST,
         fail_if_ssl=True),
    http("untrusted", "{https}/status/200", succeeds=False),
    http("untrusted but skipped", "{https}/status/200",
         tls_config={"insecure_skip_verify": True}),
    http("expired certificate", "{expired}/status/200", succeeds=False, tls_config=TRUST),
    http("certificate for another name", "{misnamed}/status/200", succeeds=False,
         tls_config=TRUST),
    http("http 2", "{http2}/", tls_config=TRUST, valid_http_versions=["HTTP/2.0"]),
    http("http 2 not wanted", "{http2}/", tls_config=TRUST, enable_http2=False,
         valid_http_versions=["HTTP/1.1"]),
    tcp("connect", "{http_address}"),
    tcp("refused", "{refused}", succeeds=False),
    tcp("script", "{script}", {"expect": "^220 ([^ ]+) ESMTP", "send": "EHLO ${{1}}"},
        {"expect": "^250 hello mx.example"}, {"send": "QUIT"}),
    tcp("script that goes otherwise", "{script}", {"expect": "^550"}, succeeds=False),
    tcp("silence", "{script}", {"expect": "^220"}, {"expect": "^never"}, succeeds=False),
    tcp("tls", "{https_address}", tls=True, tls_config=TRUST),
    tcp("tls expired", "{expired_address}", tls=True, tls_config=TRUST, succeeds=False),
    tcp("starttls", "{starttls}", {"expect": "^220"}, {"send": "STARTTLS"},
        {"expect": "^220 go", "starttls": True}, {"expect": "^220 safe"}, tls_config=TRUST),
    dns("udp"),
    dns("tcp", transport_protocol="tcp"),
    dns("soa", query_name="example.test", query_type="SOA"),
    dns("nxdomain", succeeds=False, query_name="nothing.example.test"),
    dns("nxdomain as wished", query_name="nothing.example.test", valid_rcodes=["NXDOMAIN"]),
    dns("refused name", succeeds=False, query_name="elsewhere.test"),
    dns("aaaa", query_type="AAAA",
        validate_answer_rrs={"fail_if_not_matches_regexp": ["AAAA\t2001:db8::1$"]}),
    dns("records", validate_answer_rrs={
        "fail_if_not_matches_regexp": ["^www.example.test.\t600\tIN\tA\t192.0.2.1$"],
        "fail_if_all_match_regexp": ["192.0.2.1"], "fail_if_matches_regexp": ["192.0.2.2"],
        "fail_if_none_matches_regexp": ["x", "192"]}),
    dns("mail", query_name="example.test", query_type="MX", validate_answer_rrs={
        "fail_if_not_matches_regexp": ["^example.test.\t600\tIN\tMX\t10 mail.example.test.$"]}),
    dns("text", query_name="example.test", query_type="TXT", validate_answer_rrs={
        "fail_if_not_matches_regexp": ["\tTXT\t\"v=spf1 -all\"$"]}),
    dns("authority", succeeds=False,
        validate_authority_rrs={"fail_if_matches_regexp": ["NS\tns.example.test.$"]}),
    dns("no additional", succeeds=False,
        validate_additional_rrs={"fail_if_not_matches_regexp": ["."]}),
    dns("all must match", succeeds=False,
        validate_answer_rrs={"fail_if_all_match_regexp": ["192.0.2.2"]}),
    dns("nobody there", succeeds=False, target="{refused}"),
    dns("over tls untrusted", succeeds=False, target="{https_address}", transport_protocol="tcp",
        dns_over_tls=True),
    Case("icmp loopback", "icmp", "127.0.0.1", {"preferred_ip_protocol": "ip4"}),
    Case("icmp with options", "icmp", "127.0.0.1",
         {"preferred_ip_protocol": "ip4", "payload_size": 200, "ttl": 5}),
    Case("grpc serving", "grpc", "{grpc}", {"service": "up", "preferred_ip_protocol": "ip4"}),
    Case("grpc not serving", "grpc", "{grpc}", {"service": "down", "preferred_ip_protocol": "ip4"},
         False),
    Case("grpc unknown service", "grpc", "{grpc}",
         {"service": "other", "preferred_ip_protocol": "ip4"}, False),
]


class Web(HttpServer):
    """Answers as the path says."""

    def answer(self, request):
        kind, _, rest = request.path.strip("/").replace("%20", " ").partition("/")
        headers = {"X-Server": "test 1"}
        if kind == "status":
            return int(rest), headers, b"" if rest == "204" else b"some text"
        if kind == "text":
            return 200, headers, rest.encode()
        if kind == "echo":
            return 200, headers, f"{request.method} {request.body.decode()}".encode()
        if kind == "header":
            return 200, headers, request.headers.get(rest, "").encode()
        if kind == "modified":
            return 200, {"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}, b""
        if kind == "redirect":
            left = int(rest)
            location = f"/redirect/{left - 1}" if left > 1 else "/text/arrived"
            return 302, {"Location": location}, b""
        if kind == "gzip":
            return 200, {"Content-Encoding": "gzip"}, gzip.compress(b"zipped", mtime=0)
        if kind == "stall":
            return lambda connection: connection.recv(1)
        if kind == "reset":
            return lambda connection: connection.close()
        return 500, headers, kind.encode()


class Lines:
    """A TCP server that runs `script(connection)` for each connection."""

    def __init__(self, script):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    script(self.request)
                except OSError:
                    pass  # the client has left

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        socketserver.ThreadingTCPServer.daemon_threads = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", free_port()), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def mail(connection):
    connection.sendall(b"220-welcome\r\n220 mx.example ESMTP\r\n")
    said = connection.recv(100).decode().strip()
    connection.sendall(f"250 hello {said.removeprefix('EHLO ')}\r\n".encode())
    connection.recv(100)


def starttls(context):
    def script(connection):
        connection.sendall(b"220 ready\r\n")
        connection.recv(100)
        connection.sendall(b"220 go on\r\n")
        safe = context.wrap_socket(connection, server_side=True)
        safe.sendall(b"220 safe\r\n")
        safe.recv(100)
    return script


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        location / {{ return 200 "over two\\n"; }}
    }}
}}
"""


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def key_of(name, labels):
    return name + json.dumps(labels, sort_keys=True)


class BlackboxComparison(EndToEndTest):
    def test_both_measure_the_same(self):
        self.start_targets()
        modules = self.folder / "modules.yaml"
        modules.write_text(as_text({"modules": {
            case.module: {"prober": case.prober, "timeout": f"{TIMEOUT:g}s",
                          case.prober: self.filled(case.options)} for case in CASES}}))
        exporter = self.start_exporter(modules)
        with futures.ThreadPoolExecutor(4) as pool:
            pairs = list(pool.map(lambda case: (self.theirs(exporter, case),
                                                self.ours(modules, case)), CASES))
        for case, (theirs, ours) in zip(CASES, pairs):
            with self.subTest(case.name):
                self.assertEqual(self.differences(case, theirs, ours), [])
                self.assertEqual(ours[key_of("probe_success", {})], float(case.succeeds))

    def test_its_own_modules_load(self):
        for path in EXAMPLES:
            if not path.exists():
                continue
            names = re.findall(r"^  (\w+):$", path.read_text(), re.M)
            self.assertGreater(len(names), 3)
            configuration = {"module_files": [str(path)], "targets": [
                {"name": name, "module": name, "target": "127.0.0.1:1"} for name in names]}
            written = self.folder / "pilotlight.yaml"
            written.write_text(as_text(configuration))
            done = subprocess.run([binary(), "check", "config", str(written)], capture_output=True,
                                  text=True, timeout=30, env=clean_environment())
            with self.subTest(path.name):
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_difference_is_one_of_a_case(self):
        names = {case.name for case in CASES}
        for metric, cases, _ in DIFFERENCES:
            with self.subTest(metric):
                self.assertEqual((cases or set()) - names, set())

    def differences(self, case, theirs, ours):
        meant = {metric for metric, cases, _ in DIFFERENCES if cases is None or case.name in cases}
        told = []
        for key in sorted(set(theirs) | set(ours)):
            name = key.partition("{")[0]
            if name in meant:
                continue
            if key not in ours or key not in theirs:
                told.append(f"{key} is {'theirs' if key in theirs else 'ours'} only")
            elif name not in UNCOMPARED_VALUES and theirs[key] != ours[key]:
                told.append(f"{key} is {theirs[key]} for them, {ours[key]} for us")
        return told

    def theirs(self, exporter, case):
        query = urlencode({"module": case.module, "target": self.filled(case.target)})
        answer = fetch(f"{exporter}/probe?{query}", limit=3 * TIMEOUT + 30)
        self.assertEqual(answer.status, 200, answer.text)
        return {key_of(sample.name, sample.labels): sample.value
                for sample in Metrics(answer.text).samples}

    def ours(self, modules, case):
        done = subprocess.run(
            [binary(), "probe", case.prober, self.filled(case.target), "--module",
             f"{modules}:{case.module}", "--json"],
            capture_output=True, text=True, timeout=3 * TIMEOUT + 30, env=clean_environment())
        self.assertIn(done.returncode, (0, 1), done.stderr)
        samples = {}
        for sample in json.loads(done.stdout)["samples"]:
            labels = dict(sample["labels"])
            metric = labels.pop("__name__")
            for name in OWN_LABELS | NEWER_LABELS.get(metric, set()):
                labels.pop(name, None)
            samples[key_of(metric, labels)] = float(sample["value"])
        return samples

    def filled(self, value):
        """With the {names} of the targets put in, at any depth."""
        if isinstance(value, str):
            return value.format(**self.names)
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        return value

    def start_targets(self):
        authority = Authority(self.folder / "ca")
        valid = authority.valid()
        web = self.start(Web())
        secure = self.start(Web(valid.context()))
        expired = self.start(Web(authority.expired().context()))
        misnamed = self.start(Web(authority.for_another_name().context()))
        self.names = {
            "ca": str(authority.ca_file), "refused": f"127.0.0.1:{free_port()}",
            "http": web.url, "http_address": web.address, "https": secure.url,
            "https_address": secure.address, "expired": expired.url,
            "expired_address": expired.address, "misnamed": misnamed.url,
            "script": self.start(Lines(mail)).address,
            "starttls": self.start(Lines(starttls(valid.context()))).address,
            "grpc": self.start_grpc(), "dns": self.start_dns(),
            "http2": self.start_nginx(valid)}

    def start_process(self, name, command, port):
        process = Process(name, command, self.folder / f"{name}.log")
        self.addCleanup(process.stop)
        process.start_until(lambda: accepts(port), 20, "its port to open")

    def start_dns(self):
        port = free_port()
        self.start_process("dnsmasq", [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=",
            f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv",
            "--no-hosts", "--log-facility=-",
            "--host-record=www.example.test,192.0.2.1,2001:db8::1",
            "--mx-host=example.test,mail.example.test,10",
            "--txt-record=example.test,v=spf1 -all", "--auth-server=ns.example.test,127.0.0.1",
            "--auth-zone=example.test", "--auth-soa=2026112301,hostmaster.example.test"], port)
        return f"127.0.0.1:{port}"

    def start_grpc(self):
        # Debian's interpreter has the library, whichever runs the tests.
        port = free_port()
        server = Path(__file__).parent / "support" / "grpc_health.py"
        self.start_process("grpc", ["/usr/bin/python3", "-B", server, port], port)
        return f"127.0.0.1:{port}"

    def start_nginx(self, certificate):
        port = free_port()
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, port=port,
                                              chain=certificate.chain, key=certificate.key))
        self.start_process("nginx", ["nginx", "-c", configuration, "-e", self.folder / "nginx.log"],
                           port)
        return f"https://localhost:{port}"

    def start_exporter(self, modules):
        port = free_port()
        self.start_process("blackbox_exporter", [
            "prometheus-blackbox-exporter", f"--config.file={modules}",
            f"--web.listen-address=127.0.0.1:{port}"], port)
        return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    unittest.main()
