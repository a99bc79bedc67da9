"""A real Alertmanager."""

from pathlib import Path

from .configuration import as_text
from .http import fetch
from .ports import free_port
from .process import Process

__unittest = True  # a failure shows the test's line, not this file's


class Alertmanager:
    """Debian's, alone and in a folder of its own; what it knows survives stop() and start()."""

    def __init__(self, folder, configuration):
        self.port = free_port()
        self.folder = Path(folder) / f"alertmanager-{self.port}"
        self.folder.mkdir()
        (self.folder / "alerting.yaml").write_text(as_text(configuration))
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = Process("Alertmanager", [
            "prometheus-alertmanager", f"--config.file={self.folder}/alerting.yaml",
            f"--storage.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=", "--log.level=warn"], self.folder / "alertmanager.log")

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._process.start_until(self._ready, 20, "Alertmanager to be ready")

    def stop(self):
        self._process.stop()

    def _ready(self):
        try:
            return fetch(f"{self.url}/-/ready", limit=2).status == 200
        except OSError:
            return False
