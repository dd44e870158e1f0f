"""Airtable's Web API, version 0."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, at, listed
from manageai_assets.testing.sandbox.wire import Json

_TABLE = r"/v0/(?P<base>app[^/]*|[^/]+)/(?P<table>[^/]+)"
_RECORD = _TABLE + r"/(?P<record>[^/]+)"
_CREATED = "2026-01-01T00:00:00.000Z"


def _record(asked: Asked) -> Json:
    """A record; without an answer of its own it is what was sent."""
    sent = at(asked.incoming.body, "records.0.fields") or asked.incoming.fields.get("fields") or {}
    number = asked.groups.get("record") or at(asked.incoming.body, "records.0.id") or "rec0000000SANDBOX"
    return {"id": number, "createdTime": _CREATED, "fields": sent, **asked.item}


def _records(asked: Asked) -> JsonValue:
    return {"records": [_record(asked)]}


def _deleted(asked: Asked) -> JsonValue:
    return {"id": asked.groups["record"], "deleted": True, **asked.item}


def _update(asked: Asked) -> Sequence[Json]:
    """One update for each record of the request."""
    records = asked.incoming.fields.get("records")
    place: Json = {"base": asked.groups["base"], "table": asked.groups["table"]}
    return [
        {**place, "record": record.get("id"), "fields": record.get("fields")}
        for record in (records if isinstance(records, list) else [])
        if isinstance(record, dict)
    ]


def _failed(failure: Failure) -> JsonValue:
    kind = {"401": "AUTHENTICATION_REQUIRED", "403": "INVALID_PERMISSIONS", "404": "NOT_FOUND"}.get(failure.name)
    return {"error": {"type": kind or "INVALID_REQUEST_UNKNOWN", "message": failure.message}}


_PLACE = {"base": "path.base", "table": "path.table"}
_ONE = {**_PLACE, "record": "path.record"}

SERVICE = Service(
    app="airtable",
    hosts=("api.airtable.com",),
    failed=_failed,
    rows=(
        Row("GET", r"/v0/meta/.*", "", lambda _: {"tables": [], "bases": []}),
        Row("POST", _TABLE + "/listRecords", "search_records", listed("records"), _PLACE),
        Row("POST", _TABLE, "create_record upsert_record", _record, {**_PLACE, "fields": "body.fields"}),
        Row("PATCH", _TABLE, "update_record", _records, split=_update),
        Row("PATCH", _RECORD, "update_record upsert_record", _record, {**_ONE, "fields": "body.fields"}),
        Row("GET", _TABLE, "search_records watch_records", listed("records"), _PLACE),
        Row("GET", _RECORD, "get_record", _record, _ONE),
        Row("DELETE", _RECORD, "delete_record", _deleted, _ONE),
    ),
)
