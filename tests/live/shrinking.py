"""The smallest sample that still shows a difference: steps, filters, rules, values and data are left out one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

from pydantic import JsonValue

from compilers.errors import SpecError
from compilers.spec import parse_spec
from manageai_assets.testing.models import Case
from tests.live.random_specs import Sample, is_sound

Document = dict[str, Any]


def shrunk(sample: Sample, still: Callable[[Sample], bool], most: int = 150) -> Sample:
    """The sample with as little in it as it takes for `still` to hold, which is asked `most` times at most."""
    asked = 0
    found = True
    while found:
        found = False
        for smaller in _smaller(sample):
            if asked >= most:
                return sample
            asked += 1
            if still(smaller):
                sample, found = smaller, True
                break
    return sample


def _smaller(sample: Sample) -> Iterator[Sample]:
    """Samples with one thing less, the biggest things first; only sound ones."""
    for case in sample.cases if len(sample.cases) > 1 else ():
        yield Sample(sample.name, sample.spec, (case,))
    document: Document = sample.spec.model_dump(mode="json")
    for smaller in _documents(document):
        try:
            spec = parse_spec(smaller)
        except SpecError:
            continue
        if is_sound(spec):
            known = {step.id for step in spec.nodes}
            cases = tuple(_only_for(case, known) for case in sample.cases)
            yield Sample(sample.name, spec, cases)
    for cases in _less_data(sample.cases):
        yield Sample(sample.name, sample.spec, cases)


def _only_for(case: Case, known: set[str]) -> Case:
    return case.model_copy(update={"answers": {step: one for step, one in case.answers.items() if step in known}})


def _documents(document: Document) -> Iterator[Document]:
    for step in reversed(document["steps"]):
        yield _without_below(document, step["id"])
    for step in reversed(document["steps"]):
        yield from _without(document, step["id"])
    for index, edge in enumerate(document["edges"]):
        if "filter" in edge:
            yield _changed(document, "edges", index, lambda one: one.pop("filter"))
    for index, step in enumerate(document["steps"]):
        if "on_error" in step:
            yield _changed(document, "steps", index, lambda one: one.pop("on_error"))
    for index, step in enumerate(document["steps"]):
        for path in _templates(step, ()):
            yield _changed(document, "steps", index, partial(_set, path=path, value="x"))


def _changed(document: Document, part: str, index: int, change: Callable[[Any], object]) -> Document:
    made = deepcopy(document)
    change(made[part][index])
    return made


def _templates(value: JsonValue, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str) and "{{" in value:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _templates(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _templates(item, (*path, index))


def _set(target: Any, path: tuple[str | int, ...], value: JsonValue) -> None:
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value


def _without_below(document: Document, identifier: str) -> Document:
    """Without a step and all that only it leads to."""
    gone = {identifier}
    edges = document["edges"]
    changed = True
    while changed:
        entered = {step: [e["source"] for e in edges if e["target"] == step] for step in {e["target"] for e in edges}}
        more = {step for step, sources in entered.items() if step not in gone and all(one in gone for one in sources)}
        changed = bool(more)
        gone |= more
    return _kept(document, gone, edges)


def _without(document: Document, identifier: str) -> Iterator[Document]:
    """Without one step: what led to it leads to each of those behind it."""
    entering = [edge for edge in document["edges"] if edge["target"] == identifier]
    for leaving in (edge for edge in document["edges"] if edge["source"] == identifier):
        joined = [{**edge, "target": leaving["target"]} for edge in entering]
        others = [edge for edge in document["edges"] if identifier not in (edge["source"], edge["target"])]
        yield _kept(document, {identifier}, [*joined, *others])


def _kept(document: Document, gone: set[str], edges: list[Document]) -> Document:
    kept = [edge for edge in edges if edge["source"] not in gone and edge["target"] not in gone]
    return {**document, "steps": [one for one in document["steps"] if one["id"] not in gone], "edges": kept}


def _less_data(cases: tuple[Case, ...]) -> Iterator[tuple[Case, ...]]:
    for at, case in enumerate(cases):
        for step, given in case.answers.items():
            if len(given) > 1:
                for index in range(len(given)):
                    fewer = {**case.answers, step: (*given[:index], *given[index + 1 :])}
                    yield (*cases[:at], case.model_copy(update={"answers": fewer}), *cases[at + 1 :])
        body = case.bundles[0].get("body")
        if not isinstance(body, dict):
            continue
        for name in body:
            less = {key: value for key, value in body.items() if key != name}
            bundles = ({**case.bundles[0], "body": less},)
            yield (*cases[:at], case.model_copy(update={"bundles": bundles}), *cases[at + 1 :])
