"""From tree to n8n: its parameters, and JavaScript for them and for Code nodes."""

from __future__ import annotations

from pydantic import JsonValue

from compilers.expressions.javascript import js_json, js_key, js_string, needed_helpers, spaced, with_helpers
from compilers.expressions.js_writer import JsWriter, KindOf, ResolveJs, unknown_kind
from compilers.expressions.parser import parse
from compilers.expressions.tree import Member, Node, Reference, Template

__all__ = [
    "JsWriter", "KindOf", "ResolveJs", "finished", "joined", "js_value", "n8n_value", "unknown_kind", "write_js",
    "write_template", "write_text",
]  # fmt: skip


def finished(javascript: str) -> str:
    """What a `JsWriter` wrote, with the helpers that it names, and without two braces in a row."""
    return spaced(with_helpers(javascript))


def write_js(node: Node, resolve: ResolveJs, kind_of: KindOf = unknown_kind) -> str:
    """One expression as JavaScript that stands as an operand anywhere, in `={{ }}` and in Code nodes.

    Its value is JSON: dates are ISO texts. It never holds two braces in a row. Raises `ExpressionError` for what n8n
    can't express, and whatever `resolve` raises.
    """
    return finished(JsWriter(resolve, kind_of).value(node))


def write_text(node: Node, resolve: ResolveJs, kind_of: KindOf = unknown_kind) -> str:
    """One expression as JavaScript whose value is its text; what isn't there is the empty text."""
    return finished(JsWriter(resolve, kind_of).text(node))


def write_template(template: Template, resolve: ResolveJs, kind_of: KindOf = unknown_kind) -> str:
    """The template as the value of an n8n parameter: plain text, `={{ js }}`, or `=text {{ js }} text`."""
    if template.is_literal:
        text = "".join(part for part in template.parts if isinstance(part, str))
        return f"={{{{ {js_string(text)} }}}}" if text.startswith("=") or "{{" in text else text
    writer = JsWriter(resolve, kind_of)
    if template.whole is not None:
        return f"={{{{ {finished(writer.value(template.whole))} }}}}"
    pieces = [part if isinstance(part, str) else (writer.piece(part),) for part in template.parts]
    if sum(bool(needed_helpers(piece[0])) for piece in pieces if isinstance(piece, tuple)) > 1:
        # one function for all, so that the helpers stand there once
        listed = ", ".join(js_string(piece) if isinstance(piece, str) else piece[0] for piece in pieces)
        one = finished(f'[{listed}].join("")')
        return f"={{{{ {one} }}}}"
    written = [
        _fixed(piece, before_expression=position + 1 < len(pieces))
        if isinstance(piece, str)
        else f"{{{{ {finished(piece[0])} }}}}"
        for position, piece in enumerate(pieces)
    ]
    return "=" + "".join(written)


def _fixed(text: str, before_expression: bool) -> str:
    """Literal text between expressions; as an expression itself where n8n would take it for part of one."""
    if "{{" in text or (before_expression and text.endswith(("{", "\\"))):
        return f"{{{{ {js_string(text)} }}}}"
    return text


def js_value(value: JsonValue, resolve: ResolveJs, kind_of: KindOf = unknown_kind) -> str:
    """JavaScript of a JSON value with templates of the spec in its texts; what isn't there is null."""
    return finished(_js_value(value, JsWriter(resolve, kind_of)))


def _js_value(value: JsonValue, writer: JsWriter) -> str:
    if isinstance(value, str):
        template = parse(value)
        if template.whole is None:
            return joined(template, writer)
        written = writer.value(template.whole)
        return f"{written} ?? null" if isinstance(template.whole, (Reference, Member)) else written
    if isinstance(value, list):
        return f"[{', '.join(_js_value(item, writer) for item in value)}]"
    if isinstance(value, dict):
        fields = (f"{js_key(key)}: {_js_value(item, writer)}" for key, item in value.items())
        return f"({{ {', '.join(fields)} }})" if value else "({})"
    return js_json(value)


def joined(template: Template, writer: JsWriter) -> str:
    """JavaScript of a template as text, helpers named."""
    parts = [js_string(part) if isinstance(part, str) else writer.text(part) for part in template.parts]
    return f"({' + '.join(parts)})" if len(parts) > 1 else "".join(parts) or '""'


def n8n_value(value: JsonValue, resolve: ResolveJs, kind_of: KindOf = unknown_kind) -> JsonValue:
    """A JSON value with every template in it as n8n's parameters have it."""
    if isinstance(value, str):
        return write_template(parse(value), resolve, kind_of)
    if isinstance(value, list):
        return [n8n_value(item, resolve, kind_of) for item in value]
    if isinstance(value, dict):
        return {key: n8n_value(item, resolve, kind_of) for key, item in value.items()}
    return value
