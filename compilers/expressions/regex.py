"""JavaScript's regular expressions on Python's engine, where Make's patterns run in the evaluator."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from re import Pattern
from warnings import catch_warnings, simplefilter

from compilers.errors import ExpressionError, shorten
from compilers.expressions.values import WHITE_SPACE

_SPACES = "".join(f"\\u{ord(c):04x}" for c in WHITE_SPACE)
_WORD = "A-Za-z0-9_"
_CLASSES = {"d": "0-9", "w": _WORD, "s": _SPACES}
_SETS = frozenset(f"\\{letter}" for letter in "dwsDWS")
_EDGE = f"(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}])"
_LITERAL = re.compile(r"/(.+)/([a-z]*)\Z", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<code>\\u\{([0-9a-fA-F]{1,6})\})
    | (?P<escape>\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|k<(\w+)>|[\s\S]))
    | (?P<named>\(\?<(?=[A-Za-z_$]))
    | (?P<any>\[\^\]) | (?P<none>\[\])
    | (?P<other>[\s\S])
    """,
    re.VERBOSE,
)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


def as_pattern(text: str) -> tuple[str, str] | None:
    """Pattern and flags of a text that is written `/pattern/flags`, or None."""
    match = _LITERAL.match(text)
    return (match.group(1), match.group(2)) if match else None


@lru_cache(maxsize=1024)
def javascript_regex(pattern: str, flags: str = "") -> Pattern[str]:
    """The pattern compiled with JavaScript's meaning. Raises `ExpressionError` for one that isn't valid."""
    unknown = set(flags) - set("gimsuy")
    if unknown or len(set(flags)) != len(flags):
        raise ExpressionError(f"invalid flags `{shorten(flags, 20)}` of a regular expression", hint="use g, i, m, s, u")
    compiled = 0
    for flag in flags:
        compiled |= _FLAGS.get(flag, 0)
    try:
        with catch_warnings():
            simplefilter("ignore")
            return re.compile(_translated(pattern, flags), compiled)
    except (re.error, OverflowError, RecursionError) as error:
        what = f"`{shorten(pattern, 60)}` isn't a regular expression that can be evaluated: {error}"
        raise ExpressionError(what, hint="check it in JavaScript's dialect") from None


def _translated(pattern: str, flags: str) -> str:
    out: list[str] = []
    inside = False
    before = ""
    for match in _TOKEN.finditer(pattern):
        kind, found, before, last = match.lastgroup, match.group(), match.group(), before
        if found.startswith("\\"):
            out.append(_escape(found, inside, "u" in flags))
        elif inside and found == "-" and (last in _SETS or pattern[match.end() : match.end() + 2] in _SETS):
            # beside a set of characters it is no range, and stands for itself
            out.append("\\-")
        elif inside:
            inside = found != "]"
            out.append("\\[" if found == "[" else "\\[^\\]" if found == "[^]" else "\\[]" if found == "[]" else found)
            if found in ("[]", "[^]"):
                inside = False
        elif kind == "named":
            out.append("(?P<")
        elif kind == "any":
            out.append(r"[\s\S]")
        elif kind == "none":
            out.append("(?!)")
        elif found == "[":
            inside = True
            out.append("[")
        elif found == "." and "s" not in flags:
            out.append(r"[^\n\r\u2028\u2029]")
        elif found == "$" and "m" not in flags:
            out.append(r"\Z")
        else:
            out.append(found)
    return "".join(out)


def _escape(found: str, inside: bool, unicode: bool) -> str:
    letter = found[1:2]
    if found.startswith("\\u{"):
        if not unicode:
            return f"u{found[2:]}"
        return re.escape(chr(min(int(found[3:-1], 16), 0x10FFFF)))
    if letter in "dws" and letter:
        return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
    if letter in "DWS" and letter and not inside:
        return f"[^{_CLASSES[letter.lower()]}]"
    if letter in "DWS" and letter:
        return found
    if letter == "b":
        return r"\x08" if inside else f"(?:{_EDGE})"
    if letter == "B":
        return f"(?!{_EDGE})"
    if letter == "k":
        return f"(?P={found[3:-1]})" if found.endswith(">") else "k"
    if letter == "c" and len(found) == 3:
        return re.escape(chr(ord(found[2]) % 32))
    if letter in "ux" and len(found) > 2:
        return re.escape(chr(int(found[2:], 16)))
    if letter == "0":
        return r"\x00"
    if letter in "pP" and unicode:
        raise re.error("Unicode properties such as \\p{L} can't be evaluated here")
    if letter.isdigit() or letter in "nrtfv":
        return found
    return re.escape(letter) if letter else "\\"


_REPLACEMENT = re.compile(r"\$(\$|&|\d\d?|<)")


def replacer(replacement: str) -> Callable[[re.Match[str]], str]:
    """What `re.sub` needs to replace as JavaScript does: `$1` to `$99`, `$&`, `$$`. Raises for named groups."""
    if "$<" in replacement:
        raise ExpressionError("named groups are not supported in a replacement", hint="use $1, $2, ...")

    def replaced(match: re.Match[str]) -> str:
        def part(reference: re.Match[str]) -> str:
            token = reference.group(1)
            if token == "$":
                return "$"
            if token == "&":
                return match.group()
            groups = match.re.groups
            if 0 < int(token) <= groups:
                return match.group(int(token)) or ""
            if len(token) == 2 and 0 < int(token[0]) <= groups:
                return (match.group(int(token[0])) or "") + token[1]
            return reference.group()

        return _REPLACEMENT.sub(part, replacement) if "$" in replacement else replacement

    return replaced
