"""A real n8n server of one's own, started without an editor, with what only its editor's interface can do.

`python -m resources.n8n_server` installs it into the user's cache folder, once (about 5 minutes and 950 MB), and prints
the folder. A server keeps its data in a folder of its own and calls nobody.

    with N8nServer(install()) as server:
        workflow = server.create(document)
        server.activate(workflow)
        answer = server.call("my-path", {"a": 1})
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from pydantic import JsonValue, SecretStr

from compilers.errors import UserError
from resources.n8n_api import N8nApi, N8nRefusedError, Object, workflow_of
from resources.n8n_install import install
from resources.node import cache_folder, node_program

START_SECONDS = 180
OWNER = "owner@agency.example"
_SWITCHED_OFF = (
    "N8N_DIAGNOSTICS_ENABLED", "N8N_VERSION_NOTIFICATIONS_ENABLED", "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED",
    "N8N_TEMPLATES_ENABLED", "N8N_PERSONALIZATION_ENABLED", "N8N_HIRING_BANNER_ENABLED", "N8N_DYNAMIC_BANNERS_ENABLED",
    "N8N_COMMUNITY_PACKAGES_ENABLED", "N8N_LICENSE_AUTO_RENEW_ENABLED", "N8N_USE_WORKFLOW_PUBLICATION_SERVICE",
    "N8N_SECURE_COOKIE",
)  # fmt: skip
"""What would call home, or make an activation answer before the webhook is there."""


@dataclass(frozen=True)
class Home:
    """Where a server's data stay: the folder, the key that encrypts its credentials, and its owner's password."""

    folder: Path
    encryption_key: SecretStr
    password: SecretStr


class N8nServer(N8nApi):
    """A server on this machine, on a free port or a given one. Without a home, its data go when it stops."""

    def __init__(
        self,
        installation: Path,
        environment: Mapping[str, str] | None = None,
        *,
        home: Home | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or _free_port()
        super().__init__(f"http://127.0.0.1:{self.port}", None, trust_environment=False)
        self._installation, self._environment = installation, dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._passing = home is None
        self._home = home or Home(_passing_folder(), SecretStr(secrets.token_hex(16)), new_password())
        self._folder = self._home.folder

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the server and signs in. Raises `UserError` when it doesn't come up."""
        log = self._folder / "server.log"
        command = [str(node_program()), str(self._installation / "node_modules" / "n8n" / "bin" / "n8n"), "start"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self._settings(), stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        try:
            while not self._is_ready():
                if not self.is_running or time.monotonic() > deadline:
                    last = log.read_text(encoding="utf-8", errors="replace")[-800:]
                    raise UserError("n8n did not start", where=str(log), hint=last)
                time.sleep(0.2)
            self._sign_in()
        except BaseException:
            self.stop()
            raise

    def _sign_in(self) -> None:
        """As the owner, who is made at the first start."""
        password = self._home.password.get_secret_value()
        owner: Object = {"email": OWNER, "firstName": "Workshop", "lastName": "Owner", "password": password}
        self._client.headers["browser-id"] = "manageai"
        try:
            self._answer("POST", "/rest/owner/setup", owner)
        except N8nRefusedError:
            self._answer("POST", "/rest/login", {"emailOrLdapLoginId": OWNER, "password": password})

    def _settings(self) -> dict[str, str]:
        return {
            **os.environ,
            **dict.fromkeys(_SWITCHED_OFF, "false"),
            "PATH": f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "N8N_USER_FOLDER": str(self._folder),
            "N8N_ENCRYPTION_KEY": self._home.encryption_key.get_secret_value(),
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_HOST": "127.0.0.1",
            "N8N_PORT": str(self.port),
            "N8N_PROTOCOL": "http",
            "N8N_RUNNERS_BROKER_PORT": str(_free_port()),
            "N8N_DISABLED_MODULES": "mcp-registry,insights,chat-hub,instance-ai,agents",
            "N8N_DISABLE_UI": "true",
            "N8N_LOG_LEVEL": "warn",
            "NODE_COMPILE_CACHE": str(cache_folder() / "node-compile-cache"),
            **self._environment,
        }

    def _is_ready(self) -> bool:
        try:
            if self._client.get(f"{self.address}/healthz/readiness").status_code != 200:
                return False
            answer = self._client.get(f"{self.address}/rest/login")
            answer.json()
        except (httpx.HTTPError, ValueError):
            return False
        return answer.status_code in (200, 401)

    @property
    def is_running(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stops the server, and removes its data unless they have a home."""
        if self._process and self.is_running:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.close()
        if self._passing:
            shutil.rmtree(self._folder, ignore_errors=True)

    # -- what only the editor's interface can ------------------------------------------------------------------

    def pin(self, workflow: str, document: Mapping[str, JsonValue], pinned: Mapping[str, JsonValue]) -> None:
        """Pins items to nodes, by their names, for runs as from the editor. Raises `N8nApiError` with n8n's message."""
        self.update(workflow, workflow_of(document) | {"pinData": dict(pinned)})

    def run(self, workflow: str, trigger: str) -> str:
        """Runs a workflow as from the editor, from a trigger whose items are pinned or that needs none, and gives the
        execution's id. Raises `N8nApiError` with n8n's message."""
        started = self._own("POST", f"/rest/workflows/{workflow}/run", {"triggerToStartFrom": {"name": trigger}})
        return str(started.get("executionId"))

    def make_key(self, label: str) -> SecretStr:
        """A new key for the public API, with every scope that the owner may give. Raises `N8nApiError`."""
        answer = self._answer("GET", "/rest/api-keys/scopes")
        scopes = answer.get("data") if isinstance(answer, dict) else None
        made = self._own("POST", "/rest/api-keys", {"label": label, "scopes": scopes, "expiresAt": None})
        return SecretStr(str(made.get("rawApiKey")))

    def empty_data_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Makes a data table of the signed-in user without rows, in place of one of that name; columns by name with
        their types: `string`, `number`, `boolean`, `date`. Raises `N8nApiError` with n8n's message."""
        project = self._own("GET", "/rest/projects/personal")
        tables = f"/rest/projects/{project['id']}/data-tables"
        found = self._own("GET", tables).get("data")
        for table in found if isinstance(found, list) else []:
            if isinstance(table, dict) and table.get("name") == name:
                self._own("DELETE", f"{tables}/{table['id']}")
        listed: list[JsonValue] = [{"name": column, "type": kind} for column, kind in columns.items()]
        self._own("POST", tables, {"name": name, "columns": listed})

    def _own(self, method: str, path: str, body: JsonValue = None) -> Object:
        """A call of the interface that n8n's editor uses, where its public one hasn't that."""
        answer = self._answer(method, path, body)
        found = answer.get("data") if isinstance(answer, dict) else None
        return found if isinstance(found, dict) else {}


def new_password() -> SecretStr:
    """A password that n8n takes."""
    return SecretStr(f"P1{secrets.token_hex(12)}")


def _passing_folder() -> Path:
    """A folder in memory where there is one: SQLite there is several times faster."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="n8n-", dir=memory if os.access(memory, os.W_OK) else None))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        print(install(lambda line: print(line, file=sys.stderr, flush=True)))
    except UserError as problem:
        sys.exit(str(problem))
