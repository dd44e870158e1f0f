"""What comes up while an intake is made a spec: findings and assumptions, in the order they came up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from compilers.errors import Finding, shorten
from compilers.spec import Assumption, Model

ABOUT_LENGTH = 200


class Question(Model):
    """Something only the client can answer."""

    what: str = Field(description="the question")
    why: str = Field(default="", description="what depends on the answer")
    about: str = Field(default="", description="field of the intake or step that it concerns")
    blocking: bool = Field(default=True, description="the build waits for the answer")
    example: str = Field(default="", description="what an answer could look like")


@dataclass
class Ledger:
    """Collects findings and assumptions."""

    findings: list[Finding] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether something came up that only a person can decide."""
        return any(finding.severity == "error" for finding in self.findings)

    def fail(self, rule: str, where: str, what: str, hint: str = "") -> None:
        """What only a person can decide."""
        self.findings.append(Finding(rule=f"intake.{rule}", severity="error", where=where, what=what, hint=hint))

    def warn(self, rule: str, where: str, what: str, hint: str = "") -> None:
        """What a person should look at."""
        self.findings.append(Finding(rule=f"intake.{rule}", severity="warning", where=where, what=what, hint=hint))

    def ask(self, question: Question) -> None:
        """What the client should be asked; the same question once."""
        if all(question.what != other.what for other in self.questions):
            self.questions.append(question)

    def assume(self, severity: Literal["low", "medium", "high"], text: str, about: str) -> None:
        """What was taken for granted; the same thing is noted once."""
        assumption = Assumption(severity=severity, text=text, about=shorten(about, ABOUT_LENGTH))
        if assumption not in self.assumptions:
            self.assumptions.append(assumption)
