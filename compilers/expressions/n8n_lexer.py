"""The words of the JavaScript in an n8n expression, as far as the parser knows what they mean."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

JsKind = Literal["number", "string", "regex", "word", "op", "end"]


class OutsideError(Exception):
    """The JavaScript is none that has an equal in the language; it is carried word for word."""


class JsToken(NamedTuple):
    """One word; `text` is what it stands for: a string without quotes, a pattern with its slashes and flags."""

    kind: JsKind
    text: str


_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<number>(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?![\w$.]))
    | (?P<string>"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+'|`(?:[^`\\$]++|\\.|\$(?!\{))*+`)
    | (?P<word>[A-Za-z_$][\w$]*+)
    | (?P<op>\?\.|\?\?|===|!==|==|!=|<=|>=|&&|\|\||[*/%+\-<>!?:()\[\]{}.,])
    | (?P<end>;?\s*\Z)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_REGEX = re.compile(r"\s*+/(?![*/])((?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++)/([a-z]*+)", re.ASCII)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_VALUE_ENDS = (")", "]")
MOST_TOKENS = 2000


def words(javascript: str) -> list[JsToken]:
    """All words, the last of them `end`. Raises `OutsideError` for anything else."""
    found: list[JsToken] = []
    position = 0
    while not found or found[-1].kind != "end":
        before = found[-1] if found else None
        starts_value = before is None or (before.kind == "op" and before.text not in _VALUE_ENDS)
        regex = _REGEX.match(javascript, position) if starts_value else None
        match = regex or _TOKEN.match(javascript, position)
        if match is None or len(found) > MOST_TOKENS:
            raise OutsideError
        position = match.end()
        if regex:
            found.append(JsToken("regex", f"/{regex[1]}/{regex[2]}"))
            continue
        kind: JsKind = match.lastgroup  # type: ignore[assignment]  # the groups are the kinds
        text = match[kind]
        found.append(JsToken(kind, _unescaped(text[1:-1]) if kind == "string" else text))
    return found


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    if any("\ud800" <= character <= "\udfff" for character in plain):
        # two escapes may be the halves of one character
        return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return plain


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "ux" and len(code) > 1:
        number = int(code[1:].strip("{}"), 16)
        if number > 0x10FFFF:
            raise OutsideError
        return chr(number)
    return _ESCAPED.get(code, code)
