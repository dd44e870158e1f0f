"""A real n8n for tests: one of one's own behind the sandbox, or the server of `N8N_API_URL` with stand-ins for apps.

Where the intercepting proxy can't be installed, a server of one's own runs with stand-ins too, and says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.export import Export
from compilers.exports import emit
from compilers.spec import Spec
from manageai_assets.testing.n8n_engine import N8nEngine
from manageai_assets.testing.sandbox import Sandbox
from resources import interceptor
from resources.interceptor import Interceptor
from resources.n8n_api import N8nApi
from resources.n8n_install import install
from resources.n8n_server import N8nServer

if TYPE_CHECKING:
    from manageai_assets.settings import Settings

HOLD_SECONDS = 0.3
"""How long the sandbox lets a node wait for an app that never answers: longer than any answer takes here."""
FAST = {"N8N_EXPRESSION_ENGINE": "legacy"}
"""The other engine makes an isolate for each execution, and takes 2 to 3 times as long (n8n facts, section 1)."""


@dataclass(frozen=True)
class N8nSession:
    """A running server of one's own behind the sandbox."""

    server: N8nServer
    sandbox: Sandbox

    def engine(self, spec: Spec, document: Mapping[str, JsonValue]) -> N8nEngine:
        """The engine of a spec's export, which may have been changed since it was compiled."""
        return N8nEngine(self.server, self.sandbox, spec, exported(spec, document))


@dataclass(frozen=True)
class StandInSession:
    """A server where stand-ins answer for the apps; the notes say why, where that isn't plain."""

    server: N8nApi
    notes: tuple[str, ...] = ()

    def engine(self, spec: Spec, document: Mapping[str, JsonValue]) -> N8nEngine:
        """The engine of a spec's export, which may have been changed since it was compiled."""
        return N8nEngine(self.server, None, spec, exported(spec, document), self.notes)


def exported(spec: Spec, document: Mapping[str, JsonValue]) -> Export:
    """A document as the export of its spec: where the compiler put each step, and what really stands there."""
    return emit(spec, "n8n").model_copy(update={"document": dict(document)})


@contextmanager
def n8n_session(settings: Settings) -> Iterator[N8nSession | StandInSession]:
    """The server that the settings ask for, for as long as it is needed. Raises `UserError` when it can't be had."""
    if settings.n8n_api_url is not None:
        with external_n8n(settings) as server:
            yield StandInSession(server)
        return
    try:
        interceptor.install()
    except UserError as problem:
        with N8nServer(install(), FAST) as server:
            yield StandInSession(server, (f"requests were not seen, since no proxy could be installed: {problem}",))
    else:
        with own_session() as session:
            yield session


@contextmanager
def own_session() -> Iterator[N8nSession]:
    """Starts everything, and stops it again. What isn't installed yet is, once. Raises `UserError` when it can't be."""
    installation = install()
    with (
        Sandbox(HOLD_SECONDS) as sandbox,
        Interceptor(sandbox.address) as proxy,
        N8nServer(installation, {**proxy.environment, **FAST}) as server,
    ):
        yield N8nSession(server, sandbox)


def external_n8n(settings: Settings) -> N8nApi:
    """The server of `N8N_API_URL`. Raises `UserError` when the address or the key is missing."""
    if settings.n8n_api_url is None:
        raise UserError("there is no address of an n8n", where="N8N_API_URL", hint="set it, or start one: n8n start")
    if settings.n8n_api_key is None:
        hint = "make one in n8n's settings, under `n8n API`; or unset N8N_API_URL, for a server of the project's own"
        raise UserError("there is no key for the n8n of N8N_API_URL", where="N8N_API_KEY", hint=hint)
    return N8nApi(str(settings.n8n_api_url), settings.n8n_api_key)
