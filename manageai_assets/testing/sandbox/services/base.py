"""How an app is played: a table of its requests, each with the operations that it may be and the shape of its answer.

A row without operations is *preliminary*: a node asks it on the way to what it does. An answer's bundles come in the
registry's neutral shape; `item_of` puts them where n8n's node has them, which for most nodes is what the app sends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import JsonValue

from compilers.registry import registry
from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.records import Call
from manageai_assets.testing.sandbox.wire import Incoming, Json, Reply


@dataclass
class Asked:
    """A request in its context: whose call it is, and what the service must know to answer it."""

    incoming: Incoming
    groups: Mapping[str, str] = field(default_factory=dict)
    """What the row's pattern found in the path, decoded."""
    calls: Sequence[Call] = ()
    """All calls that are expected in this run."""
    waiting: Sequence[Call] = ()
    """Those of them that have not come yet."""
    kept: dict[str, JsonValue] = field(default_factory=dict)
    """What the service remembers from one request to the next."""
    operation: str = ""
    bundles: Sequence[Json] = ()
    """What the call is answered, in neutral shape."""
    items: Sequence[Json] = ()
    """The same as n8n's node has it."""

    @property
    def item(self) -> Json:
        """The first bundle as n8n's node has it; empty when there is none."""
        return dict(self.items[0]) if self.items else {}

    def awaits(self, *operations: str) -> bool:
        """Whether a call of one of these operations has not come yet."""
        return any(call.request.operation in operations for call in self.waiting)

    @property
    def bundle(self) -> Json:
        """The first bundle in neutral shape."""
        return dict(self.bundles[0]) if self.bundles else {}


Wire = Callable[[Asked], JsonValue | Reply]
Split = Callable[[Asked], Sequence[Json]]


def same(asked: Asked) -> JsonValue:
    """The bundle is what the app sends; several are a list."""
    items: list[JsonValue] = [dict(item) for item in asked.items]
    return items if len(items) > 1 else asked.item


def with_(**constants: JsonValue) -> Wire:
    """The bundle with further fields, where it doesn't have them."""
    return lambda asked: {**constants, **asked.item}


def under(key: str, **constants: JsonValue) -> Wire:
    """The bundle in a field."""
    return lambda asked: {**constants, key: asked.item}


def listed(key: str, **constants: JsonValue) -> Wire:
    """All bundles as a list in a field."""
    return lambda asked: {**constants, key: [dict(item) for item in asked.items]}


def just(value: JsonValue) -> Wire:
    """Always the same."""
    return lambda _: value


@dataclass(frozen=True)
class Row:
    """One kind of request."""

    method: str
    path: str
    """Pattern of the whole path."""
    operations: str = ""
    """Names, separated by blanks; a call of one of them is what this request may be."""
    wire: Wire = same
    reads: Mapping[str, str] = field(default_factory=dict)
    """Inputs that can be read exactly: where each stands, such as `body.text`, `query.q`, `path.base`."""
    when: Callable[[Asked], bool] | None = None
    split: Split | None = None
    """The inputs of each call where one request may be several; in place of `reads`."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The operations."""
        return tuple(self.operations.split())

    def match(self, incoming: Incoming) -> Mapping[str, str] | None:
        """What the path's pattern finds, when the request is one of these."""
        if self.method not in ("*", incoming.method):
            return None
        found = re.fullmatch(self.path, "/" + "/".join(incoming.segments))
        return found.groupdict("") if found else None

    def inputs(self, asked: Asked) -> Sequence[Json]:
        """The inputs of each call that the request is."""
        if self.split:
            return self.split(asked)
        sides: dict[str, JsonValue] = {
            "path": dict(asked.groups), "query": asked.incoming.query, "body": asked.incoming.body,
        }  # fmt: skip
        found = {name: at(sides, place) for name, place in self.reads.items()}
        return [{name: value for name, value in found.items() if value is not None}]


@dataclass(frozen=True)
class Service:
    """One app."""

    app: str
    hosts: tuple[str, ...]
    """Its hosts; one that begins with a dot stands for all below it, one with a path only for what is under that."""
    rows: tuple[Row, ...] = ()
    local: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Inputs, by operation, that n8n's node uses itself and sends to nobody."""
    failed: Callable[[Failure], JsonValue] = lambda failure: {"error": {"message": failure.message}}
    """The body of an error."""

    @cached_property
    def named(self) -> frozenset[str]:
        """The operations that its rows name."""
        return frozenset(name for row in self.rows for name in row.names)

    def serves(self, incoming: Incoming) -> bool:
        """Whether the request is for one of its hosts."""
        return serves(self.hosts, incoming)

    def find(self, asked: Asked) -> Row | None:
        """The row of a request, whose findings are put into `asked`."""
        for row in self.rows:
            groups = row.match(asked.incoming)
            if groups is None:
                continue
            asked.groups = groups
            if row.when is None or row.when(asked):
                return row
        return None


def serves(hosts: Iterable[str], incoming: Incoming) -> bool:
    """Whether a request is for one of these hosts."""
    for one in hosts:
        host, slash, path = one.partition("/")
        if host != incoming.host and not (host.startswith(".") and incoming.host.endswith(host)):
            continue
        if not slash or incoming.raw_path.startswith(f"/{path}"):
            return True
    return False


def at(value: JsonValue, path: str) -> JsonValue:
    """What stands at a dotted path; None when nothing does."""
    for part in path.split(".") if path else []:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def put(target: Json, path: str, value: JsonValue) -> None:
    """Puts a value at a dotted path, whose numbers are places in lists; objects are merged."""
    head, _, rest = path.partition(".")
    if not rest:
        before = target.get(head)
        target[head] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return
    number, _, inner = rest.partition(".")
    if not number.isdigit():
        below = target.setdefault(head, {})
        if isinstance(below, dict):
            put(below, rest, value)
        return
    items = target.setdefault(head, [])
    if not isinstance(items, list):
        return
    items.extend({} for _ in range(int(number) + 1 - len(items)))
    element = items[int(number)]
    if not inner:
        items[int(number)] = value
    elif isinstance(element, dict):
        put(element, inner, value)


def item_of(app: str, operation: str, bundle: Mapping[str, JsonValue]) -> Json:
    """A bundle where n8n's node has it: each output at its path of the registry, the first where several share one."""
    known = registry().find(app, operation)
    placed: list[tuple[str, JsonValue]] = []
    for name, value in bundle.items():
        output = known.outputs.get(name) if known else None
        where = name if output is None or output.n8n is None else output.n8n
        if where is False or (isinstance(where, str) and where.startswith("$binary")):
            continue
        path = where if isinstance(where, str) else ""
        placed.insert(0 if name == path else len(placed), (path, value))
    made: Json = {}
    done: set[str] = set()
    for path, value in sorted(placed, key=lambda one: one[0].count(".") + bool(one[0])):
        if path in done:
            continue
        done |= {path} if path else set()
        if path:
            put(made, path, value)
        elif isinstance(value, dict):
            made |= value
    return made


def bytes_of(value: JsonValue) -> bytes:
    """A file's content: text as it is, an object's `data`, anything else as its text."""
    if isinstance(value, dict):
        return bytes_of(value.get("data"))
    return b"" if value is None else str(value).encode("utf-8")
