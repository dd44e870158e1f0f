"""The expression language: text with `{{ }}` in it, read once into a tree, and evaluated or written for a platform.

Two notations say the same thing. The spec's own refers to steps by name, Make's to modules by number:

    meaning                       spec                              Make
    a field of a step             {{ lead.body.email }}             {{3.body.email}}
    an odd name                   {{ lead.`Full Name` }}            {{3.`Full Name`}}
    the whole bundle              {{ lead }}                        {{`3`}}
    an element, from 1; first     {{ lead.items[2].x }}, items[]    {{3.items[2].x}}, items[]
    a function                    {{ upper(lead.name) }}            {{upper(3.name)}}
    arguments                     separated by `;` (or `,`)         separated by `;`
    a text                        "..." (or '...'), quotes doubled  "...", quotes doubled
    constants, variables          {{ newline }}, {{ now }}          {{newline}}, {{now}}
    something only Make knows     {{ verbatim("4.ID 1") }}          {{4.ID 1}}
    something only n8n knows      {{ verbatim("a => b"; "n8n") }}   (refused)

Operators, strongest first: `!`, `* / %`, `+ ++ -`, `< <= > >=`, `= !=`, `&`, `|`. A template that is exactly one
`{{ }}` keeps its value's type; any other gives text, in which null is empty, dates are ISO 8601 in UTC, arrays are
comma-joined and collections are JSON. `a + b` adds numbers (decimally: 0.1 + 0.2 is 0.3) and joins anything else as
text; `=` is loose (`"5" = 5`); a field that isn't there is null, and a path through null is null. The text `""` is
null, and comparing with it asks whether anything is there; `emptystring` is the empty text. The functions are the rows
of `catalogue.CATALOGUE`.

    parse("Dear {{ lead.name }}")                       text to tree
    n8n_parser.parse_n8n("={{ $json.name }}", refer)    a parameter of n8n to tree
    spec_writer, make_writer, n8n_writer                tree to each platform's text
    evaluate(template, {"lead": {...}}, Context())      tree to value
    references, rename_steps, transform, walk           looking at trees and changing them

Errors are `compilers.errors.ExpressionError`, with the place in the text and what to do.
"""

from compilers.expressions.catalogue import CATALOGUE
from compilers.expressions.context import Context
from compilers.expressions.evaluator import evaluate
from compilers.expressions.functions import Function
from compilers.expressions.lexer import Notation
from compilers.expressions.parser import parse, parse_expression
from compilers.expressions.tree import (
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
    Path,
    Reference,
    Segment,
    Template,
    Unary,
    Unknown,
    Variable,
    literal,
    references,
    rename_steps,
    transform,
    walk,
)
from compilers.expressions.values import Scope, Value
from compilers.expressions.writers import write

SPEC, MAKE = Notation.SPEC, Notation.MAKE

__all__ = [
    "CATALOGUE", "MAKE", "SPEC", "At", "Binary", "Call", "Context", "Field", "First", "Function", "Index", "Keyword",
    "Literal", "Member", "Missing", "Node", "Notation", "Path", "Reference", "Scope", "Segment", "Template", "Unary",
    "Unknown", "Value", "Variable", "evaluate", "literal", "parse", "parse_expression", "references", "rename_steps",
    "transform", "walk", "write",
]  # fmt: skip
