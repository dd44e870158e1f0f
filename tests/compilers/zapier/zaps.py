"""Zaps for tests: one written out, and random ones of the shape that exports have."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SETTINGS = {
    "copied_from": None,
    "created_by": None,
    "polling_interval_override": 0,
    "block_and_release_limit_override": 0,
    "spread_tasks": 1,
}


def node(key: int, parent: int | None, api: str, action: str, **fields: Any) -> dict[str, Any]:
    """One step as an export has it."""
    return {
        "id": key,
        "paused": True,
        "type_of": "read" if parent is None else "write",
        "params": {},
        "meta": {"parammap": {}},
        "triple_stores": dict(SETTINGS),
        "parent_id": parent,
        "root_id": None if parent is None else 1,
        "action": action,
        "selected_api": api,
        "title": None,
        "authentication_id": None,
        **fields,
    }


def row(key: str, match: str, value: str, action: str = "continue", group: int = 1) -> dict[str, Any]:
    """One rule of a filter."""
    return {"key": key, "match": match, "value": value, "action": action, "group": group, "id": group}


def guard(key: int, parent: int, *rows: dict[str, Any], path: int | None = None) -> dict[str, Any]:
    """A filter; with `path`, the rules of a path."""
    params: dict[str, Any] = {"filter_criteria": list(rows)}
    if path is not None:
        params |= {"emoji": "A", "color": "Peru", "path_eval_index": path}
    return node(key, parent, "FilterAPI" if path is None else "BranchingAPI", "filter", type_of="filter", params=params)


def export(*nodes: dict[str, Any], title: str = "Orders") -> dict[str, Any]:
    """An export of one Zap."""
    zap = {"id": nodes[0]["id"], "title": title, "nodes": {str(one["id"]): one for one in nodes}}
    return {"metadata": {"version": 2}, "zaps": [zap]}


def orders() -> dict[str, Any]:
    """A webhook, a filter, a Code step, then two paths, one of them without any step."""
    return export(
        node(1, None, "WebHookCLIAPI@1.1.1", "hook_raw", paused=False, title="Orders"),
        guard(2, 1, row("1__total", "igreater", "100"), row("1__note", "icontains", "gift", "stop", group=2)),
        node(
            3, 2, "CodeCLIAPI@1.0.1", "code", params={"code": "return {a: `{{x}}`}", "input": {"t": "{{1__total}} EUR"}}
        ),
        node(4, 3, "BranchingAPI", "branch"),
        guard(5, 4, row("3__a", "iexact", "vip"), path=0),
        guard(6, 4, row("1__mail", "iexist", ""), path=1),
        node(7, 5, "SlackAPI", "channel_message", params={"channel": "C01", "text": "{{1__lines[]name}}: {{3__a}}"}),
    )


_names = st.sampled_from(["email", "COL$A", "body__plain", "lines[]name", "messages[]content[]text", "_odd", "a___b"])
_words = st.text("ab{}$ \n\"'é_=[]", max_size=12)
_matches = st.sampled_from(
    ["icontains", "iexact", "iexist", "istartswith", "igreater", "iless", "boolean", "new_match"]
)


@st.composite
def random_zaps(draw: st.DrawFn) -> dict[str, Any]:
    """Exports of Zaps with filters, paths, tokens (some to steps that aren't there), and fields nobody knows."""
    nodes = [node(1, None, draw(st.sampled_from(["TallyCLIAPI@2.0.5", "ScheduleAPI"])), draw(_words))]
    for key in range(2, draw(st.integers(2, 12))):
        above = draw(st.sampled_from(nodes))
        is_paths = above["action"] == "branch"
        kind = "guard" if is_paths else draw(st.sampled_from(["guard", "paths", "step", "step"]))
        if kind == "guard":
            rows = draw(st.lists(st.builds(row, _token_keys(key), _matches, _texts(key), _actions), max_size=3))
            nodes.append(guard(key, above["id"], *rows, path=draw(st.integers(0, 9)) if is_paths else None))
        elif kind == "paths":
            nodes.append(node(key, above["id"], "BranchingAPI", "branch"))
        else:
            params = draw(
                st.dictionaries(_words, st.one_of(_texts(key), st.lists(_texts(key), max_size=2)), max_size=3)
            )
            extra = draw(st.dictionaries(st.sampled_from(["folders", "last_changed"]), _words, max_size=1))
            nodes.append(node(key, above["id"], "SlackAPI", draw(_words), params=params, **extra))
    document = export(*nodes, title=draw(_words))
    document["metadata"]["version"] = draw(st.sampled_from([2, "gdpr_v1"]))
    return document


_actions = st.sampled_from(["continue", "stop"])


def _token_keys(below: int) -> st.SearchStrategy[str]:
    return st.builds("{}__{}".format, st.integers(1, below), _names)


def _texts(below: int) -> st.SearchStrategy[str]:
    token = st.one_of(
        _token_keys(below).map("{{{{{}}}}}".format),
        st.just("{{zap_meta_human_now}}"),
        st.just('{{=gives["1"]["COL$D"]}}'),
        st.just("{{=Object.to_json(output['1'])}}"),
    )
    return st.lists(st.one_of(token, _words), max_size=4).map("".join)
