"""How apps fail: the answers of error cases."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from compilers.registry import registry
from compilers.spec import AnyStep, OperationStep
from manageai_assets.testing.models import Failure, FailureName

FAILURES: Mapping[FailureName, str] = MappingProxyType({
    "400": "The request is not valid.",
    "401": "The account is not signed in.",
    "403": "The account may not do this.",
    "404": "There is no such thing.",
    "429": "Too many requests.",
    "500": "The service has a problem.",
    "timeout": "The service did not answer in time.",
})  # fmt: skip
"""The ways, and what apps say then."""


def failure(step: AnyStep, name: FailureName) -> Failure:
    """A failure as the app of a step says it."""
    app = registry().apps.get(step.app) if isinstance(step, OperationStep) else None
    return Failure(name=name, message=f"{app.name}: {FAILURES[name]}" if app else FAILURES[name])
