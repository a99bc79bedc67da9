"""The listener behind TLS and a login, by the exporter-toolkit's web configuration file."""

import base64
import http.client
import json
import ssl
import subprocess
import unittest

from support import (App, Authority, EndToEndTest, clean_environment, http_target, pilotlight,
                     wait_until)

def bcrypt(password):
    """Made by crypt(3), as htpasswd makes it."""
    script = ("import crypt, sys; "
              "print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))")
    done = subprocess.run(["python3", "-W", "ignore", "-c", script, password], text=True,
                          capture_output=True, check=True)
    return done.stdout.strip()


class WebConfig(EndToEndTest):
    def setUp(self):
        self.app = self.start(App())
        self.authority = Authority(self.folder / "authority")
        self.certificate = self.authority.valid()
        self.context_for_answers = None

    def watch(self, web):
        self.web = self.folder / "web" / "web.yml"
        self.web.parent.mkdir()
        self.write(web)
        daemon = self.daemon({"web_config_file": str(self.web),
                              "targets": [http_target("api", self.app.health_url)]}, start=False)
        self.addCleanup(daemon.stop)
        daemon._ready = lambda: self.answers(daemon)
        daemon.start()
        return daemon

    def write(self, web):
        new = self.web.with_suffix(".new")
        new.write_text(json.dumps(web))
        new.rename(self.web)

    def tls(self, **more):
        return {"tls_server_config": {"cert_file": str(self.certificate.chain),
                                      "key_file": str(self.certificate.key), **more}}

    def context(self, certificate=None):
        context = ssl.create_default_context(cafile=self.authority.ca_file)
        if certificate:
            context.load_cert_chain(certificate.chain, certificate.key)
        return context

    def fetch(self, daemon, path="/-/healthy", method="GET", login=None, context=None, plain=False,
              **headers):
        if plain:
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
        else:
            connection = http.client.HTTPSConnection("localhost", daemon.port, timeout=10,
                                                     context=context or self.context())
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()

    def answers(self, daemon):
        for plain in (False, True):
            try:
                answer = self.fetch(daemon, plain=plain, context=self.context_for_answers)
                if answer.status in (200, 401):
                    return True
            except OSError:
                continue
        return False

    def test_speaks_tls_and_asks_for_a_login_everywhere(self):
        daemon = self.watch({**self.tls(), "basic_auth_users": {"anna": bcrypt("sesame")},
                             "http_server_config": {"headers": {"X-Frame-Options": "deny"}}})
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/api/status", "/nowhere"):
            for login in (None, "anna:wrong", "nobody:sesame", "anna:", "anna", "anna:sesame\0x"):
                answer = self.fetch(daemon, path, login=login)
                self.assertEqual(answer.status, 401, (path, login))
                self.assertEqual(answer.headers["WWW-Authenticate"], "Basic")
                self.assertEqual(answer.headers["X-Frame-Options"], "deny")
                self.assertNotIn(b"probe_success", answer.body)
        answer = self.fetch(daemon, "/metrics", login="anna:sesame")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["X-Frame-Options"], "deny")
        asset = self.fetch(daemon, "/assets/status.js", login="anna:sesame")
        self.assertGreater(len(asset.body), 100)
        with self.assertRaises(OSError):
            self.fetch(daemon, plain=True)
        self.assert_contains("status page at https://", daemon.log())
        for secret in ("sesame", "$2"):
            self.assertNotIn(secret, daemon.log())

    def test_a_login_may_change_things_but_no_other_sites_page(self):
        daemon = self.watch({**self.tls(), "basic_auth_users": {"anna": bcrypt("sesame")}})
        forwarded = {"X-Forwarded-For": "192.0.2.7"}
        self.assertEqual(self.fetch(daemon, "/-/reload", "POST", **forwarded).status, 401)
        self.assertEqual(
            self.fetch(daemon, "/-/reload", "POST", login="anna:sesame", **forwarded).status, 200)
        self.assertEqual(self.fetch(daemon, "/-/reload", "POST", login="anna:sesame",
                                    Origin="https://evil.example").status, 403)

    def test_a_client_needs_the_right_certificate_where_one_is_asked_for(self):
        ours = self.authority.issue(days=90, purpose="clientAuth")
        stranger = Authority(self.folder / "elsewhere").issue(days=90, purpose="clientAuth")
        self.context_for_answers = self.context(ours)
        daemon = self.watch(self.tls(client_auth_type="RequireAndVerifyClientCert",
                                     client_ca_file=str(self.authority.ca_file)))
        self.assertEqual(self.fetch(daemon, "/metrics", context=self.context(ours)).status, 200)
        for context in (self.context(), self.context(stranger)):
            with self.assertRaises(OSError):
                self.fetch(daemon, "/metrics", context=context)
        # Who is vouched for has a login.
        self.assertEqual(self.fetch(daemon, "/-/reload", "POST", context=self.context(ours),
                                    **{"X-Forwarded-For": "192.0.2.7"}).status, 200)

    def test_is_read_anew_when_it_changes(self):
        daemon = self.watch({**self.tls(), "basic_auth_users": {"anna": bcrypt("sesame")}})
        self.write({**self.tls(), "basic_auth_users": {"anna": bcrypt("fresh")}})
        wait_until(lambda: self.fetch(daemon, login="anna:fresh").status == 200, 10,
                   "the new password to hold")
        self.assertEqual(self.fetch(daemon, login="anna:sesame").status, 401)
        self.web.write_text("tls_server_config: {cert_file: nowhere}\n")
        wait_until(lambda: "stays in force" in daemon.log() or
                   self.fetch(daemon, login="anna:fresh").status != 200, 10,
                   "the bad edit to be told")
        self.assertEqual(self.fetch(daemon, login="anna:fresh").status, 200)

    def test_a_bad_one_is_told_before_anything_starts(self):
        daemon = self.watch(self.tls())
        for web, wrong in (
                ({"basic_auth_users": {"anna": "in the clear"}}, "no bcrypt hash"),
                (self.tls(key_file=str(self.authority.valid().key)), "key"),
                (self.tls(client_auth_type="Sometimes"), "Sometimes"),
                (self.tls(client_auth_type="RequireAndVerifyClientCert"), "client_ca_file"),
                (self.tls(cipher_suites=["TLS_NONE"]), "TLS_NONE is not known"),
                (self.tls(min_version="TLS14"), "TLS14"),
                ({"tls_server_config": {"key_file": "x"}}, "no cert_file"),
                ({"http_server_config": {"headers": {"Set-Cookie": "a"}}}, "Set-Cookie"),
                ({"tls_servr_config": {}}, "tls_server_config")):
            with self.subTest(wrong=wrong):
                path = daemon.folder / "bad.yml"
                path.write_text(json.dumps(web))
                daemon.write("pilotlight.yaml", {"web_config_file": str(path)})
                checked = pilotlight("check", "config", daemon.folder / "pilotlight.yaml")
                self.assertEqual(checked.code, 1)
                self.assert_contains(wrong, checked.text)
                self.assertNotIn("in the clear", checked.text)

    def test_promtool_reads_the_same_file(self):
        daemon = self.watch({
            **self.tls(client_auth_type="VerifyClientCertIfGiven",
                       client_ca_file=str(self.authority.ca_file), min_version="TLS12",
                       cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
                       curve_preferences=["X25519"]),
            "http_server_config": {"http2": False,
                                   "headers": {"X-Content-Type-Options": "nosniff"}},
            "basic_auth_users": {"anna": bcrypt("sesame")}})
        done = subprocess.run(["promtool", "check", "web-config", str(self.web)], text=True,
                              capture_output=True, env=clean_environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertEqual(self.fetch(daemon, login="anna:sesame", context=context).status, 200)
        context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
        with self.assertRaises(ssl.SSLError):
            self.fetch(daemon, login="anna:sesame", context=context)


if __name__ == "__main__":
    unittest.main()
