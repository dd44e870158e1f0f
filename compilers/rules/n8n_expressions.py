"""n8n rules: templates, the expressions in them, and the nodes that these refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from compilers.errors import shorten
from compilers.rules.engine import Place
from compilers.rules.n8n_scan import (
    STATEMENTS,
    Token,
    all_tokens,
    called_names,
    expressions_in,
    free_names,
    grammar_problem,
    node_references,
    own_names,
    string_value,
    words,
)
from compilers.rules.n8n_subject import BOOK, MAIN, Expression, N8nSubject, Node, Use

CODE_PARAMETERS = frozenset({"jsCode", "functionCode", "pythonCode"})
QUERIES = ("postgres", "mySql", "microsoftSql", "snowflake", "questDb", "crateDb", "timescaleDb")
HTML = ("html", "html")
SELF_EVALUATED = frozenset({HTML, *((name, "query") for name in QUERIES)})
"""Parameters whose `{{ }}` the node itself evaluates, without a leading `=`."""
FOREIGN = frozenset({"workflowJson"})
"""Parameters that hold another workflow, with expressions of its own."""
RUN_NAMES = words(
    "$if $execution $executionId $vars $secrets $resumeWebhookUrl $nodeName $response $request $pageCount "
    "$responseItem $version $credentials $fromAI"
)
"""Names that n8n gives to expressions when it runs them, besides those of its expression engine."""
RUN_METHODS = frozenset({"itemMatching", "pairedItem", "setAll", "getAll", "getItem"})
"""Methods of n8n's own objects, such as `$('Name')` and `$execution.customData`."""
FORBIDDEN = words(
    "__proto__ prototype constructor getPrototypeOf setPrototypeOf getOwnPropertyDescriptor getOwnPropertyDescriptors "
    "defineProperty defineProperties mainModule binding _linkedBinding _load prepareStackTrace __lookupGetter__ "
    "__lookupSetter__ __defineGetter__ __defineSetter__ caller callee arguments getBuiltinModule dlopen execve "
    "loadEnvFile"
)
"""Properties that n8n refuses in expressions, as fields of data too."""
WEBHOOK_FIELDS = frozenset({"headers", "params", "query", "body", "webhookUrl", "executionMode"})
"""What a Webhook node gives; what the caller sent is inside `body`."""
MAKE_REFERENCE = re.compile(r"\{\{\s*`?\d+\.[A-Za-z_`]")
PLAIN_REFERENCE = re.compile(r"\{\{\s*[A-Za-z_][\w.]*\s*\}\}")
N8N_NAMES = re.compile(
    r"\$(?:json|node|now|today|input|vars|binary|items|workflow|execution|item|itemIndex)\b|\$\(|\bDateTime\."
)
LONGEST = 20_000
"""Characters of an expression up to which the names in it are looked at; people write far shorter ones."""
CONVERSION = re.compile(r"to[A-Z]\w+")
"""Names of methods that no field of data is likely to have."""
WRONG_DATE_TOKENS = re.compile(r"YY|DD")
DATE_METHODS = frozenset({"toFormat", "fromFormat", "format"})


def _is_code(use: Use) -> bool:
    return use.path.rpartition(".")[2] in CODE_PARAMETERS


def _plain_uses(subject: N8nSubject) -> Iterator[Use]:
    """Texts that n8n doesn't evaluate and that hold braces as an expression has them."""
    for use in subject.uses:
        evaluated = use.is_template or _is_code(use) or (use.node.short_type, use.path) in SELF_EVALUATED
        if not evaluated and use.path not in FOREIGN and "{{" in use.text:
            yield use


def _speaks_n8n(text: str) -> bool:
    """Whether something between double braces uses n8n's names."""
    return any(N8N_NAMES.search(code.text) for code in expressions_in(text))


@BOOK.rule("expression.prefix", "error", area="expression", hint="begin the text with `=`")
def expression_prefix(subject: N8nSubject) -> Iterator[Place]:
    """A text with expressions begins with `=`; without it n8n keeps the braces as text."""
    for use in _plain_uses(subject):
        if _speaks_n8n(use.text):
            yield use.where, f"is kept as text: {shorten(use.text, 60)}"


