"""Markdown to HTML: read by CommonMark's rules, as Make reads it, and laid out as n8n's node writes it."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from compilers.expressions import Context
from compilers.expressions.values import text
from manageai_assets.testing.transform_base import Bundle, Inputs, State, Transform

_NAKED_AMPERSAND = re.compile(r"&(?!#?[xX]?(?:[0-9a-fA-F]+|\w+);)")
_ADDRESS = re.compile(r"\b(?:(?:https?|ftp)://|www\.)[^'\">\s]+?\.[^'\">\s]+?(?=\s|$)", re.IGNORECASE)
_TASK = re.compile(r"\[([xX ])\](?= )")
_BOX = '<input type="checkbox" disabled style="margin: 0px 0.35em 0.25em -1.6em; vertical-align: middle;"'
_AT_ITEM = re.compile(r"(?<=<li>)\n|(?<=none;\">)\n|\n(?=</li>)")
_INNER_END = re.compile(r"(?<=</li>)\n(?=</[ou]l></li>)")
_LINE = re.compile(r"(^|\n)")
_PREFORMATTED = re.compile(r"\s*<pre>.+?</pre>", re.DOTALL)
_INDENT = re.compile(r"^  ", re.MULTILINE)


def _code(shown: str) -> str:
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _prose(shown: str) -> str:
    return _NAKED_AMPERSAND.sub("&amp;", shown).replace("<", "&lt;").replace(">", "&gt;")


class _Renderer(RendererHTML):
    """The HTML of tokens where n8n's node lays it out in a way of its own."""

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        shown, at = "", 0
        while at < len(tokens):
            end = at + 1
            if tokens[at].type == "blockquote_open":
                while tokens[end].type != "blockquote_close" or tokens[end].level != tokens[at].level:
                    end += 1
                shown += _quoted(self.render(tokens[at + 1 : end], options, env).strip("\n"))
                at = end + 1
                continue
            while end < len(tokens) and tokens[end].type != "blockquote_open":
                end += 1
            shown += super().render(tokens[at:end], options, env)
            at = end
        return shown

    def renderToken(  # noqa: N802 - the library's name
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return super().renderToken(tokens, idx, options, env).removeprefix("\n")

    @staticmethod
    def renderAttrs(token: Token) -> str:  # noqa: N802 - the library's name
        written = {name: str(value).replace('"', "&quot;") for name, value in token.attrs.items()}
        if token.type in ("th_open", "td_open") and "style" in written:
            written["style"] += ";"
        return "".join(f' {name}="{value}"' for name, value in written.items())

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        shown = _prose(tokens[idx].content)
        in_link = sum(token.nesting for token in tokens[:idx] if token.type in ("link_open", "link_close"))
        return _ADDRESS.sub(_linked, shown) if options.get("addresses") and not in_link else shown

    def code_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f"<code>{_code(tokens[idx].content)}</code>"

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return f"<pre><code>{_code(tokens[idx].content)}</code></pre>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        language = tokens[idx].info.strip().partition(" ")[0]
        named = f' class="{language} language-{language}"' if language else ""
        return f"<pre><code{named}>{_code(tokens[idx].content)}</code></pre>\n"

    def s_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return "<del>"

    def s_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return "</del>"


def _quoted(shown: str) -> str:
    indented = _LINE.sub(r"\1  ", shown)
    return f"<blockquote>\n{_PREFORMATTED.sub(lambda one: _INDENT.sub('', one.group()), indented)}\n</blockquote>\n"


def _linked(found: re.Match[str]) -> str:
    shown = found.group()
    target = shown if "://" in shown[:9] else f"http://{shown}"
    return f'<a href="{target}">{shown}</a>'


class _Reader(MarkdownIt):
    """Takes addresses as they are written."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return True


def _tasks(state: StateCore) -> None:
    """Turns items that begin with `[ ]` or `[x]` into boxes."""
    for item, _, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        children = inline.children
        found = _TASK.match(children[0].content) if item.type == "list_item_open" and children else None
        if found is None or not children:
            continue
        item.attrs = {"class": "task-list-item", "style": "list-style-type: none;"}
        children[0].content = children[0].content[found.end() :]
        checked = "" if found.group(1) == " " else " checked"
        children.insert(0, Token("html_inline", "", 0, content=f"{_BOX}{checked}>"))


@lru_cache(maxsize=2)
def _reader(github: bool) -> MarkdownIt:
    reader = _Reader("commonmark", renderer_cls=_Renderer).disable("entity")
    reader.options["addresses"] = github
    if github:
        reader.enable(["table", "strikethrough"]).core.ruler.push("tasks", _tasks)
    return reader


def html_of(markdown: str, github: bool) -> str:
    """The HTML of a Markdown text, with GitHub's additions or without."""
    return _INNER_END.sub("", _AT_ITEM.sub("", _reader(github).render(markdown))).strip("\n")


def to_html(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    return [{"html": html_of(text(inputs.get("markdown")), inputs.get("github") is not False)}]


TRANSFORMS: dict[tuple[str, str], Transform] = {("markdown_text", "to_html"): to_html}
