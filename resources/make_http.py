"""One call of Make's API: the key, time-outs, and when a call is tried again.

A call is repeated, with growing pauses, only where that can't do anything twice: any call after 429 or where no
connection came about; calls that may be repeated also after 5xx, a broken connection, a time-out or a cut-off answer.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Literal, Self

import httpx
from pydantic import JsonValue, SecretStr

from compilers.errors import UserError, shorten
from resources.make_errors import MakeAnswerError, MakeApiError, MakeUnavailableError, refused
from resources.server_clock import ServerClock

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Query = Mapping[str, str | int | bool | Sequence[str] | Mapping[str, str | int | bool | None] | None]
"""Lists become `cols[]=a`, mappings `pg[limit]=10`; None is left out."""

TIMEOUT_SECONDS = 30.0
RUN_TIMEOUT_SECONDS = 50.0
"""A responsive run answers within 40 s (facts 4.3)."""
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_ZONE = re.compile(r"[a-z]{2}\d+|[a-z]{2}\d+\.make(?:\.celonis)?\.com")
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retries:
    """How often and after which pauses a call is repeated: `base * 2 ** attempt` seconds, +-20 %, at most `longest`.

    A `Retry-After` that asks for more than `patience` ends the call instead."""

    times: int = 4
    base: float = 1.0
    longest: float = 30.0
    patience: float = 90.0


def base_url(zone: str) -> str:
    """The address of the API in a zone: `eu1`, or a host such as `eu1.make.celonis.com`. Raises `UserError`."""
    if not _ZONE.fullmatch(zone):
        hint = "set MAKE_ZONE to the first part of the address in the browser, such as eu1"
        raise UserError(f"`{shorten(zone, 60)}` is no zone of Make's", where="settings", hint=hint)
    host = zone if "." in zone else f"{zone}.make.com"
    return f"https://{host}/api/v2"


class MakeHttp:
    """Calls with a key, from any number of threads. `pace` is called before each request and may wait, or raise to call
    it off. `sleep`, `now` and `chance` (0 to 1) are there for tests."""

    def __init__(
        self,
        address: str,
        key: SecretStr,
        *,
        timeout: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        pace: Callable[[], None] = lambda: None,
    ) -> None:
        secret = key.get_secret_value().strip()
        if not secret:
            raise UserError("there is no key for Make's API", where="settings", hint="set MAKE_API_KEY")
        if not (secret.isascii() and secret.isprintable()):
            raise UserError("the key for Make's API isn't one", where="settings", hint="check MAKE_API_KEY")
        self.address = address.rstrip("/")
        self._retries, self._sleep, self._now, self._chance = retries or Retries(), sleep, now, chance
        self._pace = pace
        self.clock = ServerClock(now)
        self._secret = key
        scheme = "Token" if _UUID4.fullmatch(secret) else "Bearer"
        self._client = httpx.Client(
            headers={"authorization": f"{scheme} {secret}", "user-agent": "manageai"}, timeout=timeout
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def call(
        self,
        method: Method,
        path: str,
        query: Query | None = None,
        body: JsonValue = None,
        *,
        repeatable: bool | None = None,
        timeout: float | None = None,
    ) -> dict[str, JsonValue]:
        """The object that Make answers with. Raises `MakeApiError`.

        `repeatable` says whether doing it twice is the same as once; unset: all but POST."""
        again = method != "POST" if repeatable is None else repeatable
        attempt, perhaps_done = 0, False
        while True:
            answer = self._once(method, path, query, body, timeout)
            if isinstance(answer, dict):
                return answer
            if method == "DELETE" and perhaps_done and answer.error.status == 404:
                return {}  # an earlier attempt did it, and only its answer was lost
            perhaps_done = perhaps_done or not answer.never_happened
            if attempt >= self._retries.times or not (answer.never_happened or (again and answer.passing)):
                raise answer.error
            if answer.wait is not None and answer.wait > self._retries.patience:
                raise answer.error
            _log.warning("make call repeated method=%s path=%s status=%s", method, path, answer.error.status)
            self._sleep(self._pause(attempt, answer.wait))
            attempt += 1

    def _pause(self, attempt: int, asked: float | None) -> float:
        grown = min(self._retries.base * 2.0**attempt, self._retries.longest)
        jittered = grown * (0.8 + 0.4 * self._chance())
        return jittered if asked is None else asked + 0.2 * jittered

    def _once(
        self, method: Method, path: str, query: Query | None, body: JsonValue, timeout: float | None
    ) -> dict[str, JsonValue] | _Failed:
        self._pace()
        where = f"{method} {path}"
        content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        try:
            answer = self._client.request(
                method,
                self.address + path,
                params=httpx.QueryParams(tuple(_flat(query or {}))),
                content=content,
                headers={"content-type": "application/json"} if content is not None else None,
                timeout=httpx.USE_CLIENT_DEFAULT if timeout is None else timeout,
            )
        except _NEVER_SENT:
            hint = "check the network, any proxy, and MAKE_ZONE"
            return _Failed(MakeUnavailableError("Make can't be reached", where=where, hint=hint), True, True)
        except httpx.TimeoutException:
            hint = "try again; look in Make whether it was done all the same"
            return _Failed(MakeUnavailableError("Make didn't answer in time", where=where, hint=hint), False, True)
        except httpx.HTTPError:
            hint = "try again; look in Make whether it was done all the same"
            return _Failed(MakeUnavailableError("the connection to Make broke", where=where, hint=hint), False, True)
        self.clock.note(answer.headers)
        return self._read(answer, where)

    def _read(self, answer: httpx.Response, where: str) -> dict[str, JsonValue] | _Failed:
        status = answer.status_code
        decoded = _decoded(answer.content)
        if status >= 400:
            error = refused(status, self._without_key(decoded), where)
            return _Failed(error, status == 429, status >= 500, _seconds(answer.headers.get("retry-after"), self._now))
        if status >= 300:
            hint = "check MAKE_ZONE and any proxy"
            return _Failed(
                MakeAnswerError("Make sent us elsewhere", where=where, hint=hint, status=status), False, False
            )
        if not answer.content.strip():
            return {}
        if not isinstance(decoded, dict):
            hint = "try again; if it stays so, check MAKE_ZONE and any proxy"
            what = "Make gave an answer that is not one of its API"
            return _Failed(MakeAnswerError(what, where=where, hint=hint, status=status), False, True)
        return decoded

    def _without_key(self, value: JsonValue) -> JsonValue:
        text = json.dumps(value, ensure_ascii=False)
        cleaned: JsonValue = json.loads(text.replace(self._secret.get_secret_value().strip(), "(secret removed)"))
        return cleaned


@dataclass(frozen=True)
class _Failed:
    error: MakeApiError
    never_happened: bool
    passing: bool
    wait: float | None = None


def _decoded(content: bytes) -> JsonValue:
    try:
        decoded: JsonValue = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return decoded


def _flat(query: Query) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, Mapping):
            flat += [(f"{name}[{key}]", _text(part)) for key, part in value.items() if part is not None]
        elif isinstance(value, (str, int)):
            flat.append((name, _text(value)))
        elif value is not None:
            flat += [(f"{name}[]", part) for part in value]
    return flat


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(asked: str | None, now: Callable[[], float]) -> float | None:
    """What a `Retry-After` asks for, given in seconds or as a date."""
    if not asked:
        return None
    if re.fullmatch(r"\d{1,6}(\.\d+)?", asked.strip()):
        return float(asked)
    try:
        when = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now())


def instant(moment: datetime) -> int:
    """A moment as Make's queries take it: milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
