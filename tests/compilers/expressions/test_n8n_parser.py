"""n8n's expressions as the spec's: one line is one case. A value is in the spec's notation, `verbatim` what stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compilers.errors import ExpressionError
from compilers.expressions import (
    Binary,
    Call,
    Field,
    Index,
    Keyword,
    Literal,
    Node,
    Path,
    Reference,
    Template,
    Unary,
    Unknown,
    Variable,
    evaluate,
    make_writer,
    n8n_writer,
    parse,
)
from compilers.expressions.n8n_parser import is_readable, parse_javascript, parse_n8n
from compilers.expressions.spec_writer import write_expression, write_template
from tests.compilers.expressions.table import DATA, context, resolve

CASES = r"""
$json.a → item.a
$json["x y"] → item.`x y`
$json['a'].b["c d"][0] → item.a.b.`c d`[1]
$json.a?.b?.[2]?.["c"] → item.a.b[3].c
$json → item
$input.item.json.a → item.a
$input.first().json.a → item.a
$('Node').item.json.x → Node.x
$("Node").first().json.x → Node.x
$('Node').last().json["a b"] → Node.`a b`
$node["Node"].json.x → Node.x
$node.Node.json["x"][1] → Node.x[2]
"it's" → "it's"
'say "hi"\n' → "say ""hi""↵"
"" → emptystring
`plain` → "plain"
12 → 12
1.50 → 1.5
-3 → -3
true → true
undefined → null
1 + 2 * $json.n → 1 + 2 * item.n
(1 + 2) * $json.n → (1 + 2) * item.n
$json.a - 1 - 2 → item.a - 1 - 2
$json.a % 2 === 0 → item.a % 2 = 0
$json.a !== "x" → item.a != "x"
$json.a >= 1 && $json.b < 2 || !$json.c → item.a >= 1 & item.b < 2 | !item.c
$json.a ? "y" : $json.b ? 1 : 2 → if(item.a; "y"; if(item.b; 1; 2))
$json.a ?? "none" → ifempty(item.a; "none")
$json.a.toLowerCase().trim() → trim(lower(item.a))
$json.a.toUpperCase().length → length(upper(item.a))
$json.tags.length > 0 → length(item.tags) > 0
$json.a.split(",")[0] → split(item.a; ","; true)[1]
$json.tags.join(", ") → join(item.tags; ", ")
$json.a.includes("x") → contains(item.a; "x")
$json.a.substring(0, 5) → substring(item.a; 0; 5)
$json.a.trim().slice(1, 3) → substring(trim(item.a); 1; 3)
$json.a.replace(/\s+/g, "-") → replace(item.a; "/\s+/g"; "-")
$json.a.replace("a.b", "-") → replace(item.a; "/a\.b/"; "-")
$json.a.replaceAll("a", "b") → replace(item.a; "a"; "b")
$now → now
$now.toFormat('yyyy-MM-dd') → formatDate(now; "YYYY-MM-DD")
$now.format("HH:mm 'Uhr'") → formatDate(now; "HH:mm [Uhr]")
$now.plus({ days: 7 }).toFormat("dd.LL.yyyy") → formatDate(addDays(now; 7); "DD.MM.YYYY")
$now.minus(1, "week") → addDays(now; -7)
$now.toISO() → formatDate(now; "YYYY-MM-DDTHH:mm:ss.SSSZ")
DateTime.now() → now
$today → parseDate(formatDate(now; "YYYY-MM-DD"); "YYYY-MM-DD")
$execution.id → executionId
$workflow.name → var.scenario.name
Math.round($json.n) → round(item.n)
String($json.n) → toString(item.n)
$json.a; → item.a
$json.text.slice(0, 5) → verbatim
JSON.stringify($json) → verbatim
$('Node').all() → verbatim
$('Node').params.x → verbatim
$('Gone').item.json.x → verbatim
$json.items.map(x => x.a) → verbatim
{ a: 1 } → verbatim
[1, 2] → verbatim
`hello ${$json.a}` → verbatim
$json.a = 1 → verbatim
$json[$json.key] → verbatim
$json.a.replace("x", "$1") → verbatim
$json.a.match(/x/)[0] → verbatim
$env.TOKEN → verbatim
new Date() → verbatim
"open → verbatim
1 2 → verbatim
$json.a. → verbatim
 → verbatim
