"""A whole platform to watch: application, TLS site, PostgreSQL, Redis, backups, host."""

import gzip
import os
import time

from .application import App
from .certificates import Authority
from .configuration import http_target, main_file, target
from .databases import Postgres, Redis


class Site:
    """Everything starts healthy; each part has its own switches."""

    def __init__(self, test):
        self._folder = test.folder
        self.app = test.start(App())
        self.partner = test.start(App())
        self.authority = Authority(test.folder / "ca")
        self.secure = test.start(App(self.authority.valid()))
        self.postgres = test.start(Postgres(test.folder))
        self.redis = test.start(Redis(test.folder))
        self.backups = Backups(test.folder / "backup")

    def targets(self):
        return [
            http_target("lpg-api", self.app.health_url, valid_status_codes=[200],
                        fail_if_body_not_matches_regexp=['"status":\\s*"ok"'])
            | {"service": "application", "labels": {"tier": "critical"}},
            target("primary-database", "postgres", self.postgres.url, service="database"),
            target("cache", "redis", self.redis.url, service="cache"),
            target("site-certificate", "tls", f"localhost:{self.secure.port}",
                   service="application", tls={"ca_file": str(self.authority.ca_file)}),
            target("app-metrics", "scrape", self.app.metrics_url, service="application"),
            target("node", "host"),
            target("nightly-dump", "backup", self.backups.glob, service="database",
                   backup={"max_age": "26h", "min_size": "1KB"}),
            target("redis-port", "tcp", f"127.0.0.1:{self.redis.port}", service="cache"),
            http_target("payment-provider", self.partner.health_url)
            | {"service": "payments", "labels": {"kind": "external"}},
        ]

    def configuration(self, **more):
        services = [{"name": "application", "title": "LPG Distributor", "rto": "2h",
                     "depends_on": ["database", "cache"]},
                    {"name": "database", "title": "PostgreSQL", "rto": "2h", "rpo": "15m"},
                    {"name": "cache", "title": "Redis", "rto": "4h"}]
        return main_file(*self.targets(), services=services, **more)

    def secrets(self):
        """What must be seen nowhere."""
        return {"PostgreSQL's password": self.postgres.password,
                "Redis's password": self.redis.password}


class Backups:
    """A folder of compressed dumps, as a nightly job leaves them."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir()
        self.write()

    @property
    def glob(self):
        return str(self._folder / "*.sql.gz")

    @property
    def newest(self):
        return self._folder / "newest.sql.gz"

    def write(self, content=None, age=0.0):
        """A dump of some 4 KB (or the given bytes) that was made `age` seconds ago."""
        new = self._folder / "newest.part"
        new.write_bytes(gzip.compress(os.urandom(4096)) if content is None else content)
        os.utime(new, (time.time() - age,) * 2)
        new.rename(self.newest)
