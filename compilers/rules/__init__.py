"""The rules for specs and for the platforms' exports.

    >>> from compilers.rules import validate_spec
    >>> validate_spec(spec)  # doctest: +SKIP
    (Finding(rule='spec.router.routes', ...), ...)

Each family is a few modules of small functions, kept in a `RuleBook`; `catalogue()` lists them all. A platform's
family is found by name: a module `<platform>_export.py` with a function `validate` and the `BOOK`.
"""

from __future__ import annotations

from pydantic import JsonValue

from compilers.errors import Finding, UserError, shorten
from compilers.rules import (  # noqa: F401 - each fills the book of its family
    make_credentials,
    make_errors,
    make_expressions,
    make_flow,
    make_modules,
    make_root,
    spec_accounts,
    spec_errors,
    spec_mapping,
    spec_modules,
    spec_routes,
    spec_schema,
    spec_structure,
)
from compilers.rules.engine import Rule
from compilers.rules.make_subject import BOOK as MAKE_BOOK
from compilers.rules.make_subject import MakeSubject
from compilers.rules.spec_subject import BOOK as SPEC_BOOK
from compilers.rules.spec_subject import SpecSubject
from compilers.spec import Spec


def validate_spec(spec: Spec) -> tuple[Finding, ...]:
    """What the spec rules find, in the order of the catalogue."""
    return SPEC_BOOK.findings(SpecSubject(spec))
