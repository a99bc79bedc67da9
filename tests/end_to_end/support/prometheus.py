"""A real Prometheus that scrapes a daemon, and promtool."""

import json
import subprocess
from pathlib import Path
from urllib.parse import quote

from .http import fetch
from .ports import free_port
from .process import Process


class Prometheus:
    """Scrapes the addresses ("127.0.0.1:9897", ...) as the job pilotlight, labels kept."""

    def __init__(self, folder, *addresses, interval="500ms"):
        self.port = free_port()
        data = Path(folder) / f"prometheus-{self.port}"
        data.mkdir()
        config = {"global": {"scrape_interval": interval, "scrape_timeout": interval},
                  "scrape_configs": [{"job_name": "pilotlight", "honor_labels": True,
                                      "static_configs": [{"targets": list(addresses)}]}]}
        (data / "prometheus.yml").write_text(json.dumps(config))
        self._process = Process("Prometheus", [
            "prometheus", f"--config.file={data}/prometheus.yml", f"--storage.tsdb.path={data}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
            Path(folder) / "prometheus.log")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._process.start_until(self._ready, 20, "Prometheus to be ready")

    def stop(self):
        self._process.stop()

    def query(self, expression):
        """The result of an instant query; AssertionError with Prometheus's own words if it fails."""
        answer = fetch(f"{self.url}/api/v1/query?query={quote(expression)}").json()
        if answer["status"] != "success":
            raise AssertionError(f"{expression}: {answer.get('error')}")
        return answer["data"]["result"]

    def label_values(self, label, series):
        result = fetch(f"{self.url}/api/v1/label/{label}/values?match[]={quote(series)}").json()
        return result.get("data", [])

    def _ready(self):
        try:
            return fetch(f"{self.url}/-/ready", limit=2).status == 200
        except OSError:
            return False


def promtool(*arguments, text=None, cwd=None):
    """Returns (exit code, both outputs)."""
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, text=True, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout
