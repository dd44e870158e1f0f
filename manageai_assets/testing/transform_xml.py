"""XML read into elements and written from them: lists of elements by name, `_attributes`, and `_value` for their text.

Both are what n8n's XML node gives. Only numbers differ: Make reads them as numbers unless told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn
from xml.parsers.expat import ExpatError, ParserCreate

from compilers.expressions import Context, Value
from compilers.expressions.values import WHITE_SPACE, number, number_to_text, text
from manageai_assets.testing.transform_base import Bundle, Inputs, State, StepFailure, Transform

_ATTRIBUTES, _TEXT = "_attributes", "_value"
_DEEPEST = 200


class _Element:
    """An element that is open: what it holds so far."""

    def __init__(self, name: str, attributes: dict[str, Value]) -> None:
        self.name, self.text, self.is_literal = name, "", False
        self.content: dict[str, Value] = {_ATTRIBUTES: attributes} if attributes else {}

    def add(self, name: str, value: Value) -> None:
        """One more element of that name."""
        known = self.content.setdefault(name, [])
        if isinstance(known, list):
            known.append(value)

    def value(self, numbers: bool) -> Value:
        """What it is: its text when it has nothing else; text between elements counts unless it is white space."""
        says = self.is_literal or bool(self.text.strip(WHITE_SPACE))
        if not self.content:
            return _number(self.text) if numbers else self.text
        shown: Value = _number(self.text) if numbers else self.text
        return {_TEXT: shown, **self.content} if says else self.content


def _number(shown: str) -> Value:
    """The number that a text is written as; a text that a number would be written otherwise, such as `007`, stays."""
    found = number(shown)
    return found if number_to_text(found) == shown and shown[-1:].isdigit() else shown


class _Reader:
    """Collects elements as the parser meets them."""

    def __init__(self, numbers: bool) -> None:
        self.numbers, self.result = numbers, Bundle()
        self.open: list[_Element] = []
        self.is_literal = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= _DEEPEST:
            raise StepFailure("DataError", f"the XML is nested deeper than {_DEEPEST} elements")
        self.open.append(_Element(name, dict(attributes)))

    def end(self, name: str) -> None:
        value = self.open.pop().value(self.numbers)
        if self.open:
            self.open[-1].add(name, value)
        else:
            self.result = {name: value}

    def data(self, shown: str) -> None:
        if self.open:
            self.open[-1].text += shown
            self.open[-1].is_literal |= self.is_literal

    def literal(self, is_literal: bool) -> None:
        self.is_literal = is_literal


def _refuse_entity(*declared: object) -> NoReturn:
    raise StepFailure("DataError", "the XML declares entities of its own, which nobody reads")


def parse(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    reader, parser = _Reader(inputs.get("keep_numbers") is not True), ParserCreate("utf-8")
    parser.buffer_text = False
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartCdataSectionHandler = lambda: reader.literal(True)
    parser.EndCdataSectionHandler = lambda: reader.literal(False)
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(text(inputs.get("xml")).lstrip(WHITE_SPACE), True)
    except (ExpatError, UnicodeError) as error:
        raise StepFailure("DataError", f"the text is no valid XML: {error}") from None
    return [reader.result]


_START = (
    ":A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = re.compile(f"[{_START}][{_START}\\-.0-9\xb7\u0300-\u036f\u203f\u2040]*")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_IN_TEXT: Mapping[int, str] = MappingProxyType({38: "&amp;", 60: "&lt;", 62: "&gt;", 13: "&#xD;"})
_IN_ATTRIBUTE: Mapping[int, str] = MappingProxyType(
    {38: "&amp;", 60: "&lt;", 34: "&quot;", 9: "&#x9;", 10: "&#xA;", 13: "&#xD;"}
)


class _Written:
    """An element to write: its attributes, and its texts (escaped already) and elements in their order."""

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise StepFailure("DataError", f"`{name[:60]}` can't be the name of an XML element")
        self.name, self.attributes = name, ""
        self.children: list[_Written | str] = []

    def add_text(self, value: Value) -> None:
        self.children.append(_legal(text(value)).translate(_IN_TEXT))

    def lines(self, level: int) -> str:
        """The element, each child on a line of its own unless there is text among them."""
        if all(child == "" for child in self.children):
            return f"<{self.name}{self.attributes}/>"
        if level > _DEEPEST:
            raise StepFailure("DataError", f"the content is nested deeper than {_DEEPEST} elements")
        inner = [child if isinstance(child, str) else child.lines(level + 1) for child in self.children]
        if len(inner) > 1 or not isinstance(self.children[0], str):
            margin = "\n" + "  " * (level + 1)
            inner = [*(margin + child for child in inner), margin[:-2]]
        return f"<{self.name}{self.attributes}>{''.join(inner)}</{self.name}>"


def _legal(shown: str) -> str:
    if _ILLEGAL.search(shown):
        raise StepFailure("DataError", "the content holds a character that XML can't have")
    return shown


def create(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    content = inputs.get("content")
    if not isinstance(content, dict):
        raise StepFailure("BundleValidationError", "the content of an XML text must be an object")
    name, root = next(iter(content.items())) if len(content) == 1 else ("root", content)
    try:
        return [{"xml": f"{_DECLARATION}{_element(name, root).lines(0)}"}]
    except RecursionError:
        raise StepFailure("DataError", "the content is nested too deeply") from None


def _element(name: str, value: Value) -> _Written:
    element = _Written(name)
    if isinstance(value, dict):
        for key, child in value.items():
            _fill(element, key, child)
    elif isinstance(value, list):
        for child in value:
            if isinstance(child, (str, list)) and child:
                raise StepFailure("DataError", f"the elements of `{name[:60]}` have no names")
            named = child if isinstance(child, dict) else {}
            element.children += [_element(key, inner) for key, inner in named.items()]
    elif value is not None:
        element.add_text(value)
    return element


def _fill(element: _Written, key: str, child: Value) -> None:
    if key == _ATTRIBUTES:
        for attribute, value in (child if isinstance(child, dict) else {}).items():
            if not _NAME.fullmatch(attribute):
                raise StepFailure("DataError", f"`{attribute[:60]}` can't be the name of an XML attribute")
            if value is not None:
                element.attributes += f' {attribute}="{_legal(text(value)).translate(_IN_ATTRIBUTE)}"'
    elif key == _TEXT:
        element.add_text(child)
    else:
        element.children += [_element(key, one) for one in (child if isinstance(child, list) else [child])]


TRANSFORMS: dict[tuple[str, str], Transform] = {("xml", "parse"): parse, ("xml", "create"): create}
