"""What Make would hold and do: teams, scenarios and their state, runs and what follows from them."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue

from tests.fakes.make import catalogue
from tests.fakes.make.history import History, status_of
from tests.fakes.make.records import (
    Connection,
    Hook,
    Incomplete,
    Object,
    Outcome,
    Refusal,
    Run,
    Scenario,
    bad_request,
    denied,
    invalid,
    missing,
    modules,
    unconfirmed,
)

ORGANIZATION, TEAM = 11, 215
STRANGERS_ORGANIZATION, STRANGERS_TEAM = 99, 990
"""An organisation and its team that the key doesn't reach."""
API_LIMITS: Mapping[str, int] = {"Free": 0, "Core": 60, "Pro": 120, "Teams": 240, "Enterprise": 1000}
Execute = Callable[[Object, JsonValue], Outcome]
ACCOUNT_PARAMETERS = ("__IMTCONN__", "account")
HOOK_PARAMETERS = ("hook", "__IMTHOOK__")


def _succeed(blueprint: Object, bundle: JsonValue) -> Outcome:
    return Outcome(operations=sum(1 for _ in modules(blueprint)))


class World:
    """One zone. Everything happens under `lock`; `clock` gives seconds since 1970."""

    def __init__(self, *, plan: str = "Enterprise", clock: Callable[[], float] = time.time) -> None:
        self.plan, self.clock = plan, clock
        self.execute: Execute = _succeed
        self.installed: set[str] | None = None
        """Apps that the organisation has used before; None: all."""
        self.hook_address = "http://127.0.0.1"
        self.next_reset: float | None = None
        """When the plan's operations are renewed."""
        self.lock = threading.RLock()
        self.teams: dict[int, int] = {TEAM: ORGANIZATION, STRANGERS_TEAM: STRANGERS_ORGANIZATION}
        self.scenarios: dict[int, Scenario] = {}
        self.hooks: dict[int, Hook] = {}
        self.by_udid: dict[str, Hook] = {}
        self.connections: dict[int, Connection] = {}
        self.incomplete: dict[str, Incomplete] = {}
        self.history = History()
        self._of_team: dict[int, list[int]] = {}
        self._ids = itertools.count(1001)
        self._hexes = itertools.count(1)

    # -- who may see what ----------------------------------------------------------------------------------------

    def team(self, identifier: int) -> int:
        """The id, when it is one of the key's own teams."""
        organization = self.teams.get(identifier)
        if organization != ORGANIZATION:
            raise denied()
        return identifier

    def scenario(self, identifier: int) -> Scenario:
        """A scenario of one's own."""
        found = self.scenarios.get(identifier)
        if found is None:
            raise missing("Scenario")
        self.team(found.team)
        return found

    def hook(self, identifier: int) -> Hook:
        """A hook of one's own."""
        found = self.hooks.get(identifier)
        if found is None:
            raise missing("Hook")
        self.team(found.team)
        return found

    def kept(self, identifier: str) -> Incomplete:
        """An incomplete execution of one's own."""
        found = self.incomplete.get(identifier)
        if found is None:
            raise missing("Incomplete execution")
        self.scenario(found.scenario)
        return found

    def scenarios_of(self, team: int | None, organization: int | None) -> list[int]:
        """The ids of scenarios by team or organisation, ascending. The list is the world's own: it must not change."""
        if team is not None and organization is not None:
            raise bad_request("teamId and organizationId cannot be used together")
        if team is None and organization is None:
            raise bad_request("Missing required parameter teamId or organizationId")
        if team is not None:
            return self._of_team.get(self.team(team), [])
        if organization != ORGANIZATION:
            raise denied()
        own = [self._of_team.get(one, []) for one, holder in self.teams.items() if holder == organization]
        return own[0] if len(own) == 1 else sorted(itertools.chain.from_iterable(own))

    # -- what tests put in ---------------------------------------------------------------------------------------

    def add_scenario(
        self,
        blueprint: Object,
        *,
        team: int = TEAM,
        active: bool = False,
        scheduling: Object | None = None,
        folder: int | None = None,
    ) -> Scenario:
        """A scenario that is there, unchecked."""
        now = self.clock()
        made = Scenario(
            id=next(self._ids),
            team=team,
            name=str(blueprint.get("name") or "New scenario"),
            versions=[(now, blueprint)],
            scheduling=scheduling or {"type": "indefinitely", "interval": 900},
            created=now,
            folder=folder,
            active=active,
        )
        self.scenarios[made.id] = made
        insort(self._of_team.setdefault(team, []), made.id)
        self._attach(made)
        return made

    def add_connection(self, account: str, *, team: int = TEAM, label: str = "", works: bool = True) -> Connection:
        """An account of that type."""
        made = Connection(next(self._ids), team, account, label or f"My {account}", works)
        self.connections[made.id] = made
        return made

    def add_hook(self, name: str, type_name: str, data: Object, team: int = TEAM) -> Hook:
        """A hook that no scenario uses yet."""
        made = Hook(next(self._ids), name, team, self.new_hex(), type_name, data)
        self.hooks[made.id] = self.by_udid[made.udid] = made
        return made

    def add_run(self, scenario: int, started: float, outcome: Outcome, *, manual: bool = False) -> Run:
        """A run of the past: history alone, with nothing that follows from it."""
        identifier = self.new_hex()
        kind = "manual" if manual else "auto"
        key = f"{round(started * 1000):013d}_scenario.{scenario}.{kind}.{identifier}"
        run = Run(identifier, key, scenario, started, outcome, manual, self.scenarios[scenario].instant)
        self.history.add(run)
        return run

    def new_hex(self) -> str:
        """32 hexadecimal digits, the same in every run of a test."""
        return hashlib.md5(str(next(self._hexes)).encode(), usedforsecurity=False).hexdigest()

    # -- scenarios -----------------------------------------------------------------------------------------------

    def create(self, team: int, blueprint: JsonValue, scheduling: JsonValue, folder: JsonValue, sure: bool) -> Scenario:
        """What a POST makes: checked, and inactive."""
        self.team(team)
        read, when = self.checked(blueprint, team, sure), _json_text("scheduling", scheduling)
        number = folder if isinstance(folder, int) else None
        return self.add_scenario(read, team=team, scheduling=when, folder=number)

    def checked(self, blueprint: JsonValue, team: int, sure: bool, own: int | None = None) -> Object:
        """The blueprint in a JSON text, when Make would take it for a scenario (`own`) of that team."""
        read = _json_text("blueprint", blueprint)
        if not isinstance(read.get("flow"), list) or not isinstance(read.get("metadata"), dict):
            raise invalid("Missing value of required parameter 'blueprint.metadata' or 'blueprint.flow'.")
        for module in modules(read):
            self._check_module(module, team, own)
        self._check_installed({str(module["module"]).split(":")[0] for module in modules(read)}, sure)
        return read

    def _check_module(self, module: Object, team: int, own: int | None) -> None:
        name, version = str(module["module"]), module.get("version")
        known = catalogue.versions(name)
        if version not in known and not (version is None and name == "placeholder:Placeholder"):
            raise _refused(f"Module not found '{name}' version '{version}'.")
        parameters = module.get("parameters")
        given = parameters if isinstance(parameters, dict) else {}
        for account in (given[key] for key in ACCOUNT_PARAMETERS if given.get(key)):
            found = self.connections.get(account) if isinstance(account, int) else None
            types = catalogue.accounts(name)
            if found is None or found.team != team or (types and found.account not in types):
                raise _refused(f"Provided account '{account}' is not compatible with '{name}' module.")
        for number in (given[key] for key in HOOK_PARAMETERS if given.get(key)):
            hook = self.hooks.get(number) if isinstance(number, int) else None
            if hook is None or hook.team != team or hook.scenario not in (None, own):
                raise _refused(f"Provided hook '{number}' is not compatible with '{name}' module.")

    def _check_installed(self, apps: set[str], sure: bool) -> None:
        if self.installed is None:
            return
        new = sorted(apps - self.installed)
        if new and not sure:
            raise unconfirmed(f"The app '{new[0]}' is used for the first time and must be installed.")
        self.installed |= apps

    def schedule(self, value: JsonValue) -> Object:
        """The schedule in a JSON text."""
        return _json_text("scheduling", value)

    def replace(self, scenario: Scenario, blueprint: Object) -> None:
        """A new version in place of the old one."""
        scenario.versions.append((self.clock(), blueprint))
        scenario.name = str(blueprint.get("name") or scenario.name)
        self._attach(scenario)

    def _attach(self, scenario: Scenario) -> None:
        if scenario.hook in self.hooks:
            self.hooks[scenario.hook].scenario = None
        first = next(modules(scenario.blueprint), {})
        parameters = first.get("parameters")
        given = parameters if isinstance(parameters, dict) else {}
        number = next((given[key] for key in HOOK_PARAMETERS if given.get(key)), None)
        scenario.hook = number if isinstance(number, int) and number in self.hooks else None
        if scenario.hook is not None:
            self.hooks[scenario.hook].scenario = scenario.id

    def remove(self, scenario: Scenario, sure: bool) -> None:
        """Deletes a scenario with its history."""
        if scenario.active and not sure:
            raise unconfirmed("The scenario is active.")
        del self.scenarios[scenario.id]
        ids = self._of_team[scenario.team]
        del ids[bisect_left(ids, scenario.id)]
        self.history.forget(scenario.id)
        for identifier in scenario.incomplete:
            del self.incomplete[identifier]
        if scenario.hook in self.hooks:
            self.hooks[scenario.hook].scenario = None

    def remove_hook(self, hook: Hook, sure: bool) -> None:
        """Deletes a hook."""
        if hook.scenario is not None and not sure:
            raise unconfirmed("The webhook is used by a scenario.")
        del self.hooks[hook.id], self.by_udid[hook.udid]
        if hook.scenario is not None:
            self.scenarios[hook.scenario].hook = None

    def start(self, scenario: Scenario) -> None:
        """Activates a scenario (facts 1.10, 4.3)."""
        if scenario.active:
            raise bad_request("Scenario is already running")
        kind, interval = scenario.scheduling.get("type"), scenario.scheduling.get("interval")
        too_short = kind == "indefinitely" and not (isinstance(interval, int) and interval >= 60)
        if too_short or (kind == "indefinitely" and scenario.instant):
            raise bad_request("Invalid interval")
        scenario.active, scenario.errors_in_row = True, 0

    def stop(self, scenario: Scenario) -> None:
        """Deactivates a scenario."""
        if not scenario.active:
            raise bad_request("Scenario is not running")
        scenario.active = False

    # -- runs ----------------------------------------------------------------------------------------------------

    def run(self, scenario: Scenario, bundle: JsonValue, *, manual: bool) -> Run:
        """Runs it, with all that follows (facts 2.8, 2.9)."""
        outcome = self.execute(scenario.blueprint, bundle)
        run = self.add_run(scenario.id, self.clock(), outcome, manual=manual)
        scenario.used["operations"] += outcome.operations
        scenario.used["centicredits"] += outcome.operations * 100
        if outcome.kept is not None:
            reason = outcome.error.message if outcome.error else "incomplete"
            kept = Incomplete(self.new_hex(), scenario.id, run.id, run.started, reason, outcome.kept)
            self.incomplete[kept.id] = kept
            scenario.incomplete.append(kept.id)
        scenario.errors_in_row = scenario.errors_in_row + 1 if outcome.status == "error" else 0
        most = scenario.setting("maxErrors")
        allowed = 1 if scenario.instant else most if isinstance(most, int) else 3
        if outcome.status == "error" and scenario.errors_in_row >= allowed:
            scenario.active = False
        return run

    def run_by_api(self, scenario: Scenario, data: JsonValue) -> Run:
        """What `/run` does."""
        if not scenario.active:
            raise bad_request("Scenario is not activated")
        given = data if isinstance(data, dict) else {}
        lacking = [name for name in _required(scenario.interface) if given.get(name) is None]
        if lacking:
            raise invalid(*(f"Missing value of required parameter '{name}'." for name in lacking))
        last = self.history.newest(scenario.id)
        if last is not None and not scenario.instant and status_of(last, self.clock()) == 0:
            raise bad_request("Scenario is already being executed")
        return self.run(scenario, given, manual=False)

    def retry(self, kept: Incomplete) -> None:
        """Runs what was kept once more."""
        scenario = self.scenarios[kept.scenario]
        kept.attempts += 1
        outcome = self.execute(scenario.blueprint, {str(key): value for key, value in kept.bundles.items()})
        self.add_run(scenario.id, self.clock(), outcome, manual=True)
        if outcome.status == "success":
            self.forget_kept(kept)

    def forget_kept(self, kept: Incomplete) -> None:
        """Removes an incomplete execution."""
        del self.incomplete[kept.id]
        self.scenarios[kept.scenario].incomplete.remove(kept.id)


def _required(interface: Object) -> Iterator[str]:
    inputs = interface.get("input")
    for one in inputs if isinstance(inputs, list) else []:
        if isinstance(one, dict) and one.get("required"):
            yield str(one.get("name"))


def _json_text(name: str, value: JsonValue) -> Object:
    """The object in a JSON text, which is how Make takes blueprints and schedules."""
    if value is None:
        raise invalid(f"Missing value of required parameter '{name}'.")
    if not isinstance(value, str):
        raise invalid(f"Invalid value of parameter '{name}': a text is expected.")
    try:
        read = json.loads(value)
    except ValueError:
        raise invalid(f"Invalid value of parameter '{name}': no JSON.") from None
    if not isinstance(read, dict):
        raise invalid(f"Invalid value of parameter '{name}': no object.")
    return read


def _refused(detail: str) -> Refusal:
    return Refusal(400, "IM007", "Invalid blueprint", detail)
