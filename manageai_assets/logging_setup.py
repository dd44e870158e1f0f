"""Logging: one line for each message, as `key=value` pairs, and never a secret in it."""

from __future__ import annotations

import logging
import re
import sys

SECRET = re.compile(
    r"(?P<name>(?:api[_-]?key|token|secret|password|passwd|authorization)['\"]?\s*[=:]\s*['\"]?(?:bearer\s+|basic\s+)?)[^\s'\",;&]+"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|\bsk-[A-Za-z0-9_-]{8,}"
    r"|(?P<hook>https://hooks\.slack\.com/services/)\S+",
    re.IGNORECASE,
)
HIDDEN = "***"


def without_secrets(text: str) -> str:
    """`text` with what looks like a key, a password or a URL that holds one made unreadable."""

    def hide(match: re.Match[str]) -> str:
        return next((match[name] for name in ("name", "url", "hook") if match[name]), "") + HIDDEN

    return SECRET.sub(hide, text)


class KeyValueFormatter(logging.Formatter):
    """`time=... level=... logger=... message="..."`, with line breaks escaped and secrets hidden."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line; a traceback follows in the same line's `error`."""
        pairs = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            pairs["error"] = self.formatException(record.exc_info)
        return " ".join(f"{key}={_value(without_secrets(value))}" for key, value in pairs.items())


def _value(text: str) -> str:
    plain = text.isprintable() and text and not any(character in text for character in ' "=')
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return text if plain else f'"{escaped}"'


def key_value_logger(name: str, level: int = logging.INFO) -> logging.Logger:
    """A new logger of its own that writes to standard error."""
    made = logging.Logger(name, level)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    made.addHandler(handler)
    return made
