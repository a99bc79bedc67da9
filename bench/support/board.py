"""The servers of the benchmarks, as board.h makes them, started and asked."""

from support import Process, fetch, free_port


class BoardServer:
    """One process on a free port; `/control/count` answers from the start."""

    def __init__(self, name, program, folder):
        self.port = free_port()
        self._process = Process(name, [program, self.port], folder / f"{name}.log")

    def start(self):
        self._process.start_until(self._ready, 5, "the server to answer")

    def stop(self):
        self._process.kill()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path):
        return fetch(self.url("/control/" + path)).text

    def _ready(self):
        try:
            return self.ask("count") != ""
        except OSError:
            return False


class TargetServer(BoardServer):
    """What is probed, and our PagerDuty: probe_cost/target_server.cpp."""

    def __init__(self, program, folder):
        super().__init__("target-server", program, folder)

    def probed(self):
        return int(self.ask("count"))
