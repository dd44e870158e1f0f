"""Where a platform keeps what a step gives: neutral output paths to the platform's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.expressions.tree import Field, Index, Path, Reference, Segment
from compilers.registry import Columns, OutputSpec, registry
from compilers.spec import AggregateStep, AnyStep, NativeStep, OperationStep

Platform = Literal["make", "n8n", "zapier"]


def output_of(step: AnyStep, path: Path) -> OutputSpec | None:
    """The registry's word on the first segment of a path into what the step gives, if it has one."""
    if not isinstance(step, OperationStep) or not path or not isinstance(path[0], Field):
        return None
    operation = registry().find(step.app, step.operation)
    return operation.outputs.get(path[0].name) if operation else None


def platform_path(step: AnyStep, reference: Reference, platform: Platform) -> Path:
    """The path at which `platform` keeps what `reference` asks of `step`. Raises `CompileError` when it doesn't."""
    path = reference.path
    output = output_of(step, path)
    if output is None or isinstance(step, NativeStep):
        return path
    place: str | Columns | Literal[False] | None = getattr(output, platform)
    if place is False:
        first = path[0].name if isinstance(path[0], Field) else ""
        raise CompileError(
            f"{platform} doesn't give `{first}` of `{step.id}`", hint="use another output, or pass the value on before"
        )
    if output.type == "file" and platform == "n8n" and output.n8n_text:
        return (*(_segment(name) for name in output.n8n_text.split(".")), *path[1:])
    if output.type == "file" and platform == "n8n":
        raise CompileError(
            f"`{step.id}` gives a file, which n8n passes on beside the fields", hint="read the file's text first"
        )
    if place is None and platform == "zapier":
        first = path[0].name if isinstance(path[0], Field) else ""
        raise CompileError(
            f"it isn't known what Zapier calls `{first}` of `{step.id}`", hint="choose it by hand in Zapier's editor"
        )
    if place is None:
        return path
    if isinstance(place, Columns):
        return _by_column(step, path, place)
    between = "__" if platform == "zapier" else "."
    return (*(_segment(name) for name in place.split(between) if name), *path[1:])


def neutral_path(placed: Iterable[tuple[Path, str]]) -> Callable[[Path], Path]:
    """How a platform's path is said neutrally, by where the platform puts each output: the longest place counts, and a
    path that none of them leads to stays as it is."""
    longest_first = sorted(placed, key=lambda row: -len(row[0]))

    def read(path: Path) -> Path:
        for place, name in longest_first:
            if path[: len(place)] == place:
                return (Field(name), *path[len(place) :])
        return path

    return read


def _segment(name: str) -> Segment:
    """A part of a platform's path; digits are a position in an array, from 0."""
    return Index(int(name) + 1) if name.isdigit() else Field(name)


def _by_column(step: AnyStep, path: Path, place: Columns) -> Path:
    headers: JsonValue = step.inputs.get(place.columns) if isinstance(step, OperationStep) else None
    header = path[1].name if len(path) > 1 and isinstance(path[1], Field) else None
    if header is None:
        return path[1:]
    if not isinstance(headers, list) or header not in headers:
        raise CompileError(
            f"column `{header}` of `{step.id}` is not among its `{place.columns}`",
            hint=f"list the sheet's column headers, in order, in the input `{place.columns}` of `{step.id}`",
        )
    return (Field(str(headers.index(header))), *path[2:])


def system_field(step: AnyStep, path: Path) -> str | None:
    """The name of the field when the path asks for what the engine itself adds to a bundle: its place in a list,
    the length of that list, or a group's key."""
    if not path or not isinstance(path[0], Field):
        return None
    name = path[0].name
    if name in ("_index", "_total") or (name == "key" and isinstance(step, AggregateStep)):
        return name
    return None


def asks_for_error(path: Path) -> bool:
    """Whether a path asks a step that failed for its error: `error.message`, `error.type` or `error` as a whole."""
    return bool(path) and path[0] == Field("error")


def is_file(step: AnyStep, path: Path) -> bool:
    """Whether the path leads to a file's content, or to an answer that may be one."""
    output = output_of(step, path)
    if output is None or len(path) != 1:
        return False
    return output.type == "file" or (
        output.type == "any" and output.make in ("data", None) and path[0] == Field("data")
    )


def is_object(step: AnyStep, path: Path) -> bool:
    """Whether the path is known to lead to an object: by the step's outputs, the registry's, or the sample."""
    dotted = ".".join(segment.name for segment in path if isinstance(segment, Field))
    declared = next((output.type for output in step.outputs if output.path == dotted), None)
    output = output_of(step, path) if len(path) == 1 else None
    value = step.sample
    for segment in path:
        value = value.get(segment.name) if isinstance(segment, Field) and isinstance(value, dict) else None
    return "object" in (declared, output.type if output else None) or isinstance(value, dict)


def substituted(step: AnyStep, fields: Mapping[str, JsonValue], platform: Platform) -> dict[str, JsonValue]:
    """Substitute outputs of a step, each where the platform would have put the real one. What the platform doesn't give
    is left out, since nothing can refer to it there."""
    placed: dict[str, JsonValue] = {}
    for name, value in fields.items():
        output = output_of(step, (Field(name),))
        place: str | Columns | Literal[False] | None = getattr(output, platform) if output else None
        if place is False:
            continue
        if isinstance(place, Columns):
            headers = step.inputs.get(place.columns) if isinstance(step, OperationStep) else None
            known = [str(header) for header in headers] if isinstance(headers, list) else []
            columns = value.items() if isinstance(value, dict) else ()
            placed |= {str(known.index(header)): item for header, item in columns if header in known}
        elif place == "" and isinstance(value, dict):
            placed |= value
        else:
            parts = [part for part in (place or name).split(".") if part]
            placed[parts[0]] = _nested(placed.get(parts[0]), parts[1:], value)
    return placed


def _nested(known: JsonValue, parts: list[str], value: JsonValue) -> JsonValue:
    """`value` at the path `parts` inside a copy of `known`; digits make an array of one."""
    if not parts:
        return value
    if parts[0].isdigit():
        return [_nested(known[0] if isinstance(known, list) and known else None, parts[1:], value)]
    inner = known if isinstance(known, dict) else {}
    return {**inner, parts[0]: _nested(inner.get(parts[0]), parts[1:], value)}
