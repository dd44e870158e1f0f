"""A real n8n server of one's own: installed from the npm registry, started without an editor, driven by its API.

`python -m resources.n8n_server` installs it into the user's cache folder, once (about 5 minutes and 950 MB), and prints
the folder. Nothing of n8n is part of the project. A server keeps its data in a folder of its own and calls nobody.

    with N8nServer(install()) as server:
        workflow = server.create(document)
        server.activate(workflow)
        answer = server.call("my-path", {"a": 1})
"""

from __future__ import annotations

import json
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

import httpx
from pydantic import JsonValue

from compilers.errors import UserError
from resources.n8n_oracle import VERSION
from resources.node import NPM_TIMEOUT, cache_folder, node_program, npm, run

START_SECONDS = 180
UNNEEDED_FILES = (".map", ".d.ts", ".d.mts", ".d.cts", ".tsbuildinfo", ".md", ".exe", ".tgz")
UNNEEDED_PACKAGES = (
    "chromadb-js-bindings-linux-x64-gnu", "chromadb", "element-plus", "agent-browser", "playwright", "playwright-core",
    "@getzep", "pdfjs-dist", "pdf-parse", "cohere-ai", "@mistralai", "@daytona", "apache-arrow", "@tiptap",
    "n8n-editor-ui/dist", "@confluentinc", "langchain", "tedious", "@discordjs", "discord.js", "@napi-rs",
    "n8n/node_modules/@napi-rs", "@n8n/n8n-nodes-langchain/node_modules",
    "@n8n/instance-ai/node_modules/@napi-rs", "@n8n/ai-utilities/node_modules", "@n8n/design-system",
    "@n8n/composables", "@n8n/i18n", "reka-ui", "@linear", "@typescript",
)  # fmt: skip
"""Packages of the editor and of AI nodes, without which the server runs; those nodes then can't be executed."""
_SWITCHED_OFF = (
    "N8N_DIAGNOSTICS_ENABLED", "N8N_VERSION_NOTIFICATIONS_ENABLED", "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED",
    "N8N_TEMPLATES_ENABLED", "N8N_PERSONALIZATION_ENABLED", "N8N_HIRING_BANNER_ENABLED", "N8N_DYNAMIC_BANNERS_ENABLED",
    "N8N_COMMUNITY_PACKAGES_ENABLED", "N8N_LICENSE_AUTO_RENEW_ENABLED", "N8N_USE_WORKFLOW_PUBLICATION_SERVICE",
    "N8N_SECURE_COOKIE",
)  # fmt: skip
"""What would call home, or make an activation answer before the webhook is there."""
_WORKFLOW_KEYS = ("name", "nodes", "connections", "settings", "staticData", "pinData")


def server_folder() -> Path:
    """Where the server is installed: `manageai/n8n-server-<version>` in the user's cache folder."""
    return cache_folder() / f"n8n-server-{VERSION}"


def is_installed(folder: Path) -> bool:
    """Whether the folder holds a whole installation."""
    return (folder / ".complete").is_file()


