"""The platforms that a spec compiles to: those of the spec's format that have a folder here with an `emit.py`."""

from __future__ import annotations

from functools import cache
from importlib import import_module, resources
from typing import get_args

from compilers.errors import CompileError, shorten
from compilers.export import Export, Platform
from compilers.spec import PlatformName, Spec


@cache
def platforms() -> tuple[PlatformName, ...]:
    """The names of the platforms, in the order of the spec's format."""
    root = resources.files("compilers")
    return tuple(name for name in get_args(PlatformName) if root.joinpath(name, "emit.py").is_file())


@cache
def describe(name: str) -> Platform:
    """What a platform's package says of it; of one that says nothing, or isn't there, only its title."""
    package = import_module(f"compilers.{name}") if name in platforms() else None
    known = getattr(package, "PLATFORM", None)
    return known if isinstance(known, Platform) else Platform(name.capitalize())


@cache
def guided() -> tuple[PlatformName, ...]:
    """The platforms whose folder has a `guide.py`: how a person builds by hand what can't be imported everywhere."""
    root = resources.files("compilers")
    return tuple(name for name in platforms() if root.joinpath(name, "guide.py").is_file())


def guide(spec: Spec, platform: str) -> str:
    """How a person builds the spec on a platform of `guided`, as Markdown. Raises `CompileError`."""
    if platform not in guided():
        raise CompileError(f"no build sheet for `{shorten(platform)}`", hint=f"there are {', '.join(guided())}")
    sheet: str = import_module(f"compilers.{platform}.guide").guide(spec)
    return sheet


def emit(spec: Spec, platform: str) -> Export:
    """The spec compiled for a platform. Raises `CompileError` for an unknown platform and for what it can't express."""
    if platform not in platforms():
        raise CompileError(f"no platform `{shorten(platform)}`", hint=f"there are {', '.join(platforms())}")
    export: Export = import_module(f"compilers.{platform}.emit").emit(spec)
    return export
