"""Seeds faults into correct exports and counts how many the generated tests catch.

    python -m tools.seed_faults                       # 100 faults, on a real n8n server whose apps the sandbox plays
    python -m tools.seed_faults --on simulate         # every fault of the Make exports, on the simulator
    python -m tools.seed_faults --on simulate --count 50 --seed 7

A fault is caught when a case fails with it, twice, that passes without it, or when the engine refuses the document.
Cases run until one fails, those first that reach the step with the fault. The table names the case for each fault, and
what it found.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal

from compilers.documents import Object, items, members
from compilers.errors import UserError
from compilers.spec import PlatformName
from manageai_assets.testing.engine import Engine, UnplayableError
from manageai_assets.testing.models import Case
from manageai_assets.testing.n8n_engine import N8nEngine
from manageai_assets.testing.reference import Reference
from manageai_assets.testing.running import dialect_of, run_case
from manageai_assets.testing.sandbox import Sandbox
from manageai_assets.testing.simulated_engine import BlueprintEngine
from manageai_assets.testing.simulator import context_of
from resources.interceptor import Interceptor
from resources.n8n_install import install
from resources.n8n_server import N8nServer
from tests.live.fault_subjects import Subject, subjects
from tests.live.faults import Fault, catalogue, chosen

EngineKind = Literal["n8n", "simulate"]
PLATFORMS: dict[EngineKind, PlatformName] = {"n8n": "n8n", "simulate": "make"}
SANDBOX_SECONDS = 0.2
"""How long the sandbox lets a call that times out wait."""
MOST_MISSED = 0.05
"""The share of faults that may go uncaught."""
Seeded = tuple[Subject, Fault]


@dataclass(frozen=True)
class Caught:
    """What became of a fault. `by` is the case that failed, or `refused`; empty when nothing did."""

    subject: Subject
    fault: Fault
    by: str
    why: str = ""


@dataclass
class Bench:
    """Tries faults on one engine. `make` gives the engine for a document of a subject."""

    kind: EngineKind
    make: Callable[[Subject, Object], AbstractContextManager[Engine]]
    _sound: dict[tuple[str, str], bool] = field(default_factory=dict)
    _references: dict[str, Reference] = field(default_factory=dict)

    def run(self, faults: Sequence[Seeded]) -> Iterator[Caught]:
        """The faults, subject by subject."""
        ordered = sorted(faults, key=lambda one: one[0].name)
        for _, group in groupby(ordered, key=lambda one: one[0].name):
            found = list(group)
            subject = found[0][0]
            with ExitStack() as stack:
                correct = stack.enter_context(self.make(subject, self._elsewhere(subject)))
                for _, fault in found:
                    yield self._try(subject, fault, correct)

    def unsound(self, subject: Subject) -> list[str]:
        """The cases that the correct export fails: they catch nothing."""
        with self.make(subject, subject.export(PLATFORMS[self.kind]).document) as correct:
            return [case.name for case in subject.cases if not self._passes(subject, case, correct)]

    @property
    def false_alarms(self) -> list[tuple[str, str]]:
        """The cases that failed with a fault, and without it as well: subject and case."""
        return [key for key, sound in self._sound.items() if not sound]

    def _try(self, subject: Subject, fault: Fault, correct: Engine) -> Caught:
        try:
            with self.make(subject, fault.document) as engine:
                for case in likely_first(subject, fault):
                    why = self._fails(subject, case, engine)
                    if why and self._passes(subject, case, correct) and self._fails(subject, case, engine):
                        return Caught(subject, fault, case.name, why)
        except UserError as refused:
            return Caught(subject, fault, "refused", str(refused))
        return Caught(subject, fault, "")

    def _passes(self, subject: Subject, case: Case, correct: Engine) -> bool:
        key = (subject.name, case.name)
        if key not in self._sound:
            self._sound[key] = not self._fails(subject, case, correct)
        return self._sound[key]

    def _fails(self, subject: Subject, case: Case, engine: Engine) -> str:
        """Why a case fails; empty when it passes, or can't be told on this engine, or in this minute."""
        reference = self._references.get(subject.name)
        if reference is None:
            reference = Reference(subject.spec, dialect_of(engine.name, subject.spec))
            self._references[subject.name] = reference
        live = engine.name != "simulate"
        context = context_of(subject.spec, case.name, datetime.now(UTC) if live else None)
        if live and reference.unforeseen(case, context):
            return ""
        try:
            result = run_case(subject.spec, case, engine, reference, context)
        except UnplayableError:
            return ""
        if result.passed:
            return ""
        return result.problem or ", ".join(f"{one.step} {one.what}".strip() for one in result.differences[:2])

    def _elsewhere(self, subject: Subject) -> Object:
        """The correct document; a workflow's webhook at another address, so that it can stand beside the faulty one."""
        document = subject.export(PLATFORMS[self.kind]).document
        nodes = [_moved(members(node)) for node in items(document.get("nodes"))]
        return {**document, "nodes": [*nodes]} if nodes else document


