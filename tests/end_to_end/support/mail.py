"""A mail server: STARTTLS, then a login, then mail, as submission servers demand (RFC 6409)."""

import base64
import email
import email.policy
import secrets
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from .ports import free_port
from .waiting import wait_until

__unittest = True  # a failure shows the test's line, not this file's


@dataclass
class Mail:
    sender: str
    recipients: list
    message: email.message.EmailMessage
    at: float = field(default_factory=time.monotonic)

    @property
    def subject(self):
        return self.message["Subject"]

    def text(self, kind="plain"):
        return self.message.get_body((kind,)).get_content()


class MailServer:
    """Takes mail from `user` with `secret` over TLS; `mails` has what it took."""

    def __init__(self, certificate):
        self.port = free_port()
        self.certificate = certificate
        self.user = "pilotlight"
        self.secret = secrets.token_hex(16)
        self.mails = []
        self.refused = []  # (time, what was answered)
        self.reset_after_data = 0
        self._faults = []
        self._listener = None

    @property
    def address(self):
        return f"localhost:{self.port}"

    def configuration(self, ca_file):
        return "email_configs", {
            "to": "ops@example.com", "from": "watch@example.com", "smarthost": self.address,
            "auth_username": self.user, "auth_password": self.secret, "send_resolved": True,
            "tls_config": {"ca_file": str(ca_file)}}

    def fail(self, answer, times=1):
        """Answers the next mails' DATA with this line."""
        self._faults += [answer] * times

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.close()

    def wait_for(self, *parts, limit=20.0, after=0.0):
        """The first mail, later than `after` (monotonic), whose subject has all the parts."""
        def found():
            return next((mail for mail in list(self.mails)
                         if mail.at > after and all(part in mail.subject for part in parts)), None)
        return wait_until(found, limit, f"a mail with {', '.join(map(repr, parts))}",
                          lambda: [mail.subject for mail in self.mails] + self.refused)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        session = _Session(self, connection)
        try:
            session.run()
        except OSError:
            pass  # the client left
        finally:
            session.lines.close()
            session.connection.close()

    def _refuse(self, answer):
        self.refused.append((time.monotonic(), answer))
        return answer


class _Session:
    def __init__(self, server, connection):
        self.server, self.connection = server, connection
        self.lines = connection.makefile("rb")
        self.secure = self.known = False
        self.sender, self.recipients = None, []

    def say(self, *lines):
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def run(self):
        self.say("220 mail.example ESMTP")
        while True:
            line = self.lines.readline().decode("utf-8", "replace").rstrip("\r\n")
            verb, _, rest = line.partition(" ")
            if not line or verb.upper() == "QUIT":
                if line:
                    self.say("221 bye")
                return
            answer = self._command(verb.upper(), rest)
            if answer is None:
                return
            self.say(*answer)

    def _command(self, verb, rest):
        if verb == "EHLO":
            return ["250-mail.example", "250-8BITMIME",
                    "250 AUTH PLAIN LOGIN" if self.secure else "250 STARTTLS"]
        if verb == "STARTTLS":
            self.say("220 go ahead")
            self.connection = self.server.certificate.context().wrap_socket(
                self.connection, server_side=True)
            self.lines = self.connection.makefile("rb")
            self.secure = True
            return []
        if not self.secure:
            return [self.server._refuse("530 5.7.0 Must issue a STARTTLS command first")]
        if verb == "AUTH":
            return [self._login(rest)]
        if not self.known:
            return [self.server._refuse("530 5.7.0 Authentication required")]
        if verb == "MAIL":
            self.sender, self.recipients = rest, []
            return ["250 ok"]
        if verb == "RCPT":
            self.recipients.append(rest.removeprefix("TO:").strip("<>"))
            return ["250 ok"]
        if verb == "DATA":
            return self._data()
        return ["250 ok"] if verb in ("NOOP", "RSET") else ["502 5.5.1 no such command"]

    def _login(self, rest):
        kind, _, first = rest.partition(" ")
        if kind != "PLAIN":
            return self.server._refuse("504 5.5.4 no such way")
        if not first:
            self.say("334 ")
            first = self.lines.readline().decode().strip()
        given = base64.b64decode(first).split(b"\0")[1:]
        if given != [self.server.user.encode(), self.server.secret.encode()]:
            return self.server._refuse(f"535 5.7.8 no such login: {given}")
        self.known = True
        return "235 2.7.0 welcome"

    def _data(self):
        if self.server._faults:
            return [self.server._refuse(self.server._faults.pop(0))]
        self.say("354 go on")
        body = []
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                return None
            body.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self.server.reset_after_data:
            self.server.reset_after_data -= 1
            self.server._refuse("reset")
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            return None
        message = email.message_from_bytes(b"".join(body), policy=email.policy.default)
        self.server.mails.append(Mail(self.sender, self.recipients, message))
        return ["250 2.0.0 queued"]
