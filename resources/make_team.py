"""Make's API for what a team has beside scenarios: hooks, connections, and the organisation's plan (facts 4.4, 5)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import httpx
from pydantic import JsonValue

from resources.make_errors import MakeUnavailableError
from resources.make_http import MakeHttp
from resources.make_models import Connection, Hook, HookPing, Organization, Team, UsageDay, read, read_all


class Hooks:
    """Webhooks and mailhooks."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def list(self, team: int, *, type_name: str | None = None, assigned: bool | None = None) -> tuple[Hook, ...]:
        """Those of a team; `assigned`: whether a scenario uses them."""
        answer = self._http.call("GET", "/hooks", {"teamId": team, "typeName": type_name, "assigned": assigned})
        return read_all(Hook, answer, "hooks", "GET /hooks")

    def get(self, hook: int) -> Hook:
        """One hook."""
        return read(Hook, self._http.call("GET", f"/hooks/{hook}").get("hook"), f"GET /hooks/{hook}")

    def create(
        self,
        name: str,
        *,
        team: int,
        type_name: str = "gateway-webhook",
        method: bool = False,
        headers: bool = False,
        stringify: bool = False,
        settings: Mapping[str, JsonValue] | None = None,
    ) -> Hook:
        """A new hook. `method` and `headers` add these to the bundle, `stringify` passes JSON on as text."""
        body: dict[str, JsonValue] = {
            "name": name[:128], "teamId": team, "typeName": type_name, "method": method, "headers": headers,
            "stringify": stringify, **(settings or {}),
        }  # fmt: skip
        answer = self._http.call("POST", "/hooks", {"useDefaults": "requiredOnly"}, body)
        return read(Hook, answer.get("hook"), "POST /hooks")

    def delete(self, hook: int) -> None:
        """Deletes it, in use or not."""
        self._http.call("DELETE", f"/hooks/{hook}", {"confirmed": True})

    def ping(self, hook: int) -> HookPing:
        """Whether it is attached and whether it learns."""
        return read(HookPing, self._http.call("GET", f"/hooks/{hook}/ping"), f"GET /hooks/{hook}/ping")

    def enable(self, hook: int) -> None:
        """Lets it take requests."""
        self._set(hook, "enable")

    def disable(self, hook: int) -> None:
        """Lets it take no more requests."""
        self._set(hook, "disable")

    def learn_start(self, hook: int) -> None:
        """The next request teaches it the structure of its data."""
        self._set(hook, "learn-start")

    def learn_stop(self, hook: int) -> None:
        """Ends that."""
        self._set(hook, "learn-stop")

    def _set(self, hook: int, state: str) -> None:
        self._http.call("POST", f"/hooks/{hook}/{state}", repeatable=True)


@dataclass(frozen=True)
class HookAnswer:
    """What a hook's public address answered; `taken` says whether Make gave the request to a scenario."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def taken(self) -> bool:
        """Whether it was taken: Make's own refusals are told by their words, since scenarios answer with any status."""
        return self.text.strip() not in _REFUSALS

    @property
    def by_scenario(self) -> bool:
        """Whether a response module gave it, as far as can be told."""
        return self.taken and (self.status, self.text.strip()) not in _OF_MAKE


_REFUSALS = (
    "There is no scenario listening for this webhook.", "Webhook not found", "Queue is full", "Too many requests",
)  # fmt: skip
_OF_MAKE = ((200, "Accepted"), (500, "Scenario failed to complete."))


@cache
def _trust() -> ssl.SSLContext:
    """What makes addresses trusted; reading the certificates takes longer than a call."""
    return httpx.create_ssl_context()


def call_hook(
    address: str,
    *,
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: JsonValue = None,
    timeout: float = 30.0,
) -> HookAnswer:
    """Calls a hook, as anybody may: without the API's key, and once. Raises `MakeUnavailableError`."""
    content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    kind = {"content-type": "application/json"} if content is not None else {}
    try:
        answer = httpx.request(
            method,
            address,
            params=query,
            headers={**kind, **(headers or {})},
            content=content,
            timeout=timeout,
            verify=_trust(),
        )
    except httpx.TimeoutException:
        hint = "the scenario may still be running; look at its history in Make"
        raise MakeUnavailableError(f"no answer within {timeout:.0f} s", where="webhook", hint=hint) from None
    except httpx.HTTPError:
        hint = "check the network and any proxy"
        raise MakeUnavailableError("the webhook can't be reached", where="webhook", hint=hint) from None
    return HookAnswer(answer.status_code, answer.text, dict(answer.headers))


class Connections:
    """Accounts of a team."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def list(self, team: int, types: Sequence[str] = ()) -> tuple[Connection, ...]:
        """Those of a team, or those of certain types."""
        answer = self._http.call("GET", "/connections", {"teamId": team, "type": tuple(types)})
        return read_all(Connection, answer, "connections", "GET /connections")

    def test(self, connection: int) -> bool:
        """Whether its credentials still work."""
        return self._http.call("POST", f"/connections/{connection}/test", repeatable=True).get("verified") is True


class Teams:
    """Teams."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def list(self, organization: int) -> tuple[Team, ...]:
        """Those of an organisation."""
        return read_all(Team, self._http.call("GET", "/teams", {"organizationId": organization}), "teams", "GET /teams")

    def get(self, team: int) -> Team:
        """One team."""
        return read(Team, self._http.call("GET", f"/teams/{team}").get("team"), f"GET /teams/{team}")

    def usage(self, team: int) -> tuple[UsageDay, ...]:
        """What each of the last 30 days took."""
        return read_all(UsageDay, self._http.call("GET", f"/teams/{team}/usage"), "data", f"GET /teams/{team}/usage")


class Organizations:
    """Organisations, with their plans."""

    def __init__(self, http: MakeHttp) -> None:
        self._http = http

    def list(self) -> tuple[Organization, ...]:
        """Those that the key reaches, without their plans."""
        return read_all(Organization, self._http.call("GET", "/organizations"), "organizations", "GET /organizations")

    def get(self, organization: int) -> Organization:
        """One, with its plan (`license.api_limit` is requests a minute) and what is used of it."""
        path = f"/organizations/{organization}"
        return read(Organization, self._http.call("GET", path).get("organization"), f"GET {path}")

    def usage(self, organization: int) -> tuple[UsageDay, ...]:
        """What each of the last 30 days took."""
        path = f"/organizations/{organization}/usage"
        return read_all(UsageDay, self._http.call("GET", path), "data", f"GET {path}")
