"""Faults of single values: what can be wrong with one setting, text, condition or reference of a node or module.

An *edit* gives a value's wrong forms, each with what it is in words. `ROWS` says which values an edit is for: each row
has the operator's name, patterns of the places on both platforms (`<type> <path>`), and the edit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from compilers.operators import OPERATORS

GONE = "<gone>"
"""Stands for a value that is taken away."""
LONGEST_SEPARATOR = 10
"""Longer texts in the same place are code."""


@dataclass(frozen=True)
class Words:
    """What a document refers to: the pattern of a reference (groups `source` and `path`), and the paths that are read
    of each source, in the order of the document."""

    reference: re.Pattern[str]
    paths: Mapping[str, tuple[str, ...]]


Wrong = tuple[str, JsonValue]
Edit = Callable[[JsonValue, Words], Iterator[Wrong]]

N8N_REFERENCE = re.compile(
    r'\$\("(?P<source>(?:[^"\\]|\\.)+)"\)\.(?:first\(\)|item|itemMatching\(index\))\.json'
    r"(?P<path>(?:\??\.[A-Za-z]\w*|\?\.\[\d+\])+)"
)
MAKE_REFERENCE = re.compile(r"(?<![\w.\"`])(?P<source>\d+)\.(?P<path>[A-Za-z][\w.\[\]]*)")

# n8n's operations that are another's opposite, and those that are taken for one another
_N8N_OPPOSITES = {
    "equals": "notEquals", "notEquals": "equals", "contains": "notContains", "notContains": "contains",
    "startsWith": "notStartsWith", "endsWith": "notEndsWith", "notEmpty": "empty", "empty": "notEmpty",
    "gt": "lte", "lte": "gt", "lt": "gte", "gte": "lt", "true": "false",
}  # fmt: skip
_N8N_NEIGHBOURS = {
    "gt": "gte", "gte": "gt", "lt": "lte", "lte": "lt", "equals": "contains", "contains": "startsWith",
    "startsWith": "endsWith",
}  # fmt: skip
_MAKE_NEIGHBOURS = {
    "number:greater": "number:greaterorequal", "number:greaterorequal": "number:greater",
    "number:less": "number:lessorequal", "number:lessorequal": "number:less", "text:equal": "text:contain",
    "text:contain": "text:startwith", "text:startwith": "text:endwith",
}  # fmt: skip
_MAKE_ORDERED = {"greater": "lessorequal", "lessorequal": "greater", "less": "greaterorequal", "greaterorequal": "less"}


# -- edits ---------------------------------------------------------------------------------------------------------


def other(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """Another value of the same kind: a wrong channel, table, address, recipient."""
    if isinstance(value, str) and value:
        yield f"`{_short(value)}` is another", f"{value}x"


def gone(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """The value is lost."""
    if value not in (None, "", False):
        yield f"`{_short(value)}` is lost", GONE


def literal(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A word of a text, outside its expressions, is lost."""
    if isinstance(value, str):
        plain = re.sub(r"\{\{.*?\}\}", lambda found: "\0" * len(found[0]), value, flags=re.DOTALL)
        found = re.search(r"[^\W\d_]{3,}", plain)
        if found:
            yield f"the word `{found[0]}` is lost", value[: found.start()] + value[found.end() :]


