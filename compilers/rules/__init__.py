"""The rules for specs and for the platforms' exports.

A family of rules is the modules `<family>_*.py`: small functions, kept in the `BOOK` of `<family>_subject.py`. A
platform's family has a function `validate_<platform>` besides. Families are found by these names, so that rules for
another platform are files and nothing else; they are loaded when they are first asked for.

    >>> from compilers.rules import validate_export
    >>> [finding.rule for finding in validate_export("make", {"name": "Empty", "flow": [], "metadata": {"version": 1}})]
    ['make.root.flow']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from pydantic import JsonValue

from compilers.errors import Finding, UserError, shorten
from compilers.rules.engine import Rule, RuleBook
from compilers.spec import Spec

Validator = Callable[[JsonValue], tuple[Finding, ...]]
SPEC = "spec"
_SUBJECT = "_subject"


@cache
def _modules(family: str) -> tuple[ModuleType, ...]:
    """The modules of a family, imported, which fills its book."""
    names = [info.name for info in iter_modules(__path__) if info.name.startswith(f"{family}_")]
    return tuple(import_module(f"{__name__}.{name}") for name in names)


def _book(family: str) -> RuleBook[Any]:
    book = getattr(next(m for m in _modules(family) if m.__name__.endswith(_SUBJECT)), "BOOK", None)
    if not isinstance(book, RuleBook):
        raise TypeError(f"`{family}{_SUBJECT}.py` has no `BOOK`")
    return book


def families() -> tuple[str, ...]:
    """The families that there are: `spec`, and the platforms with rules."""
    names = sorted(info.name for info in iter_modules(__path__) if info.name.endswith(_SUBJECT))
    found = [name.removesuffix(_SUBJECT) for name in names]
    return tuple(sorted(found, key=lambda name: (name != SPEC, name)))


def catalogue() -> tuple[Rule[Any], ...]:
    """All rules, those for specs first."""
    return tuple(rule for family in families() for rule in _book(family).rules)


def validate_spec(spec: Spec) -> tuple[Finding, ...]:
    """What the rules for specs find, in the order of the catalogue."""
    book = _book(SPEC)
    from compilers.rules.spec_subject import SpecSubject

    return book.findings(SpecSubject(spec))


def validate_export(platform: str, document: JsonValue) -> tuple[Finding, ...]:
    """What the rules for a platform find in an export. Any JSON is allowed, and gives findings, never an exception.
    Raises `UserError` for a platform that has no rules."""
    if platform == SPEC or platform not in families():
        known = ", ".join(name for name in families() if name != SPEC)
        raise UserError(f"there are no rules for exports to `{shorten(platform, 60)}`", hint=f"there are for {known}")
    return next(_validators(platform))(document)


def _validators(platform: str) -> Iterator[Validator]:
    for module in _modules(platform):
        validate = getattr(module, f"validate_{platform}", None)
        if validate:
            yield validate
