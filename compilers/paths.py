"""Where a platform keeps what a step gives: neutral output paths to the platform's own."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from compilers.errors import CompileError
from compilers.expressions.tree import Field, Index, Path, Reference, Segment
from compilers.registry import Columns, OutputSpec, registry
from compilers.spec import AggregateStep, AnyStep, NativeStep, OperationStep

Platform = Literal["make", "n8n"]


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
    if place is None:
        return path
    if isinstance(place, Columns):
        return _by_column(step, path, place)
    return (*(_segment(name) for name in place.split(".") if name), *path[1:])


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


def is_object(step: AnyStep, path: Path) -> bool:
    """Whether the path is known to lead to an object: by the step's outputs, the registry's, or the sample."""
    dotted = ".".join(segment.name for segment in path if isinstance(segment, Field))
    declared = next((output.type for output in step.outputs if output.path == dotted), None)
    output = output_of(step, path) if len(path) == 1 else None
    value = step.sample
    for segment in path:
        value = value.get(segment.name) if isinstance(segment, Field) and isinstance(value, dict) else None
    return "object" in (declared, output.type if output else None) or isinstance(value, dict)
