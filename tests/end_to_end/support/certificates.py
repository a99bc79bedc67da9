"""Certificates made with the openssl command line: valid, expired, expiring, for another name."""

import datetime
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """
[ca]
default_ca = here
[here]
dir = .
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
"""


@dataclass
class Certificate:
    chain: Path
    key: Path
    not_after: datetime.datetime

    def context(self):
        """A server's context; made anew, so that a server can swap it while it runs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Authority:
    """A certificate authority in a folder of its own. `ca_file` is what clients trust."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._count = 0
        (self._folder / "index.txt").touch()
        (self._folder / "ca.cnf").write_text(_CONFIG)
        self._openssl("req", "-x509", *_new_key("ca.key"), "-days", "3650", "-subj",
                      "/CN=Pilotlight test authority", "-addext", "basicConstraints=critical,CA:true",
                      "-out", "ca.pem")

    @property
    def ca_file(self):
        return self._folder / "ca.pem"

    def valid(self):
        return self.issue(days=90)

    def expiring(self, days=10):
        return self.issue(days=days)

    def expired(self):
        return self.issue(days=-2)

    def for_another_name(self):
        return self.issue(days=90, names="DNS:elsewhere.example.com")

    def issue(self, days, names="DNS:localhost,IP:127.0.0.1", purpose="serverAuth"):
        """A certificate that ends `days` from now; negative: it has ended that long ago."""
        self._count += 1
        name = f"leaf{self._count}"
        now = datetime.datetime.now(datetime.timezone.utc)
        not_after = now + datetime.timedelta(days=days)
        not_before = min(now, not_after) - datetime.timedelta(days=30)
        (self._folder / f"{name}.ext").write_text(
            f"subjectAltName={names}\nbasicConstraints=CA:false\nextendedKeyUsage={purpose}\n")
        self._openssl("req", "-new", *_new_key(f"{name}.key"), "-subj", f"/CN={name}", "-out",
                      f"{name}.csr")
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr",
                      "-out", f"{name}.pem", "-extfile", f"{name}.ext",
                      "-startdate", _asn1(not_before), "-enddate", _asn1(not_after))
        return Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key", not_after)

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], cwd=self._folder, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr}")


def _new_key(file):
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file)


def _asn1(moment):
    return moment.strftime("%Y%m%d%H%M%SZ")
