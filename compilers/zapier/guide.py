"""The build sheet: how a person builds a spec's Zap in Zapier's editor, since most plans can't import a file.

    >>> print(guide(spec))

There is one for every spec. What Zapier can't do stands at its top, and the steps that it can are told all the same.
Values are shown as code, so that nothing of a client's text becomes markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import Finding
from compilers.registry import registry
from compilers.secrets import without_secrets
from compilers.spec import AnyStep, OperationStep, Spec
from compilers.zapier import loops, webhooks
from compilers.zapier.code import API as CODE
from compilers.zapier.redact import redacted
from compilers.zapier.source import FILTER, PATHS
from compilers.zapier.write import write
from compilers.zapier.written import Written

_TOKEN = re.compile(r"\{\{(\d+)__([^{}]+)\}\}")
_KEY = re.compile(r"(\d+)__(.+)", re.DOTALL)
_TICKS = re.compile(r"`+")
_BUILT_IN: Mapping[str, tuple[str, str]] = {
    f"{FILTER}/filter": ("Filter", "Only continue if..."),
    f"{PATHS}/branch": ("Paths", "Split into paths"),
    "DelayCLIAPI/delay_for": ("Delay", "Delay For"),
    f"{webhooks.APP}/{webhooks.CATCH}": ("Webhooks by Zapier", "Catch Hook"),
    f"{webhooks.APP}/get": ("Webhooks by Zapier", "GET"),
    f"{webhooks.APP}/post": ("Webhooks by Zapier", "POST"),
    f"{webhooks.APP}/custom_request": ("Webhooks by Zapier", "Custom Request"),
    f"{loops.APP}/{loops.ACTION}": ("Looping by Zapier", "Create Loop From Line Items"),
    "ScheduleAPI/everyDay": ("Schedule by Zapier", "Every Day"),
    "ScheduleAPI/every_week": ("Schedule by Zapier", "Every Week"),
}
_FIELDS: Mapping[str, str] = {
    "url": "URL", "data": "Data", "headers": "Headers", "method": "Method", "payload_type": "Payload Type",
    "unflatten": "Unflatten", "as_json": "Wrap request in JSON", "json_key": "JSON key", "hod": "Time of Day",
    "dow": "Day of the Week", "delay_for_value": "Time Delayed For (value)", "values": "Values to Loop",
    "delay_for_unit": "Time Delayed For (unit)",
}  # fmt: skip
_RULES: Mapping[tuple[str, str], str] = {
    ("icontains", "continue"): "(Text) Contains",
    ("icontains", "stop"): "(Text) Does not contain",
    ("iexact", "continue"): "(Text) Exactly matches",
    ("iexact", "stop"): "(Text) Does not exactly match",
    ("istartswith", "continue"): "(Text) Starts with",
    ("istartswith", "stop"): "(Text) Does not start with",
    ("igreater", "continue"): "(Number) Greater than",
    ("iless", "continue"): "(Number) Less than",
    ("iexist", "continue"): "Exists",
    ("iexist", "stop"): "Does not exist",
    ("boolean", "continue"): "(Boolean) Is",
    ("boolean", "stop"): "(Boolean) Is not",
}


def guide(spec: Spec) -> str:
    """The build sheet of a spec's Zap, as Markdown. Raises `CompileError` for steps that form a cycle."""
    return "\n".join(_Sheet(spec, write(spec, by_hand=True), write(spec).findings).lines()) + "\n"


