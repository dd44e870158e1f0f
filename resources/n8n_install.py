"""n8n itself, installed from the npm registry into the user's cache folder. Nothing of it is part of the project.

An installation takes about 5 minutes and 950 MB, happens once, and is whole or not there. It has no editor: what only
the editor, and most AI nodes, need is left out.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from resources.n8n_oracle import VERSION
from resources.node import NPM_TIMEOUT, cache_folder, node_program, npm, run

Heard = Callable[[str], None]
"""Is told what is being done, in a line."""
UNNEEDED_FILES = (".map", ".d.ts", ".d.mts", ".d.cts", ".tsbuildinfo", ".md", ".exe", ".tgz")
UNNEEDED_PACKAGES = (
    "chromadb-js-bindings-linux-x64-gnu", "chromadb", "element-plus", "agent-browser", "playwright", "playwright-core",
    "@getzep", "pdfjs-dist", "pdf-parse", "cohere-ai", "@mistralai", "@daytona", "apache-arrow", "@tiptap",
    "n8n-editor-ui/dist", "@confluentinc", "langchain", "tedious", "@discordjs", "discord.js", "@napi-rs",
    "n8n/node_modules/@napi-rs", "@n8n/n8n-nodes-langchain/node_modules",
    "@n8n/instance-ai/node_modules/@napi-rs", "@n8n/design-system",
    "@n8n/composables", "@n8n/i18n", "reka-ui", "@linear", "@typescript",
)  # fmt: skip
"""Packages of the editor and of AI nodes, without which the server runs; those nodes then can't be executed."""
NEEDED_PACKAGES = {
    "@langchain": ("classic", "core", "langgraph", "langgraph-checkpoint", "openai", "textsplitters"),
    "@n8n/ai-utilities/node_modules": ("@langchain",),
    "@n8n/ai-utilities/node_modules/@langchain": ("community",),
}
"""All that is kept of these folders: what the server, and the nodes for OpenAI and Anthropic, can't do without."""
EDITION = f"{VERSION} 2"
"""What an installation's `.complete` says: the second number grows with what is kept of the packages."""


def server_folder() -> Path:
    """Where the server is installed: `manageai/n8n-server-<version>` in the user's cache folder."""
    return cache_folder() / f"n8n-server-{VERSION}"


def is_installed(folder: Path) -> bool:
    """Whether the folder holds a whole installation."""
    mark = folder / ".complete"
    return mark.is_file() and mark.read_text(encoding="utf-8") == EDITION


def install(heard: Heard = lambda line: None) -> Path:
    """Installs n8n unless it is there, and gives its folder. Raises `UserError` when it can't.

    Everything is made beside it and then renamed, so that an interrupted installation leaves nothing half done.
    """
    folder = server_folder()
    if is_installed(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(making, heard)
        (making / ".complete").write_text(EDITION, encoding="utf-8")
        if not is_installed(folder):
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    heard(f"n8n {VERSION} is installed")
    return folder


def _fill(folder: Path, heard: Heard) -> None:
    heard(f"installing n8n {VERSION} from the npm registry: once, about 5 minutes and 950 MB")
    (folder / "package.json").write_text('{"name": "n8n-server", "private": true}', encoding="utf-8")
    quiet = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    run([*npm(), "install", *quiet, f"n8n@{VERSION}"], folder, NPM_TIMEOUT, "npm could not install n8n")
    # install scripts are off, since one of them downloads a library; only SQLite needs its own to be built, and against
    # the headers of the Node.js that will run it
    heard("building its SQLite: about 2 minutes")
    wheel = node_program().parent.parent
    environment = ["env", f"npm_config_nodedir={wheel}", "JOBS=max"]
    what = "n8n's SQLite could not be built"
    hint = "it needs a C++ compiler and make; on Debian: apt install build-essential"
    run([*environment, *npm(), "rebuild", "sqlite3"], folder, NPM_TIMEOUT, what, hint)
    heard("removing what a server without an editor doesn't need")
    _trim(folder / "node_modules")


def _trim(modules: Path) -> None:
    for name in (*UNNEEDED_PACKAGES, "sqlite3/deps", "sqlite3/build/Release/obj.target"):
        shutil.rmtree(modules / name, ignore_errors=True)
    for place, needed in NEEDED_PACKAGES.items():
        for package in (modules / place).glob("*"):
            if package.name not in needed:
                shutil.rmtree(package)
    for file in modules.rglob("*"):
        if file.name.endswith(UNNEEDED_FILES) and file.is_file():
            file.unlink()