@BOOK.rule(
    "expression.plain-braces", "warning", area="expression", hint="begin the text with `=` if the value is meant"
)
def expression_plain_braces(subject: N8nSubject) -> Iterator[Place]:
    """A text that n8n doesn't evaluate holds no placeholder in double braces."""
    for use in _plain_uses(subject):
        if PLAIN_REFERENCE.search(use.text) and not _speaks_n8n(use.text):
            yield use.where, f"holds a placeholder that nothing fills: {shorten(use.text, 60)}"


@BOOK.rule(
    "expression.make-syntax", "error", area="expression", hint="write n8n's own: `$('Name').item.json.field`, and `,`"
)
def expression_make_syntax(subject: N8nSubject) -> Iterator[Place]:
    """No expression is left in Make's notation: `{{1.name}}`, or arguments separated by `;`."""
    for use in subject.uses:
        if not _is_code(use) and _is_make(use):
            yield use.where, f"is Make's notation: {shorten(use.text, 60)}"


def _is_make(use: Use) -> bool:
    return bool(MAKE_REFERENCE.search(use.text)) or any(map(_has_make_arguments, use.expressions))


def _has_make_arguments(expression: Expression) -> bool:
    """Whether arguments are separated by `;`, outside the bodies of functions."""
    if ";" not in expression.code.text:
        return False
    stack: list[str] = []
    for token in expression.tokens:
        if token.kind == "operator" and token.text in "([{":
            stack.append(token.text)
        elif token.kind == "operator" and token.text in ")]}" and stack:
            stack.pop()
        elif token.text == ";" and stack and "{" not in stack:
            return True
    return False


@BOOK.rule("expression.closed", "error", area="expression", hint="close the expression with `}}`")
def expression_closed(subject: N8nSubject) -> Iterator[Place]:
    """Every `{{` is closed; n8n evaluates an unclosed one up to the end of the text."""
    for use in subject.evaluated:
        if not use.expressions[-1].code.closed:
            yield use.where, f"`{{{{` is not closed: {shorten(use.text, 60)}"


@BOOK.rule(
    "expression.empty", "warning", area="expression", hint="write an expression between the braces, or remove them"
)
def expression_empty(subject: N8nSubject) -> Iterator[Place]:
    """There is something between the braces."""
    for use in subject.evaluated:
        if any(expression.code.closed and not expression.tokens for expression in use.expressions):
            yield use.where, "has an empty `{{ }}`"


@BOOK.rule("expression.early-close", "error", area="expression", hint="write `} }` with a space between them")
def expression_early_close(subject: N8nSubject) -> Iterator[Place]:
    """No `}}` stands inside an expression: n8n ends the expression there, in an object or a string too."""
    for use in subject.evaluated:
        for expression in use.expressions:
            if _closes_early(use, expression):
                yield use.where, f"the first `}}}}` ends it: {shorten(expression.code.text, 60)}"


def _closes_early(use: Use, expression: Expression) -> bool:
    if not expression.code.closed or not expression.imbalance:
        return False
    behind = use.text.split(expression.code.text + "}}", 1)[-1]
    return "}" in behind.split("{{")[0] or _open_quote(expression)


def _open_quote(expression: Expression) -> bool:
    return bool(expression.tokens) and expression.tokens[-1].kind == "broken" and "{" in expression.tokens[-1].text


def _faults(use: Use) -> Iterator[tuple[Expression, str]]:
    """Expressions of a template that aren't JavaScript, except where another rule says why."""
    if _is_make(use):
        return
    for expression in use.expressions:
        if not expression.code.closed or _closes_early(use, expression) or _statement(expression):
            continue
        problem = expression.imbalance or grammar_problem(expression.tokens)
        if problem:
            yield expression, problem


@BOOK.rule(
    "expression.syntax", "error", area="expression", hint="mend the expression: one JavaScript expression per `{{ }}`"
)
def expression_syntax(subject: N8nSubject) -> Iterator[Place]:
    """What stands between the braces is a JavaScript expression."""
    for use in subject.evaluated:
        for expression, problem in _faults(use):
            yield use.where, f"{problem}: {shorten(expression.code.text.strip(), 60)}"


def _statement(expression: Expression) -> str | None:
    """The word or sign that makes statements of it, or None for one expression."""
    tokens = expression.tokens
    if tokens and tokens[0].kind == "name" and tokens[0].text in STATEMENTS - {"class", "import"}:
        return tokens[0].text
    depth = 0
    for position, token in enumerate(tokens):
        if token.kind == "operator":
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == ";" and not depth and position + 1 < len(tokens):
                return ";"
    return None


