"""Writes `compilers/n8n/nodes.json`: the facts of n8n's nodes that rules and the compiler need.

    python -m tools.n8n_facts [--check]

The facts are names, versions, types, option values, conditions and counts, read from n8n's own descriptors, which
`resources.n8n_oracle` installs; texts are left out. Details are kept for the node types of the registry and for n8n's
core nodes, names and versions for all. `--check` writes nothing, and fails when the file would change.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.registry import registry
from resources.n8n_oracle import DESCRIPTORS, VERSION, install
from resources.node import node_program

Entry = dict[str, JsonValue]

TARGET = Path(__file__).parents[1] / "compilers" / "n8n" / "nodes.json"
GLOBALS = Path(__file__).with_name("n8n_globals.mjs")
CORE = (
    "aggregate",
    "code",
    "dateTime",
    "errorTrigger",
    "executeWorkflow",
    "executeWorkflowTrigger",
    "filter",
    "html",
    "httpRequest",
    "if",
    "limit",
    "manualTrigger",
    "merge",
    "noOp",
    "removeDuplicates",
    "respondToWebhook",
    "scheduleTrigger",
    "set",
    "sort",
    "splitInBatches",
    "splitOut",
    "stickyNote",
    "stopAndError",
    "summarize",
    "switch",
    "wait",
    "webhook",
)
LISTS = ("options", "fields", "groups")
SHARED_FROM = 60
WITHOUT_VALUE = {"notice", "callout", "button", "curlImport", "credentials", "icon"}


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the file; 0 when it is as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the file would change")
    check = parser.parse_args(arguments).check
    text = render(install(), wanted_types())
    if check:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET}: {len(text) / 1000:.0f} kB")
    return 0


def wanted_types() -> dict[str, float | None]:
    """Node types whose parameters are kept, with the version used: those of the registry and n8n's core nodes."""
    known = registry()
    operations = (operation for app in known.apps.values() for operation in app.operations.values())
    nodes = (node for operation in operations for node in operation.n8n_nodes)
    used = {part.node: part.version for node in nodes for part in (node, *node.before, *node.after)}
    used |= {module.n8n: module.n8n_version for module in known.flow.values() if module.n8n}
    return dict(sorted(({f"n8n-nodes-base.{name}": None for name in CORE} | used).items()))


def render(install_folder: Path, types: Mapping[str, float | None]) -> str:
    """The file's text, from the packages in `install_folder`, with details for `types`."""
    descriptors = dict(_descriptors(install_folder))
    names = sorted(descriptors)
    triggers: list[JsonValue] = [name for name in names if any(map(_starts, descriptors[name]))]
    tools: list[JsonValue] = [name for name in names if any(e.get("usableAsTool") for e in descriptors[name])]
    hidden: list[JsonValue] = [name for name in names if all(e.get("hidden") for e in descriptors[name])]
    facts: dict[str, JsonValue] = {
        "n8n": VERSION,
        "types": {name: list(_versions(descriptors[name])) for name in names},
        "triggers": triggers,
        "tools": tools,
        "hidden": hidden,
        "credentials": [*sorted(set(_credential_types(install_folder)))],
        "expressions": json.loads(_globals(install_folder)),
        "nodes": {
            name: _node_facts(name, descriptors[name], used) for name, used in types.items() if name in descriptors
        },
    }
    return _layout(facts)


def _descriptors(folder: Path) -> Iterator[tuple[str, list[Entry]]]:
    found: dict[str, list[Entry]] = {}
    for package in DESCRIPTORS:
        text = (folder / "node_modules" / package / "dist" / "types" / "nodes.json").read_text(encoding="utf-8")
        for entry in json.loads(text):
            found.setdefault(f"{package}.{entry['name']}", []).append(entry)
    yield from found.items()


def _credential_types(folder: Path) -> Iterator[str]:
    for package in DESCRIPTORS:
        text = (folder / "node_modules" / package / "dist" / "types" / "credentials.json").read_text(encoding="utf-8")
        yield from (entry["name"] for entry in json.loads(text))


