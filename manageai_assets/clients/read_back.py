"""What runs now, read back from Make and n8n: the document of each scenario, and the accounts that scenarios use.

A scenario that can't be read is told as such: what isn't known is neither unchanged nor unused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.make.known import ACCOUNTS
from manageai_assets.monitoring.models import Platform
from manageai_assets.testing.make_start import modules_of
from resources.make_errors import MakeApiError, MakeNotFoundError, MakePermissionError

if TYPE_CHECKING:
    from resources.make_api import MakeApi
    from resources.make_models import Connection, Hook
    from resources.make_models import Scenario as MakeScenario
    from resources.n8n_api import N8nApi

HOOKS = ("__IMTHOOK__", "hook")
OWN_HOOKS = "gateway-"
"""What the types of hooks begin with that need no account: Make's own webhooks and mailhooks."""


@dataclass(frozen=True, slots=True)
class Found:
    """A scenario as its platform has it now; `document` None: it couldn't be read, and `failure` says why."""

    external_id: str
    active: bool
    document: Object | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account that a platform holds: which scenarios name it, and whether an active one does. `expires`: when its
    access ends; None where it doesn't, or where the platform doesn't say."""

    external_id: str
    name: str
    kind: str
    scenarios: tuple[str, ...]
    used: bool
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadBack:
    """All of a platform. `accounts` None: who uses them can't be told."""

    platform: Platform
    scenarios: Mapping[str, Found]
    accounts: tuple[Account, ...] | None


def read_make(api: MakeApi, team: int) -> ReadBack:
    """A team at Make: a call for each scenario. Raises `MakeApiError` when its list can't be read."""
    listed = ((str(one.id), _read_scenario(api, one)) for one in api.scenarios.list(team=team))
    scenarios = {key: one for key, one in listed if one is not None}
    if any(one.document is None for one in scenarios.values()):
        return ReadBack("make", scenarios, None)
    try:
        connections, hooks = api.connections.list(team), api.hooks.list(team)
    except MakePermissionError:
        return ReadBack("make", scenarios, None)  # a key may be allowed to read scenarios only
    return ReadBack("make", scenarios, tuple(_on_make(scenarios.values(), connections, hooks)))


def _read_scenario(api: MakeApi, one: MakeScenario) -> Found | None:
    """A scenario with its blueprint; None when it has been deleted since it was listed."""
    active = one.is_active and not one.is_paused
    try:
        stored = api.scenarios.blueprint(one.id)
    except MakeNotFoundError:
        return None
    except MakeApiError as error:
        return Found(str(one.id), active, None, error.what)
    scheduling = stored.scheduling or one.scheduling
    when: Object = scheduling.model_dump(mode="json", by_alias=True, exclude_none=True) if scheduling else {}
    return Found(str(one.id), active, {**stored.blueprint, "scheduling": when})


def _on_make(found: Collection[Found], connections: Sequence[Connection], hooks: Sequence[Hook]) -> Iterator[Account]:
    """The team's accounts with the scenarios that name them. The account of an app's own hook stands in no blueprint:
    all accounts of that app count as used by its scenario."""
    by_account: dict[str, set[str]] = defaultdict(set)
    active = {one.external_id for one in found if one.active}
    for one in found:
        for module in modules_of(one.document or {}):
            for number in _accounts_of(module):
                by_account[number].add(one.external_id)
    for hook in hooks:
        if hook.scenario_id is not None and not hook.type_name.startswith(OWN_HOOKS):
            app = (hook.package_name or hook.type_name.partition("-")[0]).casefold()
            for connection in connections:
                if app and connection.account_name.casefold().startswith(app):
                    by_account[str(connection.id)].add(str(hook.scenario_id))
    for connection in connections:
        users = sorted(by_account[str(connection.id)])
        yield Account(
            str(connection.id), connection.name, connection.account_name, tuple(users), bool(active & set(users)),
            connection.expire,
        )  # fmt: skip


def _accounts_of(module: Mapping[str, JsonValue]) -> Iterator[str]:
    """The accounts that a module names: under the usual names, and under those that it declares."""
    parameters, metadata = members(module.get("parameters")), members(module.get("metadata"))
    declared = [
        str(one.get("name"))
        for one in map(members, items(metadata.get("parameters")))
        if str(one.get("type", "")).partition(":")[0] in ("account", "keychain")
    ]
    for name in {*ACCOUNTS, *declared} - {*HOOKS}:
        number = parameters.get(name)
        if isinstance(number, (int, str)) and not isinstance(number, bool) and str(number):
            yield str(number)


def read_n8n(api: N8nApi) -> ReadBack:
    """An n8n server. Its API tells of no credentials, so that those are known that some workflow names. Raises
    `N8nApiError` when the list can't be read."""
    workflows = [one for one in api.workflows() if one.get("id") and one.get("isArchived") is not True]
    found = {str(one["id"]): Found(str(one["id"]), one.get("active") is True, one) for one in workflows}
    names: dict[str, tuple[str, str]] = {}
    users: dict[str, set[str]] = defaultdict(set)
    for one in found.values():
        for node in map(members, items((one.document or {}).get("nodes"))):
            for kind, given in members(node.get("credentials")).items():
                identifier, name = members(given).get("id"), members(given).get("name")
                if isinstance(identifier, str) and identifier:
                    names[identifier] = (str(name or ""), kind)
                    users[identifier].add(one.external_id)
    active = {one.external_id for one in found.values() if one.active}
    accounts = (
        Account(key, *names[key], tuple(sorted(users[key])), bool(active & users[key])) for key in sorted(names)
    )
    return ReadBack("n8n", found, tuple(accounts))
