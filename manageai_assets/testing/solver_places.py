"""Places in what steps gave: reading, changing and removing one leaf of a scope, which itself never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compilers.expressions.tree import At, Field, First, Index, Path, Reference
from compilers.expressions.values import Scope, Value, element, field

Place = tuple[str, Path]
"""A step, and the path of a value in its output: of `Field` and `Index` alone."""
Change = Mapping[Place, Value]
"""New values, in the order in which they are to be put."""

MAX_POSITION = 1000


def place_of(reference: Reference) -> Place | None:
    """The place that a reference without computed positions means; None for one with them."""
    path: list[Field | Index] = []
    for segment in reference.path:
        if isinstance(segment, At):
            return None
        path.append(Index(1) if isinstance(segment, First) else segment)
    return reference.step, tuple(path)


def is_settable(path: Path) -> bool:
    """Whether a value can be put there: positions count from 1, and not beyond reason."""
    return all(not isinstance(segment, Index) or 1 <= segment.n <= MAX_POSITION for segment in path)


def take(scope: Scope, place: Place) -> Value:
    """The value at a place, null where there is none."""
    step, path = place
    value = scope.get(step)
    for segment in path:
        value = field(value, segment.name) if isinstance(segment, Field) else element(value, _position(segment))
    return value


def put(scope: Scope, change: Change) -> Scope:
    """A copy of the scope with these values, objects and arrays around them made as needed."""
    changed = dict(scope)
    for (step, path), value in change.items():
        changed[step] = with_value(changed.get(step), path, value)
    return changed


def with_value(whole: Value, path: Path, value: Value) -> Value:
    """A copy of `whole` that has the value at the path."""
    if not path:
        return value
    segment, rest = path[0], path[1:]
    if isinstance(segment, Field) and not (isinstance(whole, list) and segment.name.isdecimal()):
        fields = dict(whole) if isinstance(whole, dict) else {}
        fields[segment.name] = with_value(fields.get(segment.name), rest, value)
        return fields
    position = int(segment.name) if isinstance(segment, Field) else _position(segment)
    items = list(whole) if isinstance(whole, list) else []
    items += [items[-1] if items else None] * (position + 1 - len(items))
    items[position] = with_value(items[position], rest, value)
    return items


def without(scope: Scope, place: Place) -> Scope:
    """A copy of the scope that doesn't have the place's last field; arrays keep a null there."""
    step, path = place
    if not path:
        return {name: value for name, value in scope.items() if name != step}
    last = path[-1]
    parent = take(scope, (step, path[:-1]))
    if not isinstance(parent, dict) or not isinstance(last, Field):
        return put(scope, {place: None})
    rest: Value = {name: value for name, value in parent.items() if name != last.name}
    return put(scope, {(step, path[:-1]): rest})


def _position(segment: object) -> int:
    if not isinstance(segment, Index):
        raise TypeError(f"a place has no {type(segment).__name__} in its path")
    return segment.n - 1


def field_name(path: Iterable[object]) -> str:
    """The name of the last field on a path, empty if there is none."""
    names = [segment.name for segment in path if isinstance(segment, Field)]
    return names[-1] if names else ""
