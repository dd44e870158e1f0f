"""The text parser: patterns found and replaced as JavaScript does it, which is what both platforms run."""

from __future__ import annotations

import re
from re import Match, Pattern

from compilers.expressions import Context, Value
from compilers.expressions.regex import javascript_regex
from compilers.expressions.values import text, truthy
from manageai_assets.testing.transform_base import Bundle, Inputs, State, Transform, matches, pattern_of

_LEAST_GROUPS = 5
"""Groups that a bundle has even where the pattern has fewer."""


def _flags(inputs: Inputs) -> str:
    flags = "i" if inputs.get("case_sensitive") is False else ""
    return flags + ("m" if truthy(inputs.get("multiline")) else "") + ("s" if truthy(inputs.get("singleline")) else "")


def _pattern(inputs: Inputs) -> Pattern[str]:
    return pattern_of(text(inputs.get("pattern")), _flags(inputs))


def _groups(pattern: Pattern[str], found: Match[str] | None) -> Bundle:
    groups: Bundle = {
        f"group_{number}": found.group(number) if found and number <= pattern.groups else None
        for number in range(1, max(_LEAST_GROUPS, pattern.groups if found else 0) + 1)
    }
    return {**groups, **found.groupdict()} if found else groups


def _found(found: Match[str]) -> Value:
    return [found.group(), *found.groups()] if found.re.groups else found.group()


def match(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    pattern = _pattern(inputs)
    found = pattern.search(text(inputs.get("text")))
    if found is None and inputs.get("only_matches") is True:
        return []
    return [{"match": found.group() if found else None, **_groups(pattern, found)}]


def match_computed(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    pattern = _pattern(inputs)
    found = pattern.search(text(inputs.get("text")))
    if found is None:
        return [] if inputs.get("only_matches") is True else [{"match": None, **_groups(pattern, None)}]
    return [{"match": found.group(), "found": _found(found), **_groups(pattern, found)}]


def match_all(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    pattern = _pattern(inputs)
    bundles: list[Bundle] = [
        {"match": found.group(), "found": _found(found), "number": number, **_groups(pattern, found)}
        for number, found in enumerate(matches(pattern, text(inputs.get("text"))), 1)
    ]
    return bundles or nothing_found(inputs, {"match": None})


def nothing_found(inputs: Inputs, empty: Bundle) -> list[Bundle]:
    """What a search that found nothing gives: nothing, or one empty bundle to go on with."""
    return [empty] if inputs.get("go_on") is True else []


_EMAILS = javascript_regex(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", "i")
_URLS = javascript_regex(r"""https?:\/\/[^\s<>"']+""", "i")
_LOOSE_URLS = javascript_regex(r"""(?:https?:\/\/|www\.)[^\s<>"']+|(?:[a-z0-9-]+\.)+[a-z]{2,}(?:\/[^\s<>"']*)?""", "i")


def elements(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    urls = _LOOSE_URLS if inputs.get("with_protocol") is False else _URLS
    pattern = urls if inputs.get("what") == "urls" else _EMAILS
    found: list[Bundle] = [
        {"match": one.group().rstrip(".,;:!?)]")} for one in pattern.finditer(text(inputs.get("text")))
    ]
    return found or nothing_found(inputs, {"match": None})


_PLACEHOLDER = re.compile(r"\$(?:(\d\d?)|<([^>]*)>|([$&`']))")


def replace(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    pattern, given, new = _pattern(inputs), text(inputs.get("text")), text(inputs.get("replacement"))
    pieces: list[str] = []
    done = 0
    for found in matches(pattern, given):
        pieces += [given[done : found.start()], _replacement(new, found) if "$" in new else new]
        done = found.end()
        if inputs.get("all") is False:
            break
    return [{"text": "".join([*pieces, given[done:]])}]


def _replacement(new: str, found: Match[str]) -> str:
    """The replacement with `$1`, `$<name>`, `$&`, `` $` ``, `$'` and `$$` filled in; what names nothing stays."""

    def part(placeholder: Match[str]) -> str:
        digits, name, sign = placeholder.groups()
        if digits is not None:
            return _numbered(digits, found, placeholder.group())
        if name is not None:
            if not found.re.groupindex:
                return placeholder.group()
            return (found.group(name) or "") if name in found.re.groupindex else ""
        around = {"$": "$", "&": found.group(), "`": found.string[: found.start()], "'": found.string[found.end() :]}
        return around[sign]

    return _PLACEHOLDER.sub(part, new)


def _numbered(digits: str, found: Match[str], written: str) -> str:
    if 0 < int(digits) <= found.re.groups:
        return found.group(int(digits)) or ""
    if len(digits) == 2 and 0 < int(digits[0]) <= found.re.groups:
        return (found.group(int(digits[0])) or "") + digits[1]
    return written


TRANSFORMS: dict[tuple[str, str], Transform] = {
    ("text", "match"): match,
    ("text", "match_computed"): match_computed,
    ("text", "match_all"): match_all,
    ("text", "match_all_computed"): match_all,
    ("text", "elements"): elements,
    ("text", "replace"): replace,
}
