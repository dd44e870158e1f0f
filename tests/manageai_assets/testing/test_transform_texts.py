"""The text parser, HTML, Markdown, CSV, XML and archives: what each gives, one line per case."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compilers.expressions import Value
from manageai_assets.testing.transforms import Bundle
from tests.manageai_assets.testing.transforming import failure, run, zipped

# -- the text parser -------------------------------------------------------------------------------------------------

NUMBER = r"(?<word>order) (\d+)"


def test_a_match_has_its_groups_by_number_and_name() -> None:
    expected = {"match": "order 17", "group_1": "order", "group_2": "17", "word": "order"}
    assert run("text.match", text="my order 17, order 4", pattern=NUMBER) == [expected]
    assert run("text.match_computed", text="my order 17", pattern=NUMBER) == [
        {**expected, "found": ["order 17", "order", "17"]}
    ]


def test_no_match_gives_an_empty_bundle_or_none() -> None:
    assert run("text.match", text="x", pattern="y") == [{}]
    assert run("text.match", text="x", pattern="y", only_matches=True) == []
    assert run("text.match_computed", text="x", pattern="y", only_matches=True) == []
    assert run("text.match_all", text="x", pattern="y") == []
    assert run("text.match_all", text="x", pattern="y", go_on=True) == [{}]


def test_every_match_is_a_bundle() -> None:
    assert run("text.match_all", text="a1b2", pattern=r"[a-z]\d") == [
        {"match": "a1", "found": "a1", "number": 1},
        {"match": "b2", "found": "b2", "number": 2},
    ]
    assert [one["found"] for one in run("text.match_all_computed", text="a1b", pattern=r"(\w)(\d)?")] == [
        ["a1", "a", "1"],
        ["b", "b", None],
    ]


@pytest.mark.parametrize(
    ("options", "text", "pattern", "match"),
    [
        ({"case_sensitive": False}, "ABC", "b", "B"),
        ({}, "ABC", "b", None),
        ({"multiline": True}, "a\nb", "^b$", "b"),
        ({}, "a\nb", "^b$", None),
        ({"singleline": True}, "a\nb", "a.b", "a\nb"),
        ({}, "a\nb", "a.b", None),
        ({}, 12.5, r"\d$", "5"),
        ({}, None, "^$", ""),
    ],
)
def test_options_of_a_match(options: dict[str, Value], text: Value, pattern: str, match: str | None) -> None:
    [found] = run("text.match", text=text, pattern=pattern, **options)
    assert found.get("match") == match


def test_empty_matches_are_found_as_javascript_finds_them() -> None:
    assert [one["match"] for one in run("text.match_all", text="aa", pattern="|a")] == ["", "", ""]
    assert [one["match"] for one in run("text.match_all", text="baac", pattern="a*")] == ["", "aa", "", ""]


@pytest.mark.parametrize(
    ("pattern", "replacement", "options", "text"),
    [
        ("o", "0", {}, "f00 b0o bar".replace("o", "0")),
        ("o", "0", {"all": False}, "f0o boo bar"),
        (r"(\w)oo", "<$1>", {}, "<f> <b> bar"),
        ("(?<first>f)", "$<first>$<first>$<none>", {}, "ffoo boo bar"),
        ("boo", "[$&|$$|$2|$`|$']", {}, "foo [boo|$|$2|foo | bar] bar"),
        ("(f)", "$10", {}, "f0oo boo bar"),
        ("f", "$<x>", {}, "$<x>oo boo bar"),
        ("x*", "-", {}, "-f-o-o- -b-o-o- -b-a-r-"),
        (" ", None, {}, "fooboobar"),
        ("FOO", "x", {"case_sensitive": False}, "x boo bar"),
    ],
)
def test_patterns_are_replaced(pattern: str, replacement: Value, options: dict[str, Value], text: str) -> None:
    assert run("text.replace", text="foo boo bar", pattern=pattern, replacement=replacement, **options) == [
        {"text": text}
    ]


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "(?i)a", "a++", "(?P<x>a)"])
def test_what_is_no_pattern_of_javascript_fails(pattern: str) -> None:
    assert failure("text.match_computed", text="a", pattern=pattern) == "DataError"


@given(st.text(max_size=40))
def test_replacing_nothing_changes_nothing(text: str) -> None:
    assert run("text.replace", text=text, pattern="(?!)", replacement="x") == [{"text": text}]


@pytest.mark.parametrize(
    ("what", "with_protocol", "found"),
    [
        ("emails", True, ["ada@shop.example", "b.c@mail.shop.example"]),
        ("urls", True, ["https://shop.example/a?b=1"]),
        ("urls", False, ["shop.example", "https://shop.example/a?b=1", "www.shop.example", "mail.shop.example"]),
    ],
)
def test_addresses_in_a_text(what: str, with_protocol: bool, found: list[str]) -> None:
    text = "ada@shop.example, see (https://shop.example/a?b=1). Or www.shop.example; b.c@mail.shop.example!"
    bundles = run("text.elements", text=text, what=what, with_protocol=with_protocol)
    assert {str(one["match"]) for one in bundles} >= set(found)
    assert run("text.elements", text="none", what=what) == []
    assert run("text.elements", text="none", what=what, go_on=True) == [{}]


# -- HTML and Markdown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three<br>four</p>", "One & two\nthree\nfour"),
        ("<style>p {}</style>  a\n\n b <b>c</b>", "a b c"),
        ("&lt;b&gt; &#65;&quot;&nbsp;&apos;", "<b> A\" '"),
        ("", ""),
        (None, ""),
    ],
)
def test_html_becomes_plain_text(html: Value, text: str) -> None:
    assert run("text.from_html", html=html) == [{"text": text}]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Big <i>news</i></h1>text", "BIG NEWS\n\ntext"),
        ('<a href="http://shop.example/a">Shop</a>', "Shop [http://shop.example/a]"),
        ("<a href='mailto:ada@shop.example'>Ada</a> <a href='#top'>top</a>", "Ada [ada@shop.example] top"),
        ('<img src="a.png" alt="A picture">', "A picture [a.png]"),
        ("<ul><li>a</li><li>b</li></ul>", " * a\n * b"),
        ("x<ol><li>a</li><li>b</li></ol>", "x\n\n 1. a\n 2. b"),
        ("<div>a<div>b</div></div>c", "a\nb\nc"),
        ("a<hr>b", "a\n\n" + "-" * 40 + "\n\nb"),
        ("<head><title>t</title></head><body>in &#x42;&euro;&unknown;</body>", "in B€&unknown;"),
    ],
)
def test_html_becomes_text_as_make_lays_it_out(html: str, text: str) -> None:
    assert run("text.html_to_text", html=html) == [{"text": text}]


def test_options_of_html_to_text() -> None:
    [bundle] = run("text.html_to_text", html="<h2>Big</h2>a<br>b", newline="crlf", uppercase_headings=False)
    assert bundle == {"text": "Big\r\n\r\na\r\nb"}


@pytest.mark.parametrize("operation", ["text.from_html", "text.html_to_text"])
def test_a_character_that_does_not_exist_fails(operation: str) -> None:
    assert failure(operation, html="&#1114112;") == "DataError"


def test_elements_of_html() -> None:
    html = "<A HREF=\"/a?b=1&amp;c\" class=x>one <b>two</b></a><img src='p.png' hidden><abbr>no</abbr>"
    assert run("text.html_elements", html=html) == [
        {"attrs": {"href": "/a?b=1&c", "class": "x"}, "innerContent": "one <b>two</b>"}
    ]
    assert run("text.html_elements", html=html, element="img") == [
        {"attrs": {"src": "p.png", "hidden": ""}, "innerContent": ""}
    ]
    assert run("text.html_elements", html=html, element="iframe", go_on=True) == [{"attrs": {}}]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Hello **Ada**", "<h1>Hello <strong>Ada</strong></h1>"),
        ('a "b" & `c<d>`', '<p>a "b" &amp; <code>c&lt;d&gt;</code></p>'),
        ("- a\n- b\n    - c", "<ul>\n<li>a</li>\n<li>b<ul>\n<li>c</li></ul></li>\n</ul>"),
        ("> a\n> b", "<blockquote>\n  <p>a\n  b</p>\n</blockquote>"),
        ("```js\nx < 1\n```", '<pre><code class="js language-js">x &lt; 1\n</code></pre>'),
        ("~~old~~ http://shop.example/x", '<p><del>old</del> <a href="http://shop.example/x">http://shop.example/x</a></p>'),
        ("[a](http://shop.example?b=1&c=2)", '<p><a href="http://shop.example?b=1&c=2">a</a></p>'),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert run("markdown_text.to_html", markdown=markdown) == [{"html": html}]


def test_columns_of_a_table_are_aligned() -> None:
    [bundle] = run("markdown_text.to_html", markdown="| a |\n| :---: |\n| 1 |")
    assert '<td style="text-align:center;">1</td>' in str(bundle["html"])


def test_without_github_there_are_no_tables() -> None:
    table = "| a |\n| --- |\n| 1 |"
    assert "<td>1</td>" in str(run("markdown_text.to_html", markdown=table))
    assert "<td>" not in str(run("markdown_text.to_html", markdown=table, github=False))


# -- CSV, XML and archives -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("csv", "options", "rows"),
    [
        ("a,b\n1,2", {}, [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2\r\n", {"has_headers": True}, [["1", "2"]]),
        ('"a ""b"", c";"x\ny"', {"delimiter": ";"}, [['a "b", c', "x\ny"]]),
        ("a\tb\n\nc", {"delimiter_type": "tab"}, [["a", "b"], ["c"]]),
        ("a::b", {"delimiter": "::"}, [["a", "b"]]),
        ("\ufeffa,,\r,,", {}, [["a", "", ""], ["", "", ""]]),
        ('a"b,c', {"relaxed": True}, [['a"b', "c"]]),
        ("", {}, []),
    ],
)
def test_csv_rows(csv: str, options: dict[str, Value], rows: list[list[str]]) -> None:
    assert [list(row.values()) for row in run("csv_parser.parse", csv=csv, **options)] == rows


def test_csv_columns_are_numbered() -> None:
    assert run("csv_parser.parse", csv="x,y") == [{"col1": "x", "col2": "y"}]


@pytest.mark.parametrize(
    ("csv", "options", "kind"),
    [
        ('a"b', {}, "DataError"),
        ('"a', {}, "DataError"),
        ("a", {"delimiter_type": "other", "delimiter": ""}, "BundleValidationError"),
    ],
)
def test_csv_that_cannot_be_read_fails(csv: str, options: dict[str, Value], kind: str) -> None:
    assert failure("csv_parser.parse", csv=csv, **options) == kind


CELLS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=4))
def test_csv_that_is_quoted_reads_as_the_same(rows: list[list[str]]) -> None:
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    assert [list(row.values()) for row in run("csv_parser.parse", csv=text)] == rows


@pytest.mark.parametrize(
    ("xml", "content"),
    [
        ("<lead><name>Ada</name></lead>", {"lead": {"name": ["Ada"]}}),
        (
            "<r><a x='1'>one</a><a>two</a><b/></r>",
            {"r": {"a": [{"_attributes": {"x": "1"}, "_value": "one"}, "two"], "b": [""]}},
        ),
        ("<?xml version='1.0'?>\n<r> text &amp; <![CDATA[<b>]]></r>", {"r": " text & <b>"}),
        ("<r>\n <a>5</a>\n <b>007</b><c>1.5</c>\n</r>", {"r": {"a": [5], "b": ["007"], "c": [1.5]}}),
        ("<n:r xmlns:n='urn:x'>t<i/></n:r>", {"n:r": {"_value": "t", "_attributes": {"xmlns:n": "urn:x"}, "i": [""]}}),
        ("<r><![CDATA[ ]]><i/></r>", {"r": {"_value": " ", "i": [""]}}),
        ("<r/>", {"r": ""}),
    ],
)
def test_xml_is_read(xml: str, content: Bundle) -> None:
    assert run("xml.parse", xml=xml) == [content]


def test_numbers_in_xml_can_stay_texts() -> None:
    assert run("xml.parse", xml="<r><a>5</a></r>", keep_numbers=True) == [{"r": {"a": ["5"]}}]


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>'


@pytest.mark.parametrize("xml", ["", "text", "<a><b></a>", "<a>&nbsp;</a>", "<a", BOMB, "<a>" * 1000 + "</a>" * 1000])
def test_xml_that_cannot_be_read_fails(xml: str) -> None:
    assert failure("xml.parse", xml=xml) == "DataError"


HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@pytest.mark.parametrize(
    ("content", "xml"),
    [
        ({"lead": {"name": "Ada", "size": 7}}, "<lead>\n  <name>Ada</name>\n  <size>7</size>\n</lead>"),
        ({"r": {"_attributes": {"x": 'a"<', "y": None}, "_value": "t"}}, '<r x="a&quot;&lt;">t</r>'),
        ({"r": {"i": ["a", {"b": 1}, None]}}, "<r>\n  <i>a</i>\n  <i>\n    <b>1</b>\n  </i>\n  <i/>\n</r>"),
        ({"r": {"_value": "t", "b": "x & y"}}, "<r>\n  t\n  <b>x &amp; y</b>\n</r>"),
        ({"a": "1", "b": True}, "<root>\n  <a>1</a>\n  <b>true</b>\n</root>"),
        ({"r": ""}, "<r/>"),
    ],
)
def test_xml_is_written(content: Value, xml: str) -> None:
    assert run("xml.create", content=content) == [{"xml": HEAD + xml}]


@pytest.mark.parametrize(
    "content", [{"a b": 1}, {"r": {"1": 1}}, {"r": "\x00"}, {"r": ["x"]}, {"r": {"_attributes": {"a b": 1}}}]
)
def test_content_that_is_no_xml_fails(content: Value) -> None:
    assert failure("xml.create", content=content) == "DataError"
    assert failure("xml.create", content=None) == "BundleValidationError"


XML_TEXT = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=10)
XML_TEXT = XML_TEXT.filter(lambda text: "\ufffe" not in text and "\uffff" not in text)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(XML_TEXT, min_size=1, max_size=3), min_size=1))
def test_xml_that_is_written_reads_as_the_same(elements: dict[str, Value]) -> None:
    [written] = run("xml.create", content={"r": elements})
    assert run("xml.parse", xml=written["xml"], keep_numbers=True) == [{"r": elements}]


def test_files_of_an_archive_are_bundles() -> None:
    archive = zipped({"a.txt": b"one", "sub/b.txt": b"two"})
    assert run("archive.extract", file=archive, file_name="x.zip") == [
        {"content": b"one", "fileName": "a.txt"},
        {"content": b"two", "fileName": "b.txt"},
    ]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("sub/c.txt")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"three"))
    assert run("archive.extract", file=packed.getvalue(), file_name="X.TAR.GZ") == [
        {"content": b"three", "fileName": "c.txt"}
    ]
    assert run("archive.extract", file=gzip.compress(b"four"), file_name="D.csv.gz") == [
        {"content": b"four", "fileName": "D.csv"}
    ]
    for name in ("x.zip", "x.tar", "x.gz"):
        assert failure("archive.extract", file=b"no archive", file_name=name) == "DataError"
    assert failure("archive.extract", file="a.zip") == "BundleValidationError"
