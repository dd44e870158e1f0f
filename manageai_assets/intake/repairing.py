"""Mechanical repair of a spec: what can be mended without knowing what the client meant."""

from __future__ import annotations

from compilers.errors import UserError
from compilers.repair import repair
from compilers.spec import Spec, parse_spec


def repaired(spec: Spec) -> tuple[Spec, tuple[str, ...]]:
    """The spec with mechanical mistakes mended, and what was mended; itself and nothing when there were none."""
    document, repairs = repair(spec.model_dump(mode="json"))
    if not repairs:
        return spec, ()
    try:
        return parse_spec(document), tuple(f"{one.where}: {one.what}" for one in repairs)
    except UserError:
        return spec, ()
