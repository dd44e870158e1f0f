"""Reads intakes from YAML or JSON that nobody has checked yet: every refusal is a `UserError` that names the place.

YAML is read as YAML 1.2's core schema has it, so that `NO` is Norway's code, `07:30` a time as it stands and
`01234` a postcode. Aliases, tags and repeated keys are refused; size, depth and number of values are limited.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml
from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from compilers.errors import Finding, UserError, shorten
from compilers.secrets import secret_in
from manageai_assets.intake.models import Intake
from manageai_assets.intake.reading_hints import explained

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000
MAX_DIGITS = 18
"""Digits of a number: more don't fit the 64 bits that platforms have."""
SHOWN_FINDINGS = 50

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?\Z")
_CONSTANTS: Mapping[str, JsonValue] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_YAML_HINTS = (
    ("\\t", "indent with spaces, not with tabs"),
    ("cannot start any token", "indent with spaces, not with tabs; put text that starts with %, @ or ` in quotes"),
    ("mapping values are not allowed", "put a text that holds `: ` in quotes, or write it below `>`"),
    ("expected <block end>", "lines of one list or map must begin in the same column"),
)
_HASH_WORD = re.compile(r"[ \t]*#\w\S*")
_ALLOWED_CONTROLS = "\n\t\r"
_DIRECTION_OVERRIDES = frozenset((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Characters that make text read differently from what it says."""

Place = tuple[str | int, ...]


class IntakeError(UserError):
    """An intake that can't be read."""


@dataclass
class _Document:
    """A decoded document, and the line that each place of it stands on (from 1; JSON has none)."""

    where: str
    value: JsonValue = None
    lines: dict[Place, int] = field(default_factory=dict)
    values: int = 0

    def fail(self, what: str, place: Place = (), line: int | None = None, hint: str = "") -> NoReturn:
        raise IntakeError(what, where=self.place(place, line), hint=hint)

    def place(self, place: Place, line: int | None = None) -> str:
        """File, line and key path in words."""
        found = line or next((self.lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.lines), None)
        parts = [self.where, f"line {found}" if found else "", shorten(".".join(str(part) for part in place))]
        return ", ".join(part for part in parts if part)


def read_intake(path: Path) -> Intake:
    """The intake in a YAML or JSON file. Raises `IntakeError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable file name"
        raise IntakeError(f"can't be read: {reason}", where=shorten(str(path))) from None
    return parse_intake(data, where=shorten(path.name), json_only=path.suffix.lower() == ".json")


def parse_intake(text: str | bytes, where: str = "intake", *, json_only: bool = False) -> Intake:
    """The intake that a YAML or JSON text holds. Raises `IntakeError`."""
    return _intake_of(_decode(text, where, json_only))


def intake_of(document: JsonValue, where: str = "intake") -> Intake:
    """The intake that a decoded document holds, such as the config of a launched job. Raises `IntakeError`."""
    checked = _Document(where, value=document)
    _check_value(checked, document, ())
    return _intake_of(checked)


def _intake_of(document: _Document) -> Intake:
    if not isinstance(document.value, dict):
        document.fail("an intake is a map with at least `customer` and `request`", hint="see examples/intakes")
    try:
        return Intake.model_validate(document.value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
    details = [one for one in details if one["type"] != "too_short" or not _has_inner(one["loc"], details)]
    shown = details[:SHOWN_FINDINGS]
    more = f"; the first {len(shown)} of {len(details)} places" if len(details) > len(shown) else ""
    raise IntakeError(
        f"not an intake{more}",
        where=document.where,
        findings=(_finding(document, detail["loc"], detail["type"], detail["msg"]) for detail in shown),
    )


def _has_inner(place: Place, details: Sequence[ErrorDetails]) -> bool:
    """Whether something inside the place is wrong, which makes it too short for pydantic."""
    return any(len(one["loc"]) > len(place) and one["loc"][: len(place)] == place for one in details)


def _finding(document: _Document, loc: Place, kind: str, message: str) -> Finding:
    """A pydantic detail with the place as the author wrote it: pydantic's names of union members are left out."""
    place: list[str | int] = []
    value: JsonValue = document.value
    for position, part in enumerate(loc):
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif not (kind == "missing" and position == len(loc) - 1):
            continue
        place.append(part)
    what, hint = explained(kind, message, loc, value)
    return Finding(
        rule=f"intake.{kind}",
        severity="error",
        where=document.place(tuple(place)).removeprefix(f"{document.where}, ") or "document",
        what=what,
        hint=hint,
    )


# -- text to values --------------------------------------------------------------------------------------------


def _decode(text: str | bytes, where: str, json_only: bool) -> _Document:
    document = _Document(where)
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        document.fail(f"larger than {MAX_BYTES // 1_000_000} MB", hint="an intake is a text of some pages at most")
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        document.fail("not UTF-8 text", line=line, hint="save the file as UTF-8")
    if json_only or decoded.lstrip()[:1] == "{":
        try:
            document.value = _from_json(document, decoded)
        except json.JSONDecodeError as error:
            if json_only:
                document.fail(f"not JSON: {shorten(error.msg)} (column {error.colno})", line=error.lineno)
        else:
            _check_value(document, document.value, ())
            return document
    document.value = _from_yaml(document, decoded)
    return document


def _from_json(document: _Document, text: str) -> JsonValue:
    def pairs(items: list[tuple[str, JsonValue]]) -> JsonValue:
        result: dict[str, JsonValue] = {}
        for key, value in items:
            if key in result:
                document.fail(f"the key `{shorten(key, 60)}` stands twice", hint="keep one of them")
            result[key] = value
        return result

    def number(digits: str) -> int:
        if len(digits) > MAX_DIGITS + 1:
            document.fail(f"the number {shorten(digits, 40)} is too large", hint="put long digit strings in quotes")
        return int(digits)

    def constant(name: str) -> NoReturn:
        document.fail(f"`{name}` is not a number that can be used")

    try:
        value: JsonValue = json.loads(text, object_pairs_hook=pairs, parse_int=number, parse_constant=constant)
    except RecursionError:
        document.fail(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _check_value(document: _Document, value: object, place: Place) -> None:
    """What every value must keep, wherever it comes from: depth, number, text without control characters."""
    document.values += 1
    if document.values > MAX_VALUES:
        document.fail(f"holds more than {MAX_VALUES} values")
    if len(place) > MAX_DEPTH:
        document.fail(f"nested deeper than {MAX_DEPTH} levels", place[:4])
    match value:
        case str():
            _check_text(document, value, place)
        case None | bool():
            pass
        case int():
            if abs(value) >= 10**MAX_DIGITS:
                document.fail("the number is too large", place, hint="put long digit strings in quotes")
        case float():
            if not math.isfinite(value):
                document.fail("not a number that can be used", place)
        case list():
            for index, item in enumerate(value):
                _check_value(document, item, (*place, index))
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    document.fail("a key must be text", place)
                _check_text(document, key, place)
                _check_value(document, item, (*place, key))
        case _:
            document.fail(f"a {type(value).__name__} can't stand in an intake", place)


def _check_text(document: _Document, text: str, place: Place) -> None:
    """No control characters (NUL, escape sequences, direction overrides), nothing that isn't Unicode, no secrets."""
    for character in "" if text.isprintable() else text:
        if character.isprintable() or character in _ALLOWED_CONTROLS:
            continue
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in _DIRECTION_OVERRIDES:
            document.fail(f"holds the control character U+{code:04X}", place, hint="delete it")
    if secret := secret_in(text):
        hint = "take it out, and change it: accounts are connected on the platform, never through an intake"
        document.fail(f"holds what looks like {secret}", place, hint=hint)


def _from_yaml(document: _Document, text: str) -> JsonValue:
    try:
        _check_events(document, text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = shorten(": ".join(part for part in (error.context, error.problem) if part))
        hint = next((hint for sign, hint in _YAML_HINTS if sign in what), "check indentation and quotes")
        document.fail(f"not YAML: {what}", line=mark.line + 1 if mark else None, hint=hint)
    except yaml.YAMLError as error:
        document.fail(f"not YAML: {shorten(str(error))}", hint="it may hold characters that YAML forbids")
    if node is None:
        document.fail("the file is empty")
    return _value_of(document, node, ())


def _check_events(document: _Document, text: str) -> None:
    """Refuses, before anything is built, what could grow without bound or run code."""
    depth = values = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            document.fail(
                "YAML anchors and aliases can't be used", line=line, hint="write the value out; quote * and &"
            )
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            document.fail(
                "YAML tags can't be used", line=line, hint="leave the tag out; quote a text that starts with !"
            )
        if isinstance(event, yaml.ScalarEvent) and not event.style:
            _check_comment(document, text, event)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                document.fail("holds more than one document", line=line, hint="one file is one intake; remove `---`")
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
            values += 1
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            document.fail(f"nested deeper than {MAX_DEPTH} levels", line=line)
        if values > 2 * MAX_VALUES:
            document.fail(f"holds more than {MAX_VALUES} values", line=line)


def _check_comment(document: _Document, text: str, event: yaml.ScalarEvent) -> None:
    """A comment that looks like a word of the text before it, such as the channel in `tell #sales`, would be lost."""
    end = event.end_mark
    lost = _HASH_WORD.match(text, end.index) if end else None
    if end and lost:
        document.fail(
            f"`{shorten(lost.group().strip(), 60)}` and what follows it there is a comment to YAML and would be lost",
            line=end.line + 1,
            hint="put the text in quotes, or write a space behind # where a comment is meant",
        )


def _value_of(document: _Document, node: yaml.Node, place: Place) -> JsonValue:
    line = node.start_mark.line + 1
    if place:
        document.lines[place] = line
    if isinstance(node, yaml.SequenceNode):
        return [_value_of(document, item, (*place, index)) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                document.fail(
                    "a key must be text",
                    place,
                    line=key_line,
                    hint="put `{{ ... }}`, and text that starts with { or [, in quotes",
                )
            key = str(key_node.value)
            _check_text(document, key, place)
            if key in result:
                document.fail(
                    f"the key `{shorten(key, 60)}` stands twice", place, line=key_line, hint="keep one of them"
                )
            result[key] = _value_of(document, value_node, (*place, key))
            document.lines[(*place, key)] = key_line
        return result
    value = _scalar(document, node, place) if isinstance(node, yaml.ScalarNode) else None
    if isinstance(value, str):
        _check_text(document, value, place)
    return value


def _scalar(document: _Document, node: yaml.ScalarNode, place: Place) -> JsonValue:
    text = str(node.value)
    if node.style:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.match(text):
        if len(text.lstrip("+-")) > MAX_DIGITS:
            document.fail(
                f"the number {shorten(text, 40)} is too large", place, hint="put long digit strings in quotes"
            )
        return int(text)
    if text[-1:].isdigit() and _FLOAT.match(text):
        number = float(text)
        if not math.isfinite(number):
            document.fail(f"the number {shorten(text, 40)} is too large", place)
        return number
    return text
