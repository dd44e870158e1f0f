"""The JavaScript of Code nodes that the compiler writes itself. Values arrive as JavaScript expressions."""

from __future__ import annotations

import json
from collections.abc import Mapping

from compilers.expressions.javascript import js_string

RUN_FIELD = "_run"
SOURCE_FIELD = "_source"
LIST_FIELD = "items"


def elements(array: str) -> str:
    """An expression for the bundles of an iteration: an object's fields or `value`, with `_index` and `_total`.

    Anything but an array counts as an array of one, and nothing as an empty one.
    """
    return (
        "((list) => list.map((element, index) => ({"
        '...(element !== null && typeof element === "object" && !Array.isArray(element) ? element : {value: element}), '
        "_index: index + 1, _total: list.length})))"
        f"(((value) => Array.isArray(value) ? value : value === null || value === undefined ? [] : [value])({array}))"
    )


def counters(start: str, repeats: str, step: str) -> str:
    """An expression for the bundles of a repetition: the counter `i`, with `_index` and `_total`."""
    return (
        "((start, repeats, step) => Array.from({length: Math.max(0, Math.min(10000, Math.trunc(repeats) || 0))}, "
        "(_, index) => ({i: start + index * step, _index: index + 1, _total: repeats})))"
        f"(Number({start}), Number({repeats}), Number({step}))"
    )


def aggregate(
    *, source: str, marker: str, collected: str, key: str | None, result: str, stop_if_empty: bool, order: str | None
) -> str:
    """Code that collects items by the operation of the source that they come from, one output for each (and group).

    The node's input holds a marker item for each operation of the source besides the items that came through.
    `collected`, `key` and `order` (by which the items are sorted) are expressions over the item at `index`, `result`
    is one over `rows`.
    """
    groups = f"const key = {key};" if key else 'const key = "";'
    empty = "" if stop_if_empty or key else '  if (groups.size === 0) groups.set("", ["", []]);\n'
    group_field = ", key" if key else ""
    return f"""const inputs = $input.all();
const isMarker = (item) => item.json.{SOURCE_FIELD} === {js_string(source)};
const markers = inputs.map((item, index) => ({{item, index}})).filter(({{item}}) => isMarker(item));
const runOf = (index) => markers.length === 1
  ? markers[0].item.json.{RUN_FIELD}
  : $({js_string(marker)}).itemMatching(index).json.{RUN_FIELD};
const runs = new Map(markers.map(({{item, index}}) => [item.json.{RUN_FIELD}, {{marker: index, groups: new Map()}}]));
{_indexes(order)}
  if (isMarker(inputs[index])) continue;
  const groups = runs.get(runOf(index)).groups;
  {groups}
  const id = JSON.stringify(key);
  if (!groups.has(id)) groups.set(id, [key, []]);
  groups.get(id)[1].push({collected});
}}
const output = [];
for (const {{marker, groups}} of runs.values()) {{
{empty}  for (const [key, rows] of groups.values()) {{
    output.push({{json: {{...{result}{group_field}}}, pairedItem: {{item: marker}}}});
  }}
}}
return output;
"""


def aggregate_loop(*, marker: str, kept: str, grouped: bool, result: str, stop_if_empty: bool) -> str:
    """Code that collects, when a loop is through, what the node `kept` was given for the operation that it ran for."""
    empty = "" if stop_if_empty or grouped else 'if (groups.size === 0) groups.set("", ["", []]);\n'
    group_field = ", key" if grouped else ""
    return f"""const operation = $({js_string(marker)}).first().json.{RUN_FIELD};
const groups = new Map();
for (let run = 0; ; run++) {{
  let items;
  try {{
    items = $({js_string(kept)}).all(0, run);
  }} catch {{
    break;
  }}
  if (!items?.length && run > 0) break;
  for (const {{json}} of items ?? []) {{
    if (json.{RUN_FIELD} !== operation) continue;
    const id = JSON.stringify(json.key);
    if (!groups.has(id)) groups.set(id, [json.key, []]);
    groups.get(id)[1].push(json.row);
  }}
}}
{empty}return [...groups.values()].map(([key, rows]) =>
  ({{json: {{...{result}{group_field}}}, pairedItem: {{item: 0}}}}));
"""


def _indexes(order: str | None) -> str:
    """The head of the loop over the items."""
    if order is None:
        return "for (let index = 0; index < inputs.length; index++) {"
    return f"""const positions = inputs.map((item, index) => isMarker(item) ? 0 : {order});
for (const index of [...inputs.keys()].sort((a, b) => positions[a] - positions[b])) {{"""


def combine(mode: str, separator: str) -> str:
    """The expression over `rows` that an aggregate's mode gives."""
    number = (
        'rows.map((row) => row !== null && typeof row === "object" ? NaN : Number(row))'
        ".filter((value) => !Number.isNaN(value))"
    )
    return {
        "array": "{array: rows}",
        "text": f'{{text: rows.map((value) => value ?? "").join({js_string(separator)})}}',
        "count": "{result: rows.length}",
        "sum": f"{{result: {number}.reduce((sum, value) => sum + value, 0)}}",
        "avg": f"{{result: ((list) => list.length ? list.reduce((a, b) => a + b, 0) / list.length : null)({number})}}",
        "min": f"{{result: ((list) => list.length ? Math.min(...list) : null)({number})}}",
        "max": f"{{result: ((list) => list.length ? Math.max(...list) : null)({number})}}",
    }[mode]


def remember(variables: Mapping[str, str]) -> str:
    """Code that keeps variables for other routes of the same execution, and passes them on as the item's fields."""
    fields = ", ".join(f"{json.dumps(name)}: {value}" for name, value in variables.items())
    return f"""{_STORE}
return $input.all().map((item, index) => {{
  const values = {{{fields}}};
  data.variables = {{execution: $execution.id, values: {{...data.variables.values, ...values}}}};
  return {{json: values, pairedItem: {{item: index}}}};
}});
"""


def recall(fields: Mapping[str, str]) -> str:
    """Code that gives variables, each by an expression over the item at `index`: see `kept`."""
    listed = ", ".join(f"{json.dumps(name)}: {value}" for name, value in fields.items())
    return f"""{_STORE}
return $input.all().map((item, index) => ({{json: {{{listed}}}, pairedItem: {{item: index}}}}));
"""


def kept(name: str) -> str:
    """A variable that was kept in this execution; null when it was not."""
    return f"(data.variables.values[{json.dumps(name)}] ?? null)"


_STORE = """const data = $getWorkflowStaticData("global");
if (data.variables?.execution !== $execution.id) data.variables = {execution: $execution.id, values: {}};"""
# n8n keeps a change only when `variables` itself is set anew.
