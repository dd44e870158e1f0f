"""What happens to one stage of one build inside a run: its inputs are found, it runs, its artifact is written.

Inputs come from the artifact store, so that any stage can be run again by itself; what this run has made or read is
kept decoded. A build that is refused, or that meets a fault, never touches its neighbours in the same run.
"""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from compilers.errors import UserError, shorten
from manageai_assets.stages import NotWanted, Outcome, Stage, Value, run_stage
from resources.artifacts import ArtifactStore, BuildKey


@dataclass(frozen=True)
class Result:
    """What became of a stage of a build; with a value, where its artifact is, its size and its SHA-256 (hex)."""

    key: BuildKey
    outcome: Outcome
    url: str = ""
    size: int = 0
    digest: str = ""
    fault: str = ""
    """Traceback of a fault in the program, for the run's log."""

    @property
    def failed(self) -> bool:
        """Refused, broken, or stopped by a blocking check. Waiting and left-out stages have not failed."""
        return (self.outcome.refusal is not None and not self.outcome.waiting) or self.outcome.blocked

    @property
    def unasked(self) -> bool:
        """Nobody wants this artifact of this build: it is done without one."""
        return isinstance(self.outcome.refusal, NotWanted)

    @property
    def reason(self) -> str:
        """Why there is nothing to use, in words; empty when there is."""
        if self.outcome.refusal is not None:
            return str(self.outcome.refusal)
        if self.outcome.blocked:
            failed = [check for check in self.outcome.checks if check.blocking and not check.passed]
            return "; ".join(f"{check.name}: {check.summary}" for check in failed)
        return f"left out, since there is no {' and no '.join(self.outcome.missing)}" if self.outcome.missing else ""


@dataclass
class Workbench:
    """One run's view of its builds. `stages` are all there are, by name; `given` are the inputs that come from no
    stage, by the names of the parameters that take them."""

    store: ArtifactStore
    stages: Mapping[str, Stage]
    given: Mapping[str, Callable[[BuildKey], Value]] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    results: dict[BuildKey, dict[str, Result]] = field(default_factory=dict)
    _values: dict[tuple[BuildKey, str], Value | None] = field(default_factory=dict)

    def run(self, item: Stage, key: BuildKey) -> Result:
        """Runs a stage of a build and writes what it gives. Without a usable value, a former artifact goes away."""
        try:
            outcome = run_stage(item, {name: self.value(name, key) for name in item.needs}, self.clock)
            result = self._kept(item, key, outcome)
        except UserError as refusal:
            result = Result(key, Outcome(item.name, refusal=refusal))
        except Exception as fault:
            result = Result(key, Outcome(item.name, refusal=_fault(fault)), fault=traceback.format_exc())
        self.results.setdefault(key, {})[item.name] = result
        self._values[key, item.name] = result.outcome.value if result.outcome.usable else None
        return result

    def value(self, name: str, key: BuildKey) -> Value | None:
        """What the stage `name` gave for this build, in this run or an earlier one; None when it can't be used."""
        if name in self.given:
            return self.given[name](key)
        if (key, name) not in self._values:
            item = self.stages[name]
            data = self.store.read(key, item.artifact)
            self._values[key, name] = None if data is None else _usable(item, data, key)
        return self._values[key, name]

    def found(self, name: str, key: BuildKey) -> Value | None:
        """As `value`, and None for a stage that there isn't or whose artifact can't be read."""
        try:
            return self.value(name, key) if name in self.stages else None
        except UserError:
            return None

    def _kept(self, item: Stage, key: BuildKey, outcome: Outcome) -> Result:
        if outcome.value is None:
            self.store.discard(key, item.artifact)
            return Result(key, outcome)
        data = item.encode(outcome.value)
        url = self.store.write(key, item.artifact, data)
        return Result(key, outcome, url, len(data), hashlib.sha256(data).hexdigest())


def _usable(item: Stage, data: bytes, key: BuildKey) -> Value | None:
    try:
        value = item.decode(data)
    except (ValidationError, UnicodeDecodeError):
        raise UserError(
            f"{item.artifact} can't be read: it was written by another version or changed by hand",
            where=str(key),
            hint=f"materialise `{item.name}` again",
        ) from None
    blocked = item.checks is not None and any(check.blocking and not check.passed for check in item.checks(value))
    return None if blocked else value


def _fault(fault: Exception) -> UserError:
    return UserError(
        f"stopped by a fault in the program: {type(fault).__name__}: {shorten(str(fault))}",
        hint="the run's log has the traceback; the other builds are not affected",
    )


def describe(results: Iterable[Result]) -> str:
    """The failed ones in words, one a line, each with its build."""
    return "\n".join(f"{result.key}: {result.reason}" for result in results if result.failed)
