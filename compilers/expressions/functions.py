"""The shape of a row of the function catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["any", "text", "number", "boolean", "date", "array", "object", "buffer"]
"""What a value is known to be. For `text`, `number` and `boolean` this means never null."""


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of a function."""

    name: str
    type: str
    optional: bool = False
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language.

    `python` takes the context first if `in_context`, then the values; lazy ones are the evaluator's own and have none.
    `js` is JavaScript with `{0}`, `{1:text}`, `{2:number}` for the arguments, as they are or made text or number; or
    the name of a helper in `n8n_helpers.js` that takes all arguments; or empty where the n8n writer has a method.
    On Make every function is spelt as here.
    """

    name: str
    group: str
    args: tuple[Arg, ...]
    returns: Kind
    summary: str
    python: Callable[..., Any] | None
    js: str
    in_context: bool = False

    @property
    def signature(self) -> str:
        """`name(first; second?)`, as documents show it."""
        shown = [f"{arg.name}{'...' if arg.variadic else '?' if arg.optional else ''}" for arg in self.args]
        return f"{self.name}({'; '.join(shown)})"

    @property
    def least(self) -> int:
        """How many arguments it needs."""
        return sum(not arg.optional for arg in self.args)

    @property
    def most(self) -> int | None:
        """How many arguments it takes at most; None: any number."""
        return None if any(arg.variadic for arg in self.args) else len(self.args)


_ARG = re.compile(r"(\w+)(\?|\.\.\.)?: ([\w|]+)")


def arguments(text: str) -> tuple[Arg, ...]:
    """Arguments written as `array: array, end?: number, more...: any`."""
    return tuple(
        Arg(name, type_, optional=bool(mark), variadic=mark == "...") for name, mark, type_ in _ARG.findall(text)
    )


def row(
    name: str,
    group: str,
    args: str,
    returns: Kind,
    summary: str,
    python: Callable[..., Any] | None,
    js: str,
    *,
    in_context: bool = False,
) -> Function:
    """A row of the catalogue, its arguments written as for `arguments`."""
    return Function(name, group, arguments(args), returns, summary, python, js, in_context)
