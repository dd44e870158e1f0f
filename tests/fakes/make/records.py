"""What the fake keeps: scenarios, hooks, connections, runs; and how it says no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

Object = dict[str, JsonValue]
STATUSES = {"success": 1, "warning": 2, "error": 3}


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An answer that isn't 200, with the body that Make gives."""

    def __init__(self, status: int, code: str, message: str, detail: str, *suberrors: str) -> None:
        super().__init__(detail)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: Object = {"detail": detail, "message": message, "code": code}
        if suberrors:
            self.body["suberrors"] = [{"message": text, "name": "Error"} for text in suberrors]


def bad_request(detail: str) -> Refusal:
    """400 with Make's words in `detail`."""
    return Refusal(400, "SC400", "Bad Request", detail)


def invalid(*problems: str) -> Refusal:
    """400 for parameters that don't validate, one line for each."""
    return Refusal(400, "SC400", "Bad Request", f"Validation failed for {len(problems)} parameter(s).", *problems)


def denied() -> Refusal:
    """403."""
    return Refusal(403, "SC403", "Permission denied", "Access denied.")


def missing(what: str) -> Refusal:
    """404."""
    return Refusal(404, "SC404", "Not Found", f"{what} not found.")


def unconfirmed(what: str) -> Refusal:
    """406: `confirmed=true` is wanted."""
    return Refusal(406, "IM004", "Confirmation required", what)


def limited(seconds: int) -> Refusal:
    """429, until then."""
    said = "Requests limit for organization exceeded, please try again later."
    refusal = Refusal(429, "", said, said)
    refusal.headers["retry-after"] = str(seconds)
    return refusal


def iso(moment: float) -> str:
    """Seconds since 1970 as Make writes a moment."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Answer:
    """What a response module answers."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ErrorOfRun:
    """What ended a run."""

    name: str
    message: str
    module: str = ""
    app: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run comes to. `kept` makes it an incomplete execution: what its modules gave, by their ids."""

    status: Literal["success", "warning", "error"] = "success"
    operations: int = 1
    seconds: float = 0.0
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    answer: Answer | None = None
    error: ErrorOfRun | None = None
    kept: Mapping[int, JsonValue] | None = None


@dataclass(slots=True)
class Run:
    """One execution."""

    id: str
    imt_id: str
    scenario: int
    started: float
    outcome: Outcome
    manual: bool = False
    instant: bool = False


@dataclass(slots=True)
class Incomplete:
    """A run that was kept."""

    id: str
    scenario: int
    execution: str
    created: float
    reason: str
    bundles: Mapping[int, JsonValue]
    attempts: int = 0
    resolved: bool = False


@dataclass
class Hook:
    """A webhook; `api_key` is what callers must send, `queued` what waits in it."""

    id: int
    name: str
    team: int
    udid: str
    type_name: str
    data: Object
    enabled: bool = True
    learning: bool = False
    queued: int = 0
    queue_limit: int = 667
    api_key: str = ""
    scenario: int | None = None
    calls: list[float] = field(default_factory=list)


@dataclass
class Connection:
    """An account; `works` says what a test of it gives."""

    id: int
    team: int
    account: str
    label: str
    works: bool = True
    expires: datetime | None = None


@dataclass
class Scenario:
    """A scenario with all versions of its blueprint, the newest last."""

    id: int
    team: int
    name: str
    versions: list[tuple[float, Object]]
    scheduling: Object
    created: float
    folder: int | None = None
    description: str = ""
    active: bool = False
    paused: bool = False
    broken: bool = False
    hook: int | None = None
    errors_in_row: int = 0
    incomplete: list[str] = field(default_factory=list)
    interface: Object = field(default_factory=lambda: {"input": [], "output": None})
    used: dict[str, int] = field(default_factory=lambda: {"operations": 0, "centicredits": 0, "transfer": 0})

    @property
    def blueprint(self) -> Object:
        """The blueprint that runs."""
        return self.versions[-1][1]

    def setting(self, name: str) -> JsonValue:
        """One of `metadata.scenario`."""
        metadata = self.blueprint.get("metadata")
        settings = metadata.get("scenario") if isinstance(metadata, dict) else None
        return settings.get(name) if isinstance(settings, dict) else None

    @property
    def instant(self) -> bool:
        """Whether a hook starts it."""
        return self.hook is not None

    @property
    def answers(self) -> bool:
        """Whether it has a response module."""
        return any(module["module"] == "gateway:WebhookRespond" for module in modules(self.blueprint))


def modules(blueprint: Object) -> Iterator[Object]:
    """All modules of a blueprint, those of routes, branches, handlers and tools included."""
    todo: list[JsonValue] = [blueprint.get("flow")]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(reversed(item))
        elif isinstance(item, dict):
            if isinstance(item.get("module"), str):
                yield item
            todo.extend(item[key] for key in ("tools", "onerror", "branches", "routes", "flow") if key in item)
