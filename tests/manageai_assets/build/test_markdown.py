"""Client text in Markdown shows literally, whatever it is, in a real Markdown reader."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from compilers.errors import UserError
from manageai_assets.build.markdown import block, cell, code, escaped, quoted, render, said, visible

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TEXTS = st.text(max_size=60) | st.text(alphabet="`*_{}[]()#+-.!|<>&\\~$^=:/@ \n\t1aw\"'", max_size=40)

HOSTILE = [
    "# not a heading",
    "1. not a list",
    "- not a list",
    "***bold*** _it_ ~~gone~~",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](http://evil.example/p.png)",
    "[click](javascript:alert(1))",
    "http://evil.example www.evil.example a@evil.example",
    "a | b | c",
    "`code` and ``more``",
    "&lt;b&gt; &amp; &#35;",
    "back\\slash \\* \\\\",
    "===",
    "---",
    "| a |\n|---|\n| b |",
    "    indented",
    "[^1]: note",
    "{{ lead.body }} {% raw %}",
    "\u202egnp.exe \x00 \x1b[31m",
    "> quote",
    "$E=mc^2$",
]


def shown(markdown: str) -> str:
    """The text that a reader sees of a paragraph; fails when there is any markup in it."""
    page = READER.render(markdown)
    found = re.fullmatch(r"<p>(.*)</p>\n", page, re.DOTALL)
    assert found, page
    assert "<" not in found.group(1), page
    return html.unescape(found.group(1))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    assert shown(escaped(text)) == visible(text)
    assert "\n" not in escaped(text)


@given(TEXTS.filter(lambda text: visible(text)))
def test_any_text_is_text(text: str) -> None:
    assert shown(escaped(text)) == visible(text)


@given(TEXTS.filter(lambda text: visible(text)))
def test_any_text_keeps_its_table(text: str) -> None:
    page = READER.render(f"| a | b |\n|---|---|\n| {escaped(text)} | {cell(text)} |\n")
    assert page.count("<td>") == 2
    assert page.count("<tr>") == 2


@given(TEXTS.filter(lambda text: visible(text)))
def test_any_text_is_one_code_span(text: str) -> None:
    page = READER.render(f"x {code(text)} y")
    assert re.fullmatch(r"<p>x (<code>[^<]*</code>|\(blank\)) y</p>\n", page), page


@given(TEXTS)
def test_any_text_is_one_quote(text: str) -> None:
    page = READER.render(quoted(text) + "\n\nend\n")
    assert page.count("<blockquote>") == 1
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= {"blockquote", "p", "br"}
    assert page.endswith("<p>end</p>\n")


@given(st.recursive(st.none() | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner)))
def test_any_value_is_one_block(value: None) -> None:
    page = READER.render(block(value) + "\n\nend\n")
    assert page.count("<pre>") == 1
    assert page.endswith("<p>end</p>\n")


def test_names_in_messages_become_code() -> None:
    assert READER.render(said("no step `lead` in *this*")) == "<p>no step <code>lead</code> in *this*</p>\n"
    assert shown(said("one ` alone")) == "one ` alone"


@given(TEXTS)
def test_any_message_is_text_and_code(text: str) -> None:
    page = READER.render("x " + said(text))
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= {"p", "code"}


def test_an_unknown_name_in_a_template_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.md.j2").write_text("{{ nothing.here }}")
    with pytest.raises(UserError, match="'nothing' is undefined"):
        render("bad.md.j2", tmp_path)