def _globals(folder: Path) -> str:
    return subprocess.run(
        [str(node_program()), str(GLOBALS), str(folder)], capture_output=True, text=True, check=True
    ).stdout


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _entries(value: JsonValue) -> list[Entry]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _versions(entries: Iterable[Entry]) -> list[float]:
    listed = (version for entry in entries for version in _listed(entry["version"]))
    return sorted({version for version in listed if isinstance(version, int | float)})


def _starts(entry: Entry) -> bool:
    hooks = _entries(entry.get("webhooks"))
    return bool(
        "trigger" in _listed(entry.get("group"))
        or entry.get("polling")
        or any(not hook.get("restartWebhook") for hook in hooks)
    )


def _ports(value: JsonValue) -> JsonValue:
    """How many ports of each kind, or null when n8n computes them from the parameters."""
    if not isinstance(value, list):
        return None
    kinds = [item["type"] if isinstance(item, dict) else item for item in value]
    return dict(Counter(str(kind) for kind in kinds))


class _Shared:
    """Conditions, and lists that come more than once in a node's facts, are kept once and referred to by number."""

    def __init__(self) -> None:
        self.conditions: list[JsonValue] = []
        self.lists: list[JsonValue] = []
        self._condition_numbers: dict[str, int] = {}
        self._list_numbers: dict[str, int] = {}

    def condition(self, options: JsonValue) -> int | None:
        """The number of a display condition, or None when there is none."""
        if not isinstance(options, dict) or not options:
            return None
        key = json.dumps(options)
        if key not in self._condition_numbers:
            self._condition_numbers[key] = len(self.conditions)
            self.conditions.append(options)
        return self._condition_numbers[key]

    def fold(self, value: JsonValue, seen: Counter[str]) -> JsonValue:
        """`value` with each long list that was seen more than once replaced by its number."""
        if isinstance(value, dict):
            return {key: self._folded(inner, seen) if key in LISTS else inner for key, inner in value.items()}
        return [self._folded(inner, seen) for inner in value] if isinstance(value, list) else value

    def _folded(self, value: JsonValue, seen: Counter[str]) -> JsonValue:
        key = json.dumps(value)
        if not isinstance(value, list) or len(key) < SHARED_FROM or seen[key] < 2:
            return self.fold(value, seen)
        if key not in self._list_numbers:
            folded = self.fold(value, seen)
            self._list_numbers[key] = len(self.lists)
            self.lists.append(folded)
        return {"list": self._list_numbers[key]}


def _count_lists(value: JsonValue, seen: Counter[str]) -> None:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(inner, list):
            seen[json.dumps(inner)] += 1
        _count_lists(inner, seen)


def _node_facts(name: str, entries: list[Entry], used: float | None) -> JsonValue:
    """Facts of one node type: one class for each group of versions that share their parameters, newest first.

    Of an app's node, the newest class and the one that the registry uses.
    """
    classes = sorted(entries, key=lambda entry: _versions([entry])[-1], reverse=True)
    if name.removeprefix("n8n-nodes-base.") not in CORE:
        classes = [entry for entry in classes if entry is classes[0] or used in _versions([entry])]
    return [_class_facts(entry) for entry in classes]


def _class_facts(entry: Entry) -> JsonValue:
    shared = _Shared()
    properties = _entries(entry["properties"])
    credentials = _entries(entry.get("credentials"))
    deciding = set(_deciding([*properties, *credentials]))
    facts: Entry = {
        "versions": list(_versions([entry])),
        "inputs": _ports(entry["inputs"]),
        "outputs": _ports(entry["outputs"]),
    }
    slots: list[JsonValue] = [
        _plain(
            {
                "name": one["name"],
                "required": one.get("required") or None,
                "when": shared.condition(one.get("displayOptions")),
            }
        )
        for one in credentials
    ]
    if slots:
        facts["credentials"] = slots
    parameters: list[JsonValue] = [_parameter(one, shared, deciding) for one in properties]
    seen: Counter[str] = Counter()
    _count_lists(parameters, seen)
    folded = shared.fold(parameters, seen)
    return {**facts, "conditions": shared.conditions, "lists": shared.lists, "parameters": folded}


def _deciding(properties: Iterable[Entry]) -> Iterator[str]:
    """Names of the parameters on which it depends whether others are shown."""
    for one in properties:
        options = one.get("displayOptions")
        for side in options.values() if isinstance(options, dict) else ():
            if isinstance(side, dict):
                yield from (name.lstrip("/").split(".")[0] for name in side)
        for inner in _entries(one.get("options")):
            yield from _deciding([inner])
            yield from _deciding(_entries(inner.get("values")))


