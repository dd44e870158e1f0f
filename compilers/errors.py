"""What a user did wrong, as values with a place.

A *finding* is one thing that is wrong or worth knowing, with its place and what to do; findings are collected.
`UserError` is the family of exceptions that stop the work: the command line prints it without a traceback and
exits with 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["error", "warning", "info"]

SHOWN_TEXT = 200


def shorten(text: str, limit: int = SHOWN_TEXT) -> str:
    """`text` on one line, control characters escaped, at most `limit` characters: fit for a message."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[: limit + 1])
    return visible if len(visible) <= limit else visible[: limit - 1] + "…"


class Finding(BaseModel):
    """One thing found in a document: which rule, how bad, where, what, and what to do about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str = Field(description="id of the rule or check that found it, such as `spec.router.no-routes`")
    severity: Severity
    where: str = Field(description="place in the document, such as `steps.notify.inputs.text`")
    what: str = Field(description="one sentence: what is wrong")
    hint: str = Field(default="", description="one sentence: what to do")

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.severity} {self.where}: {self.what}{hint} [{self.rule}]"


class UserError(Exception):
    """Something the user can mend: `what` happened, `where` (file, step, field), and a `hint` that says what to do."""

    def __init__(self, what: str, *, where: str = "", hint: str = "", findings: Iterable[Finding] = ()) -> None:
        self.what, self.where, self.hint = what, where, hint
        self.findings = tuple(findings)
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.hint:
            text += f" ({self.hint})"
        return "\n".join([text, *(f"  - {finding}" for finding in self.findings)])


class SpecError(UserError):
    """A canonical spec that can't be read or can't be used as it is."""


class RegistryError(UserError):
    """A registry file that is wrong, or a look-up of an app or operation that it doesn't hold."""


class ExpressionError(UserError):
    """An expression that can't be parsed, evaluated or written for a platform."""


class CompileError(UserError):
    """A spec that a platform can't express; `findings` has one entry for each obstacle."""
