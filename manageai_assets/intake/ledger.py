"""What comes up while an intake is made a spec: findings and assumptions, in the order they came up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from compilers.errors import Finding, shorten
from compilers.spec import Assumption

ABOUT_LENGTH = 200


@dataclass
class Ledger:
    """Collects findings and assumptions."""

    findings: list[Finding] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)

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

    def assume(self, severity: Literal["low", "medium", "high"], text: str, about: str) -> None:
        """What was taken for granted; the same thing is noted once."""
        assumption = Assumption(severity=severity, text=text, about=shorten(about, ABOUT_LENGTH))
        if assumption not in self.assumptions:
            self.assumptions.append(assumption)