def _plain(facts: Mapping[str, JsonValue]) -> Entry:
    return {key: value for key, value in facts.items() if value is not None}


def _parameter(one: Entry, shared: _Shared, deciding: set[str]) -> JsonValue:
    """One parameter: `[name, type]`, and where there is more to say, `[name, type, {...}]`."""
    more = _plain(_details(one, shared, deciding))
    return [one["name"], one["type"], more] if more else [one["name"], one["type"]]


def _details(one: Entry, shared: _Shared, deciding: set[str]) -> Mapping[str, JsonValue]:
    kind = one["type"]
    default = one.get("default")
    typed = one.get("typeOptions")
    limits = typed if isinstance(typed, dict) else {}
    options = _entries(one.get("options"))
    fixed = isinstance(default, str | int | float | bool)
    facts: dict[str, JsonValue] = {
        "when": shared.condition(one.get("displayOptions")),
        "required": (bool(one.get("required")) and kind not in WITHOUT_VALUE) or None,
        "filled": (bool(one.get("required")) and default not in (None, "", [])) or None,
        "default": _scalar_default(default)
        if one["name"] in deciding and (fixed or isinstance(default, dict))
        else None,
        "many": limits.get("multipleValues") or None,
        "min": limits.get("minValue") if kind == "number" else None,
        "max": limits.get("maxValue") if kind == "number" else None,
    }
    if kind in ("options", "multiOptions"):
        open_ended = any(limits.get(key) for key in ("loadOptionsMethod", "loadOptions"))
        facts["open"] = bool(open_ended or one.get("allowArbitraryValues")) or None
        values = (option.get("value") for option in options)
        facts["options"] = list(dict.fromkeys(value for value in values if isinstance(value, str | int | float)))
    elif kind == "collection":
        facts["fields"] = [_parameter(inner, shared, deciding) for inner in options]
    elif kind == "fixedCollection":
        facts["groups"] = [_group(group, shared, deciding) for group in options]
    elif kind == "resourceLocator":
        modes = _entries(one.get("modes"))
        facts["modes"] = [mode["name"] for mode in modes]
        facts["id"] = next((_pattern(mode) for mode in modes if mode["name"] == "id"), None)
    return facts


def _pattern(mode: Entry) -> str | None:
    """The pattern that the editor holds a value against, where a mode has one."""
    for rule in _entries(mode.get("validation")):
        properties = rule.get("properties")
        if isinstance(properties, dict) and isinstance(properties.get("regex"), str):
            return str(properties["regex"])
    return None


def _scalar_default(default: JsonValue) -> JsonValue:
    return default.get("value", "") if isinstance(default, dict) else default


def _group(group: Entry, shared: _Shared, deciding: set[str]) -> JsonValue:
    fields: list[JsonValue] = [_parameter(inner, shared, deciding) for inner in _entries(group.get("values"))]
    condition = shared.condition(group.get("displayOptions"))
    return [group["name"], fields] if condition is None else [group["name"], fields, condition]


def _layout(facts: Mapping[str, JsonValue]) -> str:
    """JSON with one line for each parameter, so that a change of n8n's can be read in a diff."""

    def short(value: JsonValue) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def lines(values: Iterable[str]) -> str:
        return ",\n".join(values)

    sections = [f"{short(key)}:{short(value)}" for key, value in facts.items() if key != "nodes"]
    nodes = facts["nodes"]
    for_types: list[str] = []
    for name, classes in nodes.items() if isinstance(nodes, dict) else ():
        for_classes: list[str] = []
        for one in _entries(classes):
            rows = lines(short(row) for row in _listed(one["parameters"]))
            head = lines(f"{short(key)}:{short(value)}" for key, value in one.items() if key != "parameters")
            for_classes.append(f'{{{head},\n"parameters":[\n{rows}]}}')
        for_types.append(f"{short(name)}:[{lines(for_classes)}]")
    sections.append(f'"nodes":{{\n{lines(for_types)}}}')
    return f"{{{lines(sections)}}}\n"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as problem:
        sys.exit(str(problem))
