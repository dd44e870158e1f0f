"""What can go wrong with Make's API, as errors that say what to do. None of them ever holds the key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from compilers.errors import Finding, UserError, shorten
from compilers.secrets import without_secrets


class MakeApiError(UserError):
    """A call of Make's API that gave no usable answer: `status` is the HTTP status, None where there was none; `code`
    is Make's own, such as `SC400`."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        hint: str = "",
        findings: tuple[Finding, ...] = (),
        status: int | None = None,
        code: str = "",
    ) -> None:
        super().__init__(what, where=where, hint=hint, findings=findings)
        self.status, self.code = status, code


class MakeKeyError(MakeApiError):
    """401: the key isn't one, or not any more."""


class MakePermissionError(MakeApiError):
    """403: the key lacks a scope, or the thing belongs to another team or zone."""


class MakeNotFoundError(MakeApiError):
    """404."""


class MakeRateLimitError(MakeApiError):
    """429, after all the waiting that was allowed."""


class MakeConflictError(MakeApiError):
    """The thing isn't in the state for it: running already, not active, in use, being processed."""


class MakeConfirmationError(MakeApiError):
    """406: Make wants `confirmed=true`."""


class MakeBlueprintError(MakeApiError):
    """Make doesn't take the blueprint; `findings` has the places."""


class MakeRequestError(MakeApiError):
    """Any other 4xx: what was sent isn't what Make takes."""


class MakeUnavailableError(MakeApiError):
    """Make can't be reached, doesn't answer in time, or has a problem of its own (5xx)."""


class MakeAnswerError(MakeApiError):
    """An answer that isn't one of this API: no JSON, cut off, or of another shape."""


_BY_STATUS: Mapping[int, tuple[type[MakeApiError], str, str]] = {
    401: (MakeKeyError, "Make refused the key", "check MAKE_API_KEY; keys are made in the profile, under API"),
    403: (
        MakePermissionError,
        "Make denied access",
        "check the key's scopes, MAKE_TEAM_ID and MAKE_ZONE; the Free plan has no API",
    ),
    404: (MakeNotFoundError, "Make has no such thing", "it may have been deleted; look it up again"),
    406: (MakeConfirmationError, "Make wants a confirmation", "repeat it with confirmed=true"),
    409: (MakeConflictError, "Make can't do that in the present state", "look at its state in Make, then try again"),
    413: (MakeRequestError, "the answer or the request is too large for Make", "ask for less"),
    429: (MakeRateLimitError, "Make's limit of requests is used up", "wait a minute, or raise the organisation's plan"),
}
_CONFLICTS = re.compile(
    r"already (?:running|being executed)|not (?:running|activated)|being processed right now", re.IGNORECASE
)
_MODULE = re.compile(r"'([a-z][\w#-]*:\w+)'")
_VERSION = re.compile(r"version '(\d+)'")


def refused(status: int, body: JsonValue, where: str) -> MakeApiError:
    """The error for an answer with this status. `body` is its JSON, or None."""
    answer = body if isinstance(body, dict) else {}
    code, said = str(answer.get("code") or ""), _said(answer)
    kind: type[MakeApiError]
    if status == 400 and code.startswith("IM"):
        kind, what, hint = MakeBlueprintError, "Make refused the blueprint", "see the module's version and account"
    elif status == 400 and _CONFLICTS.search(said):
        kind, what, hint = _BY_STATUS[409]
    elif status >= 500:
        kind, what, hint = MakeUnavailableError, "Make has a problem of its own", "try again in a few minutes"
    else:
        unusual = (MakeRequestError, "Make refused the request", "see what Make says of it")
        kind, what, hint = _BY_STATUS.get(status, unusual)
    number = f"{status} {code}".strip()
    text = f"{what} ({number}): {said}" if said else f"{what} ({number})"
    return kind(text, where=where, hint=hint, status=status, code=code)


def _said(answer: Mapping[str, JsonValue]) -> str:
    """Make's own words: the detail or the message, and what is beneath it."""
    below = answer.get("suberrors")
    lines = [answer.get("detail") or answer.get("message")]
    lines += [one.get("message") for one in below if isinstance(one, dict)] if isinstance(below, list) else []
    return shorten(without_secrets("; ".join(line for line in lines if isinstance(line, str) and line)))


def placed(error: MakeBlueprintError, blueprint: Mapping[str, JsonValue]) -> MakeBlueprintError:
    """The same refusal with a finding for each module that Make's words are about."""
    name, version = _MODULE.search(error.what), _VERSION.search(error.what)
    findings = tuple(
        Finding(rule="make.api", severity="error", where=f"module {module.get('id')}", what=f"Make refused `{name[1]}`")
        for module in _modules(dict(blueprint))
        if name and module.get("module") == name[1] and (version is None or str(module.get("version")) == version[1])
    )
    return MakeBlueprintError(
        error.what, where=error.where, hint=error.hint, findings=findings, status=error.status, code=error.code
    )


def _modules(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    todo: list[JsonValue] = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("module"), str):
                yield item
            todo.extend(reversed([part for key, part in item.items() if key not in ("parameters", "mapper")]))
        elif isinstance(item, list):
            todo.extend(reversed(item))
