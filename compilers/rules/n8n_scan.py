"""Reads n8n's templates and the JavaScript inside them, as far as rules need: tokens, references, names, grammar.

An n8n text that begins with `=` is a template. A `{{` opens an expression and the first `}}` closes it, wherever that
stands, in a string too; `\\{{` and `\\}}` don't count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple


def words(text: str) -> frozenset[str]:
    """The words of a text: a table of names that reads as one."""
    return frozenset(text.split())


TokenKind = Literal["name", "number", "string", "template", "regex", "operator", "broken"]

_OPEN = re.compile(r"\\?\{\{")
_CLOSE = re.compile(r"\\?\}\}")
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*[\s\S]*?\*/)+")
_NAME = re.compile(r"[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*")
_NUMBER = re.compile(r"0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?")
_STRING = re.compile(r"'(?:[^'\\\n]|\\[\s\S])*'|\"(?:[^\"\\\n]|\\[\s\S])*\"")
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_OPERATOR = re.compile(
    r"\.\.\.|>>>=?|\*\*=|===|!==|<<=|>>=|&&=|\|\|=|\?\?=|=>|\*\*|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\+=|-=|\*=|/=|%="
    r"|&=|\|=|\^=|<<|>>|[-+*/%=<>!&|^~?:;,.(){}\[\]@#]"
)
_PLAIN = re.compile(f"(?P<name>{_NAME.pattern})|(?P<number>{_NUMBER.pattern})|(?P<operator>{_OPERATOR.pattern})")
_PLAIN_KINDS: Mapping[str, TokenKind] = MappingProxyType({"name": "name", "number": "number", "operator": "operator"})
KEYWORDS = words(
    "await break case catch class const continue debugger default delete do else export extends false finally for "
    "function if import in instanceof let new null return super switch this throw true try typeof undefined var void "
    "while with yield async of arguments"
)
PREFIXES = frozenset({"!", "~", "+", "-", "++", "--", "...", "typeof", "void", "delete", "new", "await", "async"})
WORD_OPERATORS = frozenset({"in", "instanceof", "of"})
STATEMENTS = words(
    "const let var if for while do switch try throw return class import export break continue with debugger"
)
DEEPEST = 8
"""Template literals inside one another that are read; nobody writes so many."""
FARTHEST = 2000
"""Tokens over which the other end of a parenthesis is looked for."""
MODIFIERS = ("get", "set", "static")
"""Words before the name of a method in an object or a class."""
BRACKETS = {")": "(", "]": "[", "}": "{"}


class Token(NamedTuple):
    """One token of JavaScript, with its place in the text; a `broken` one is where no token can be read."""

    kind: TokenKind
    text: str
    position: int


@dataclass(frozen=True)
class Code:
    """One expression of a template: its text between the braces, and whether it was closed."""

    text: str
    closed: bool


def expressions_in(text: str) -> tuple[Code, ...]:
    """The expressions of a template; `text` is without its leading `=`."""
    found: list[Code] = []
    position, start = 0, -1
    while True:
        match = (_OPEN if start < 0 else _CLOSE).search(text, position)
        if match is None:
            break
        position = match.end()
        if match.group().startswith("\\"):
            continue
        if start < 0:
            start = position
        else:
            found.append(Code(text[start : match.start()].replace("\\}}", "}}"), True))
            start = -1
    if start >= 0:
        found.append(Code(text[start:].replace("\\}}", "}}"), False))
    return tuple(found)


def tokens(code: str) -> tuple[Token, ...]:
    """The tokens of JavaScript text, without spaces and comments; reading stops at the first broken one."""
    found: list[Token] = []
    position = 0
    while position < len(code):
        if space := _SPACE.match(code, position):
            position = space.end()
            continue
        token = _token(code, position, found)
        found.append(token)
        if token.kind == "broken":
            break
        position += len(token.text)
    return tuple(found)


def _token(code: str, position: int, before: Sequence[Token]) -> Token:
    first = code[position]
    if first == "`":
        end = _template_end(code, position)
        return Token("template", code[position:end], position) if end else Token("broken", code[position:], position)
    if first in "'\"":
        match = _STRING.match(code, position)
        return Token("string", match.group(), position) if match else Token("broken", code[position:], position)
    if first == "/" and _operand_next(before) and (match := _REGEX.match(code, position)):
        return Token("regex", match.group(), position)
    if match := _PLAIN.match(code, position):
        return Token(_PLAIN_KINDS[match.lastgroup or ""], match.group(), position)
    return Token("broken", code[position:], position)


def _operand_next(before: Sequence[Token]) -> bool:
    """Whether a `/` after these tokens begins a regular expression, and isn't a division."""
    if not before:
        return True
    last = before[-1]
    if last.kind == "operator":
        return last.text not in (")", "]", "}")
    return last.kind == "name" and last.text in KEYWORDS - {"this", "true", "false", "null", "undefined", "super"}


