"""HTML to text, and the elements of HTML, as the text parser gives them.

HTML is read with patterns, as the registry's scripts for n8n read it, so that odd HTML gives the same on both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from re import Match
from types import MappingProxyType
from typing import Union

from compilers.expressions import Context, Value
from compilers.expressions.regex import javascript_regex
from compilers.expressions.values import WHITE_SPACE, text
from manageai_assets.testing.transform_base import Bundle, Inputs, State, StepFailure, Transform
from manageai_assets.testing.transform_text import nothing_found

_LAST_CODE = 0x10FFFF
_Replacement = Union[str, Callable[[Match[str]], str]]


def _character(digits: str, base: int = 10) -> str:
    """The character of a code. Raises `StepFailure` for one that isn't, as JavaScript does."""
    code = int(digits, base) if len(digits) < 12 else _LAST_CODE + 1
    if code > _LAST_CODE:
        raise StepFailure("DataError", f"the HTML names a character that doesn't exist: {digits[:40]}")
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


class _Changes:
    """Replacements made one after the other; patterns are JavaScript's and ignore case."""

    def __init__(self, *rows: tuple[str, _Replacement]) -> None:
        self._rows = tuple((javascript_regex(pattern, "i"), new) for pattern, new in rows)

    def of(self, given: str) -> str:
        """The text after all of them."""
        for pattern, new in self._rows:
            given = pattern.sub(new, given)
        return given


