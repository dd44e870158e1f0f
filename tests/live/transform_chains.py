"""Chains of calls of operations that reach no service, with what their webhook is called with."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

Json = dict[str, JsonValue]
STORE = "8800"
"""The store whose records are of any shape; on n8n its data table has a key and the record as JSON."""
TABLE = "seen-orders"
"""The store that is a table of columns on n8n."""
COLUMNS = ("status", "total")


@dataclass(frozen=True)
class Call:
    """One step: `app.operation` with its inputs, whose texts are templates over the webhook's `call`."""

    name: str
    inputs: Json

    @property
    def app(self) -> str:
        return self.name.partition(".")[0]

    @property
    def operation(self) -> str:
        return self.name.partition(".")[2]


def call(name: str, **inputs: JsonValue) -> Call:
    """A step of a chain."""
    return Call(name, inputs)


def store(operation: str, **inputs: JsonValue) -> Call:
    """A step at the store whose records are of any shape."""
    return Call(f"data_store.{operation}", {"store": STORE, **inputs})


def table(operation: str, **inputs: JsonValue) -> Call:
    """A step at the store that is a table of columns on n8n."""
    return Call(f"data_store.{operation}", {"store": TABLE, **inputs})


@dataclass(frozen=True)
class Chain:
    """Calls one after the other, and what the webhook is called with."""

    name: str
    calls: tuple[Call, ...]
    payloads: tuple[Json, ...] = ({},)


# -- chains ----------------------------------------------------------------------------------------------------------