def _template_end(code: str, start: int, depth: int = 0) -> int | None:
    """Where the template literal that begins at `start` ends, or None when it doesn't, or is nested absurdly deep."""
    position = start + 1
    while position < len(code):
        if code[position] == "\\":
            position += 2
        elif code[position] == "`":
            return position + 1
        elif code.startswith("${", position):
            closed = _hole_end(code, position + 2, depth + 1)
            if closed is None:
                return None
            position = closed
        else:
            position += 1
    return None


def _hole_end(code: str, start: int, nesting: int = 0) -> int | None:
    """Where the `${` hole that begins at `start` ends: behind its closing brace."""
    depth, position = 1, start
    while position < len(code):
        char = code[position]
        if char == "`":
            end = _template_end(code, position, nesting) if nesting < DEEPEST else None
            if end is None:
                return None
            position = end
            continue
        if char in "'\"" and (match := _STRING.match(code, position)):
            position = match.end()
            continue
        depth += (char == "{") - (char == "}")
        position += 1
        if not depth:
            return position
    return None


def holes(literal: str) -> Iterator[str]:
    """The expressions inside a template literal: the texts of its `${...}`."""
    position = 1
    while position < len(literal):
        if literal[position] == "\\":
            position += 2
        elif literal.startswith("${", position):
            end = _hole_end(literal, position + 2)
            if end is None:
                return
            yield literal[position + 2 : end - 1]
            position = end
        else:
            position += 1


def all_tokens(code: str, nesting: int = 0) -> tuple[Token, ...]:
    """The tokens of the text and of the expressions inside its template literals."""
    found: list[Token] = []
    for token in tokens(code):
        found.append(token)
        if token.kind == "template" and nesting < DEEPEST:
            for hole in holes(token.text):
                found.extend([Token("operator", ";", token.position), *all_tokens(hole, nesting + 1)])
                found.append(Token("operator", ";", token.position))
    return tuple(found)


def unbalanced(found: Sequence[Token]) -> str | None:
    """What is wrong with brackets and quotes, or None."""
    stack: list[str] = []
    for token in found:
        if token.kind == "broken":
            quote = token.text[0]
            return "a quote is not closed" if quote in "'\"`" else f"`{quote}` can't stand there"
        if token.kind != "operator":
            continue
        if token.text in "([{":
            stack.append(token.text)
        elif token.text in BRACKETS and (not stack or stack.pop() != BRACKETS[token.text]):
            return f"`{token.text}` closes nothing"
    return f"`{stack[-1]}` is not closed" if stack else None


def grammar_problem(found: Sequence[Token]) -> str | None:
    """What is wrong with the order of an expression's tokens: an operand missing, or two without an operator.

    Bodies of functions hold statements and are passed over. Brackets must be balanced.
    """
    operand_due = True
    previous: Token | None = None
    index = 0
    while index < len(found):
        token = found[index]
        if token.text == "{" and previous is not None and (previous.text == "=>" or not operand_due):
            index = _closing(found, index) + 1
            previous, operand_due = Token("operator", "}", token.position), False
            continue
        problem, operand_due = _step(token, previous, operand_due)
        if problem:
            return problem
        previous = token
        index += 1
    if previous is not None and operand_due:
        return f"something is missing after `{previous.text}`"
    return None


def _closing(found: Sequence[Token], index: int) -> int:
    depth = 0
    for position in range(index, len(found)):
        depth += (
            (found[position].text == "{") - (found[position].text == "}") if found[position].kind == "operator" else 0
        )
        if not depth:
            return position
    return len(found) - 1


def _step(token: Token, previous: Token | None, operand_due: bool) -> tuple[str | None, bool]:
    """Reads one token; gives what is wrong with it, and whether an operand is due after it."""
    text, before = token.text, previous.text if previous else ""
    after_dot = before in (".", "?.")
    if token.kind != "operator" and not (token.kind == "name" and text in WORD_OPERATORS and not after_dot):
        word = token.kind == "name" and text in PREFIXES and not after_dot
        if operand_due:
            return None, word
        joined = before in ("async", "function", *MODIFIERS) or token.kind == "template"
        return (None, False) if joined else (f"`{before}` and `{text}` stand side by side without an operator", False)
    if text in BRACKETS:
        empty = before in ("(", "[", "{", ",")
        return (f"something is missing before `{text}`", False) if operand_due and not empty else (None, False)
    if text in ("(", "[", "{"):
        return None, True
    if text in ("++", "--"):
        return None, operand_due
    if operand_due:
        sparse = text in (",", ";") and before in ("", "[", ",", ";")
        return (None, True) if text in PREFIXES or sparse else (f"something is missing before `{text}`", True)
    return None, True


