"""A real PostgreSQL 15 and a real Redis on loopback, with passwords, to be stopped and started."""

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from .ports import free_port
from .process import Process


class Postgres:
    """One database cluster. `url` holds the password; with a certificate it speaks TLS, too."""

    user = "pilot"

    def __init__(self, folder, certificate=None):
        self.port = free_port()
        # The postgres user must reach it, and a test's own folder is private.
        self._data = Path(tempfile.mkdtemp(prefix="pilotlight-postgres-"))
        template, self.password = _cluster_template()
        shutil.copytree(template, self._data, dirs_exist_ok=True)
        tls = []
        if certificate:
            shutil.copy(certificate.chain, self._data / "server.crt")
            shutil.copy(certificate.key, self._data / "server.key")
            (self._data / "server.key").chmod(0o600)
            tls = ["-c", "ssl=on"]
        _give_away(self._data)
        self._process = Process("PostgreSQL", [
            _postgres_bin() / "postgres", "-D", self._data, "-p", self.port,
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "dynamic_shared_memory_type=mmap", "-c", "max_connections=20",
            "-c", "autovacuum=off", *tls], Path(folder) / "postgres.log", user="postgres")

    @property
    def url(self):
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self):
        self._process.start_until(self._ready, 20, "PostgreSQL to accept connections")

    def stop(self):
        """Closes the port and every connection; start() brings the same data back."""
        self._process.stop(signal.SIGINT)

    def remove(self):
        self._process.stop(signal.SIGQUIT)
        shutil.rmtree(self._data, ignore_errors=True)

    def query(self, sql):
        """The answer of one statement as psql prints it unaligned."""
        done = subprocess.run([_postgres_bin() / "psql", self.url, "-XAtqc", sql], text=True,
                              capture_output=True, timeout=20)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def _ready(self):
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return bool(lines) and lines[-1].strip() == "ready" and lines[0] == str(self._process.pid)


class Redis:
    """One Redis without persistence. `url` holds the password."""

    def __init__(self, folder):
        self.port = free_port()
        self.password = "redis-" + secrets.token_hex(8)
        self._folder = Path(folder)
        self._config = self._folder / f"redis-{self.port}.conf"
        self._config.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'save ""\nappendonly no\ndir {self._folder}\nmaxmemory 64mb\n')
        self._process = Process("Redis", ["redis-server", self._config],
                                self._folder / "redis.log")

    @property
    def url(self):
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self):
        self._process.start_until(lambda: self.command("PING") == "+PONG", 10,
                                  "Redis to answer PING")

    def stop(self):
        self._process.stop()

    def command(self, line):
        """The first line of the answer, or None where there is no connection."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                connection.sendall(f"AUTH {self.password}\r\n{line}\r\n".encode())
                answers = connection.makefile("rb")
                answers.readline()
                return answers.readline().decode().strip()
        except OSError:
            return None


def _postgres_bin():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed (Debian package postgresql)")
    return found[-1].parent


def _as_postgres():
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


def _give_away(folder):
    """Makes the postgres user the owner of the folder and all that is in it."""
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "postgres:postgres", folder], check=True)
    os.chmod(folder, 0o700)


def _cluster_template():
    """A folder with a fresh cluster, made once per machine (initdb takes seconds), and its password.

    Where several tests make it at once, the first rename wins and the others use that.
    """
    bin_folder = _postgres_bin()
    cache = Path(os.environ.get("PILOTLIGHT_TEST_CACHE")
                 or Path(tempfile.gettempdir()) / f"pilotlight-test-cache-{os.getuid()}")
    cache.mkdir(parents=True, exist_ok=True)
    password = "pg-" + hashlib.sha256(str(cache).encode()).hexdigest()[:16]
    template = cache / f"postgres-{bin_folder.parent.name}"
    if not template.exists():
        with tempfile.TemporaryDirectory(prefix="pilotlight-initdb-") as work:
            data = Path(work) / "data"
            data.mkdir()
            password_file = Path(work) / "password"
            password_file.write_text(password)
            os.chmod(work, 0o755)
            _give_away(data)
            subprocess.run([*_as_postgres(), bin_folder / "initdb", "-D", data, "-U", Postgres.user,
                            "--auth=scram-sha-256", "--pwfile", password_file, "--no-sync",
                            "--encoding=UTF8", "--locale=C", "--wal-segsize=1"], check=True, capture_output=True)
            ours = Path(tempfile.mkdtemp(prefix="postgres-", dir=cache))
            shutil.copytree(data, ours, dirs_exist_ok=True)
        try:
            ours.rename(template)
        except OSError:
            shutil.rmtree(ours)
    return template, password