@BOOK.rule("expression.one", "error", area="expression", hint="write one expression, or use a Code node")
def expression_one(subject: N8nSubject) -> Iterator[Place]:
    """Each `{{ }}` holds one expression and no statements; of `1; 2` n8n evaluates the first."""
    for use in subject.evaluated:
        for expression in use.expressions:
            word = _statement(expression)
            if word and not _is_make(use):
                yield use.where, f"`{word}` can't stand in an expression: {shorten(expression.code.text.strip(), 60)}"


def _references(subject: N8nSubject) -> Iterator[tuple[Use, str]]:
    """The names of nodes that texts and code refer to, with the text."""
    for use in subject.uses:
        if _is_code(use) and "$" in use.text:
            found: Sequence[Sequence[Token]] = [use.code]
        elif (use.node.short_type, use.path) == HTML:
            found = [all_tokens(code.text) for code in expressions_in(use.text)]
        else:
            found = [expression.all_tokens for expression in use.expressions]
        for tokens in found:
            for name in dict.fromkeys(node_references(tokens)):
                yield use, name


@BOOK.rule("expression.node-exists", "error", area="expression", hint="name a node of this workflow")
def expression_node_exists(subject: N8nSubject) -> Iterator[Place]:
    """Nodes that expressions refer to exist."""
    for use, name in _references(subject):
        if name not in subject.by_name:
            yield use.where, f"refers to {shorten(name, 60)!r}, which is no node"


@BOOK.rule("expression.node-before", "error", area="expression", hint="refer to a node that comes before this one")
def expression_node_before(subject: N8nSubject) -> Iterator[Place]:
    """Nodes that expressions refer to come before: a later one has no data yet."""
    for use, name in _references(subject):
        if name in subject.by_name and not subject.sees(use.node.name, name):
            yield use.where, f"refers to {shorten(name, 60)!r}, which doesn't come before it"


@BOOK.rule("expression.forbidden", "error", area="expression", hint="reach the value another way, or rename the field")
def expression_forbidden(subject: N8nSubject) -> Iterator[Place]:
    """Expressions don't reach for what n8n refuses: `constructor`, `__proto__`, a field named `caller`."""
    for use in subject.evaluated:
        for expression in use.expressions:
            for name in dict.fromkeys(_forbidden(expression.all_tokens)):
                yield use.where, f"n8n refuses `{shorten(name, 40)}`"


def _forbidden(tokens: Sequence[Token]) -> Iterator[str]:
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        if before in (".", "?.") and token.text in FORBIDDEN:
            yield token.text
        elif before == "[" and string_value(token) in FORBIDDEN and index > 1 and tokens[index - 2].kind != "operator":
            yield token.text[1:-1]


@BOOK.rule("expression.environment", "warning", area="expression", hint="use a variable (`$vars`) or a credential")
def expression_environment(subject: N8nSubject) -> Iterator[Place]:
    """Expressions don't read environment variables: n8n denies `$env` unless it is set up to allow it."""
    for use in subject.evaluated:
        if any(token.text == "$env" for expression in use.expressions for token in expression.all_tokens):
            yield use.where, "reads `$env`"


def _readable(subject: N8nSubject) -> Iterator[tuple[Use, Expression]]:
    """The expressions without faults, in which names can be looked at."""
    for use in subject.evaluated:
        faulty = {id(expression) for expression, _ in _faults(use)}
        for expression in use.expressions:
            whole = (
                expression.code.closed
                and len(expression.code.text) <= LONGEST
                and not _closes_early(use, expression)
                and not _is_make(use)
            )
            if whole and id(expression) not in faulty and not _statement(expression):
                yield use, expression


@BOOK.rule(
    "expression.name", "error", area="expression", hint="use a name that n8n knows, such as `$json` or `DateTime`"
)
def expression_name(subject: N8nSubject) -> Iterator[Place]:
    """Names in expressions are known to n8n; an unknown one, or `process`, silently gives null."""
    known = subject.catalogue.expression_names | RUN_NAMES
    for use, expression in _readable(subject):
        for name in dict.fromkeys(free_names(expression.all_tokens)):
            if name not in known:
                yield use.where, f"n8n knows no `{shorten(name, 40)}`: it gives null"


