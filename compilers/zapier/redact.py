"""Takes credentials out of an export before anything else sees it: they stand in headers, addresses and code."""

from __future__ import annotations

import re

from pydantic import JsonValue

from compilers.documents import with_texts
from compilers.secrets import REMOVED, cleaned, is_secret_name

_ASSIGNED = re.compile(r"""(["']?)(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]{3,}+)\1(\s*[:=]\s*)(["'`])([^"'`\s{}$]{4,})\4""")
"""A name is taken whole, from where it begins: to try each of its letters would take the square of a long text."""
_ESCAPED = re.compile(r"""(\\")([A-Za-z][A-Za-z0-9_.-]{2,59})\\"(\s*:\s*)\\"([^"\\\s{}]{4,})\\\"""")
_IN_ADDRESS = re.compile(r"""([?&])([A-Za-z][A-Za-z0-9_.-]{1,59})=([^&\s{}"'`#]{4,})""")
_IN_HEADER = re.compile(r"""(?im)^([A-Za-z][A-Za-z0-9-]{2,59})(:[ \t]*)([^\s{}][^\r\n{}]{3,})$""")
_OF_ADDRESSES = frozenset({"key", "token", "sig", "signature", "auth", "apikey"})


def redacted(value: JsonValue) -> JsonValue:
    """The JSON value without credentials: those of a known shape, those in a field, header, parameter of an address or
    variable of code that is named for one. Whatever holds a mapping token is kept."""
    return with_texts(cleaned(value), _text)


def _text(text: str) -> str:
    if len(text) < 8 or not ("=" in text or ":" in text):
        return text
    text = _ASSIGNED.sub(_assignment, text)
    text = _ESCAPED.sub(_escaped, text)
    text = _IN_ADDRESS.sub(_parameter, text)
    return _IN_HEADER.sub(_header, text)


def _assignment(found: re.Match[str]) -> str:
    quote, name, between, around, _ = found.groups()
    return f"{quote}{name}{quote}{between}{around}{REMOVED}{around}" if _is_secret(name) else found[0]


def _escaped(found: re.Match[str]) -> str:
    return f'\\"{found[2]}\\"{found[3]}\\"{REMOVED}\\"' if _is_secret(found[2]) else found[0]


def _parameter(found: re.Match[str]) -> str:
    secret = _is_secret(found[2]) or found[2].lower() in _OF_ADDRESSES
    return f"{found[1]}{found[2]}={REMOVED}" if secret else found[0]


def _header(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{REMOVED}" if _is_secret(found[1]) and found[3] != REMOVED else found[0]


def _is_secret(name: str) -> bool:
    return is_secret_name(name) or name.lower() in ("token", "pass")
