"""Mechanical repair of a spec: what can be mended without knowing what the client meant."""

from __future__ import annotations

from compilers.errors import UserError
from compilers.spec import Spec, parse_spec


def repaired(spec: Spec) -> tuple[Spec, tuple[str, ...]]:
    """The spec with mechanical mistakes mended, and what was mended; itself and nothing when there were none."""
    try:
        from compilers.repair import repair
    except ImportError:
        return spec, ()
    document, repairs = repair(spec.model_dump(mode="json"))
    try:
        return (parse_spec(document), tuple(str(one) for one in repairs)) if repairs else (spec, ())
    except UserError:
        return spec, ()