TEXT = "{{ call.body.text }}"
TEXTS: tuple[Json, ...] = (
    {"text": "Order 17 and order 4, Ümläut order 9", "html": "<p>Hello</p>"},
    {"text": "nothing here\nline two ordeR 5", "html": ""},
    {"text": "", "html": "plain &amp; simple"},
    {"text": 12.5, "html": None},
)
NUMBER = r"(?<word>[Oo]rder) (\d+)"
_TEXT_CHAIN = Chain(
    "text",
    (
        call("text.match", text=TEXT, pattern=NUMBER),
        call("text.match", text=TEXT, pattern="ORDER ([0-9])", case_sensitive=False, only_matches=True),
        call("text.match", text=TEXT, pattern="^line(.*)$", multiline=True),
        call("text.match", text=TEXT, pattern="here.line", singleline=True),
        call("text.match", text=TEXT, pattern="(a)?(b)?(c)?(d)?(e)?(f)?(g)?"),
        call("text.match_all", text=TEXT, pattern=NUMBER),
        call("text.match_all", text=TEXT, pattern="order", case_sensitive=False, go_on=True),
        call("text.match_all", text=TEXT, pattern="|o"),
        call("text.match_computed", text=TEXT, pattern="{{ call.body.text }}"),
        call("text.match_computed", text=TEXT, pattern=NUMBER, only_matches=True),
        call("text.match_all_computed", text=TEXT, pattern=r"{{ if(call.body.html; '\d'; '\w+') }}"),
        call("text.replace", text=TEXT, pattern="[oO]rder (\\d)", replacement="#$1 $$ $& $2"),
        call("text.replace", text=TEXT, pattern="(?<o>o)", replacement="[$<o>$<p>]", all=False),
        call("text.replace", text=TEXT, pattern="x*", replacement="-"),
        call("text.replace", text=TEXT, pattern="e", replacement="<$`|$'>", all=False),
        call("text.replace", text=TEXT, pattern="^\\s+|\\s+$"),
    ),
    TEXTS,
)
_HTML = (
    "<html><head><style>p {}</style></head><body><h1>Big ÄÖ</h1><p>One &amp; two<br>three &#8364; &euro; &unknown;</p>"
    '<ul><li>a</li><li>b</li></ul><ol><li>x</li><li>y</li></ol><a href="http://shop.example/a?b=1">Shop</a>'
    "<a href='mailto:info@shop.example'>mail</a><img src=p.png alt='A picture'><hr><div>in<div>side</div></div>"
    "<table><tr><td>1</td><td>2</td></tr></table><script>x()</script><!-- no --></body></html>"
)
_HTML_CHAIN = Chain(
    "html",
    (
        call("text.from_html", html="{{ call.body.html }}"),
        call("text.html_to_text", html="{{ call.body.html }}"),
        call("text.html_to_text", html="{{ call.body.html }}", newline="crlf", uppercase_headings=False),
        call("text.html_elements", html="{{ call.body.html }}", element="a", go_on=True),
        call("text.html_elements", html="{{ call.body.html }}", element="img"),
        call("text.html_elements", html="{{ call.body.html }}", element="iframe"),
        call("text.elements", text="{{ call.body.html }}", what="emails", go_on=True),
        call("text.elements", text="{{ call.body.html }}", what="urls"),
        call("text.elements", text="{{ call.body.html }}", what="urls", with_protocol=False),
    ),
    (
        {"html": _HTML},
        {"html": "Write to ada@shop.example, or see https://shop.example/x). www.b.example"},
        {"html": ""},
        {"html": "  <p> a </p>\n\n<p>b <b>c</b></p> &lt;tag&gt; &#65;&#x42; &nbsp;| "},
        {"html": "<li>one<li>two<blockquote>q</blockquote><h3>T<i>i</i></h3>tail<a href='#x'>in</a>"},
    ),
)
_JSON_CHAIN = Chain(
    "json",
    (
        call("json.parse", text="{{ call.body.object }}"),
        call("json.parse_all", text="{{ call.body.list }}"),
        call("json.create", value={"a": "{{ call.body.value }}", "b": [1, "x"], "10": 1, "2": 2}),
        call("json.create", value="{{ call.body.value }}", space="2"),
        call("json.create", value={"v": "{{ call.body.value }}", "e": {}, "l": []}, space="tab"),
        call("json.create_from_fields", value={"model": "small", "text": 'a "{{ call.body.list }}"'}, space="4"),
    ),
    (
        {
            "object": '{"a": 1.50, "b": [1, {"c": null}], "d": "é\\n"}',
            "list": '[1, {"a": 2}, null, "x"]',
            "value": 1e21,
        },
        {"object": '[{"a": 1e-7}]', "list": "[]", "value": {"a": [1, 2.5, {"b": "<é\u2028>"}], "c": "\x07\t"}},
        {"object": '{"big": 9007199254740993.5}', "list": '{"a": true}', "value": None},
        {"object": {"already": "an object"}, "list": [1], "value": 1e-7},
    ),
)
_TOOLS_CHAIN = Chain(
    "tools",
    (
        call("tools.compose", value="Dear {{ call.body.name }},"),
        call("tools.compose", value="{{ call.body.name }}"),
        call("tools.switch", input="{{ call.body.name }}", cases={"Ada": "A", "5": "five", "": "none"}, otherwise="?"),
        call("tools.switch", input="{{ call.body.name }}", cases={"x": "y"}),
        call(
            "tools.switch_by_pattern",
            input="{{ call.body.name }}",
            table=[{"pattern": "^A", "output": "{{ call.body.other }}"}, {"pattern": "\\d", "output": "digit"}],
            patterns=True,
            otherwise="else",
        ),
        call("tools.switch_by_pattern", input="{{ call.body.name }}", table=[{"pattern": "Ada", "output": 1}]),
        call("tools.count_up"),
        call("tools.count_up", reset="execution"),
    ),
    ({"name": "Ada", "other": [1]}, {"name": 5}, {"name": ""}, {"name": "Bo"}),
)
_SUMS = (
    "1 + 2 * 3", "-2 ^ 2", "2 ** 3 ** 2", "(1 + 2) % 2", "10 / 4", "round(1.005, 2)", "round(-2.5)", "max(1, 5, 3)",
    "sqrt(16) + abs(-3)", "log(8, 2)", "log10(1000)", "pi", "2 * E", "1e3 + .5", "7 % -3", "-7 % 3", "1 / 0",
    "floor(-1.5) + ceil(1.2) + trunc(-1.9)", "0.1 + 0.2", "min(2)", "pow(2)", "sqrt(-1)", "1 - -1", "+5", "2^-1",
)  # fmt: skip
_MATH_CHAIN = Chain("math", tuple(call("math_expression.evaluate", expression=sum_) for sum_ in _SUMS))
_CSV_CHAIN = Chain(
    "csv",
    (
        call("csv_parser.parse", csv="{{ call.body.csv }}", delimiter=";", relaxed=True),
        call("csv_parser.parse", csv="{{ call.body.csv }}", delimiter_type="comma", has_headers=True, relaxed=True),
        call("csv_parser.parse", csv="{{ call.body.csv }}", delimiter_type="tab", relaxed=True),
        call("csv_parser.parse", csv="{{ call.body.csv }}", delimiter="::", relaxed=True),
    ),
    (
        {"csv": "name;size\nAda;7\n\nBen;8"},
        {"csv": '\ufeffa,"b ""x"" c",d\r\n1,"two\nlines",\r\n,,'},
        {"csv": 'a::"q"::c\rx\ty\n""\n'},
        {"csv": ""},
        {"csv": 'a"b,c\n"x"y,z'},
    ),
)
_XML_CHAIN = Chain(
    "xml",
    (
        call("xml.parse", xml="{{ call.body.xml }}", keep_numbers=True),
        call(
            "xml.create",
            content={
                "order": {
                    "_attributes": {"id": "{{ call.body.id }}", "note": 'a "b" <c>'},
                    "item": ["{{ call.body.id }}", {"name": "x & y", "empty": ""}, "z"],
                    "mixed": {"_value": "text", "b": "bold"},
                    "flag": True,
                    "nothing": None,
                    "deep": {"er": {"est": 1.5}},
                }
            },
        ),
        call("xml.create", content={"a": "one", "b": "{{ call.body.id }}"}),
    ),
    (
        {"xml": "<root><a x='1'>one</a><a>2</a><b/><c> </c><d>t<e>in</e>t</d></root>", "id": 7},
        {"xml": '<?xml version="1.0"?>\n<root>text &amp; more <![CDATA[<raw>]]></root>', "id": "é<&>"},
        {"xml": "<root/>", "id": ""},
        {"xml": " <n:r xmlns:n='urn:x'><n:i n:k='v'>5</n:i><x><![CDATA[ ]]></x></n:r>", "id": "a\nb"},
    ),
)
_MARKDOWN = (
    "# Hello **you**\n\nSome *text*, `a<b>` & more.\n\n- one\n- two\n    - inner\n\n1. x\n2. y\n\n> quote\n> more",
    "| a | b |\n| --- | :---: |\n| 1 | ~~2~~ |\n\n```js\nlet a = 1 < 2;\n```\n\n- [ ] todo\n- [x] done",
    "A [link](http://shop.example/a?b=1&c=2 \"T\") and http://shop.example/x too\nnext line  \nbroken <b>html</b>",
    "",
)  # fmt: skip
_MARKDOWN_CHAIN = Chain(
    "markdown",
    (
        call("markdown_text.to_html", markdown="{{ call.body.text }}"),
        call("markdown_text.to_html", markdown="**{{ call.body.name }}** _x_", github=False),
    ),
    tuple({"text": text, "name": "Ada"} for text in _MARKDOWN),
)
_MOMENT = '{{ parseDate("2026-03-09 08:30"; "YYYY-MM-DD HH:mm") }}'
_KINDS: tuple[JsonValue, ...] = (_MOMENT, "{{ call.body.yes }}", "{{ call.body.small }}", "{{ call.body.nothing }}")
_KINDS_CHAIN = Chain(
    "kinds",
    tuple(
        one
        for kind in _KINDS
        for one in (
            call("tools.compose", value=kind),
            call("tools.switch", input="a", cases={"a": kind}),
            call("text.match", text=kind, pattern=".*"),
            call("text.replace", text="x", pattern="x", replacement=kind),
            call("text.from_html", html=kind),
            call("json.create", value={"v": kind}),
            call("xml.create", content={"r": {"v": kind}}),
            call("csv_parser.parse", csv=kind),
            call("scenarios.return_data", fields={"x": kind}),
            store("replace_record", key="{{ call.body.small }}", record={"v": kind}),
            store("get_record", key="{{ call.body.small }}"),
        )
    ),
    ({"yes": True, "small": 1.5e-7},),
)
_STORE_CHAIN = Chain(
    "store",
    (
        store("delete_all_records"),
        store("add_record", key="a", record={"n": 1, "tags": ["x"], "in": {"p": 1, "q": 2}, "at": "2026-03-09"}),
        store("replace_record", key="b", record={"n": "22", "s": "Beta"}),
        store("replace_record", key="{{ call.body.key }}", record={"n": 3, "s": "gamma", "key": "own"}),
        store("update_record", key="a", record={"n": "{{ call.body.n }}", "tags": ["y"], "in": {"q": 9}}),
        store("update_record", key="new", record={"n": 5, "s": "{{ call.body.nothing }}"}, insert=True),
        store("update_record", key="a", record={"tags": ["z"]}, replace_lists=True),
        store("get_record", key="a"),
        store("get_record", key="nobody"),
        store("record_exists", key="{{ call.body.key }}"),
        store("record_exists", key="nobody"),
        store("search_records"),
        store("search_records", where=[[{"a": "n", "o": "number:greater", "b": 2}]], sort=[{"key": "n", "order": -1}]),
        store("search_records", where=[[{"a": "s", "o": "text:equal:ci", "b": "BETA"}], [{"a": "key", "b": "a"}]]),
        store("search_records", where=[[{"a": "s", "o": "notexist"}, {"a": "tags", "o": "array:contain", "b": "z"}]]),
        store("search_records", where=[[{"a": "in.q", "o": "number:equal", "b": 9}]], sort=[{"key": "s", "order": 1}]),
        store("search_records", where=[[{"a": "s", "o": "text:notpattern", "b": "^g"}]], limit=2),
        store("search_records", where=[[{"a": "at", "o": "date:less", "b": "2026-03-10"}]]),
        store("search_records", where=[[{"a": "s", "o": "text:equal", "b": "none"}]]),
        store("search_records", sort=[{"key": "s", "order": "{{ call.body.order }}"}], limit="{{ call.body.limit }}"),
        store("delete_record", key="b"),
        store("count_records"),
    ),
    ({"key": "c", "n": 7, "order": -1, "limit": 3}, {"key": 12, "n": "", "order": 1, "limit": ""}),
)
_TABLE_CHAIN = Chain(
    "table",
    (
        table("put", key="a", record={"status": "new", "total": "{{ call.body.total }}"}),
        table("put", key="a", record={"status": "paid"}),
        table("put", key="b", record={"status": "new", "total": "2"}),
        table("get", key="a"),
        table("search", where={"status": "new"}),
        table("search", where={"status": "paid", "key": "a"}, limit=1),
        table("search", where={"status": "gone"}),
        table("delete", key="a"),
        table("search"),
        table("delete", key="b"),
    ),
    ({"total": "12"}, {"total": "1.5"}),
)
CHAINS = (
    _TEXT_CHAIN, _HTML_CHAIN, _JSON_CHAIN, _TOOLS_CHAIN, _MATH_CHAIN, _CSV_CHAIN, _XML_CHAIN, _MARKDOWN_CHAIN,
    _KINDS_CHAIN, _STORE_CHAIN, _TABLE_CHAIN,
)  # fmt: skip


FAILING: tuple[Call, ...] = (
    call("json.parse", text="{{ call.body.text }}"),
    call("json.parse", text="[1"),
    call("json.parse", text="5"),
    call("text.match_computed", text="a", pattern="("),
    call("xml.parse", xml="<a><b></a>"),
    call("xml.create", content={"a b": "1"}),
    call("csv_parser.parse", csv='a"b'),
    call("csv_parser.parse", csv='"a'),
    call("math_expression.evaluate", expression="2 +"),
    call("math_expression.evaluate", expression="2 x"),
    call("tools.switch", input="a", cases="{{ call.body.nothing }}"),
    store("update_record", key="nobody", record={"a": 1}),
)
