"""What passwords, keys and tokens look like, to keep them out of specs, exports and reports."""

from __future__ import annotations

import re

from pydantic import JsonValue

REMOVED = "(secret removed)"

SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an OpenAI or Anthropic key", re.compile(r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}")),
    ("a Slack webhook address", re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[opsur]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a Stripe key", re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}")),
    ("an Airtable token", re.compile(r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{40,}")),
    ("a Telegram bot token", re.compile(r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b")),
    ("a HubSpot token", re.compile(r"\bpat-(?:na|eu)[0-9]-[0-9a-f-]{30,}")),
    ("a Notion token", re.compile(r"\b(?:secret_|ntn_)[A-Za-z0-9]{40,}")),
    ("a SendGrid key", re.compile(r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("a bearer token", re.compile(r"\b[Bb]earer\s+(?!\{\{)[A-Za-z0-9._~+/-]{16,}=*")),
    ("basic credentials", re.compile(r"\b[Bb]asic\s+(?!\{\{)[A-Za-z0-9+/]{16,}={0,2}(?![A-Za-z0-9])")),
    (
        "an address with a password in it",
        re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@{}]{1,100}:[^\s/:@{}]{1,100}@"),
    ),
)
"""Published shapes of the providers' credentials, each with what to call it."""

_NAME = re.compile(
    r"(?:^|[_.-])(?:password|passwd|pwd|secret|client_?secret|api_?key|x-api-key|apikey|access_?token|auth_?token|"
    r"bearer_?token|private_?key|authorization)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def secret_in(text: str) -> str | None:
    """What kind of credential the text holds, or None. Never the credential itself."""
    if len(text) < 12:
        return None
    return next((name for name, shape in SHAPES if shape.search(text)), None)


def is_secret_name(name: str) -> bool:
    """Whether a field of that name is made to hold a password, key or token."""
    return bool(_NAME.search(_CAMEL.sub("_", name[-60:]).lower()))


def without_secrets(text: str) -> str:
    """The text with what has the shape of a credential taken out."""
    for _, shape in SHAPES if len(text) >= 12 else ():
        text = shape.sub(REMOVED, text)
    return text


def cleaned(value: JsonValue) -> JsonValue:
    """A JSON value without credentials: neither what looks like one, nor what a field for one holds."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = next((value[key] for key in ("name", "key") if isinstance(value.get(key), str)), None)
    inside = isinstance(named, str) and is_secret_name(named)
    return {
        key: REMOVED if _is_fixed(item) and (is_secret_name(key) or (inside and key == "value")) else cleaned(item)
        for key, item in value.items()
    }


def _is_fixed(value: JsonValue) -> bool:
    return isinstance(value, str) and value != "" and "{{" not in value
