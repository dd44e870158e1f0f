"""Which engine proves a build: the one of `TEST_ENGINE`, or of a command's `--on`.

* `simulate` (the default) runs the Make export, read back; of a build without one, the spec itself.
* `n8n` runs the n8n export on a real server: that of `N8N_API_URL`, its apps replaced by stand-ins; else one of its own
  behind the sandbox, installed at its first use.
* `make` runs the Make export in a team of Make's, where `MAKE_TEST_SANDBOX` allows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.exports import emit
from compilers.spec import PlatformName, Spec
from manageai_assets.testing.engine import Engine
from manageai_assets.testing.models import EngineName
from manageai_assets.testing.simulated_engine import BlueprintEngine, SpecEngine

if TYPE_CHECKING:
    from manageai_assets.settings import Settings

Documents = Mapping[PlatformName, Mapping[str, JsonValue]]
"""A build's exports by platform."""


@contextmanager
def engine_for(name: EngineName, spec: Spec, documents: Documents, settings: Settings) -> Iterator[Engine]:
    """The engine of a spec, with the servers that it needs, which stop afterwards. Raises `UserError` when a platform's
    export or a setting is missing, or a server can't be had."""
    match name:
        case "simulate":
            yield simulated(spec, documents)
        case "n8n":
            from manageai_assets.testing.n8n_session import n8n_session

            with n8n_session(settings) as session:
                yield session.engine(spec, document_of("n8n", documents))
        case "make":
            from manageai_assets.testing.make_engine import MakeEngine, api_and_team

            document_of("make", documents)
            api, team = api_and_team(settings)
            yield MakeEngine(spec, api, team, sandbox=settings.make_test_sandbox)


def simulated(spec: Spec, documents: Documents) -> Engine:
    """The simulator over a build's Make export, else over its spec."""
    blueprint = documents.get("make")
    if blueprint is None:
        return SpecEngine(spec)
    return BlueprintEngine(spec, dict(blueprint), emit(spec, "make").places)


def document_of(platform: PlatformName, documents: Documents) -> Mapping[str, JsonValue]:
    """A platform's export. Raises `UserError` where the build has none."""
    found = documents.get(platform)
    if found is None:
        raise UserError(
            f"this build has no {platform} export to test",
            where=f"{platform}_export",
            hint="the export validation report says why; test on another engine",
        )
    return found