def _moved(node: Object) -> Object:
    if node.get("type") != "n8n-nodes-base.webhook":
        return node
    parameters = members(node.get("parameters"))
    return {**node, "webhookId": f"correct-{node.get('webhookId')}", "parameters": {
        **parameters, "path": f"correct-{parameters.get('path')}"
    }}  # fmt: skip


def likely_first(subject: Subject, fault: Fault) -> list[Case]:
    """The cases in the order in which they are tried: those that reach the step with the fault, and that its kind is
    usually found by, before the others."""

    def unlikely(case: Case) -> tuple[bool, int]:
        hinted = next((at for at, hint in enumerate(fault.hints) if case.name.startswith(hint)), len(fault.hints))
        return fault.step not in subject.reached[case.name], hinted

    return sorted(subject.cases, key=unlikely)


@contextmanager
def bench_on(kind: EngineKind) -> Iterator[Bench]:
    """A bench: the simulator's, or one with an n8n server of its own."""
    if kind == "simulate":
        yield Bench(kind, lambda subject, document: BlueprintEngine(
            subject.spec, document, subject.export("make").places
        ))  # fmt: skip
        return
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(SANDBOX_SECONDS))
        proxy = stack.enter_context(Interceptor(sandbox.address))
        environment = {**proxy.environment, "N8N_EXPRESSION_ENGINE": "legacy"}
        server = stack.enter_context(N8nServer(install(), environment))

        def make(subject: Subject, document: Object) -> N8nEngine:
            export = subject.export("n8n").model_copy(update={"document": document})
            return N8nEngine(server, sandbox, subject.spec, export)

        yield Bench(kind, make)


def all_faults(kind: EngineKind) -> list[Seeded]:
    """Every fault of every subject."""
    platform = PLATFORMS[kind]
    return [(one, fault) for one in subjects() if platform in one.platforms for fault in catalogue(one, platform)]


def line(one: Caught) -> str:
    """One fault: operator, subject, the case that caught it, what is wrong, and what the case found."""
    told = f"{one.fault.operator:26} {one.subject.name:30.30} {one.by or 'NOT CAUGHT':50.50} {one.fault.what:.110}"
    return f"{told} -> {one.why:.60}" if one.why else told


def summary(found: Sequence[Caught]) -> Iterator[str]:
    """How many of each operator were caught, and of all; then those that weren't."""
    counts = Counter(one.fault.operator for one in found)
    missed = [one for one in found if not one.by]
    lost = Counter(one.fault.operator for one in missed)
    for operator in sorted(counts):
        yield f"{operator:26} {counts[operator] - lost[operator]:4} of {counts[operator]}"
    caught = len(found) - len(missed)
    yield f"{caught} of {len(found)} caught ({100 * caught / max(len(found), 1):.1f} %)"
    yield from map(line, missed)


def main() -> int:
    """Prints the table; 1 when too few are caught."""
    parser = argparse.ArgumentParser(prog="python -m tools.seed_faults")
    parser.add_argument("--on", choices=tuple(PLATFORMS), default="n8n")
    parser.add_argument("--count", type=int, help="how many faults; 100 on n8n, all on the simulator")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kind: EngineKind = options.on
    faults = all_faults(kind)
    faults = chosen(faults, options.count or (100 if kind == "n8n" else len(faults)), options.seed)
    found: list[Caught] = []
    with bench_on(kind) as bench:
        for one in bench.run(faults):
            found.append(one)
            print(line(one), flush=True)
    print("\n".join(("", *summary(found))))
    for name, case in bench.false_alarms:
        print(f"fails without a fault too: {name} {case}")
    return 0 if sum(not one.by for one in found) <= MOST_MISSED * len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
