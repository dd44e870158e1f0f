"""Whether what a call had to carry stands in an HTTP request.

Values count, not where they stand: each app has a place of its own for a text, but the client's text is in it or it is
not. Text may be part of a longer one, numbers and dates are compared as what they mean.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import getaddresses
from functools import cache
from typing import cast
from urllib.parse import parse_qsl, unquote, unquote_plus

from pydantic import JsonValue

from compilers.expressions import values
from compilers.registry import N8nNode, N8nPart, Operation, inputs_of, registry
from manageai_assets.testing.models import Request
from manageai_assets.testing.sandbox.records import Sent
from manageai_assets.testing.sandbox.services import SERVICES, raw
from manageai_assets.testing.sandbox.switches import other_switches
from manageai_assets.testing.sandbox.wire import grouped, is_recorded

Place = tuple[str, JsonValue]
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_OF_THE_CLIENT = frozenset(("user", "password", "timeout"))
"""Inputs of calls that say the whole request: how it is signed in, which isn't recorded, and how long to wait."""
_CONDITION = frozenset("aob")
_SHORT = 3
"""Texts up to this length must stand as a word of their own: `a` is part of nearly everything."""


def missing(request: Request, sent: Sent) -> tuple[Place, ...]:
    """The values of the call's inputs that stand nowhere in the HTTP request, each with its path. What the registry
    says can't be sent is left out: fixed choices, switches, and inputs that n8n's other nodes use up."""
    hay = _Haystack(sent)
    return tuple((path, value) for path, value in expected_values(request) if not hay.holds(value))


def differing(request: Request, sent: Sent) -> tuple[tuple[str, JsonValue, JsonValue], ...]:
    """What could be read from the request exactly and is otherwise: an input or a switch, expected, sent."""
    operation = registry().find(request.app, request.operation)
    inputs = operation.with_defaults(request.inputs) if operation else request.inputs
    found = []
    for name, value in sent.inputs.items():
        wanted = inputs.get(name)
        if not _alike(wanted, value):
            found.append((f"inputs.{name}", wanted, value))
    others = ((name, wanted, value) for name, wanted, value in other_switches(request, sent) if name not in sent.inputs)
    return (*found, *((f"inputs.{name}", wanted, value) for name, wanted, value in others))


def shares(sent: Sent) -> Callable[[Request], float]:
    """How much of a call stands in this request, from 0 to 1."""
    hay = _Haystack(sent)

    def share(request: Request) -> float:
        wanted = expected_values(request)
        return sum(hay.holds(value) for _, value in wanted) / len(wanted) if wanted else 1.0

    return share


def expected_values(request: Request) -> tuple[Place, ...]:
    """The values that must stand in the HTTP request of a call, each with its path."""
    operation = registry().find(request.app, request.operation)
    found: list[Place] = []
    for name, value in request.inputs.items():
        field = operation.inputs.get(name) if operation else None
        if field and (not field.template or field.options or field.type == "boolean"):
            continue
        if operation and not _is_sent(request, operation, name):
            continue
        if name == "url" and raw.is_raw(request):
            value = raw.address(str(value))
        if name == "headers" and isinstance(value, dict) and raw.is_raw(request):
            value = {header: item for header, item in value.items() if is_recorded(header)}
        found.extend(_leaves(value, f"inputs.{name}"))
    return tuple(found)


def _is_sent(request: Request, operation: Operation, name: str) -> bool:
    """Whether n8n's main node, or one before it, uses the input; those behind it work on what came back."""
    local = next((service.local for service in SERVICES if service.app == request.app), None)
    if local is None and name == "limit" and operation.kind == "search":
        return False  # many nodes ask for all, and cut what came
    if (local and name in local.get(request.operation, ())) or (name in _OF_THE_CLIENT and raw.is_raw(request)):
        return False
    node = operation.n8n_node(operation.with_defaults(request.inputs))
    return node is None or name in _used(node)


def _used(node: N8nNode) -> frozenset[str]:
    parts: tuple[N8nPart, ...] = (node, *node.before)
    return frozenset().union(*(inputs_of(part.parameters) for part in parts))


