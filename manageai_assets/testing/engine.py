"""What runs cases: the simulator, a real n8n, a team of Make's."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from compilers.errors import UserError
from compilers.expressions.context import Context
from manageai_assets.testing.compare import Sight
from manageai_assets.testing.models import Case, EngineName, Trace


class UnplayableError(UserError):
    """A case that an engine can't play, such as an app's failure where the apps are real: left out, not failed."""


class Engine(Protocol):
    """One scenario on an engine, opened and closed as a context. `subject` is what it runs."""

    @property
    def name(self) -> EngineName:
        """Which engine it is."""

    @property
    def subject(self) -> str:
        """What it runs, in words."""

    @property
    def sees(self) -> Sight:
        """What it lets one see."""

    def __enter__(self) -> Self:
        """Gets it ready. Raises `UserError` when it can't be."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Leaves nothing behind."""

    def view(self, trace: Trace) -> Trace:
        """What is expected, in the engine's own terms."""

    def run(self, case: Case, expected: Trace, context: Context) -> Trace:
        """What it does with a case. Raises `UnplayableError` for one that it can't play, `UserError` when it fails."""
