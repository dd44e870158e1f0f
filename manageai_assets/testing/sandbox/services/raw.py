"""Calls that say the whole HTTP request themselves, such as those of the app `http`: any address, any answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue

from compilers.registry import Operation, registry
from manageai_assets.testing.models import Failure, Request
from manageai_assets.testing.sandbox.services.base import bytes_of
from manageai_assets.testing.sandbox.wire import Incoming, Json, Reply

_STATUS = re.compile("[2-5][0-9][0-9]")
_LENGTHS = frozenset(("content-length", "content-encoding", "transfer-encoding", "connection"))


def is_raw(request: Request) -> bool:
    """Whether a call's bundle is an HTTP answer."""
    operation = registry().find(request.app, request.operation)
    return operation is not None and "url" in operation.inputs and (_says_url(operation))


def _says_url(operation: Operation) -> bool:
    urls = [node.parameters.get("url") for node in operation.n8n_nodes]
    return any(url == "$url" or (isinstance(url, dict) and "${url}" in str(url.get("$js", ""))) for url in urls)


def address(url: str) -> str:
    """An address as HTTP clients send it: a backslash in it is a slash, and what begins with # stays behind."""
    place, mark, query = url.strip().partition("#")[0].partition("?")
    return place.replace("\\", "/") + mark + query


def concerns(request: Request, incoming: Incoming) -> bool:
    """Whether a request goes to the address of a call: host and path of a whole one, the path's end of a short one."""
    url = urlsplit(address(str(request.inputs.get("url") or "")))
    path = [part for part in unquote(url.path).split("/") if part]
    sent = [part for segment in incoming.segments for part in segment.split("/") if part]
    if url.hostname:
        return url.hostname.lower() == incoming.host and path == sent
    return bool(path) and sent[-len(path) :] == path


def reply(bundle: Mapping[str, JsonValue]) -> Reply:
    """The answer that a bundle of such a call describes."""
    status = str(bundle.get("status") or bundle.get("statusCode"))
    number = int(status) if _STATUS.fullmatch(status) else 200
    headers = _headers(bundle.get("headers"))
    if bundle.get("file") is not None:
        return Reply(number, bytes_of(bundle["file"]), headers)
    given = (bundle.get(name) for name in ("body", "data", "text"))
    body = next((one for one in given if one is not None), {})
    if isinstance(body, str) and body[:1] in ("{", "["):
        return Reply(number, body, {"content-type": "application/json", **headers})
    return Reply(number, body, headers)


def _headers(given: JsonValue) -> dict[str, str]:
    pairs: Json = {}
    if isinstance(given, dict):
        pairs = given
    elif isinstance(given, list):
        pairs = {str(one.get("name")): one.get("value") for one in given if isinstance(one, dict)}
    return {name: str(value) for name, value in pairs.items() if name.lower() not in _LENGTHS and value is not None}


def failed(failure: Failure) -> JsonValue:
    """The body of an error of nobody in particular."""
    return {"error": {"code": failure.status, "message": failure.message}, "message": failure.message}