def called_names(found: Sequence[Token]) -> Iterator[tuple[str, bool]]:
    """Names that are called, and whether as a method of something."""
    for before, token, after in zip((None, *found), found, found[1:], strict=False):
        if token.kind == "name" and after.text == "(" and token.text not in KEYWORDS:
            method = before is not None and before.text in (".", "?.")
            if not (before is not None and before.text in ("function", "new")):
                yield token.text, method


def free_names(found: Sequence[Token]) -> Iterator[str]:
    """Names that are neither properties, nor keys, nor declared in the text: they must be global."""
    declared = _declared(found)
    for index, token in enumerate(found):
        if token.kind != "name" or token.text in KEYWORDS or token.text in declared:
            continue
        before = found[index - 1].text if index else ""
        after = found[index + 1].text if index + 1 < len(found) else ""
        is_key = after == ":" and before in ("{", ",")
        is_modifier = token.text in MODIFIERS and found[index + 1 : index + 2] and found[index + 1].kind == "name"
        is_label = after == "(" and before in ("{", ",") and _closes_with_body(found, index + 1)
        if before not in (".", "?.", "function", *MODIFIERS) and not is_key and not is_label and not is_modifier:
            yield token.text


def _closes_with_body(found: Sequence[Token], index: int) -> bool:
    """Whether the parenthesis at `index` is followed by a body: a method in an object literal."""
    depth = 0
    for position in range(index, min(len(found), index + FARTHEST)):
        depth += (found[position].text == "(") - (found[position].text == ")")
        if not depth:
            return position + 1 < len(found) and found[position + 1].text == "{"
    return False


def _declared(found: Sequence[Token]) -> frozenset[str]:
    """Names that functions and declarations in the text introduce, wherever: parameters, variables, functions."""
    names: set[str] = set()
    for index, token in enumerate(found):
        if token.text == "=>" and index:
            names.update(_parameters(found, index - 1))
        elif token.text in ("const", "let", "var", "function", "class", "catch"):
            names.update(_introduced(found, index + 1))
    return frozenset(names)


def _parameters(found: Sequence[Token], last: int) -> Iterator[str]:
    """Names of an arrow function's parameters, which end at `last`."""
    if found[last].text != ")":
        yield found[last].text
        return
    depth = 0
    for position in range(last, max(-1, last - FARTHEST), -1):
        depth += (found[position].text == ")") - (found[position].text == "(")
        if not depth:
            return
        if found[position].kind == "name":
            yield found[position].text


def _introduced(found: Sequence[Token], index: int) -> Iterator[str]:
    """Names from `index` on, up to the end of what a declaration introduces; its initial values are passed over."""
    depth, in_value = 0, False
    for token in found[index:]:
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
        if depth < 0 or (depth == 0 and token.text in (";", "of", "in", ")", "}") and not in_value):
            return
        if depth == 0 and token.text in ("=", ",", ";"):
            in_value = token.text == "="
            if token.text == ";":
                return
        if token.kind == "name" and not in_value:
            yield token.text


def own_names(found: Sequence[Token]) -> frozenset[str]:
    """Names of methods that the text gives its own objects, or asks for first: `v.asText ? v.asText() : v`."""
    triples = zip(found, found[1:], (*found[2:], Token("operator", ";", 0)), strict=False)
    return frozenset(
        name.text
        for before, name, after in triples
        if (before.text in (".", "?.") and after.text != "(")
        or (before.text in ("{", ",", *MODIFIERS) and after.text in (":", "("))
    )


def node_references(found: Sequence[Token]) -> Iterator[str]:
    """Names of the nodes that are referred to: `$('Name')`, `$node["Name"]`, `$node.Name`, `$items("Name")`."""
    for index, token in enumerate(found[:-1]):
        if token.kind != "name" or (index and found[index - 1].text in (".", "?.")):
            continue
        after = found[index + 1 : index + 3]
        opener = {"$": "(", "$items": "(", "$node": "["}.get(token.text)
        if len(after) < 2 or opener is None:
            continue
        name = string_value(after[1]) if after[0].text == opener else None
        if name is None and token.text == "$node" and after[0].text == "." and after[1].kind == "name":
            name = after[1].text
        if name is not None:
            yield name


def string_value(token: Token) -> str | None:
    """What a string literal says; None for anything else and for a literal with holes."""
    if token.kind not in ("string", "template") or (token.kind == "template" and "${" in token.text):
        return None
    return re.sub(r"\\(.)", lambda match: match.group(1), token.text[1:-1], flags=re.DOTALL)