class _Sheet:
    def __init__(self, spec: Spec, made: Written, findings: Sequence[Finding]) -> None:
        self._spec, self._made, self._findings = spec, made, tuple(dict.fromkeys(findings))
        self._steps: dict[str, AnyStep] = {step.id: step for step in spec.nodes}
        self._owner = {
            str(node["id"]): (name, kind)
            for kind, nodes in (
                ("work", made.nodes), ("filter", made.filters), ("code", made.codes), ("check", made.filter_codes)
            )
            for name, node in nodes.items()
        }  # fmt: skip
        self._nodes = {str(node["id"]): node for node in made.all_nodes}
        self._children: dict[str, list[str]] = {}
        for key, node in self._nodes.items():
            self._children.setdefault(str(node.get("parent_id")), []).append(key)

    def lines(self) -> Iterator[str]:
        """The whole sheet."""
        yield f"# Build sheet: {_plain(self._spec.name)}"
        yield ""
        yield "For Zapier's editor, step by step. On a Team or Enterprise plan the file beside this sheet can be"
        yield "imported instead (Zaps, menu, *Import*); the Zap then arrives switched off and without accounts."
        obstacles = [one for one in self._findings if one.severity == "error"]
        if obstacles:
            yield ""
            yield "## What Zapier can't do"
            yield ""
            yield "The Zap below doesn't do what was asked for until these are settled:"
            yield ""
            yield from (f"- {self._said(one)}" for one in obstacles)
        if self._made.connections:
            yield ""
            yield "## Accounts to connect"
            yield ""
            named = dict.fromkeys((one.label, registry().app(one.app).name) for one in self._made.connections)
            yield from (f"- {_plain(app)}: {_plain(label)}" for label, app in named)
        notes = [one for one in self._findings if one.severity != "error"]
        if notes:
            yield ""
            yield "## What to look at"
            yield ""
            yield from (f"- {self._said(one)}" for one in notes)
        yield ""
        yield "## Steps"
        root = next((key for key, node in self._nodes.items() if node.get("parent_id") is None), None)
        if root is not None:
            yield from self._below(root, "")
        beside = [step for step in self._made.manual if step not in self._made.nodes]
        if beside:
            yield ""
            yield "## Not in the Zap"
            yield ""
            yield from (f"- {_plain(self._steps[step].title)}" for step in beside)

    def _below(self, first: str, path: str) -> Iterator[str]:
        todo = [(first, path)]
        while todo:
            key, path = todo.pop()
            yield from self._step(key, path)
            below = self._children.get(key, [])
            splits = self._nodes[key].get("selected_api") == PATHS and self._nodes[key].get("action") == "branch"
            names = [f"{path}{chr(ord('A') + at % 26)}" if splits else path for at in range(len(below))]
            todo.extend(reversed(list(zip(below, names, strict=True))))

    def _step(self, key: str, path: str) -> Iterator[str]:
        node = self._nodes[key]
        app, event = self._names(key)
        yield ""
        where = f" (path {path})" if path else ""
        yield f"### Step {key}{where}: {_plain(self._title(key))}"
        yield ""
        if node.get("action") == "filter":
            yield from self._rules(node)
            return
        yield f"1. Click **+**, choose the app **{_plain(app)}** and the event **{_plain(event)}**."
        owner = self._steps.get(self._owner[key][0])
        if isinstance(owner, OperationStep) and owner.connection and self._owner[key][1] == "work":
            yield f"2. Choose the account {_code(owner.connection)}."
        params = members(node.get("params"))
        gaps = self._gaps(key)
        if gaps:
            yield ""
            yield "Set where the form asks for it; what Zapier's fields are called isn't known:"
            yield ""
            yield from gaps
        if not params:
            return
        yield ""
        if self._is_left(key):
            params = members(params.get("input"))
        elif str(node.get("selected_api")) == CODE:
            yield from self._code_step(params)
            return
        if not params:
            return
        yield "| Field | Put in |"
        yield "|---|---|"
        for name, value in params.items():
            yield from self._field(_FIELDS.get(name, name), value)

    def _names(self, key: str) -> tuple[str, str]:
        node, (step, _) = self._nodes[key], self._owner[key]
        api = str(node.get("selected_api")).partition("@")[0]
        owner = self._steps[step]
        if self._is_left(key):
            app, _, event = self._made.manual[step].partition(": ")
            return app, event or "the event that does this"
        if str(node.get("selected_api")) == CODE:
            return "Code by Zapier", "Run JavaScript"
        built_in = _BUILT_IN.get(f"{api}/{node.get('action')}")
        if built_in:
            return built_in
        if isinstance(owner, OperationStep):
            known, operation = registry().app(owner.app), registry().operation(owner.app, owner.operation)
            return known.zapier_name or known.name, operation.zapier_words or operation.summary
        return api, str(node.get("action"))

    def _is_left(self, key: str) -> bool:
        """Whether a step is one that only a person can build: its values are told, and no code."""
        step, kind = self._owner[key]
        return kind == "work" and step in self._made.manual

    def _gaps(self, key: str) -> list[str]:
        """The inputs of a step's operation for which Zapier's fields aren't known."""
        name, kind = self._owner[key]
        step = self._steps[name]
        if kind != "work" or not isinstance(step, OperationStep) or name in self._made.manual:
            return []
        operation = registry().operation(step.app, step.operation)
        inputs = operation.with_defaults(step.inputs)
        shown = members(redacted({gap: inputs.get(gap) for gap in operation.zapier_gaps(step.inputs)}))
        return [f"- {_plain(gap)}: {_code(_text(value)) or 'nothing'}" for gap, value in shown.items()]

    def _title(self, key: str) -> str:
        step, kind = self._owner[key]
        title = self._steps[step].title
        return {"filter": f"before {title}", "code": f"values for {title}", "check": f"whether {title} runs"}.get(
            kind, title
        )

    def _code_step(self, params: Object) -> Iterator[str]:
        listed = members(params.get("input"))
        if listed:
            yield "| Input Data: name | Put in |"
            yield "|---|---|"
            yield from (f"| {_code(name)} | {self._value(token)} |" for name, token in listed.items())
            yield ""
        code = str(params.get("code", ""))
        fence = "`" * max([3, *(len(run[0]) + 1 for run in _TICKS.finditer(code))])
        yield "Paste into *Code*:"
        yield ""
        yield f"{fence}js"
        yield code
        yield fence

    def _rules(self, node: Object) -> Iterator[str]:
        path = node.get("selected_api") == PATHS
        rows = [members(row) for row in items(members(node.get("params")).get("filter_criteria"))]
        if path:
            yield f"Rules of path {members(node.get('params')).get('emoji')}; it always runs where there are none."
        else:
            yield "1. Click **+**, choose the app **Filter**."
        if not rows:
            return
        yield ""
        yield "| Group (*or* between groups) | Choose field | Rule | Value |"
        yield "|---|---|---|---|"
        for row in rows:
            found = _KEY.fullmatch(str(row.get("key")))
            shown = self._place(found[1], found[2]) if found else _code(str(row.get("key")))
            rule = _RULES.get((str(row.get("match")), str(row.get("action"))), str(row.get("match")))
            value = "" if row.get("match") == "iexist" else self._value(row.get("value"))
            yield f"| {row.get('group')} | {shown} | {rule} | {value} |"

    def _field(self, name: str, value: JsonValue) -> Iterator[str]:
        if isinstance(value, dict):
            for key, one in value.items():
                yield from self._field(f"{name}: {key}", one)
        elif isinstance(value, list):
            for at, one in enumerate(value, 1):
                yield from self._field(f"{name} {at}", one)
        elif value not in (None, ""):
            yield f"| {_code(name) if ': ' in name else _plain(name)} | {self._value(value)} |"

    def _value(self, value: JsonValue) -> str:
        """A value with each token as the place to choose."""
        text = _text(value)
        shown: list[str] = []
        last = 0
        for found in _TOKEN.finditer(text):
            shown += [_code(text[last : found.start()]), self._place(found[1], found[2])]
            last = found.end()
        return " ".join(part for part in (*shown, _code(text[last:])) if part)

    def _said(self, finding: Finding) -> str:
        """A finding with the step that it is about: its number in this sheet, if it has one, and its title."""
        hint = f" To do: {_plain(finding.hint)}." if finding.hint else ""
        step = finding.where.removeprefix("steps").removeprefix(".").partition(".")[0]
        node = self._made.nodes.get(step)
        number = f"Step {node['id']}, " if node else ""
        whose = f"{number}{_plain(self._steps[step].title)}" if step in self._steps else "The Zap"
        return f"**{whose}**: {_plain(finding.what)}.{hint}"

    def _place(self, key: str, field: str) -> str:
        title = f" {_plain(self._title(key))}" if key in self._owner else ""
        return f"[{key}.{title} → {_code(field)}]"


def _text(value: JsonValue) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _code(text: str) -> str:
    """A text as code in a line or a cell, whatever it holds; line breaks are shown as signs."""
    if not text:
        return ""
    line = re.sub(r"\s*[\r\n]+", " ⏎ ", text).replace("|", "\\|")
    ticks = "`" * max([1, *(len(run[0]) + 1 for run in _TICKS.finditer(line))])
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def _plain(text: str) -> str:
    """A text as words: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", re.sub(r"\s+", " ", without_secrets(text)))
