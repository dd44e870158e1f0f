"""What steps that reach no service share: the state of a run, how they fail, and JavaScript's way with patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from re import Match, Pattern
from typing import cast

from pydantic import JsonValue

from compilers.errors import ExpressionError, shorten
from compilers.expressions import Context, Value
from compilers.expressions.regex import javascript_regex

Inputs = Mapping[str, Value]
"""The evaluated inputs of a step by the registry's names, its defaults filled in."""
Bundle = dict[str, Value]
Record = dict[str, Value]


class StepFailure(Exception):  # noqa: N818 - Make's `DataError` and its like are names of its `type`
    """A step failed; `type` is Make's name for how, such as `DataError`."""

    def __init__(self, kind: str, message: str) -> None:
        self.type, self.message = kind, message
        super().__init__(f"{kind}: {message}")


@dataclass
class State:
    """What a run remembers from one bundle to the next. Counters belong to `step`: whoever runs a step names it."""

    stores: dict[str, dict[str, Record]] = field(default_factory=dict)
    """Records by key, by the store's name."""
    counters: dict[tuple[str, str], int] = field(default_factory=dict)
    """Counts by what resets them and by step."""
    step: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Mapping[str, Mapping[str, JsonValue]]]) -> State:
        """The state at the start of a run whose data stores hold `stored` (as `Case.stored` has it)."""
        stores = {
            name: {key: cast(Record, dict(record)) for key, record in records.items()}
            for name, records in stored.items()
        }
        return cls(stores)

    def begin_cycle(self) -> None:
        """Forgets the counts that start again with each cycle."""
        self._forget("run")

    def begin_run(self) -> None:
        """Forgets the counts that start again with each run."""
        self._forget("run", "execution")

    def _forget(self, *periods: str) -> None:
        self.counters = {key: count for key, count in self.counters.items() if key[0] not in periods}


Transform = Callable[[Inputs, Context, State], list[Bundle]]


_ONLY_PYTHON = re.compile(r"(?<!\\)\(\?(?:[aiLmsux]+\)|P|#|\(|>)|(?<!\\)[*+?}]\+")
"""What Python's patterns have beyond JavaScript's: flags for the whole pattern, `(?P`, comments, possessive ones."""


def pattern_of(pattern: str, flags: str) -> Pattern[str]:
    """A pattern that comes from the data, with JavaScript's meaning. Raises `StepFailure` when it isn't one."""
    if _ONLY_PYTHON.search(pattern):
        raise StepFailure("DataError", f"`{shorten(pattern, 60)}` is no regular expression of JavaScript's")
    try:
        return javascript_regex(pattern, flags)
    except ExpressionError as error:
        raise StepFailure("DataError", error.what) from None


def matches(pattern: Pattern[str], text: str) -> Iterator[Match[str]]:
    """Every match as JavaScript finds them: behind an empty one it goes on at the next character, where Python would
    first look for a longer one at the same place."""
    at = 0
    while at <= len(text):
        found = pattern.search(text, at)
        if found is None:
            return
        yield found
        at = found.end() if found.end() > found.start() else found.end() + 1