def _leaves(value: JsonValue, path: str) -> Iterator[Place]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, dict) and {*value} <= _CONDITION and "o" in value:
        # one row of a filter in Make's form: the field's name, up to what says its type, and the value
        yield from _leaves(str(value.get("a", "")).split("|")[0].strip(), f"{path}.a")
        yield from _leaves(value.get("b"), f"{path}.b")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    elif value is not None and not isinstance(value, bool) and _spaced(_text(value)):
        yield path, value


class _Haystack:
    """All texts of a request, in every reading that makes sense."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        texts = {sent.method, sent.url, unquote(sent.url), *sent.headers.values(), *sent.headers}
        for part in (sent.query, sent.body, sent.inputs):
            texts.update(_texts(part))
        self._texts = frozenset(_spaced(reading) for one in texts for reading in _readings(one))
        self._all = "\x00".join(self._texts)

    def holds(self, value: JsonValue) -> bool:
        """Whether a single value stands in the request."""
        wanted = _spaced(_text(value))
        if wanted in self._texts or wanted.lower() in self._sent.headers or self._holds_address(wanted):
            return True
        if (people := _people(value)) and all(one in self._all.lower() for one in people):
            return True
        if isinstance(value, str) and len(wanted) > _SHORT and not _NUMBER.fullmatch(wanted):
            return wanted in self._all or self._holds_moment(wanted)
        return bool(re.search(rf"(?<![\w.]){re.escape(wanted)}(?![\w]|\.\d)", self._all))

    def _holds_address(self, wanted: str) -> bool:
        """Whether it is the request's address, whose query may be written otherwise."""
        address, mark, query = wanted.partition("?")
        if not mark or not address.startswith("http") or unquote(address) not in self._all:
            return False
        said = grouped(parse_qsl(query, keep_blank_values=True))
        return all(name in self._sent.query and _alike(value, self._sent.query[name]) for name, value in said.items())

    def _holds_moment(self, wanted: str) -> bool:
        moment = _moment(wanted)
        return moment is not None and any(_moment(one) == moment for one in self._texts)


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            try:
                yield from _texts(json.loads(value))
            except ValueError:
                return
    elif value is not None:
        yield _text(value)


def _readings(one: str) -> Iterator[str]:
    yield one
    if "&" in one:
        yield html.unescape(one)
    if "%" in one:
        yield unquote_plus(one)
    if len(one) >= 8 and len(one) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", one):
        try:
            yield base64.b64decode(one, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return


@cache
def _moment(one: str) -> datetime | None:
    """The instant that a date, a time or a number of seconds or milliseconds since 1970 means."""
    if one.isascii() and one.isdigit() and len(one) in (10, 13):
        return datetime.fromtimestamp(int(one) / (1000 if len(one) == 13 else 1), UTC)
    if not _DATE.fullmatch(one):
        return None
    try:
        moment = datetime.fromisoformat(one)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: JsonValue) -> str:
    """A value as text, as expressions write it."""
    return values.text(cast(values.Value, value))


def _spaced(one: str) -> str:
    """Without differences of white space, which formats of mails and forms change."""
    return " ".join(one.split())


def _alike(wanted: JsonValue, sent: JsonValue) -> bool:
    if isinstance(wanted, Mapping) and isinstance(sent, Mapping):
        return all(_alike(wanted.get(key), sent.get(key)) for key in {*wanted, *sent})
    if isinstance(wanted, list) and isinstance(sent, list):
        return len(wanted) == len(sent) and all(_alike(one, other) for one, other in zip(wanted, sent, strict=True))
    if isinstance(sent, str) and isinstance(wanted, (dict, list)) and sent[:1] in ("{", "["):
        try:
            return _alike(wanted, json.loads(sent))
        except ValueError:
            return False
    one, other = _plain(wanted), _plain(sent)
    if one == other or ((people := _people(wanted)) and people == _people(sent)):
        return True
    moment = _moment(one)
    return moment is not None and moment == _moment(other)


def _people(value: JsonValue) -> frozenset[str]:
    """The addresses of a list of people, whichever way it is written; empty when it is none."""
    listed_ones = [_text(one) for one in value] if isinstance(value, list) else [_text(value)]
    found = frozenset(address.lower() for _, address in getaddresses(listed_ones))
    return found if found and all("@" in address for address in found) else frozenset()


def _plain(value: JsonValue) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True) if value else ""
    return _spaced(_text(value))
