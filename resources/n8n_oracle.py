"""n8n's own code as a witness: what n8n's packages say of a workflow, without an n8n server.

The packages come from the npm registry into the user's cache folder, once (about 30 s and 200 MB); they are never part
of the project. `python -m resources.n8n_oracle` installs them and prints the folder.
"""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import JsonValue, TypeAdapter

from compilers.errors import UserError
from resources.node import NPM_TIMEOUT, cache_folder, node_program, npm, run

VERSION = "2.41.1"
LIBRARIES = {"n8n-workflow": "2.41.0", "@n8n/workflow-sdk": "0.34.0"}
DESCRIPTORS = {"n8n-nodes-base": "2.41.1", "@n8n/n8n-nodes-langchain": "2.41.1"}
CHECK_TIMEOUT = 600
CHECKER = Path(__file__).parents[1] / "tools" / "n8n_check.mjs"


@dataclass(frozen=True)
class Issue:
    """One thing that n8n's code says of a workflow: from which layer, how bad, at which node and parameter."""

    layer: Literal[
        "structure", "type", "parameters", "credentials", "trigger", "ports", "expression", "reference", "sdk"
    ]
    severity: Literal["error", "warning", "info"]
    node: str | None
    where: str | None
    message: str


_ISSUES = TypeAdapter(list[list[Issue]])


def oracle_folder() -> Path:
    """Where the packages are kept: `manageai/n8n-oracle-<version>` in the user's cache folder."""
    return cache_folder() / f"n8n-oracle-{VERSION}"


def is_installed(folder: Path) -> bool:
    """Whether the folder holds all packages in the versions wanted."""
    return all(_version_of(folder, name) == wanted for name, wanted in {**LIBRARIES, **DESCRIPTORS}.items())


def install() -> Path:
    """Installs the packages unless they are there, and returns their folder. Raises `UserError` when it can't.

    Everything is made in a folder beside it and then renamed, so that an interrupted or a second, simultaneous
    installation never leaves half a one.
    """
    folder = oracle_folder()
    if is_installed(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise UserError(
            f"can't write: {error.strerror}", where=str(folder.parent), hint="set XDG_CACHE_HOME to another folder"
        ) from None
    try:
        _fill(making)
        _put_in_place(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


class Oracle:
    """n8n's packages in a folder, asked about workflows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check_workflows(self, documents: Sequence[Mapping[str, JsonValue]]) -> list[list[Issue]]:
        """For each workflow the issues that n8n's code finds. One Node.js process; about 1 s and 0.1 s a workflow."""
        with tempfile.TemporaryDirectory(prefix="n8n-check-") as holder:
            files = [Path(holder) / f"{number}.json" for number in range(len(documents))]
            for file, document in zip(files, documents, strict=True):
                file.write_text(json.dumps(document), encoding="utf-8")
            output = run(
                [str(node_program()), str(CHECKER), "--install", str(self.folder), *map(str, files)],
                Path(holder),
                CHECK_TIMEOUT,
                "n8n's code failed",
                f"delete {self.folder} and install it again: `python -m resources.n8n_oracle`",
            )
        return _ISSUES.validate_json(output)


def _version_of(folder: Path, package: str) -> str | None:
    try:
        manifest = json.loads((folder / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    version = manifest.get("version") if isinstance(manifest, dict) else None
    return version if isinstance(version, str) else None


def _fill(folder: Path) -> None:
    """Puts all packages under `folder/node_modules`."""
    (folder / "package.json").write_text('{"name": "n8n-oracle", "private": true}', encoding="utf-8")
    what = "npm could not install n8n's packages"
    exact = [f"{name}@{version}" for name, version in LIBRARIES.items()]
    quiet = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    run([*npm(), "install", "--save-exact", *quiet, *exact], folder, NPM_TIMEOUT, what)
    for name, version in DESCRIPTORS.items():
        packed = run([*npm(), "pack", "--json", "--loglevel=error", f"{name}@{version}"], folder, NPM_TIMEOUT, what)
        archive = folder / Path(str(json.loads(packed)[0]["filename"])).name
        _unpack(archive, folder / "node_modules" / name)
        archive.unlink()


def _wanted(path: PurePosixPath) -> bool:
    """Of a node package, only what describes its nodes: facts and schemas, no code that runs them."""
    if path.parts[:1] == ("package.json",) or path.parts[:2] in (("dist", "known"), ("dist", "types")):
        return path.suffix == ".json"
    return path.parts[:2] == ("dist", "node-definitions") and path.suffix != ".ts"


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as package:
        for member in package:
            path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            content = package.extractfile(member) if member.isfile() and ".." not in path.parts else None
            if content is None or not _wanted(path):
                continue
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.read())


def _put_in_place(made: Path, folder: Path) -> None:
    if is_installed(folder):  # another process was faster
        return
    if folder.exists():
        shutil.rmtree(folder)
    made.rename(folder)


if __name__ == "__main__":
    try:
        print(install())
    except UserError as problem:
        sys.exit(str(problem))
