"""Rules: small functions that each look for one thing that is wrong.

    @rule("spec.router.one-fallback", "error", area="router", hint="keep one fallback route")
    def one_fallback(subject: SpecSubject) -> Iterator[Place]:
        '''A router has at most one fallback route.'''
        ...
        yield "steps.route_lead", "has 2 fallback routes"

The first line of the docstring is the sentence of the catalogue. A rule yields a place and what is wrong there, once
for each place. Rules of one family take one subject type and are kept in one `RuleBook`, in the order they stand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from compilers.errors import Finding, Severity

Place = tuple[str, str]
Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """One rule: its id, how bad a finding is, what part of the document it looks at, its sentence and its hint."""

    id: str
    severity: Severity
    area: str
    sentence: str
    hint: str
    check: Callable[[Subject], Iterable[Place]]

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """What this rule finds."""
        for where, what in self.check(subject):
            yield Finding(rule=self.id, severity=self.severity, where=where, what=what, hint=self.hint)


class RuleBook(Generic[Subject]):
    """The rules of one family, such as those for n8n exports. Filled while its modules are imported, then only read."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._rules: dict[str, Rule[Subject]] = {}

    def rule(
        self, name: str, severity: Severity, *, area: str, hint: str
    ) -> Callable[[Callable[[Subject], Iterable[Place]]], Callable[[Subject], Iterable[Place]]]:
        """Adds the decorated function as the rule `<family>.<name>`."""

        def add(check: Callable[[Subject], Iterable[Place]]) -> Callable[[Subject], Iterable[Place]]:
            sentence = (inspect.getdoc(check) or "").split("\n")[0]
            identifier = f"{self.family}.{name}"
            if not sentence or identifier in self._rules:
                raise ValueError(f"rule `{identifier}` has no docstring or is there already")
            self._rules[identifier] = Rule(identifier, severity, area, sentence, hint, check)
            return check

        return add

    @property
    def rules(self) -> tuple[Rule[Subject], ...]:
        """All rules, in the order they were written."""
        return tuple(self._rules.values())

    def findings(self, subject: Subject) -> tuple[Finding, ...]:
        """What all rules find, in the order of the rules."""
        return tuple(finding for rule in self._rules.values() for finding in rule.findings(subject))
