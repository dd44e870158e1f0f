"""What a module or node of an export holds beyond what the compiler writes for its step, as changes with preconditions.

A parsed step is written again as any other, and then changed to what it was: `{at, was, is}` replaces `was` at a path
by `is`; a missing key means that nothing was, or is, there. A change is made only where the compiler still writes what
it wrote when the export was read, so that a step that has been edited since is written as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from compilers.spec import AnyStep, PlatformName, Spec

Change = dict[str, JsonValue]


class _Missing:
    """Nothing is there."""


_MISSING = _Missing()


def changes(was: JsonValue, now: JsonValue) -> list[JsonValue]:
    """What makes `now` of `was`."""
    return [*_changes(was, now, ())]


def _changes(was: JsonValue, now: JsonValue, at: tuple[str | int, ...]) -> Iterator[Change]:
    if same(was, now):
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in was:
            if key in now:
                yield from _changes(was[key], now[key], (*at, key))
            else:
                yield {"at": [*at, key], "was": was[key]}
        for key in now:
            if key not in was:
                yield {"at": [*at, key], "is": now[key]}
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _changes(one, other, (*at, index))
    else:
        yield {"at": [*at], "was": was, "is": now}


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two JSON values are equal; `true` is not 1, and 1.0 is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is type(other) and one == other) or (
        isinstance(one, (int, float)) and isinstance(other, (int, float)) and one == other
    )


def apply(target: dict[str, JsonValue], listed: JsonValue) -> None:
    """Makes the changes in place, those that still fit."""
    for change in listed if isinstance(listed, list) else []:
        if isinstance(change, dict):
            _apply(target, change)


def _apply(target: dict[str, JsonValue], change: Change) -> None:
    at = change.get("at")
    if not isinstance(at, list) or not at:
        return
    holder: JsonValue | _Missing = target
    for step in at[:-1]:
        holder = _inside(holder, step)
    known = _inside(holder, at[-1])
    if isinstance(known, _Missing) is ("was" in change):
        return
    if not isinstance(known, _Missing) and not same(known, change["was"]):
        return
    if isinstance(holder, dict):
        if "is" in change:
            holder[str(at[-1])] = change["is"]
        else:
            holder.pop(str(at[-1]), None)
    elif isinstance(holder, list) and isinstance(at[-1], int) and "is" in change:
        holder[at[-1]] = change["is"]


def _inside(holder: JsonValue | _Missing, step: JsonValue) -> JsonValue | _Missing:
    if isinstance(holder, dict) and isinstance(step, str) and step in holder:
        return holder[step]
    if isinstance(holder, list) and isinstance(step, int) and 0 <= step < len(holder):
        return holder[step]
    return _MISSING


def keeping(
    spec: Spec, platform: PlatformName, kept: Mapping[str, dict[str, JsonValue]], root: dict[str, JsonValue]
) -> Spec:
    """The spec with the residues of a platform: of its steps, by their ids, and of the whole."""

    def with_its(step: AnyStep) -> AnyStep:
        return step.model_copy(update={"residue": {platform: kept[step.id]}}) if kept.get(step.id) else step

    steps = tuple(with_its(step) for step in spec.steps)
    return spec.model_copy(update={"trigger": with_its(spec.trigger), "steps": steps, "residue": {platform: root}})