def install() -> Path:
    """Installs n8n unless it is there, and gives its folder. Raises `UserError` when it can't.

    Everything is made beside it and then renamed, so that an interrupted installation leaves nothing half done.
    """
    folder = server_folder()
    if is_installed(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(making)
        (making / ".complete").write_text(VERSION, encoding="utf-8")
        if not is_installed(folder):
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _fill(folder: Path) -> None:
    (folder / "package.json").write_text('{"name": "n8n-server", "private": true}', encoding="utf-8")
    quiet = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    run([*npm(), "install", *quiet, f"n8n@{VERSION}"], folder, NPM_TIMEOUT, "npm could not install n8n")
    # install scripts are off, since one of them downloads a library; only SQLite needs its own to be built, and against
    # the headers of the Node.js that will run it
    wheel = node_program().parent.parent
    environment = ["env", f"npm_config_nodedir={wheel}", "JOBS=max"]
    what = "n8n's SQLite could not be built"
    hint = "it needs a C++ compiler and make; on Debian: apt install build-essential"
    run([*environment, *npm(), "rebuild", "sqlite3"], folder, NPM_TIMEOUT, what, hint)
    modules = folder / "node_modules"
    for name in (*UNNEEDED_PACKAGES, "sqlite3/deps", "sqlite3/build/Release/obj.target"):
        shutil.rmtree(modules / name, ignore_errors=True)
    for package in (modules / "@langchain").glob("*"):
        if package.name not in ("core", "langgraph", "langgraph-checkpoint"):
            shutil.rmtree(package)
    for file in modules.rglob("*"):
        if file.name.endswith(UNNEEDED_FILES) and file.is_file():
            file.unlink()


@dataclass(frozen=True)
class Answer:
    """What a webhook answered: the status, and the body, decoded when it is JSON."""

    status: int
    body: JsonValue


class N8nServer:
    """A server on a free port of this machine, its data in a folder that goes when it stops."""

    def __init__(self, installation: Path, environment: Mapping[str, str] | None = None) -> None:
        self._installation, self._environment = installation, dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        memory = Path("/dev/shm")
        holder = memory if os.access(memory, os.W_OK) else None
        self._folder = Path(tempfile.mkdtemp(prefix="n8n-", dir=holder))
        self._password = f"P1{secrets.token_hex(12)}"
        self.port = _free_port()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False)

    def __enter__(self) -> N8nServer:
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
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(encoding="utf-8", errors="replace")[-800:]
                self.stop()
                raise UserError("n8n did not start", where=str(log), hint=last)
            time.sleep(0.2)
        owner = {
            "email": "owner@example.com",
            "firstName": "Test",
            "lastName": "Owner",
            "password": "Passw0rd-of-tests",
        }
        self._client.headers["browser-id"] = "manageai"
        self._client.post("/rest/owner/setup", json=owner).raise_for_status()

    def _settings(self) -> dict[str, str]:
        return {
            **os.environ,
            **dict.fromkeys(_SWITCHED_OFF, "false"),
            "PATH": f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "N8N_USER_FOLDER": str(self._folder),
            "N8N_ENCRYPTION_KEY": secrets.token_hex(16),
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
            answer = self._client.get("/rest/login")
            answer.json()
        except (httpx.HTTPError, ValueError):
            return False
        return answer.status_code in (200, 401)

    def stop(self) -> None:
        """Stops the server and removes its data."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- workflows ---------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: JsonValue = None) -> JsonValue:
        """One call of the public API. Raises `UserError` with n8n's message."""
        answer = self._client.request(method, f"/api/v1{path}", json=body)
        if answer.is_error:
            raise UserError(f"n8n answered {answer.status_code}: {answer.text[:500]}", where=f"{method} {path}")
        found: JsonValue = answer.json() if answer.content else None
        return found

    def create(self, document: Mapping[str, JsonValue]) -> str:
        """Creates a workflow and gives its id. Raises `UserError` when n8n doesn't take it."""
        kept: JsonValue = {key: document[key] for key in _WORKFLOW_KEYS if key in document}
        made = self.api("POST", "/workflows", kept)
        return str(made["id"]) if isinstance(made, dict) else ""

    def activate(self, workflow: str) -> None:
        """Publishes a workflow. Raises `UserError` with what n8n finds wrong."""
        self.api("POST", f"/workflows/{workflow}/activate")

    def delete(self, workflow: str) -> None:
        """Deletes a workflow."""
        self.api("DELETE", f"/workflows/{workflow}")

    def call(self, path: str, payload: JsonValue, method: str = "POST") -> Answer:
        """Calls a production webhook."""
        answer = self._client.request(method, f"/webhook/{path}", json=payload)
        try:
            return Answer(answer.status_code, json.loads(answer.text))
        except ValueError:
            return Answer(answer.status_code, answer.text)

    def empty_data_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Makes a data table of the signed-in user without rows, in place of one of that name; columns by name with
        their types: `string`, `number`, `boolean`, `date`. Raises `UserError` with n8n's message."""
        project = self._own("GET", "/rest/projects/personal")
        tables = f"/rest/projects/{project['id']}/data-tables"
        found = self._own("GET", tables).get("data")
        for table in found if isinstance(found, list) else []:
            if isinstance(table, dict) and table.get("name") == name:
                self._own("DELETE", f"{tables}/{table['id']}")
        listed: list[JsonValue] = [{"name": column, "type": kind} for column, kind in columns.items()]
        self._own("POST", tables, {"name": name, "columns": listed})

    def _own(self, method: str, path: str, body: JsonValue = None) -> dict[str, JsonValue]:
        """A call of the interface that n8n's editor uses, where its public one hasn't that."""
        answer = self._client.request(method, path, json=body)
        if answer.is_error:
            raise UserError(f"n8n answered {answer.status_code}: {answer.text[:500]}", where=f"{method} {path}")
        found = answer.json().get("data")
        return found if isinstance(found, dict) else {}

    def executions(self, workflow: str) -> tuple[str, ...]:
        """The ids of a workflow's executions that have ended, newest first."""
        found = self.api("GET", f"/executions?workflowId={workflow}&limit=100")
        listed = found.get("data") if isinstance(found, dict) else None
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        return tuple(str(row["id"]) for row in rows if row.get("stoppedAt"))

    def execution(self, identifier: str) -> JsonValue:
        """One execution with its data."""
        return self.api("GET", f"/executions/{identifier}?includeData=true")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        print(install())
    except UserError as problem:
        sys.exit(str(problem))
