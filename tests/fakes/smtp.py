"""A local mail server that speaks as much SMTP as senders need (RFC 5321): it keeps what it is given."""

from __future__ import annotations

import base64
import email
import email.policy
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

USER, PASSWORD = "sender@example.com", "made-up"


@dataclass
class FakeSmtp:
    """The running server: its port, and the messages with their receivers."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    signed_in: list[bool] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """Commands with the reply that each gets once: `("RCPT", "550 no such user")`."""
    taken: Callable[[], bool] = lambda: True
    """Whether the server says of a message that it has just kept that it did; else the connection breaks off."""


@contextmanager
def fake_smtp(*refusals: tuple[str, str]) -> Iterator[FakeSmtp]:
    """A running fake that refuses these commands once each."""
    fake = FakeSmtp(refusals=list(refusals))

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.receivers: list[str] = []
            self.known = False
            self._say("220 fake.example.com ESMTP")
            while line := self.rfile.readline():
                command = line.decode("ascii", "replace").strip()
                verb = command.partition(" ")[0].upper()
                refusal = next((one for one in fake.refusals if one[0] == verb), None)
                if refusal is not None:
                    fake.refusals.remove(refusal)
                    self._say(refusal[1])
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._answer(verb, command)

        def _answer(self, verb: str, command: str) -> None:
            match verb:
                case "EHLO":
                    self._say("250-fake.example.com", "250-8BITMIME", "250 AUTH PLAIN LOGIN")
                case "HELO" | "RSET" | "NOOP":
                    self._say("250 ok")
                case "MAIL":
                    self.receivers = []
                    self._say("250 ok")
                case "RCPT":
                    self.receivers.append(command.partition(":")[2].strip("<> "))
                    self._say("250 ok")
                case "DATA":
                    self._data()
                case "AUTH":
                    self._sign_in(command)
                case _:
                    self._say("502 not known")

        def _data(self) -> None:
            if not self.receivers:
                self._say("503 no receivers")
                return
            self._say("354 go on")
            lines: list[bytes] = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b".") else line)
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            fake.messages.append(message)
            fake.receivers.append(self.receivers)
            fake.signed_in.append(self.known)
            if fake.taken():
                self._say("250 taken")
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

        def _sign_in(self, command: str) -> None:
            given = base64.b64decode(command.split()[-1]).split(b"\0")
            self.known = given == [b"", USER.encode(), PASSWORD.encode()]
            self._say("235 welcome" if self.known else "535 wrong")

        def _say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
