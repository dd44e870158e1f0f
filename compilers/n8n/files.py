"""Files: Make passes a file's content as a value, n8n beside the item's fields, as its binary data.

A node that takes a file finds it on the item that enters it. So a Code node stands before it, which fetches the file
from the step that gave it, wherever that is, or makes one of a text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.n8n.values import N8nValues
from compilers.n8n.workshop import Workshop
from compilers.registry import Operation
from compilers.spec import AnyStep

PROPERTY = "data"
"""Under this name a node finds its file; several are `data_0`, `data_1`, ..."""
_NAMES = ("file_name", "fileName", "filename", "name")


def attach(shop: Workshop, step: AnyStep, operation: Operation, inputs: Mapping[str, JsonValue]) -> str | None:
    """The node that puts the files of a step's inputs on its item; None when there are none."""
    values = shop.values(step)
    written: list[str] = []
    for name, field in operation.inputs.items():
        given = inputs.get(name)
        if given is None or given == "":
            continue
        if field.type == "file":
            written.append(_file(values.at(f"inputs.{name}"), PROPERTY, given, inputs.get("file_name")))
        elif field.type == "files" and isinstance(given, list):
            for index, entry in enumerate(given):
                parts = entry if isinstance(entry, dict) else {"data": entry}
                if parts.get("data") in (None, ""):
                    continue
                title = next((parts[key] for key in _NAMES if parts.get(key)), None)
                at = values.at(f"inputs.{name}[{index}]")
                written.append(_file(at, f"{PROPERTY}_{index}", parts.get("data"), title))
        elif field.type == "files":
            shop.note(
                "warning",
                step,
                f"`{name}` comes as a list that is known only when it runs, which n8n can't attach",
                "attach the files by hand",
            )
    if not written:
        return None
    return shop.code_for_each(step, f"{step.title}: file", _CODE.replace("FILES", ",\n  ".join(written)), key="file")


def _file(values: N8nValues, key: str, content: JsonValue, title: JsonValue) -> str:
    name = values.javascript(title) if title else "undefined"
    found = values.binary(content)
    text = "null" if found and found.is_file else values.javascript(content)
    binary = found.javascript if found else "null"
    return f"{{key: {json.dumps(key)}, binary: {binary}, text: {text}, name: {name} }}"


_CODE = """const files = [
  FILES
];
const binary = {};
for (const {key, binary: known, text, name} of files) {
  if (known) binary[key] = name ? {...known, fileName: String(name)} : known;
  else if (text !== null && text !== undefined) {
    binary[key] = await this.helpers.prepareBinaryData(Buffer.from(String(text), "utf8"), String(name || key));
  }
}
return {json: $json, binary};
"""
