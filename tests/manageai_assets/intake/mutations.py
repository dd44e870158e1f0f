"""Intakes gone wrong, for fuzzing: the examples with wrong types, missing keys, cycles, hostile names and huge values.

    for mutation in mutated_intakes(500):
        parse_intake(mutation.data, where=mutation.name)

The same count and seed always give the same mutations.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import JsonValue

EXAMPLES = Path(__file__).parents[3] / "examples" / "intakes"

HOSTILE: tuple[str, ...] = (
    "../../../etc/passwd", "..\\..\\windows\\system32", "/absolute/path", "C:\\con", "a\x00b", "\x1b[31mred\x1b[0m",
    "\u202egnp.exe", "\ud800", "line\nbreak\r\nmore", "{{ ", "{{ lead.body.email", "{{ 1.2.3; }}", "{{ trigger }}" * 50,
    "{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "`rm -rf ~`", "$(touch /tmp/x)", "'; drop table builds; --",
    "<script>alert(1)</script>", "[click](javascript:alert(1))", "| a | b |\n|---|---|", "=cmd|' /C calc'!A0",
    "%s%s%n", "${jndi:ldap://example.com}", "\u0000", "", " ", "🦄" * 1000, "x" * 300_000, "ﷺ" * 200, "NaN", "yes",
    "0x1F", "1e999", "9" * 5000, "-1", "null", "!!python/object/apply:os.system", "*alias", "&anchor",
)  # fmt: skip
VALUES: tuple[JsonValue, ...] = (
    None, True, False, 0, -1, 10**17, 10**30, 1e308, -0.0, 3.5, "", "text", [], {}, [[]], {"a": {"b": []}},
    [None, 1, "x"], {"": ""}, {"__proto__": {"x": 1}}, ["x"] * 600,
)  # fmt: skip

Node = dict[str, JsonValue] | list[JsonValue]


@dataclass(frozen=True)
class Mutation:
    """One broken intake: what was done to which example, and the file's bytes."""

    name: str
    data: bytes


def mutated_intakes(count: int = 500, seed: int = 20261123) -> Iterator[Mutation]:
    """`count` mutations of the examples; several changes each, now and then also of the raw text."""
    chance = random.Random(seed)
    sources = [(file.stem, file.read_text(encoding="utf-8")) for file in sorted(EXAMPLES.glob("*.yaml"))]
    for number in range(count):
        stem, text = sources[number % len(sources)]
        if chance.random() < 0.2:
            name, change = chance.choice(sorted(RAW.items()))
            yield Mutation(f"{number}-{stem}-{name}", change(text, chance))
            continue
        document = _typed(yaml.load(text, Loader=yaml.BaseLoader))
        names = []
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            name, mutate = chance.choice(sorted(CHANGES.items()))
            mutate(document, chance)
            names.append(name)
        yield Mutation(f"{number}-{stem}-{'-'.join(names)}", _bytes(document))


def _bytes(document: JsonValue) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _typed(value: JsonValue) -> JsonValue:
    """Digits as numbers and truth values as such again, since the base loader reads everything as text."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else value


def _nodes(value: JsonValue) -> list[Node]:
    """Every map and list inside the document, outermost first."""
    found: list[Node] = []
    todo: list[JsonValue] = [value]
    while todo:
        item = todo.pop(0)
        if isinstance(item, dict):
            found.append(item)
            todo.extend(item.values())
        elif isinstance(item, list):
            found.append(item)
            todo.extend(item)
    return found


def _set(document: JsonValue, chance: random.Random, value: JsonValue) -> None:
    full = [node for node in _nodes(document) if node]
    if not full:
        return
    node = chance.choice(full)
    if isinstance(node, dict):
        node[chance.choice(list(node))] = value
    else:
        node[chance.randrange(len(node))] = value


def wrong_type(document: JsonValue, chance: random.Random) -> None:
    """Some value is of another type."""
    _set(document, chance, chance.choice(VALUES))


def hostile_text(document: JsonValue, chance: random.Random) -> None:
    """Some value is a text that means harm."""
    _set(document, chance, chance.choice(HOSTILE))


def hostile_name(document: JsonValue, chance: random.Random) -> None:
    """A name that becomes a path or an id means harm."""
    if isinstance(document, dict):
        key = chance.choice(("slug", "title", "customer", "timezone", "received"))
        document[key] = chance.choice(HOSTILE)


def hostile_id(document: JsonValue, chance: random.Random) -> None:
    """A step's id, app or operation means harm."""
    steps = [node for node in _nodes(document) if isinstance(node, dict) and ("app" in node or "id" in node)]
    if steps:
        chance.choice(steps)[chance.choice(("id", "app", "operation", "label", "when"))] = chance.choice(HOSTILE)


