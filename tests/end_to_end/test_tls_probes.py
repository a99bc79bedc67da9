"""Real servers whose TLS is good, or bad in every way; STARTTLS; sessions; changes."""

import json
import socket
import subprocess
import time
import unittest

from support import (App, Authority, EndToEndTest, Postgres, Process, alerting, as_text, binary,
                     clean_environment, free_port, main_file, rule, rule_file, target, wait_until)

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    ssl_session_tickets on;
    {servers}
}}
"""
SERVER = """
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        ssl_protocols {protocols};
        ssl_ciphers DEFAULT:@SECLEVEL=0;
        location / {{ return 200 '{{"status": "ok", "lag": 3}}'; }}
    }}
"""


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class TlsProbes(EndToEndTest):
    def setUp(self):
        self.authority = Authority(self.folder / "ca")
        self.trusted = {"ca_file": str(self.authority.ca_file)}

    def probe(self, prober, port, **options):
        """(failure as phase/reason, detail, metric -> (value, labels)) of one probe."""
        modules = self.folder / f"modules{time.monotonic_ns()}.yaml"
        modules.write_text(as_text({"modules": {"m": {
            "prober": prober, "timeout": "20s",
            prober: {"preferred_ip_protocol": "ip4", **options}}}}))
        address = f"https://localhost:{port}/" if prober == "http" else f"localhost:{port}"
        done = subprocess.run([binary(), "probe", prober, address, "--module", f"{modules}:m",
                               "--json"], capture_output=True, text=True, timeout=60,
                              env=clean_environment())
        self.assertIn(done.returncode, (0, 1), done.stderr)
        answer = json.loads(done.stdout)
        samples = {}
        for sample in answer["samples"]:
            labels = dict(sample["labels"])
            samples[labels.pop("__name__")] = (float(sample["value"]), labels)
        failure = "" if answer["result"] == "ok" else f'{answer["phase"]}/{answer["reason"]}'
        return failure, answer["detail"], samples

    def start_process(self, name, command, port):
        process = Process(name, command, self.folder / f"{name}.log")
        self.addCleanup(process.stop)
        process.start_until(lambda: accepts(port), 20, "its port to open")

    def start_nginx(self, *servers):
        """One server for each (certificate, protocols); returns their ports."""
        ports, texts = [], []
        for certificate, protocols in servers:
            ports.append(free_port())
            texts.append(SERVER.format(port=ports[-1], chain=certificate.chain,
                                       key=certificate.key, protocols=protocols))
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, servers="".join(texts)))
        self.start_process("nginx", ["nginx", "-c", configuration, "-e", self.folder / "nginx.log"],
                           ports[-1])
        return ports

    def test_each_fault_of_a_certificate_has_its_reason_and_the_chain_is_read(self):
        modern = "TLSv1.2 TLSv1.3"
        below = Authority(self.folder / "below", issuer=self.authority, name="Below", days=200)
        ends_soon = Authority(self.folder / "soon", issuer=self.authority, name="Soon", days=20)
        stranger = Authority(self.folder / "stranger", name="Stranger")
        faults = {
            "": (self.authority.valid(), modern),
            "tls/certificate_expired": (self.authority.expired(), modern),
            "tls/certificate_name_mismatch": (self.authority.for_another_name(), modern),
            "tls/certificate_self_signed": (self.authority.self_signed(), modern),
            "tls/certificate_untrusted": (stranger.valid(), modern),
            "tls/protocol_version": (self.authority.valid(), "TLSv1 TLSv1.1"),
        }
        more = [(below.valid(), modern), (below.issue(days=90, with_issuer=False), modern),
                (ends_soon.issue(days=90), modern)]
        ports = self.start_nginx(*faults.values(), *more)
        for (expected, (certificate, _)), port in zip(faults.items(), ports):
            for prober, options in (("tls", self.trusted), ("http", {"tls_config": self.trusted})):
                with self.subTest(expected, prober=prober):
                    failure, _, samples = self.probe(prober, port, **options)
                    self.assertEqual(failure, expected)
                    end = certificate.not_after.timestamp()
                    self.assertAlmostEqual(samples["probe_ssl_earliest_cert_expiry"][0], end,
                                           delta=5)
                    self.assertAlmostEqual(samples["probe_tls_leaf_expiry_timestamp_seconds"][0],
                                           end, delta=5)
                    left = samples["probe_tls_certificate_lifetime_left_ratio"][0]
                    self.assertEqual(left < 0, expected == "tls/certificate_expired")

        with_intermediate, without, soon = ports[len(faults):]
        self.assertEqual(self.probe("tls", with_intermediate, **self.trusted)[0], "")
        failure, detail, samples = self.probe("tls", without, **self.trusted)
        self.assertEqual(failure, "tls/certificate_untrusted")
        self.assert_contains("its issuer CN=Below is neither trusted here nor sent", detail)
        failure, _, samples = self.probe("tls", soon, **self.trusted)
        self.assertEqual(failure, "")
        self.assertEqual(samples["probe_tls_expires_before_leaf_info"][1]["subject"], "CN=Soon")
        self.assertLess(samples["probe_ssl_earliest_cert_expiry"][0],
                        samples["probe_tls_leaf_expiry_timestamp_seconds"][0])

    def test_openssl_servers_of_one_old_version_are_told_by_it(self):
        for version, name in (("-tls1", "TLS 1.0"), ("-tls1_1", "TLS 1.1")):
            certificate, port = self.authority.valid(), free_port()
            self.start_process(f"s_server{version}", [
                "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate.chain,
                "-key", certificate.key, version, "-cipher", "DEFAULT:@SECLEVEL=0", "-quiet",
                "-www"], port)
            with self.subTest(name):
                failure, detail, samples = self.probe("tls", port, **self.trusted)
                self.assertEqual(failure, "tls/protocol_version")
                self.assertEqual(detail, f"the server speaks {name}, expected TLS 1.2 at least")
                self.assertIn("probe_ssl_last_chain_info", samples)
                self.assertEqual(
                    self.probe("tls", port, min_version="TLS10", **self.trusted)[0], "")

    def test_postgresql_goes_over_to_tls(self):
        certificate = self.authority.valid()
        database = self.start(Postgres(self.folder, certificate))
        failure, detail, samples = self.probe("tls", database.port, starttls="postgres",
                                              **self.trusted)
        self.assertEqual(failure, "", detail)
        self.assertAlmostEqual(samples["probe_ssl_earliest_cert_expiry"][0],
                               certificate.not_after.timestamp(), delta=5)
        self.assertEqual(self.probe("tls", database.port, starttls="postgres")[0],
                         "tls/certificate_untrusted")

    def test_postgresql_without_tls_says_so(self):
        database = self.start(Postgres(self.folder))
        failure, detail, _ = self.probe("tls", database.port, starttls="postgres", **self.trusted)
        self.assertEqual(failure, "starttls/not_offered", detail)
        failure, _, _ = self.probe("tls", database.port, starttls="ldap", **self.trusted)
        self.assertTrue(failure.startswith("starttls/"), failure)

    def test_a_mail_server_goes_over_to_tls(self):
        certificate, secure, plain = self.authority.expired(), free_port(), free_port()
        self.start_process("secure", [
            "/usr/bin/aiosmtpd", "-n", "-l", f"127.0.0.1:{secure}", "--tlscert", certificate.chain,
            "--tlskey", certificate.key], secure)
        self.start_process("plain", ["/usr/bin/aiosmtpd", "-n", "-l", f"127.0.0.1:{plain}"], plain)
        failure, detail, samples = self.probe("tls", secure, starttls="smtp", **self.trusted)
        self.assertEqual(failure, "tls/certificate_expired", detail)
        self.assertAlmostEqual(samples["probe_ssl_earliest_cert_expiry"][0],
                               certificate.not_after.timestamp(), delta=5)
        self.assertEqual(self.probe("tls", secure, starttls="smtp", insecure_skip_verify=True)[0],
                         "")
        self.assertEqual(self.probe("tls", plain, starttls="smtp", **self.trusted)[0],
                         "starttls/not_offered")

    def test_a_body_is_judged_as_json(self):
        port, = self.start_nginx((self.authority.valid(), "TLSv1.2 TLSv1.3"))
        failure, _, samples = self.probe("http", port, tls_config=self.trusted, body_json=[
            {"path": "$.status", "equals": "ok"}, {"path": "$.lag", "less_than": 5}])
        self.assertEqual(failure, "")
        self.assertEqual(samples["probe_failed_due_to_json"][0], 0)
        failure, detail, samples = self.probe("http", port, tls_config=self.trusted, body_json=[
            {"path": "$.lag", "less_than": 2}])
        self.assertEqual((failure, detail), ("body/body_json", "$.lag is 3, expected less than 2"))
        self.assertEqual(samples["probe_failed_due_to_json"][0], 1)

    def watch(self, *targets):
        return self.daemon(main_file(*targets), alerting=alerting(), rules=rule_file(
            rule("Never", "vector(0) > 1")))

    def test_sessions_are_resumed_with_a_real_server(self):
        ports = self.start_nginx((self.authority.valid(), "TLSv1.2"),
                                 (self.authority.valid(), "TLSv1.3"))
        again = {"resume_sessions": {"full_every": 50}}
        targets = []
        for port in ports:
            targets.append(target(f"web{port}", "http", f"https://localhost:{port}/",
                                  http={"tls_config": self.trusted, **again}))
            targets.append(target(f"tls{port}", "tls", f"localhost:{port}",
                                  tls={**self.trusted, **again}))
        daemon = self.watch(*targets)
        for one in targets:
            daemon.wait_for_value(1, "probe_tls_session_resumed", target=one["name"])
            daemon.wait_for_value(1, "probe_success", target=one["name"])
            daemon.wait_for_metric(lambda page, name=one["name"]: page.value(
                "probe_ssl_earliest_cert_expiry", target=name), "the certificate")

    def test_a_new_issuer_is_seen_and_outlives_a_reload(self):
        other = Authority(self.folder / "other", name="Other authority")
        both = self.folder / "both.pem"
        both.write_text(self.authority.ca_file.read_text() + other.ca_file.read_text())
        site = self.start(App(self.authority.valid()))
        watched = target("site", "tls", f"localhost:{site.port}", tls={"ca_file": str(both)})
        daemon = self.watch(watched)
        daemon.wait_for_value(1, "probe_success", target="site")
        self.assertIsNone(daemon.metrics().value("probe_tls_issuer_changed_timestamp_seconds",
                                                 target="site"))
        site.present(other.valid())
        changed = daemon.wait_for_metric(
            lambda page: page.value("probe_tls_issuer_changed_timestamp_seconds", target="site"),
            "the new issuer")
        self.assertAlmostEqual(changed, time.time(), delta=60)
        wait_until(lambda: "issued by CN=Other authority, before by CN=Pilotlight test authority"
                   in daemon.log(), 20, "the log line")

        watched["tls"]["min_version"] = "TLS13"
        daemon.write("pilotlight.yaml", main_file(watched))
        daemon.wait_for_metric(lambda page: page.value("probe_tls_version_info", target="site"),
                               "a probe")
        wait_until(lambda: daemon.metrics().value(
            "pilotlight_config_last_reload_success_timestamp_seconds") > changed, 20, "the reload")
        self.assertEqual(daemon.metrics().value("probe_tls_issuer_changed_timestamp_seconds",
                                                target="site"), changed)


if __name__ == "__main__":
    unittest.main()
