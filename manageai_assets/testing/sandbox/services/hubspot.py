"""HubSpot's API: contacts and deals of version 1 as n8n's node writes them, objects of version 3."""

from __future__ import annotations

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, just, listed, with_
from manageai_assets.testing.sandbox.wire import Json

_OBJECTS = r"/crm/v3/objects/(?P<object_type>[^/]+)"
_OBJECT = _OBJECTS + r"/(?P<record>[^/]+)"
_PLACE = {"object_type": "path.object_type", "record": "path.record"}


def _contact(asked: Asked) -> JsonValue:
    """The short answer to a change; the node then asks for the whole contact."""
    contact: Json = {"vid": 101, "isNew": True, **asked.item}
    asked.kept[str(contact["vid"])] = contact
    return {"vid": contact["vid"], "isNew": contact["isNew"]}


def _profile(asked: Asked) -> JsonValue:
    return asked.kept.get(asked.groups["vid"]) or {"vid": asked.groups["vid"]}


def _found(asked: Asked) -> JsonValue:
    return {"total": len(asked.items), "results": [dict(item) for item in asked.items]}


def _object(asked: Asked) -> JsonValue:
    """An object; without an answer of its own it holds what was sent."""
    times: Json = dict.fromkeys(("createdAt", "updatedAt"), "2026-01-01T00:00:00.000Z")
    known: Json = {"id": asked.groups.get("record") or "501", "archived": False, **times}
    made = {**known, "properties": asked.incoming.fields.get("properties") or {}, **asked.item}
    associations = made.get("associations")
    if isinstance(associations, dict):
        made["associations"] = {kind: {"results": found} for kind, found in associations.items()}
    return made


def _failed(failure: Failure) -> JsonValue:
    return {"status": "error", "message": failure.message, "category": "SANDBOX"}


SERVICE = Service(
    app="hubspot",
    hosts=("api.hubapi.com",),
    failed=_failed,
    rows=(
        Row(
            "POST", "/contacts/v1/contact/createOrUpdate/email/(?P<email>[^/]+)",
            "create_contact update_contact upsert_contact", _contact, {"email": "path.email"},
        ),
        Row("GET", r"/contacts/v1/contact/vid/(?P<vid>[^/]+)/profile", "", _profile),
        Row("POST", "/deals/v1/deal", "create_deal", with_(dealId=201)),
        Row("PUT", "/deals/v1/deal/(?P<deal>[^/]+)", "update_deal", with_(dealId=201), {"deal": "path.deal"}),
        Row("POST", "/crm/v3/objects/contacts/search", "get_contact search_contacts search_objects", _found),
        Row("POST", "/crm/v3/objects/deals/search", "get_deal search_deals search_objects", _found),
        Row("POST", _OBJECTS + "/search", "search_objects watch_objects", _found),
        Row(
            "POST", _OBJECTS, "create_object", _object,
            {"object_type": "path.object_type", "properties": "body.properties"},
        ),
        Row("PATCH", _OBJECT, "update_object", _object, {**_PLACE, "properties": "body.properties"}),
        Row("GET", _OBJECT, "get_object list_associations", _object, _PLACE),
        Row("DELETE", _OBJECT, "delete_object", just({}), _PLACE),
        Row(
            "PUT", r"/crm/v4/objects/(?P<object_type>[^/]+)/(?P<record>[^/]+)/associations/default/"
            r"(?P<to_type>[^/]+)/(?P<to_record>[^/]+)", "create_association", with_(status="COMPLETE"),
            {**_PLACE, "to_type": "path.to_type", "to_record": "path.to_record"},
        ),
        Row("POST", "/engagements/v1/engagements", "create_engagement", with_(engagement={"id": 301})),
        Row("GET", r"/(?:crm/v3/)?(?:properties|pipelines)/.*", "", listed("results")),
    ),
)  # fmt: skip