"""
ROWS = [line.split(" → ") for line in CASES.strip("\n").splitlines()]


def refer(name: str, path: Path) -> Node | None:
    """Every node but one is there."""
    return None if name == "Gone" else Reference(name or "item", path)


@pytest.mark.parametrize(("javascript", "spec"), ROWS, ids=[row[0] for row in ROWS])
def test_javascript_is_read(javascript: str, spec: str) -> None:
    node = parse_javascript(javascript, refer)
    if spec == "verbatim":
        assert node == Unknown(javascript.strip(), "n8n")
    else:
        assert write_expression(node).replace("\n", "↵") == spec
    template = Template((node,))
    assert parse(write_template(template)) == template


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("plain {{ $json.a }}", "plain {{ $json.a }}"),
        ("=no expression", "no expression"),
        ("={{ $json.a }}", "{{ item.a }}"),
        ("=Dear {{ $json.a }}, {{$json.b}}!", "Dear {{ item.a }}, {{ item.b }}!"),
        ("={{ }}", '{{ verbatim(""; "n8n") }}'),
        ("=", ""),
    ],
)
def test_texts_are_read(text: str, spec: str) -> None:
    template = parse_n8n(text, refer)
    assert write_template(template) == (spec if text.startswith("=") else write_template(Template((text,))))


@pytest.mark.parametrize("text", ["={{ $json.a", "=\\{{ $json.a }}", "={{{ a: 1 } }}"])
def test_braces_that_can_not_be_told_apart_are_refused(text: str) -> None:
    assert not is_readable([text])
    with pytest.raises(ExpressionError):
        parse_n8n(text, refer)


@pytest.mark.parametrize("text", ["(" * 5000, "!" * 5000 + "1", "1+" * 5000 + "1", "$json" + ".a" * 5000, "-" * 5000])
def test_what_is_too_deep_or_long_stays_word_for_word(text: str) -> None:
    assert isinstance(parse_javascript(text, refer), Unknown)


def test_javascript_goes_back_to_n8n_and_nowhere_else() -> None:
    template = parse('{{ verbatim("$json.a.map(x => x)"; "n8n") }}')
    assert template == Template((Unknown("$json.a.map(x => x)", "n8n"),))
    assert n8n_writer.write_template(template, resolve) == "={{ ($json.a.map(x => x)) }}"
    with pytest.raises(ExpressionError, match="JavaScript of n8n"):
        make_writer.write_template(template)


@given(st.text("$json.ab()[]{}\"'`?:+-*/%&|!=<> 01,;\\\n", max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_javascript_is_read_and_goes_through_the_spec(text: str) -> None:
    template = Template((parse_javascript(text, refer),))
    assert parse(write_template(template)) == template


TEXTS = st.text("ab c,é\"'\\", min_size=1, max_size=6)
PATHS = st.sampled_from([("name",), ("Full Name",), ("n",), ("body", "email"), ("yes",), ("gone", "x")])
LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Literal, TEXTS),
    st.builds(Literal, st.integers(0, 1000)),
    st.builds(Keyword, st.sampled_from(["true", "false", "null", "emptystring"])),
    st.just(Variable("executionId")),
    PATHS.map(lambda path: Reference("lead", tuple(map(Field, path)))),
    st.just(Reference("lead", (Field("items"), Index(2), Field("name")))),
    st.sampled_from(["YYYY-MM-DD", "HH:mm"]).map(lambda text: Call("formatDate", (Variable("now"), Literal(text)))),
)


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Binary, st.sampled_from(["&", "|", "+"]), inner, inner),
        st.builds(Unary, st.just("!"), inner),
        st.builds(lambda a, b, c: Call("if", (a, b, c)), inner, inner, inner),
        st.builds(lambda text, name: Call(name, (Literal(text),)), TEXTS, st.sampled_from(["lower", "upper", "trim"])),
    )


@given(st.recursive(LEAVES, _grown, max_leaves=8))
@settings(max_examples=400, deadline=None)
def test_what_is_written_for_n8n_means_the_same_when_it_is_read(node: Node) -> None:
    written = n8n_writer.write_template(Template((node,)), resolve)
    again = parse_n8n(written, lambda name, path: _in_table(name, path))
    assume(not any(isinstance(part, Unknown) for part in again.parts))
    assert _evaluated(again) == _evaluated(Template((node,)))


def _in_table(name: str, path: Path) -> Node | None:
    """The item's first field is the step, as `resolve` has it."""
    head = path[0] if path else None
    return Reference(head.name, path[1:]) if not name and isinstance(head, Field) else None


def _evaluated(template: Template) -> Any:
    return evaluate(template, DATA, context())