def missing_key(document: JsonValue, chance: random.Random) -> None:
    """Some key is missing."""
    maps = [node for node in _nodes(document) if isinstance(node, dict) and node]
    if maps:
        node = chance.choice(maps)
        del node[chance.choice(list(node))]


def unknown_key(document: JsonValue, chance: random.Random) -> None:
    """Some map has a key that isn't known."""
    maps = [node for node in _nodes(document) if isinstance(node, dict)]
    if maps:
        chance.choice(maps)[chance.choice(("extra", "constructor", "do", "routes", "if", "collect", *HOSTILE[:4]))] = 1


def same_id(document: JsonValue, chance: random.Random) -> None:
    """All steps have the same id."""
    for node in _nodes(document):
        if isinstance(node, dict) and "app" in node:
            node["id"] = "same"


def cycle(document: JsonValue, chance: random.Random) -> None:
    """Steps refer to themselves, to later ones, and collect from what comes behind."""
    steps = [node for node in _nodes(document) if isinstance(node, dict) and isinstance(node.get("id"), str)]
    for node in steps:
        other = chance.choice(steps)["id"]
        if isinstance(node.get("inputs"), dict):
            node["inputs"] = {"text": f"{{{{ {other}.body }}}} {{{{ {node['id']}.x }}}}"}
        if "collect" in node:
            node["from"] = other
        if chance.random() < 0.3:
            node["when"] = f"{other}.x is 1"


def inside_itself(document: JsonValue, chance: random.Random) -> None:
    """The steps stand inside a step, many times over."""
    if not isinstance(document, dict):
        return
    steps = document.get("steps")
    for _ in range(chance.choice((1, 3, 8, 30))):
        inner: dict[str, JsonValue] = {"for_each": "{{ trigger.x }}", "do": steps}
        steps = [inner]
    document["steps"] = steps


def many_steps(document: JsonValue, chance: random.Random) -> None:
    """There are very many steps."""
    if isinstance(document, dict):
        one: JsonValue = {"app": "slack", "operation": "send_message", "inputs": {"channel": "x", "text": "y"}}
        document["steps"] = [one] * chance.choice((100, 499, 501, 5000))


def huge_number(document: JsonValue, chance: random.Random) -> None:
    """A number is far too large."""
    if isinstance(document, dict):
        document["volume_per_month"] = chance.choice((10**12, 10**25, -5, 1e300))


def huge_request(document: JsonValue, chance: random.Random) -> None:
    """The request is very long, and a trap for patterns."""
    if isinstance(document, dict):
        piece = chance.choice(
            ("when a form comes in, ", "and ", "if a is b, ", "every ", "a" * 50, "( ", ", , ,", "\n- ")
        )
        document["request"] = piece * chance.choice((10, 1000, 4000))
        if chance.random() < 0.5:
            document.pop("steps", None)
            document.pop("trigger", None)


CHANGES: dict[str, Callable[[JsonValue, random.Random], None]] = {
    change.__name__: change
    for change in (
        wrong_type, hostile_text, hostile_name, hostile_id, missing_key, unknown_key, same_id, cycle, inside_itself,
        many_steps, huge_number, huge_request,
    )
}  # fmt: skip

RAW: dict[str, Callable[[str, random.Random], bytes]] = {
    "cut-off": lambda text, chance: text[: chance.randrange(1, len(text))].encode(),
    "nul-byte": lambda text, chance: text.replace("e", "e\x00", 1).encode(),
    "not-utf8": lambda text, chance: text.encode()[:50] + b"\xff\xfe\x80" + text.encode()[50:],
    "utf-16": lambda text, chance: text.encode("utf-16"),
    "twice": lambda text, chance: (text + "\nrequest: again\n").encode(),
    "two-documents": lambda text, chance: f"{text}\n---\n{text}".encode(),
    "tabs": lambda text, chance: text.replace("  ", "\t").encode(),
    "alias-bomb": lambda text, chance: (
        "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(f"k{n}: &k{n} [*a,*a,*a,*a]\n" for n in range(9)) + text
    ).encode(),
    "tag": lambda text, chance: (text + "\nnotes: !!python/object/apply:os.getcwd []\n").encode(),
    "deep": lambda text, chance: b"steps: " + b"[" * 20_000,
    "deep-json": lambda text, chance: b'{"a":' * 20_000,
    "brackets": lambda text, chance: (text + "\nnotes: {{ open\n").encode(),
    "swapped": lambda text, chance: "".join(
        chance.choice("{}[]:,#&*!|>'\"%@`\n\t -x") if chance.random() < 0.01 else character for character in text
    ).encode(),
}
