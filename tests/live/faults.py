"""Faults that are seeded into correct exports, to measure whether the generated tests catch them.

    for fault in catalogue(subject, "n8n"):
        print(fault.operator, fault.place, fault.what)
    sample = chosen([(subject, fault), ...], 100)

Each fault changes what the automation does for some input: places that can't matter are never touched (`fault_parts`),
and what only a person sees, such as a label or a node's position, isn't a fault.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compilers.documents import Object
from compilers.spec import PlatformName
from tests.live.fault_edits import CONDITIONS, MAKE_REFERENCE, N8N_REFERENCE, ROWS, Words
from tests.live.fault_parts import Part, changed, make_parts, make_structure, n8n_parts, n8n_structure
from tests.live.fault_subjects import Subject

ERRORS = ("error handler lost", "error output cut", "retry lost", "one try fewer")
"""Operators that only a failing app shows."""
BOUNDARIES = ("boundary", "stopped", "route")
"""Beginnings of the names of cases that try conditions."""


@dataclass(frozen=True)
class Fault:
    """One fault, with the document that has it. `hints` are beginnings of names of cases that are likely to find it."""

    operator: str
    step: str
    what: str
    document: Object = field(repr=False)
    hints: tuple[str, ...] = ()


def catalogue(subject: Subject, platform: PlatformName) -> Iterator[Fault]:
    """All faults of a subject's export, no two alike."""
    export = subject.export(platform)
    seen = {json.dumps(export.document)}
    for fault in (*_in_values(subject, platform), *_in_structure(subject, platform)):
        document = json.dumps(fault.document)
        if document not in seen:
            seen.add(document)
            yield fault


def chosen(faults: Sequence[tuple[Subject, Fault]], count: int, seed: int = 1) -> list[tuple[Subject, Fault]]:
    """So many of them, spread over operators first and over subjects then; the same ones for the same seed."""
    source = random.Random(seed)
    by_operator: dict[str, list[tuple[Subject, Fault]]] = {}
    for one in faults:
        by_operator.setdefault(one[1].operator, []).append(one)
    queues = [_spread(by_operator[name], source) for name in sorted(by_operator)]
    found: list[tuple[Subject, Fault]] = []
    while len(found) < count and any(queues):
        found += [queue.pop(0) for queue in queues if queue][: count - len(found)]
    return found


def _spread(faults: Sequence[tuple[Subject, Fault]], source: random.Random) -> list[tuple[Subject, Fault]]:
    """Shuffled, one of each subject after the other."""
    by_subject: dict[str, list[tuple[Subject, Fault]]] = {}
    for one in faults:
        by_subject.setdefault(one[0].name, []).append(one)
    groups = list(by_subject.values())
    source.shuffle(groups)
    for group in groups:
        source.shuffle(group)
    return [group[turn] for turn in range(max(map(len, groups))) for group in groups if turn < len(group)]


def _in_values(subject: Subject, platform: PlatformName) -> Iterator[Fault]:
    export = subject.export(platform)
    parts = list(n8n_parts(export) if platform == "n8n" else make_parts(export))
    words = _words(parts, platform)
    for part in parts:
        for path, value in part.values():
            place = f"{part.kind} {'.'.join(map(str, path))}"
            for row in ROWS:
                if not row.fits(platform, place):
                    continue
                hints = BOUNDARIES if row.operator in CONDITIONS else ()
                for what, wrong in row.edit(value, words):
                    document = changed(export.document, (*part.at, *path), wrong)
                    what = f"{part.name}, {path[-1]}: {what}"
                    yield Fault(row.operator, part.step, what, document, hints)


def _in_structure(subject: Subject, platform: PlatformName) -> Iterator[Fault]:
    export = subject.export(platform)
    for operator, step, what, document in n8n_structure(export) if platform == "n8n" else make_structure(export):
        name = step.replace("_", "-")
        hints = (f"{name}-recovers", f"{name}-fails") if operator in ERRORS else ()
        yield Fault(operator, step, what, document, hints)


def _words(parts: Sequence[Part], platform: PlatformName) -> Words:
    pattern = N8N_REFERENCE if platform == "n8n" else MAKE_REFERENCE
    paths: dict[str, dict[str, None]] = {}
    for part in parts:
        for _, value in part.values():
            if isinstance(value, str) and ("{{" in value or "$(" in value):
                for found in pattern.finditer(value):
                    paths.setdefault(found["source"], {})[found["path"]] = None
    return Words(pattern, {source: tuple(found) for source, found in paths.items()})
