"""What holds for every tree and every text."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from compilers.errors import ExpressionError
from compilers.expressions import (
    CATALOGUE,
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
    Variable,
    evaluate,
    n8n_writer,
    parse,
    write,
)
from compilers.expressions.tree import BINARY_OPERATORS, KEYWORDS, VARIABLES
from tests.compilers.expressions.table import DATA, context, resolve

TEXTS = st.text(max_size=12)
NAMES = st.one_of(
    st.sampled_from(["lead", "name", "items", "now", "0", "Full Name"]), st.text("abc $}é", min_size=1, max_size=5)
)
NUMBERS = st.one_of(
    st.integers(-(10**18), 10**18),
    st.decimals(-(10**6), 10**6, places=3).filter(lambda n: n != int(n)).map(Decimal.normalize),
)
SEGMENTS = st.one_of(st.builds(Field, NAMES), st.builds(Index, st.integers(0, 5)), st.just(First()))
LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Literal, TEXTS),
    st.builds(Literal, NUMBERS),
    st.builds(Keyword, st.sampled_from(KEYWORDS)),
    st.builds(Variable, st.sampled_from(VARIABLES)),
    st.builds(Reference, NAMES, st.lists(SEGMENTS, max_size=3).map(tuple)),
)


def _computes(node: Node) -> bool:
    """Whether it makes a computed index; a plain number between square brackets is an index of its own kind."""
    return not isinstance(node, Literal) or isinstance(node.value, (str, Decimal))


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    paths = st.one_of(
        st.builds(lambda name: (Field(name),), NAMES),
        st.builds(lambda index: (Field("items"), At(index)), inner.filter(_computes)),
    )
    arguments = st.lists(st.one_of(inner, st.just(Missing())), max_size=4).filter(lambda args: args != [Missing()])
    return st.one_of(
        st.builds(Binary, st.sampled_from(list(BINARY_OPERATORS)), inner, inner),
        st.builds(Unary, st.just("!"), inner),
        st.builds(Call, st.sampled_from([*CATALOGUE, "nosuch"]), arguments.map(tuple)),
        st.builds(Reference, NAMES, paths),
        st.builds(Member, st.builds(Call, st.just("first"), st.tuples(inner)), paths),
        st.builds(Member, st.builds(Binary, st.just("+"), inner, inner), paths),
    )


NODES = st.recursive(LEAVES, _grown, max_leaves=12)
PIECES = st.text("ab {}=\\\n", min_size=1, max_size=6).filter(lambda text: "{{" not in text)


@st.composite
def templates(draw: Any) -> Template:
    """Templates as parsing gives them: no two texts side by side."""
    parts: list[str | Node] = []
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()) and not (parts and isinstance(parts[-1], str)):
            parts.append(draw(PIECES))
        parts.append(draw(NODES))
    return Template(tuple(parts))


@given(templates())
@settings(max_examples=300, deadline=None)
def test_both_notations_give_the_tree_back(template: Template) -> None:
    assert parse(write(template, SPEC), SPEC) == template
    try:
        made = write(template, MAKE)
    except ExpressionError:
        return  # a name with a backtick in it
    assert parse(made, MAKE) == template


@given(templates())
@settings(max_examples=300, deadline=None)
def test_evaluation_gives_a_value_or_refuses(template: Template) -> None:
    with suppress(ExpressionError):
        evaluate(template, DATA, context())


@given(templates())
@example(Template((Literal("a"), Call("nosuch", ()))))
@example(Template((Binary("+", Call("nosuch", (Call("now", ()),)), Literal("a")),)))
@settings(max_examples=200, deadline=None)
def test_n8n_is_written_or_refused(template: Template) -> None:
    try:
        written = n8n_writer.write_template(template, resolve)
    except ExpressionError:
        return
    if template.whole is not None:
        assert written.startswith("={{ ")
        assert "{{" not in written[3:-2]
        assert "}}" not in written[3:-2]


@given(st.text("{}ab1.;,()[]\"'`+-!=&|<> $", max_size=40), st.sampled_from([SPEC, MAKE]))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused(text: str, notation: Any) -> None:
    try:
        template = parse("{{" + text, notation)
    except ExpressionError:
        return
    if not any(isinstance(part, str) and "{{" in part for part in template.parts):
        assert parse(write(template, notation), notation) == template
