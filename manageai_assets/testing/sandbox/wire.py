"""HTTP as values: a request with its body decoded, and an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import JsonValue

Json = dict[str, JsonValue]
_OWN_HEADERS = frozenset(
    ("host", "connection", "content-length", "accept-encoding", "user-agent", "accept", "x-sandbox-url",
     "transfer-encoding", "proxy-connection")
)  # fmt: skip
_SECRET = ("authorization", "cookie", "api-key", "apikey", "token", "secret", "password")


def is_recorded(header: str) -> bool:
    """Whether a header of that name says something, and no secret."""
    name = header.lower()
    return name not in _OWN_HEADERS and not any(word in name for word in _SECRET)


@dataclass(frozen=True)
class Incoming:
    """A request as it was meant for its host."""

    method: str
    address: str
    raw_headers: Mapping[str, str]
    content: bytes

    @cached_property
    def host(self) -> str:
        """The host that it was meant for, lower case."""
        return (urlsplit(self.address).hostname or "").lower()

    @cached_property
    def raw_path(self) -> str:
        """The path as sent."""
        return urlsplit(self.address).path or "/"

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, each decoded."""
        return tuple(unquote(part) for part in self.raw_path.split("/") if part)

    @cached_property
    def url(self) -> str:
        """The address without its query."""
        return self.address.split("?", 1)[0].split("#", 1)[0]

    @cached_property
    def query(self) -> Json:
        """The query's values by name."""
        return grouped(parse_qsl(urlsplit(self.address).query, keep_blank_values=True))

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers that say something, lower case, without those that hold secrets."""
        lower = {name.lower(): value for name, value in self.raw_headers.items()}
        return {name: value for name, value in lower.items() if is_recorded(name)}

    @cached_property
    def body(self) -> JsonValue:
        """The body: JSON, the fields of a form, text, or bytes in Base64; None when there is none."""
        if not self.content:
            return None
        kind = next((value for name, value in self.raw_headers.items() if name.lower() == "content-type"), "")
        if kind.startswith("multipart/"):
            return _parts(kind, self.content)
        if "x-www-form-urlencoded" in kind:
            form = self.content.decode("utf-8", "replace")
            return _plain(self.content) if form[:1] in ("{", "[") else grouped(parse_qsl(form, keep_blank_values=True))
        if kind.startswith("text/"):
            return _text(self.content)
        return _plain(self.content)

    @property
    def fields(self) -> Json:
        """The body where it is an object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}


def grouped(pairs: list[tuple[str, str]]) -> Json:
    """The values by name; a name that stands there several times has a list."""
    found: Json = {}
    for name, value in pairs:
        before = found.get(name)
        if isinstance(before, list):
            before.append(value)
        else:
            found[name] = [before, value] if name in found else value
    return found


def _plain(content: bytes) -> JsonValue:
    text = _text(content)
    if not isinstance(text, str):
        return text
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return text
    return found


def _parts(kind: str, content: bytes) -> JsonValue:
    message = message_from_bytes(b"content-type: " + kind.encode("latin-1") + b"\r\n\r\n" + content, policy=HTTP)
    found: Json = {}
    for index, part in enumerate(message.iter_parts()):
        name = str(part.get_param("name", f"part{index}", header="content-disposition"))
        payload = part.get_payload(decode=True)
        file_name = part.get_filename()
        held = payload if isinstance(payload, bytes) else b""
        value: JsonValue = held.decode("utf-8", "replace")
        if file_name is not None:
            value = {"file_name": file_name, "type": part.get_content_type(), "data": _text(held)}
        before = found.get(name)
        found[name] = [*(before if isinstance(before, list) else [before]), value] if name in found else value
    return found


def _text(content: bytes) -> JsonValue:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


@dataclass(frozen=True)
class Reply:
    """An answer; a dropped one is never sent, and the connection closed."""

    status: int = 200
    body: JsonValue | bytes = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False

    def content(self) -> tuple[bytes, str]:
        """The body's bytes and their type."""
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode("utf-8"), "text/plain; charset=utf-8"
        return json.dumps(self.body, ensure_ascii=False).encode("utf-8"), "application/json; charset=utf-8"
