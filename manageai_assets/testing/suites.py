"""The suite of a spec: the cases of the rules, and Claude's where there is a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from compilers.spec import Spec
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.models import TestSuite

if TYPE_CHECKING:
    from manageai_assets.settings import Settings


def suite_for(spec: Spec, settings: Settings, *, live: bool = False) -> TestSuite:
    """The suite. For a `live` engine, whose clock is real, dates are chosen around now; else the same spec always gives
    the same cases of the rules."""
    moment = datetime.now(UTC) if live else None
    key = settings.anthropic_api_key.get_secret_value().strip() if settings.anthropic_api_key else ""
    if not key:
        return suite_of(spec, moment=moment)
    from manageai_assets.testing.claude_cases import business_cases
    from resources.claude import Claude

    business = business_cases(spec, Claude(key, settings.auto_iter_model))
    suite = suite_of(spec, business.cases, moment)
    return suite.model_copy(update={"notes": business.notes})
