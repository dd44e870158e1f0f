"""The platforms that builds are deployed to: a team at Make, and an n8n server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.documents import items, members
from compilers.errors import UserError
from manageai_assets.monitoring import registry
from manageai_assets.monitoring.deploying import Build
from manageai_assets.monitoring.make_polling import listed_on_make
from manageai_assets.monitoring.models import Platform
from manageai_assets.monitoring.n8n_polling import listed_on_n8n
from manageai_assets.monitoring.schedules import scheduling_of
from manageai_assets.testing.make_start import Start, prepared, start_of

if TYPE_CHECKING:
    from resources.make_api import MakeApi
    from resources.n8n_api import N8nApi


@dataclass(frozen=True, slots=True)
class MakeTarget:
    """A team at Make."""

    api: MakeApi
    team: int
    platform: Platform = "make"

    def listed(self) -> list[registry.Listed]:
        """The team's scenarios. Raises `MakeApiError`."""
        return listed_on_make(self.api, self.team)

    def named(self, name: str) -> list[str]:
        """The ids of the team's scenarios that have this very name. Raises `MakeApiError`."""
        return [str(one.id) for one in self.api.scenarios.list(team=self.team) if one.name == name]

    def check(self, build: Build, external_id: str | None) -> tuple[str, ...]:
        """Finds the accounts that its modules need in the team. Raises `UserError` with a finding for each missing."""
        if external_id is not None:
            self.api.scenarios.get(int(external_id))
        self._document(build, None)
        return tuple(f"give `{one.step}`'s address to whoever calls it: {one.what}" for one in build.export.webhooks)

    def put(self, build: Build, external_id: str | None) -> str:
        """Creates the scenario, with a hook where one starts it; or replaces the blueprint of that one."""
        start = start_of(build.spec, build.export)
        when = scheduling_of(build.spec.schedule, by_hook=start.kind == "webhook")
        if external_id is not None:
            hook = self.api.scenarios.get(int(external_id)).hook_id
            with self._hook(build, start, hook) as listening:
                document = self._document(build, listening)
                self.api.scenarios.update(int(external_id), blueprint=document, scheduling=when, name=build.spec.name)
            return external_id
        with self._hook(build, start, None) as listening:
            document = self._document(build, listening)
            return str(self.api.scenarios.create(document, team=self.team, scheduling=when).id)

    def start(self, external_id: str) -> None:
        """Activates the scenario, where it isn't active."""
        if not self.api.scenarios.get(int(external_id)).is_active:
            self.api.scenarios.start(int(external_id))

    def _document(self, build: Build, hook: int | None) -> dict[str, JsonValue]:
        start = start_of(build.spec, build.export)
        own = start if start.kind == "webhook" else Start("run", None)
        try:
            return prepared(build.export.document, own, build.spec.name, hook, self.api.connections.list(self.team))
        except UserError as error:
            hint = "connect them in the team, then deploy again"
            raise UserError(error.what, where=str(build.key), hint=hint, findings=error.findings) from None

    @contextmanager
    def _hook(self, build: Build, start: Start, known: int | None) -> Iterator[int | None]:
        """The hook that starts it: the one it has, or a new one, which goes away again when it isn't taken."""
        if start.kind != "webhook" or known is not None:
            yield known if start.kind == "webhook" else None
            return
        made = self.api.hooks.create(build.spec.name, team=self.team)
        try:
            yield made.id
        except UserError:
            with suppress(UserError):
                self.api.hooks.delete(made.id)
            raise


@dataclass(frozen=True, slots=True)
class N8nTarget:
    """An n8n server."""

    api: N8nApi
    platform: Platform = "n8n"

    def listed(self) -> list[registry.Listed]:
        """The server's workflows. Raises `N8nApiError`."""
        return listed_on_n8n(self.api)

    def named(self, name: str) -> list[str]:
        """The ids of the workflows that have this very name. Raises `N8nApiError`."""
        return [str(one["id"]) for one in self.api.workflows(name=name) if one.get("name") == name]

    def check(self, build: Build, external_id: str | None) -> tuple[str, ...]:
        """Sees that the former version is there. Credentials are chosen in n8n, by a person."""
        if external_id is not None:
            self.api.workflow(external_id)
        accounts = [
            f"choose a credential for {one.label} in {', '.join(one.places)}" for one in build.export.connections
        ]
        return (*accounts, *(f"give `{one.step}`'s address to whoever calls it" for one in build.export.webhooks))

    def put(self, build: Build, external_id: str | None) -> str:
        """Creates the workflow, or replaces that one; credentials that were chosen there stay with their nodes."""
        if external_id is None:
            return self.api.create(build.export.document)
        self.api.update(external_id, _with_credentials(build.export.document, self.api.workflow(external_id)))
        return external_id

    def start(self, external_id: str) -> None:
        """Publishes the workflow, where it isn't active."""
        if self.api.workflow(external_id).get("active") is not True:
            self.api.activate(external_id)


def _with_credentials(new: dict[str, JsonValue], old: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The new document, whose nodes keep what nodes of the same name and type had been connected with."""
    chosen = {
        (one.get("name"), one.get("type")): one["credentials"] for one in _nodes(old) if one.get("credentials")
    }  # fmt: skip
    nodes: list[JsonValue] = [
        {**one, "credentials": chosen[one.get("name"), one.get("type")]}
        if (one.get("name"), one.get("type")) in chosen
        else one
        for one in _nodes(new)
    ]
    return {**new, "nodes": nodes}


def _nodes(document: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
    return [members(one) for one in items(document.get("nodes"))]
