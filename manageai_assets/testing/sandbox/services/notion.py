"""Notion's API, version 1."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service
from manageai_assets.testing.sandbox.wire import Json

_CREATES = "create_database_item create_page_in_database create_subpage"
_PROPERTIES = ("fields", "properties")


def _type_of(value: JsonValue) -> str:
    """The property type that a value can be of."""
    if isinstance(value, bool):
        return "checkbox"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, list):
        return "rich_text"
    if isinstance(value, dict):
        return "date" if "start" in value else "select"
    return "url"


def _property(name: str, value: JsonValue) -> JsonValue:
    kind = _type_of(value)
    return {"id": name, "type": kind, kind: value}


def _page(asked: Asked, item: Mapping[str, JsonValue] | None = None) -> Json:
    """A page: a property's value is what Notion holds under the property's type."""
    page = dict(asked.item if item is None else item)
    values = page.pop("properties_value", None)
    number = asked.groups.get("page") or "5a0d0000-0000-4000-8000-000000000001"
    properties = {name: _property(name, value) for name, value in values.items()} if isinstance(values, dict) else {}
    times: Json = dict.fromkeys(("created_time", "last_edited_time"), "2026-01-01T00:00:00.000Z")
    address = f"https://www.notion.so/{number.replace('-', '')}"
    known: Json = {"object": "page", "id": number, "archived": False, "in_trash": False, "url": address, **times}
    return {**known, "properties": properties, **page}


def _pages(asked: Asked) -> JsonValue:
    results: list[JsonValue] = [_page(asked, item) for item in asked.items]
    return {"object": "list", "results": results, "has_more": False, "next_cursor": None}


def _blocks(asked: Asked) -> JsonValue:
    sent = asked.incoming.fields.get("children")
    blocks: list[JsonValue] = sent if isinstance(sent, list) else []
    made: list[JsonValue] = [{"object": "block", **block} for block in blocks if isinstance(block, dict)]
    return {"object": "list", "results": made, "has_more": False, "next_cursor": None, **asked.item}


def _schema(asked: Asked) -> JsonValue:
    """A data source or database, with the properties that calls of this run name: of the types of their values."""
    properties: Json = {}
    for call in asked.calls:
        for name in _PROPERTIES:
            values = call.request.inputs.get(name)
            for key, value in values.items() if isinstance(values, dict) else ():
                properties[key] = _described(key, value)
    titles = [name for name, one in properties.items() if isinstance(one, dict) and one["type"] == "title"]
    if not titles:
        properties["Name"] = {"id": "title", "name": "Name", "type": "title", "title": {}}
    source: JsonValue = {"id": asked.groups["id"], "name": "Sandbox"}
    return {"object": "database", "id": asked.groups["id"], "properties": properties, "data_sources": [source]}


def _described(key: str, value: JsonValue) -> JsonValue:
    given = value.get("type") if isinstance(value, dict) else None
    plain = "rich_text" if isinstance(value, str) or value is None else _type_of(value)
    kind = "title" if key == "title" else str(given or plain)
    return {"id": key, "name": key, "type": kind, kind: {}}


def _failed(failure: Failure) -> JsonValue:
    code = {"401": "unauthorized", "403": "restricted_resource", "404": "object_not_found", "429": "rate_limited"}
    name = code.get(failure.name, "validation_error")
    return {"object": "error", "status": failure.status, "code": name, "message": failure.message}


SERVICE = Service(
    app="notion",
    hosts=("api.notion.com",),
    failed=_failed,
    rows=(
        Row("GET", "/v1/(?:data_sources|databases)/(?P<id>[^/]+)", "", _schema),
        Row("POST", "/v1/pages", _CREATES, _page),
        Row("PATCH", "/v1/pages/(?P<page>[^/]+)", "update_database_item", _page, {"item": "path.page"}),
        Row(
            "GET", "/v1/pages/(?P<page>[^/]+)", "get_page", _page, {"page": "path.page"},
            when=lambda asked: asked.awaits("get_page"),
        ),
        Row("GET", "/v1/pages/(?P<id>[^/]+)", "", _schema),
        Row(
            "PATCH", "/v1/blocks/(?P<page>[^/]+)/children", "append_text append_blocks", _blocks,
            {"page": "path.page"},
        ),
        Row(
            "POST", "/v1/data_sources/(?P<id>[^/]+)/query", "search_database_items", _pages,
            {"data_source": "path.id"},
        ),
        Row(
            "POST", "/v1/databases/(?P<id>[^/]+)/query", "search_database watch_database", _pages,
            {"database": "path.id"},
        ),
        Row("POST", "/v1/search", "", _pages),
    ),
)  # fmt: skip
