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
    """A certificate authority in a folder of its own. `ca_file` is what clients trust.

    With an `issuer` it is one below that; what it issues then carries its own certificate along.
    """

    def __init__(self, folder, issuer=None, days=3650, name="Pilotlight test authority"):
        self._folder = Path(folder)
        self._issuer = issuer
        self._folder.mkdir(parents=True, exist_ok=True)
        self._count = 0
        (self._folder / "index.txt").touch()
        (self._folder / "ca.cnf").write_text(_CONFIG)
        if issuer:
            self._openssl("req", "-new", *_new_key("ca.key"), "-subj", f"/CN={name}", "-out",
                          "ca.csr")
            issuer._sign(self._folder / "ca", "basicConstraints=critical,CA:true\n", days)
            return
        self._openssl("req", "-x509", *_new_key("ca.key"), "-days", days, "-subj", f"/CN={name}",
                      "-addext", "basicConstraints=critical,CA:true", "-out", "ca.pem")

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

    def self_signed(self, days=90):
        self._count += 1
        name = f"leaf{self._count}"
        self._openssl("req", "-x509", *_new_key(f"{name}.key"), "-days", days, "-subj",
                      f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-out",
                      f"{name}.pem")
        return Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key",
                           datetime.datetime.now(datetime.timezone.utc)
                           + datetime.timedelta(days=days))

    def issue(self, days, names="DNS:localhost,IP:127.0.0.1", purpose="serverAuth",
              with_issuer=True):
        """A certificate that ends `days` from now; negative: it has ended that long ago."""
        self._count += 1
        name = f"leaf{self._count}"
        self._openssl("req", "-new", *_new_key(f"{name}.key"), "-subj", f"/CN={name}", "-out",
                      f"{name}.csr")
        leaf = self._folder / name
        not_after = self._sign(leaf, f"subjectAltName={names}\nbasicConstraints=CA:false\n"
                                     f"extendedKeyUsage={purpose}\n", days)
        chain = leaf.with_suffix(".pem")
        if self._issuer and with_issuer:
            chain = leaf.with_suffix(".chain")
            chain.write_text(leaf.with_suffix(".pem").read_text() + self.ca_file.read_text())
        return Certificate(chain, leaf.with_suffix(".key"), not_after)

    def _sign(self, path, extensions, days):
        """Signs path.csr into path.pem; returns its end."""
        now = datetime.datetime.now(datetime.timezone.utc)
        not_after = now + datetime.timedelta(days=days)
        not_before = min(now, not_after) - datetime.timedelta(days=30)
        path.with_suffix(".ext").write_text(extensions)
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf",
                      "-in", path.with_suffix(".csr"), "-out", path.with_suffix(".pem"),
                      "-extfile", path.with_suffix(".ext"),
                      "-startdate", _asn1(not_before), "-enddate", _asn1(not_after))
        return not_after

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], cwd=self._folder, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr}")


def _new_key(file):
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file)


def _asn1(moment):
    return moment.strftime("%Y%m%d%H%M%SZ")
