"""What the notations mean, and what is refused."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from compilers.errors import ExpressionError
from compilers.expressions import (
    MAKE,
    SPEC,
    At,
    Binary,
    Call,
    Field,
    First,
    Index,
    Keyword,
    Literal,
    Member,
    Missing,
    Node,
    Reference,
    Template,
    Unary,
    Unknown,
    Variable,
    literal,
    parse,
    parse_expression,
    references,
    rename_steps,
    write,
)

LEAD = Reference("lead")
A, B, C = (Reference(name) for name in "abc")
NODES: list[tuple[str, Node]] = [
    ("lead", LEAD),
    ("`lead`", LEAD),
    ("lead.body.email", Reference("lead", (Field("body"), Field("email")))),
    ("lead.items[2].name", Reference("lead", (Field("items"), Index(2), Field("name")))),
    ("lead.items[]", Reference("lead", (Field("items"), First()))),
    ("lead.items[n.i]", Reference("lead", (Field("items"), At(Reference("n", (Field("i"),)))))),
    ("lead.`a b`.`c``d`", Reference("lead", (Field("a b"), Field("c`d")))),
    ("lead.0.$1", Reference("lead", (Field("0"), Field("$1")))),
    ("now", Variable("now")),
    ("`now`", Reference("now")),
    ("now.x", Reference("now", (Field("x"),))),
    ("var.input.email", Variable("var", (Field("input"), Field("email")))),
    ("null", Keyword("null")),
    ("12", Literal(12)),
    ("1.50", Literal(Decimal("1.5"))),
    ("2.0", Literal(2)),
    ("-3", Literal(-3)),
    ("-a", Binary("-", Literal(0), A)),
    ('"a""b"', Literal('a"b')),
    ("'a''b'", Literal("a'b")),
    ("'a}}b'", Literal("a}}b")),
    ("f()", Call("f")),
    ("f(a; b)", Call("f", (A, B))),
    ("f(a, b)", Call("f", (A, B))),
    ("f(; a; )", Call("f", (Missing(), A, Missing()))),
    ("first(a).x[1]", Member(Call("first", (A,)), (Field("x"), Index(1)))),
    ("(a + b).x", Member(Binary("+", A, B), (Field("x"),))),
    ("a + b * c", Binary("+", A, Binary("*", B, C))),
    ("(a + b) * c", Binary("*", Binary("+", A, B), C)),
    ("a - b - c", Binary("-", Binary("-", A, B), C)),
    ("a - (b - c)", Binary("-", A, Binary("-", B, C))),
    ("a | b & c", Binary("|", A, Binary("&", B, C))),
    ("a == b && c !== a || b", Binary("|", Binary("&", Binary("=", A, B), Binary("!=", C, A)), B)),
    ("!a = b", Binary("=", Unary("!", A), B)),
    ("!!a", Unary("!", Unary("!", A))),
    ("a ++ -1", Binary("++", A, Literal(-1))),
    ('verbatim("4.ID 1")', Unknown("4.ID 1")),
]


@pytest.mark.parametrize(("text", "node"), NODES)
def test_spec_notation(text: str, node: Node) -> None:
    template = Template((node,))
    assert parse("{{ " + text + " }}") == template
    assert parse_expression(text) == node
    assert parse(write(template)) == template


TESTING, MODE = Reference("6", (Field("Testing"),)), Reference("6", (Field("My Mode"),))
MADE: list[tuple[str, Node]] = [
    ("3.body.email", Reference("3", (Field("body"), Field("email")))),
    ("`3`", Reference("3")),
    ("3", Literal(3)),
    ("8.3", Literal(Decimal("8.3"))),
    ("4.`0`", Reference("4", (Field("0"),))),
    ("1.data.`user id`.x", Reference("1", (Field("data"), Field("user id"), Field("x")))),
    ("10.`$1`", Reference("10", (Field("$1"),))),
    ("3.array[4.n].`0`", Reference("3", (Field("array"), At(Reference("4", (Field("n"),))), Field("0")))),
    ('if(6.Testing | 6.`My Mode`; "-"; )', Call("if", (Binary("|", TESTING, MODE), Literal("-"), Missing()))),
    ("4.ID 1", Unknown("4.ID 1")),
    ("brand", Unknown("brand")),
    ("brand.name", Unknown("brand.name")),
    ('brand + " - "', Binary("+", Unknown("brand"), Literal(" - "))),
    ("formatDate(now; YYYY)", Call("formatDate", (Variable("now"), Unknown("YYYY")))),
    (":", Unknown(":")),
    ("var.scenario.name", Variable("var", (Field("scenario"), Field("name")))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "node"), MADE)
def test_make_notation(text: str, node: Node) -> None:
    template = Template((node,))
    assert parse("{{" + text + "}}", MAKE) == template
    assert write(template, MAKE) == "{{" + text + "}}"
    assert parse(write(template)) == template


def test_make_notation_without_backticks() -> None:
    assert parse("{{10.$1}}", MAKE) == parse("{{10.`$1`}}", MAKE)


TEMPLATES: list[tuple[str, tuple[str | Node, ...]]] = [
    ("", ()),
    ("plain } text {", ("plain } text {",)),
    ("a {{ a }} b{{ b }}", ("a ", A, " b", B)),
    ("{{{a}}}", ("{", A, "}")),
    ('{{ "}}" }}', (Literal("}}"),)),
    ("{{ `}}` }}", (Reference("}}"),)),
    ('{"x": {{ a }}}', ('{"x": ', A, "}")),
]


@pytest.mark.parametrize(("text", "parts"), TEMPLATES)
def test_templates(text: str, parts: tuple[str | Node, ...]) -> None:
    assert parse(text) == Template(parts)
    assert parse(write(parse(text))) == parse(text)


def test_whole_and_literal() -> None:
    assert parse("{{ a }}").whole == A
    assert parse(" {{ a }}").whole is None
    assert parse("x").is_literal
    assert parse("").is_literal
    assert not parse("{{ 1 }}").is_literal


REFUSED: list[tuple[str, str]] = [
    ("{{ a", "never closed"),
    ("{{ }}", "a value is missing"),
    ("{{ a + }}", "a value is missing"),
    ("{{ a + * b }}", "operator next to operator: `*`"),
    ("{{ & }}", "operator on beginning of an expression: `&`"),
    ("{{ a <> b }}", "operator next to operator: `>`"),
    ('{{ "a }}', "a text that never ends"),
    ("{{ `a }}", "a text that never ends"),
    ("{{ f(a }}", "`(` is never closed"),
    ("{{ a.b[1 }}", "`[` is never closed"),
    ("{{ a) }}", "unexpected `)`"),
    ("{{ a; b }}", "unexpected `;`"),
    ("{{ [a] }}", "unexpected `[`"),
    ("{{ {a: 1} }}", "unexpected `{`"),
    ("{{ a b }}", "a value right behind a value"),
    ("{{ a. }}", "name is missing"),
    ("{{ 3.body }}", "isn't a step's name"),
    ('{{ "x".y }}', "a constant has no fields"),
    ("{{ a ? b }}", "unexpected `?`"),
    ("{{ verbatim(a) }}", "takes one text"),
]


@pytest.mark.parametrize(("text", "what"), REFUSED)
def test_refused(text: str, what: str) -> None:
    with pytest.raises(ExpressionError, match="line 1, column") as refusal:
        parse(text)
    assert what in refusal.value.what
    assert refusal.value.hint
    assert "^" in refusal.value.what


@pytest.mark.parametrize("text", ["{{a + * b}}", "{{&}}", "{{[a]}}", "{{if(a, b)}}", "{{-a}}", "{{f(1.a}}", '{{"a}}'])
def test_refused_in_make(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text, MAKE)


def test_place_of_an_error() -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse("first line\nsecond {{ lead.name + }} line")
    assert "(line 2, column 23)" in refusal.value.what
    shown, caret = refusal.value.what.splitlines()[1:]
    assert shown[caret.index("^") :].startswith("}}")


DEEP = [
    "{{" + "(" * 100_000 + "}}",
    "{{" + "!" * 100_000 + "a}}",
    "{{" + "-" * 100_000 + "1}}",
    "{{" + "f(" * 100_000 + "}}",
    "{{" + "a[" * 100_000 + "}}",
    "{{" + "a+" * 100_000 + "a}}",
    "{{" + "a.b" + "[1]" * 300_000 + "}}",
    "{{" * 300_000,
    '{{ "' + '""' * 500_000 + " }}",
    "{{ '" + "x" * 1_000_000,
    "{{ " + "9" * 100_000 + " }}",
    "x" * 1_000_000 + "{{ a }}",
    "{{ a }}" * 100_000,
    "{{ " + "f(a; " * 150 + ")" * 150 + " }}",
]


@pytest.mark.parametrize("text", DEEP, ids=[f"{text[:12]}-{len(text)}" for text in DEEP])
@pytest.mark.parametrize("notation", [SPEC, MAKE])
def test_monstrous_texts_are_read_or_refused_at_once(text: str, notation: object) -> None:
    started = time.process_time()
    refusal = ""
    try:
        write(parse.__wrapped__(text, notation))
    except ExpressionError as error:
        refusal = str(error)
    assert len(refusal) < 1000
    assert time.process_time() - started < 5


def test_long_sums_are_fine() -> None:
    text = "{{ " + " + ".join(["a"] * 150) + " }}"
    assert write(parse(text)) == text


def test_references_and_renaming() -> None:
    template = parse("{{ lead.a + f(mail.b[lead.n]) }} {{ mail }}")
    assert [found.step for found in references(template)] == ["lead", "mail", "lead", "mail"]
    assert write(rename_steps(template, {"lead": "x"})) == "{{ x.a + f(mail.b[x.n]) }} {{ mail }}"


def test_constants_become_nodes() -> None:
    assert literal(None) == Keyword("null")
    assert literal(True) == Keyword("true")
    assert literal(2.0) == Literal(2)
    assert literal(0.1) == Literal(Decimal("0.1"))
    with pytest.raises(ValueError, match="NaN"):
        literal(float("nan"))


def test_make_cannot_write_a_backtick_in_a_name() -> None:
    with pytest.raises(ExpressionError, match="backtick"):
        write(parse("{{ lead.`a``b` }}"), MAKE)