@BOOK.rule("expression.method", "error", area="expression", hint="use a method of JavaScript, Luxon or n8n")
def expression_method(subject: N8nSubject) -> Iterator[Place]:
    """Methods in expressions exist; an unknown one silently gives null."""
    known = subject.catalogue.methods | RUN_METHODS
    for use, expression in _readable(subject):
        own = own_names(expression.all_tokens)
        for name, is_method in dict.fromkeys(called_names(expression.all_tokens)):
            if is_method and name not in known and name not in FORBIDDEN and name not in own:
                yield use.where, f"there is no method `{shorten(name, 40)}`: it gives null"


@BOOK.rule("expression.uncalled", "error", area="expression", hint="call it: write `()` after the name")
def expression_uncalled(subject: N8nSubject) -> Iterator[Place]:
    """Methods are called; without `()` an expression gives a function, which n8n refuses."""
    for use, expression in _readable(subject):
        last = expression.tokens[-2:]
        if len(last) < 2 or last[0].text not in (".", "?.") or not CONVERSION.fullmatch(last[1].text):
            continue
        if last[1].text in subject.catalogue.methods:
            yield use.where, f"`{last[1].text}` is not called"


@BOOK.rule(
    "expression.date-format", "warning", area="expression", hint="write `yyyy` for the year and `dd` for the day"
)
def expression_date_format(subject: N8nSubject) -> Iterator[Place]:
    """Date formats use Luxon's letters; `YYYY` and `DD` mean something else there."""
    for use, expression in _readable(subject):
        tokens = expression.all_tokens
        for index, token in enumerate(tokens):
            called = token.text in DATE_METHODS and index and tokens[index - 1].text in (".", "?.")
            for argument in _arguments(tokens, index + 1) if called else ():
                value = string_value(argument)
                if value and WRONG_DATE_TOKENS.search(re.sub(r"'[^']*'", "", value)):
                    yield use.where, f"Luxon reads {shorten(value, 40)!r} otherwise than it is meant"


def _arguments(tokens: Sequence[Token], start: int) -> Iterator[Token]:
    """The tokens between the parenthesis at `start` and its end."""
    depth = 0
    for token in tokens[start:]:
        depth += (token.text == "(") - (token.text == ")")
        if depth <= 0:
            return
        yield token


@BOOK.rule(
    "expression.webhook-field",
    "error",
    area="expression",
    hint="put `body.` (or `query.`, `headers.`) before the field",
)
def expression_webhook_field(subject: N8nSubject) -> Iterator[Place]:
    """Fields of a Webhook's data are looked for where it puts them: what was sent is inside `body`."""
    for use, expression in _readable(subject):
        for name in dict.fromkeys(_webhook_fields(subject, use.node, expression.all_tokens)):
            if name not in WEBHOOK_FIELDS:
                yield use.where, f"a Webhook gives no `{shorten(name, 40)}` at the top: it is null"


def _webhook_fields(subject: N8nSubject, node: Node, tokens: Sequence[Token]) -> Iterator[str]:
    """The fields that are read at the top of a Webhook's item."""
    sources = [subject.by_name[link.source] for link in subject.incoming(node.name) if link.kind == MAIN]
    direct = bool(sources) and all(source.of("webhook") and not source.disabled for source in sources)
    for index, token in enumerate(tokens):
        after = [item.text for item in tokens[index + 1 : index + 9]]
        if token.text == "$json" and direct and (not index or tokens[index - 1].text not in (".", "?.")):
            yield from _first_field(tokens, index + 1)
        elif token.text == "$" and after[:1] == ["("] and after[2:3] == [")"]:
            source = subject.by_name.get(string_value(tokens[index + 2]) or "")
            skip = next((size for path, size in _ITEM_PATHS if after[3 : 3 + len(path)] == path), None)
            if source and source.of("webhook") and not source.disabled and skip:
                yield from _first_field(tokens, index + 4 + skip)


_ITEM_PATHS: Sequence[tuple[list[str], int]] = (
    ([".", "item", ".", "json"], 4),
    ([".", "first", "(", ")", ".", "json"], 6),
    ([".", "last", "(", ")", ".", "json"], 6),
)


def _first_field(tokens: Sequence[Token], index: int) -> Iterator[str]:
    """The field that is read at `index`: `.name` or `["name"]`, not a method."""
    if index + 1 >= len(tokens):
        return
    called = index + 2 < len(tokens) and tokens[index + 2].text == "("
    if tokens[index].text in (".", "?.") and tokens[index + 1].kind == "name" and not called:
        yield tokens[index + 1].text
    elif tokens[index].text == "[":
        value = string_value(tokens[index + 1])
        if value is not None:
            yield value
