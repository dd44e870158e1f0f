"""Why a run failed, as one of a few causes that call for different repairs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from manageai_assets.monitoring.models import Execution, ExecutionError

Cause = Literal["credentials", "rate_limit", "plan_limit", "unavailable", "timeout", "data", "other"]
"""credentials: the account is refused; rate_limit: the app wants fewer calls; plan_limit: the platform's plan is used
up; unavailable: the app is down; timeout: it is too slow; data: it doesn't take what it is given."""

BY_TYPE: Mapping[str, Cause] = MappingProxyType({
    "AccountValidationError": "credentials", "InvalidAccessTokenError": "credentials",
    "RateLimitError": "rate_limit",
    "OperationsLimitExceededError": "plan_limit", "DataSizeLimitExceededError": "plan_limit",
    "ConnectionError": "unavailable",
    "ModuleTimeoutError": "timeout", "ScenarioTimeout": "timeout", "TimeoutExecutionCancelledError": "timeout",
    "BundleValidationError": "data", "DataError": "data", "DuplicateDataError": "data", "IncompleteDataError": "data",
})  # fmt: skip
"""What Make and n8n call errors that tell their cause by themselves."""

BY_STATUS: Mapping[int, Cause] = MappingProxyType({
    400: "data", 401: "credentials", 403: "credentials", 404: "data", 408: "timeout", 409: "data", 422: "data",
    429: "rate_limit", 504: "timeout",
})  # fmt: skip

_WORDS: tuple[tuple[Cause, str], ...] = (
    ("rate_limit", r"\b429\b|too many requests|rate.?limit|quota (?:was |has been )?exceeded"),
    (
        "credentials",
        r"\b40[13]\b|unauthori[sz]ed|forbidden|invalid_grant|(?:token|api key|credentials?|password|login)\W+"
        r"(?:\w+\W+){0,3}(?:expired|revoked|invalid|missing|not valid)|"
        r"invalid (?:access token|api key|credentials|token)|authori[sz]ation failed|authentication failed|"
        r"credentials? with id .{1,100} does not exist|credentials could not be decrypted",
    ),
    ("timeout", r"timed? ?out|ETIMEDOUT|ESOCKETTIMEDOUT|deadline exceeded"),
    ("unavailable", r"\b50[0-9]\b|ECONN|ENOTFOUND|EAI_AGAIN|unavailable|bad gateway|socket hang up|internal error"),
    ("data", r"\b4(?:00|04|09|22)\b|bad request|validation|required (?:field|parameter)|not found"),
)

BY_WORDS = tuple((cause, re.compile(pattern, re.IGNORECASE)) for cause, pattern in _WORDS)
"""What messages say, tried in this order, where neither type nor status tells."""


def cause_of(error: ExecutionError | None) -> Cause:
    """The cause of an error, by its status, its type, or else its words."""
    if error is None:
        return "other"
    if error.status is not None:
        return BY_STATUS.get(error.status) or ("unavailable" if error.status >= 500 else "other")
    if error.type in BY_TYPE:
        return BY_TYPE[error.type]
    return next((cause for cause, words in BY_WORDS if words.search(error.message)), "other")


def failed_for(runs: Sequence[Execution], *causes: Cause) -> tuple[Execution, ...]:
    """Those of the runs that failed for one of these causes."""
    return tuple(run for run in runs if run.outcome == "error" and cause_of(run.error) in causes)