def wrong_field(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A reference to another field of the same source: one that the document reads elsewhere, else one misspelt."""
    for found in _references(value, words):
        known = [path for path in words.paths.get(found["source"], ()) if path != found["path"]]
        path = known[0] if known else f"{found['path']}x"
        yield f"{_said(found)} reads `{path.strip('.?')}`", _with(value, found, "path", path)


def wrong_source(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A reference to the same field of another source."""
    for found in _references(value, words):
        known = [one for one in words.paths if one != found["source"] and not _has_the_same_error(one, found)]
        if known:
            yield f"{_said(found)} reads it of `{known[0]}`", _with(value, found, "source", known[0])


def _has_the_same_error(source: str, found: re.Match[str]) -> bool:
    """Whether a failed node is meant, beside the node that gives its error a common form: n8n reads of a node's output
    by which the reader is reached, and the message is the same there."""
    return found["source"] == f"{source}: error" and found["path"].replace("?", "") == ".error.message"


def off_by_one(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """Another position: of a list's element, a part of a text, a counter."""
    if isinstance(value, str):
        for pattern in (r"(?<=\.\[)\d+(?=\])", r"(?<=\w\[)\d+(?=\])", r'(?<=, )\d+(?=\)(?:,|;|\?|\)|$| ))',
                        r"(?<=; )\d+(?=[;)])"):  # fmt: skip
            for found in re.finditer(pattern, _ending(value)):
                start = len(value) - len(_ending(value)) + found.start()
                after = value[start + len(found[0]) :]
                yield f"{found[0]} is {int(found[0]) + 1}", f"{value[:start]}{int(found[0]) + 1}{after}"


def number(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A number that is one less, or one more."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield from ((f"{value} is {one}", one) for one in (value - 1, value + 1))
    elif isinstance(value, str) and value.isdigit():
        yield from ((f"{value} is {one}", str(one)) for one in (int(value) - 1, int(value) + 1))
    elif isinstance(value, str) and value.startswith("=") and "_asNumber(" in _ending(value):
        yield from _replaced(value, r"(?<=_asNumber\()\d+(?=\))", lambda found: str(int(found) + 1))


def word(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A text that a condition compares with, misspelt."""
    if isinstance(value, str) and value and not value.isdigit() and "{{" not in value:
        yield f"`{value}` is `{value}s`", f"{value}s"
    elif isinstance(value, str) and value.startswith("="):
        yield from _replaced(value, r'(?<==== )"\w+"', lambda found: f'{found[:-1]}s"')


def opposite(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A condition's operator is its opposite."""
    found = _N8N_OPPOSITES.get(str(value)) or _make_opposite(str(value))
    if found:
        yield f"`{value}` is `{found}`", found


def _make_opposite(spelling: str) -> str | None:
    plain = spelling.removesuffix(":ci")
    kind, _, verb = plain.rpartition(":")
    known = {row.make for row in OPERATORS.values()}
    verb = _MAKE_ORDERED.get(verb) or (verb.removeprefix("not") if verb.startswith("not") else f"not{verb}")
    turned = f"{kind}:{verb}" if kind else verb
    return turned + spelling[len(plain) :] if plain in known and turned in known else None


def neighbour(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A condition's operator is one that is easily taken for it."""
    text = str(value)
    plain = text.removesuffix(":ci")
    found = _N8N_NEIGHBOURS.get(plain) or _MAKE_NEIGHBOURS.get(plain)
    if found:
        yield f"`{value}` is `{found}`", found + text[len(plain) :]


def in_code(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """An operator of a condition that is written as code."""
    if isinstance(value, str) and value.startswith("="):
        for one, instead in ((" >= ", " > "), (" > ", " >= "), (" === ", " !== "), (".includes(", ".startsWith(")):
            if value.count("\n"):
                yield from _replaced(value, re.escape(one), lambda _, instead=instead: instead)  # type: ignore[misc]


def and_or(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """AND in place of OR, or the other way."""
    if isinstance(value, str) and value.startswith("="):
        yield from _replaced(value, r'(?<!"object") && ', lambda _: " || ")  # that one only tells numbers from lists
        yield from _replaced(value, r" \|\| ", lambda _: " && ")


def renamed(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A field of a body has another name."""
    if isinstance(value, str):
        for found in list(re.finditer(r"(?<=[{,] )\w+(?=: )|(?<=[{,]\")\w+(?=\":)", value))[:3]:
            yield f"`{found[0]}` is called `{found[0]}_`", f"{value[: found.end()]}_{value[found.end() :]}"


def constant(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A constant that is given as a field."""
    if not isinstance(value, str):
        yield from number(value, words)
    elif not value.startswith("="):
        yield from word(value, words)
    else:
        pattern = r"""(?<=[{,] )("?[a-z]\w*"?: )(\d+|"\w+")(?=[ ,}])|(?<=\{)("?[a-z]\w*"?: )(\d+|"\w+")(?=[ ,}])"""
        for found in re.finditer(pattern, value):
            old = found[2] or found[4]
            new = f'{old[:-1]}s"' if old.endswith('"') else str(int(old) + 1)
            start = found.end() - len(old)
            yield f"{old} is {new}", f"{value[:start]}{new}{value[found.end() :]}"


def method(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """Another HTTP method."""
    text = str(value)
    wrong = {"GET": "POST", "POST": "PUT", "PUT": "PATCH"}.get(text.upper())
    if wrong:
        yield f"{text} is {wrong}", wrong if text.isupper() else wrong.lower()


def path(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """Another path of an address."""
    if isinstance(value, str):
        found = re.search(r"(?<=[a-z]/)\w+", value.partition("://")[2])
        if found:
            start = len(value) - len(value.partition("://")[2]) + found.end()
            yield f"`{found[0]}` is `{found[0]}s`", f"{value[:start]}s{value[start:]}"


def status(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """Another HTTP status."""
    wrong = 204 if str(value) == "200" else 200
    yield f"{value} is {wrong}", wrong if isinstance(value, int) else str(wrong)


def separator(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """Another text between the values that are put together."""
    if isinstance(value, str) and "rows.map(" in value:
        yield from _replaced(value, r'(?<=\?\? ""\)\.join\()"(?:[^"\\]|\\.)*"', lambda _: '" / "')
        yield from _replaced(value, r"rows\.map\(", lambda _: "rows.slice(1).map(")
        yield from _replaced(value, r"sum \+ value, 0", lambda _: "sum + value, 1")
    elif isinstance(value, str) and value and len(value) <= LONGEST_SEPARATOR:
        yield f"`{_short(value)}` is ` / `", " / "


def flipped(value: JsonValue, words: Words) -> Iterator[Wrong]:
    """A setting that is on or off, or one of two words."""
    words_of: dict[JsonValue, JsonValue] = {"text": "html", "RAW": "USER_ENTERED", "responseNode": "onReceived"}
    wrong = not value if isinstance(value, bool) else words_of.get(str(value))
    if wrong is not None:
        yield f"`{value}` is `{wrong}`", wrong


# -- helpers -------------------------------------------------------------------------------------------------------


def _references(value: JsonValue, words: Words) -> Iterator[re.Match[str]]:
    holds = isinstance(value, str) and ("{{" in value or "$(" in value)
    if isinstance(value, str) and holds:
        for found in words.reference.finditer(value):
            if not found["source"].isdigit() or _inside(value, found.start()):
                yield found


def _inside(value: str, at: int) -> bool:
    """Whether a position is in an expression of Make's."""
    return value.rfind("{{", 0, at) > value.rfind("}}", 0, at)


def _with(value: JsonValue, found: re.Match[str], group: str, new: str) -> str:
    """The text with another reference; on Make wherever the same expression says it, as what makes a JSON text safe
    repeats it."""
    text, wrong = str(value), found[0].replace(found[group], new, 1)
    if not found["source"].isdigit():
        return text[: found.start(group)] + new + text[found.end(group) :]
    begin, end = text.rfind("{{", 0, found.start()), text.find("}}", found.end())
    repeated = rf"(?<![\w.\"`]){re.escape(found[0])}(?![\w.\[])"
    return text[:begin] + re.sub(repeated, lambda _: wrong, text[begin:end]) + text[end:]


def _said(found: re.Match[str]) -> str:
    return f"`{found['source']}: {found['path'].replace('?', '').strip('.')}`"


def _ending(value: str) -> str:
    """The part behind the helpers that stand in front of an expression."""
    return value[max(value.rfind("\nreturn "), 0) :]


def _replaced(value: str, pattern: str, new: Callable[[str], str]) -> Iterator[Wrong]:
    offset = len(value) - len(_ending(value))
    for found in list(re.finditer(pattern, _ending(value)))[:2]:
        start, end = offset + found.start(), offset + found.end()
        yield f"`{found[0].strip()}` is `{new(found[0]).strip()}`", value[:start] + new(found[0]) + value[end:]


def _short(value: JsonValue) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


@dataclass(frozen=True)
class Row:
    """One kind of fault of single values, and where it can be."""

    operator: str
    n8n: str
    make: str
    edit: Edit

    def fits(self, platform: str, place: str) -> bool:
        """Whether a value at a place, such as `n8n-nodes-base.if parameters.options`, can have it."""
        pattern = self.n8n if platform == "n8n" else self.make
        return bool(pattern) and re.fullmatch(pattern, place) is not None


_N8N_LEFT = r"\S+ parameters\.(?:rules\.values\.\d+\.)?conditions\.conditions\.\d+\.leftValue"
_N8N_RIGHT = _N8N_LEFT.replace("leftValue", "rightValue")
_N8N_OPERATION = _N8N_LEFT.replace("leftValue", r"operator\.operation")
_N8N_VALUE = (
    r"\S+ parameters\.(?:text|subject|message|sendTo|url|jsonBody|jsonOutput|responseBody|jsCode|columns\.value\..+"
    r"|messages\..+\.content|responses\..+\.content|(?:query|header|body)Parameters\..+\.value)"
)
_MAKE_CONDITION = r"\S+ (?:filter|branches\.\d+)\.(?:.*\.)?\d+\.\d+\."
_MAKE_VALUE = r"\S+ (?:mapper|outputs)\..+"

ROWS: tuple[Row, ...] = (
    Row("wrong field", rf"{_N8N_VALUE}|{_N8N_LEFT}", rf"{_MAKE_VALUE}|{_MAKE_CONDITION}a", wrong_field),
    Row("wrong node", rf"{_N8N_VALUE}|{_N8N_LEFT}", rf"{_MAKE_VALUE}|{_MAKE_CONDITION}a", wrong_source),
    Row("negated condition", _N8N_OPERATION, rf"{_MAKE_CONDITION}o", opposite),
    Row("swapped operator", _N8N_OPERATION, rf"{_MAKE_CONDITION}o", neighbour),
    Row("swapped operator", _N8N_LEFT, "", in_code),
    Row("boundary off by one", rf"{_N8N_RIGHT}|{_N8N_LEFT}", rf"{_MAKE_CONDITION}b", number),
    Row("wrong word in a condition", rf"{_N8N_RIGHT}|{_N8N_LEFT}", rf"{_MAKE_CONDITION}b", word),
    Row("AND and OR swapped", _N8N_LEFT, "", and_or),
    Row("index off by one", _N8N_VALUE, _MAKE_VALUE, off_by_one),
    Row("number off by one", r"\S+ parameters\.(?:limit|options\.maxTokens)",
        r"builtin:BasicRepeater mapper\.(?:start|step)|\S+ mapper\.(?:max_tokens|maxRecords|limit)", number),
    Row("wrong target", r"\S+ parameters\.(?:(?:channelId|documentId|sheetName|base|table|modelId)\.value"
        r"|sendTo|chatId)",
        r"\S+ mapper\.(?:channel|spreadsheetId|sheetId|base|table|model|to\.\d+|chatId)", other),
    Row("text lost", r"\S+ parameters\.(?:text|subject|message|columns\.value\..+|options\.system"
        r"|queryParameters\.parameters\.\d+|headerParameters\.parameters\.\d+)",
        r"\S+ mapper\.(?:text|subject|contents\.0\.text|record\..+|values\.\d+|system|qs\.\d+|headers\.\d+)", gone),
    Row("word of a text lost", r"\S+ parameters\.(?:text|subject|message|filterByFormula|options\.system"
        r"|messages\..+\.content|responses\..+\.content)",
        r"\S+ mapper\.(?:text|subject|contents\.0\.text|formula|system|.+\.content)", literal),
    Row("wrong HTTP method", r"n8n-nodes-base.httpRequest parameters\.method", r"http:\S+ mapper\.method", method),
    Row("wrong address", r"\S+ parameters\.url", r"\S+ mapper\.url", path),
    Row("body's field renamed", r"\S+ parameters\.(?:jsonBody|responseBody)", r"\S+ mapper\.(?:data|body)", renamed),
    Row("wrong constant", r"n8n-nodes-base\.set parameters\.jsonOutput",
        r"util:SetVariables mapper\.variables\.\d+\.value", constant),
    Row("wrong status", r"\S+ parameters\.options\.responseCode", r"gateway:WebhookRespond mapper\.status", status),
    Row("wrong answer", r"n8n-nodes-base\.respondToWebhook parameters\.responseBody",
        r"gateway:WebhookRespond mapper\.body", literal),
    Row("wrong aggregate", r"n8n-nodes-base\.code parameters\.jsCode",
        r"util:TextAggregator parameters\.rowSeparator", separator),
    Row("wrong setting", r"\S+ parameters\.(?:otherOptions\.includeLinkToWorkflow|options\.appendAttribution|emailType"
        r"|additionalFields\.(?:appendAttribution|disable_notification)"
        r"|options\.cellFormat|options\.typecast|options\.response\.response\.fullResponse|responseMode)",
        r"\S+ mapper\.(?:parse|valueInputOption|typecast|includesHeaders)", flipped),
)  # fmt: skip
# `simplify` isn't among them: Claude's and OpenAI's nodes give the answer's text at the same place either way, unless
# the model reasons, which none of the subjects' does
CONDITIONS = (
    "negated condition", "swapped operator", "boundary off by one", "wrong word in a condition", "AND and OR swapped",
)  # fmt: skip
"""Operators of faults in conditions."""