_SIMPLE_ENTITIES: Mapping[str, str] = MappingProxyType(
    {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
)
_PLAIN = _Changes(
    (r"<(script|style)\b[\s\S]*?<\/\1\s*>", ""),
    (r"\s+", " "),
    (r"<br\s*\/?>", "\n"),
    (r"<\/(p|div|li|tr|h[1-6]|ul|ol|table)\s*>", "\n"),
    (r"<[^>]*>", ""),
)
_NUMBERED = javascript_regex(r"&#(\d+);")
_SIMPLE = javascript_regex(r"&(amp|lt|gt|quot|apos|nbsp);")
_LINE_ENDS = javascript_regex(r" *\n *")


def from_html(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    shown = _NUMBERED.sub(lambda one: _character(one.group(1)), _PLAIN.of(text(inputs.get("html"))))
    shown = _SIMPLE.sub(lambda one: _SIMPLE_ENTITIES[one.group(1)], shown)
    return [{"text": _LINE_ENDS.sub("\n", shown).strip(WHITE_SPACE)}]


_ENTITIES: Mapping[str, str] = MappingProxyType({
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": "\u00a0", "hellip": "…", "mdash": "—",
    "ndash": "\u2013", "bull": "•", "lsquo": "\u2018", "rsquo": "\u2019", "ldquo": "“", "rdquo": "”", "laquo": "«",
    "raquo": "»", "euro": "€", "pound": "£", "cent": "¢", "yen": "¥", "copy": "©", "reg": "®", "trade": "™",
    "deg": "°", "times": "\u00d7", "middot": "·", "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö",
    "Uuml": "Ü", "szlig": "ß", "eacute": "é", "egrave": "è", "agrave": "à", "ccedil": "ç", "ntilde": "ñ",
})  # fmt: skip
_HEX = javascript_regex(r"&#x([0-9a-f]+);", "i")
_NAMED = javascript_regex(r"&(\w+);")
_TAG = javascript_regex(r"<[^>]*>")
_RULE = "-" * 40
# a line that a block begins or ends stands as \x02 until such lines are merged, a list's indent as \x01 until the
# text is trimmed
_HIDDEN = _Changes((r"<!--[\s\S]*?-->", ""), (r"<(script|style)\b[\s\S]*?<\/\1\s*>", ""))
_BODY = javascript_regex(r"<body\b[^>]*>([\s\S]*?)(?:<\/body\s*>|$)", "i")
_HEADING = javascript_regex(r"<h([1-6])\b[^>]*>([\s\S]*?)<\/h\1\s*>", "i")
_ITEM = javascript_regex(r"<li\b[^>]*>", "i")
_BLOCK = "div|section|article|header|footer|main|nav|aside|tr|li|form|address|dl|dt|dd|figure"


def _attribute(tag: str, name: str) -> str:
    found = javascript_regex(rf"""\b{name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", "i").search(tag)
    return next((value for value in found.groups() if value is not None), "") if found else ""


def _image(found: Match[str]) -> str:
    alt, source = _attribute(found.group(), "alt"), _attribute(found.group(), "src")
    return " ".join(part for part in (alt, source and f"[{source}]") if part)


def _link(found: Match[str]) -> str:
    tag, inside = found.groups()
    href = _attribute(tag, "href")
    href = href[7:] if href[:7].lower() == "mailto:" else href
    return f"{inside} [{href}]" if href and not href.startswith("#") else inside


def _ordered(found: Match[str]) -> str:
    number = 0

    def item(_: Match[str]) -> str:
        nonlocal number
        number += 1
        return f"\n\x01{number}. "

    return f"\n\n{_ITEM.sub(item, found.group(1))}\n\n"


_INLINE = _Changes(
    (r"[ \t\r\n\f]+", " "),
    (r"<img\b[^>]*>", _image),
    (r"(<a\b[^>]*>)([\s\S]*?)<\/a\s*>", _link),
)
_BLOCKS = _Changes(
    (r"<ol\b[^>]*>([\s\S]*?)<\/ol\s*>", _ordered),
    (r"<li\b[^>]*>", "\n\x01* "),
    (r"<hr\b[^>]*>", f"\n\n{_RULE}\n\n"),
    (r"<br\b[^>]*>", "\n"),
    (r"<\/?(p|ul|table|blockquote|pre)\b[^>]*>", "\n\n"),
    (rf"<\/?({_BLOCK})\b[^>]*>", "\x02"),
    (r"<[^>]*>", ""),
)
_LINES = _Changes(
    ("\\u0020*\\u0002[\\u0020\\u0002]*", "\x02"),
    ("\\u0002?\n\\u0002?", "\n"),
    ("\\u0002", "\n"),
    (r" *\n *", "\n"),
    (r"\n{3,}", "\n\n"),
)
_SPACES = javascript_regex(r"  +")
_NEWLINES: Mapping[str, str] = MappingProxyType({"crlf": "\r\n", "cr": "\r"})


def html_to_text(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    html = _HIDDEN.of(text(inputs.get("html")))
    body = _BODY.search(html)
    upper = inputs.get("uppercase_headings") is not False

    def heading(found: Match[str]) -> str:
        shown = _TAG.sub("", found.group(2))
        return f"\n\n{shown.upper() if upper else shown}\n\n"

    shown = _BLOCKS.of(_HEADING.sub(heading, _INLINE.of(body.group(1) if body else html)))
    shown = _LINES.of(_decoded(shown)).strip(WHITE_SPACE).replace("\x01", " ")
    return [{"text": _SPACES.sub(" ", shown).replace("\n", _NEWLINES.get(text(inputs.get("newline")), "\n"))}]


def _decoded(shown: str) -> str:
    shown = _HEX.sub(lambda one: _character(one.group(1), 16), shown)
    shown = _NUMBERED.sub(lambda one: _character(one.group(1)), shown)
    return _NAMED.sub(lambda one: _ENTITIES.get(one.group(1), one.group()), shown)


_ATTRIBUTES = javascript_regex(r"""([^\s=/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?""")
_ATTRIBUTE_ENTITY = javascript_regex(r"&(amp|lt|gt|quot|#39);")
_ATTRIBUTE_ENTITIES: Mapping[str, str] = MappingProxyType({"amp": "&", "lt": "<", "gt": ">", "quot": '"', "#39": "'"})


def html_elements(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    name = text(inputs.get("element")) or "a"
    end = "" if name == "img" else rf"(?:([\s\S]*?)</{name}\s*>)?"
    tags = javascript_regex(rf"""<{name}(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*)>{end}""", "i")
    bundles: list[Bundle] = [
        {"attrs": _attributes(found.group(1)), "innerContent": (found.group(2) or "") if end else ""}
        for found in tags.finditer(text(inputs.get("html")))
    ]
    return bundles or nothing_found(inputs, {"attrs": {}})


def _attributes(inside: str) -> Value:
    attributes: dict[str, Value] = {}
    for key, *values in _ATTRIBUTES.findall(inside):
        value = next((one for one in values if one), "")
        attributes[key.lower()] = _ATTRIBUTE_ENTITY.sub(lambda one: _ATTRIBUTE_ENTITIES[one.group(1)], value)
    return attributes


TRANSFORMS: dict[tuple[str, str], Transform] = {
    ("text", "from_html"): from_html,
    ("text", "html_to_text"): html_to_text,
    ("text", "html_elements"): html_elements,
}
