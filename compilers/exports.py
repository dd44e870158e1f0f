"""The platforms that a spec compiles to: every folder of this package with an `emit.py`, found by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module, resources

from compilers.errors import CompileError
from compilers.export import Export
from compilers.spec import Spec


@cache
def platforms() -> tuple[str, ...]:
    """The names of the platforms, in alphabetical order."""
    folders = resources.files("compilers").iterdir()
    return tuple(sorted(folder.name for folder in folders if folder.joinpath("emit.py").is_file()))


def emit(spec: Spec, platform: str) -> Export:
    """The spec compiled for a platform. Raises `CompileError` for an unknown platform and for what it can't express."""
    if platform not in platforms():
        raise CompileError(f"no platform `{platform}`", hint=f"there are {', '.join(platforms())}")
    export: Export = import_module(f"compilers.{platform}.emit").emit(spec)
    return export
