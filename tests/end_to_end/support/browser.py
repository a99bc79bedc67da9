"""A headless Chromium, spoken to over the DevTools pipe (NUL-terminated JSON on two pipes)."""

import base64
import json
import os
import selectors
import shutil
import time
from pathlib import Path

from .process import Process
from .waiting import PATIENCE


class Browser:
    """One page. `complaints` are uncaught exceptions and error lines of its console."""

    def __init__(self, folder):
        self._profile = Path(folder) / "chromium"
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The browser reads descriptor 3 and writes 4.
        os.set_inheritable(to_browser, True)
        os.set_inheritable(from_browser, True)
        self._theirs = (to_browser, from_browser)
        self._command = [
            "chromium", "--headless=new", "--remote-debugging-pipe", "--no-sandbox",
            "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-component-update", "--disable-extensions",
            "--disable-sync", "--mute-audio", "--window-size=1280,1000",
            f"--user-data-dir={self._profile}", "about:blank"]
        self._process = _PipedProcess("Chromium", self._command, Path(folder) / "chromium.log",
                                      self._theirs)
        self._buffer = b""
        self._count = 0
        self._session = None
        self.complaints = []

    def start(self):
        self._process.start()
        for descriptor in self._theirs:
            os.close(descriptor)
        target = self._call("Target.createTarget", url="about:blank", limit=30)["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def stop(self):
        if self._process.running():
            self._session = None
            try:
                self._call("Browser.close")
            except AssertionError:
                self._process.kill()
            self._process.stop(limit=10)
        os.close(self._read)
        os.close(self._write)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url):
        error = self._call("Page.navigate", url=url).get("errorText")
        if error:
            raise AssertionError(f"{url}: {error}")

    def evaluate(self, script):
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self):
        """What a reader sees of the page."""
        return self.evaluate("document.body ? document.body.innerText : ''")

    def screenshot(self, path):
        Path(path).write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method, limit=15.0, **parameters):
        self._count += 1
        number = self._count
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        try:
            os.write(self._write, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise AssertionError(f"{method}: Chromium has ended") from None
        deadline = time.monotonic() + limit * PATIENCE
        while True:
            answer = self._next(deadline, method)
            self._listen(answer)
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self, deadline, method):
        while b"\0" not in self._buffer:
            with selectors.DefaultSelector() as selector:
                selector.register(self._read, selectors.EVENT_READ)
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"{method}: no answer from Chromium")
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise AssertionError(f"{method}: Chromium closed its pipe")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _listen(self, message):
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(parameters["exceptionDetails"])[:500])
        if message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(parameters["entry"]["text"])


class _PipedProcess(Process):
    """Hands the two descriptors over as 3 and 4."""

    def __init__(self, name, command, log, descriptors):
        reading, writing = descriptors
        # First away from 3 and 4, lest one redirection overwrite the other's source.
        shell = (f"exec 201<&{reading} 202>&{writing}; exec 3<&201 4>&202 201<&- 202>&-; "
                 'exec "$0" "$@"')
        super().__init__(name, ["bash", "-c", shell, *command], log, keep=descriptors)
