"""What `manageai n8n start` does: a server that keeps its data, and a key for its API that stays the same.

The folder holds n8n's database, and beside it three files that only their owner can read: `secrets.json` (the key
that encrypts n8n's credentials, and the password of n8n's owner), `api-key`, and `lock`, by which one server runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pydantic import SecretStr

from compilers.documents import members
from compilers.errors import UserError
from manageai_assets.testing.n8n_session import FAST
from manageai_assets.testing.sandbox import Sandbox
from resources.interceptor import Interceptor
from resources.n8n_api import N8nApi, N8nUnauthorisedError
from resources.n8n_install import Heard, install
from resources.n8n_server import Home, N8nServer, new_password

NO_EDITOR = "It has no editor: workflows come and go by its API."
WATCH_SECONDS = 0.5
_SHOWN_LOG = 800


@dataclass(frozen=True)
class Served:
    """A running server, where it is, and its key, which stands in a file."""

    server: N8nServer
    key: SecretStr
    key_file: Path

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.server.address

    def wait(self) -> None:
        """Stays until the server ends or a signal comes. Raises `UserError` when it ended by itself."""
        while self.server.is_running:
            time.sleep(WATCH_SECONDS)
        log = self.key_file.with_name("server.log")
        raise UserError("n8n ended by itself", where=str(log), hint=log.read_text(errors="replace")[-_SHOWN_LOG:])


@contextmanager
def serving(folder: Path, port: int, *, sandbox: bool, heard: Heard = lambda line: None) -> Iterator[Served]:
    """A server on a port with its data in the folder; with `sandbox`, its apps are played and nothing leaves here.
    Raises `UserError` when the port is taken, one runs there already, or it can't be installed or started."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with _alone(folder, f"http://127.0.0.1:{port}"), ExitStack() as stack:
        _check_free(port)
        installation = install(heard)
        environment = dict(FAST)
        if sandbox:
            played = stack.enter_context(Sandbox())
            environment |= stack.enter_context(Interceptor(played.address)).environment
        heard("starting n8n")
        server = stack.enter_context(N8nServer(installation, environment, home=home_in(folder), port=port))
        yield Served(server, _key_of(server, folder / "api-key"), folder / "api-key")


def home_in(folder: Path) -> Home:
    """The home of the server in a folder: made at its first start, and read again at the next. Raises `UserError` when
    its secrets are no longer readable."""
    file = folder / "secrets.json"
    if not file.exists():
        if (folder / ".n8n").exists():
            hint = "put it back, or move the folder away to begin anew"
            raise UserError("the secrets of this server's data are gone", where=str(file), hint=hint)
        made = {"encryption_key": secrets.token_hex(16), "password": new_password().get_secret_value()}
        _write_secret(file, json.dumps(made))
    try:
        found = members(json.loads(file.read_text(encoding="utf-8")))
        key, password = found["encryption_key"], found["password"]
    except (OSError, ValueError, KeyError):
        hint = "put it back, or move the folder away to begin anew"
        raise UserError("the secrets of this server's data can't be read", where=str(file), hint=hint) from None
    return Home(folder, SecretStr(str(key)), SecretStr(str(password)))


def _key_of(server: N8nServer, file: Path) -> SecretStr:
    """The key in the file, if the server still takes it, else a new one."""
    if file.exists():
        known = SecretStr(file.read_text(encoding="utf-8").strip())
        try:
            with N8nApi(server.address, known, trust_environment=False) as api:
                next(api.workflows(), None)
        except N8nUnauthorisedError:
            pass
        else:
            return known
    # n8n refuses a second key of the same label, and the old one's secret is gone for good
    made = server.make_key(f"manageai {secrets.token_hex(4)}")
    _write_secret(file, made.get_secret_value())
    return made


def _write_secret(file: Path, text: str) -> None:
    """Writes a file that only its owner can ever read, whole or not at all."""
    making = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
        output.write(text)
    making.replace(file)


@contextmanager
def _alone(folder: Path, address: str) -> Iterator[None]:
    """Holds the folder for one server. Raises `UserError` when another one has it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    with open(lock, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = file.read().strip()
            raise UserError(
                f"n8n is running already, at {where}", where=str(folder), hint="use it, or stop it"
            ) from None
        file.truncate(0)
        file.write(address)
        file.flush()
        yield


def _check_free(port: int) -> None:
    if not 1 <= port <= 65_535:
        raise UserError(f"{port} is no port", where="--port", hint="take a number from 1 to 65535")
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError as problem:
            hint = "stop what listens there, or choose another with --port"
            raise UserError(f"port {port} can't be had: {problem.strerror}", where="--port", hint=hint) from None


@contextmanager
def until_stopped() -> Iterator[None]:
    """Ends quietly when Ctrl-C or SIGTERM comes, after everything inside has been stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
