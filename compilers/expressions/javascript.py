"""JavaScript text that may stand in an n8n expression: n8n ends one at two closing braces, wherever they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from pydantic import JsonValue

IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_FRAGILE = re.compile("[\u2028\u2029\ud800-\udfff]|\\{(?=\\{)|\\}(?=\\})")
_HELPER = re.compile(r"^const (_\w+) = .*?(?=^const |^//|^$|\Z)", re.MULTILINE | re.DOTALL)
_USED = re.compile(r"(?:(?<=\.\.\.)|(?<![\w.$]))_\w+")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

_INHERITED = """
    __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor hasOwnProperty
    isPrototypeOf propertyIsEnumerable prototype toLocaleString toString valueOf length
"""
_REFUSED = """
    _linkedBinding _load arguments binding callee caller defineProperties defineProperty dlopen execve
    getBuiltinModule getOwnPropertyDescriptor getOwnPropertyDescriptors getPrototypeOf loadEnvFile mainModule
    prepareStackTrace setPrototypeOf
"""
UNREADABLE_NAMES = frozenset([*_INHERITED.split(), *_REFUSED.split()])
"""Fields that a helper must read: what every JavaScript object has without its being data, the length of arrays and
texts, and what n8n refuses in an expression even as the name of a field."""


def js_string(text: str) -> str:
    """The text as a JavaScript string, without two braces in a row."""
    return _FRAGILE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def js_json(value: JsonValue) -> str:
    """A JSON value as a JavaScript literal."""
    if isinstance(value, str):
        return js_string(value)
    if isinstance(value, list):
        return f"[{', '.join(js_json(item) for item in value)}]"
    if isinstance(value, dict):
        return f"({{ {', '.join(f'{js_key(key)}: {js_json(item)}' for key, item in value.items())} }})"
    return json.dumps(value)


def js_key(name: str) -> str:
    """A key of an object literal; `__proto__` as a plain one would set the prototype."""
    return name if IDENTIFIER.match(name) and name != "__proto__" else f"[{js_string(name)}]"


def spaced(javascript: str) -> str:
    """The code with a space between braces in a row; its strings have none, by `js_string`."""
    while "}}" in javascript or "{{" in javascript:
        javascript = javascript.replace("}}", "} }").replace("{{", "{ {")
    return javascript


@cache
def helpers() -> Mapping[str, str]:
    """Source of each helper in `n8n_helpers.js`, in the order of the file."""
    source = resources.files("compilers.expressions").joinpath("n8n_helpers.js").read_text(encoding="utf-8")
    return MappingProxyType({match.group(1): match.group().strip() for match in _HELPER.finditer(source)})


@cache
def _needed_by(name: str) -> frozenset[str]:
    """The helpers that a helper uses itself."""
    return frozenset(_names(helpers()[name])) - {name}


def _names(javascript: str) -> set[str]:
    return set(_USED.findall(_STRING.sub('""', javascript))) & helpers().keys()


def with_helpers(javascript: str) -> str:
    """The expression, and the helpers that it uses in a function around it."""
    needed = needed_helpers(javascript)
    if not needed:
        return javascript
    body = "\n".join(helpers()[name] for name in needed)
    return f"(() => {{\n{body}\nreturn {javascript};\n}})()"


def needed_helpers(javascript: str) -> tuple[str, ...]:
    """The helpers that an expression uses, and those that these use, in the order of the file."""
    needed: set[str] = set()
    todo = list(_names(javascript))
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo.extend(_needed_by(name))
    return tuple(name for name in helpers() if name in needed)
