"""Telegram's Bot API: `/bot<token>/<method>`, with the answer in `result`."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, Wire, bytes_of, with_
from manageai_assets.testing.sandbox.wire import Json, Reply

_SENDS = "send_message call_send_message"


def _message(asked: Asked) -> JsonValue:
    item = asked.item or {"result": {"message_id": 1}}
    return {"ok": True, **item}


def _said(asked: Asked) -> Sequence[Json]:
    """Chat and text of a message; one without marks travels as HTML with its signs escaped."""
    fields = asked.incoming.fields
    found = {name: fields[place] for name, place in (("chat", "chat_id"), ("text", "text")) if place in fields}
    calls = [call.request for call in asked.calls if call.request.operation in _SENDS.split()]
    formats = {str(request.inputs.get("format", "plain")) for request in calls if request.app == "telegram"}
    if formats == {"plain"} and "text" in found:
        found["text"] = html.unescape(str(found["text"]))
    elif "plain" in formats:
        found.pop("text", None)  # it isn't known yet which of the calls it is
    return [found]


def _done(asked: Asked) -> JsonValue:
    return {"ok": True, "result": True, **asked.item}


def _administrators(asked: Asked) -> JsonValue:
    return {"ok": True, "result": [dict(bundle) for bundle in asked.bundles]}


def _file(asked: Asked) -> JsonValue:
    """Where the file is; its content is asked for afterwards."""
    asked.kept["file"] = asked.bundle.get("file")
    name = str(asked.bundle.get("file_name") or "file.txt")
    found = asked.item.get("result")
    return {"ok": True, "result": {"file_path": f"documents/{name}", **(found if isinstance(found, dict) else {})}}


def _content(asked: Asked) -> Reply:
    return Reply(200, bytes_of(asked.kept.get("file")))


def _failed(failure: Failure) -> JsonValue:
    return {"ok": False, "error_code": failure.status, "description": failure.message}


def _call(method: str, operations: str, wire: Wire = _done, **reads: str) -> Row:
    places = {name: f"body.{place}" for name, place in {"chat": "chat_id", **reads}.items()}
    return Row("*", rf"/bot[^/]*/{method}", operations, wire, places)


SERVICE = Service(
    app="telegram",
    hosts=("api.telegram.org",),
    failed=_failed,
    rows=(
        Row("*", r"/bot[^/]*/sendMessage", _SENDS, _message, split=_said),
        _call("sendPhoto", "send_photo", _message),
        _call("sendDocument", "send_document", _message),
        _call("sendAudio", "send_audio", _message),
        _call("sendVideo", "send_video", _message),
        _call("sendLocation", "send_location", _message, latitude="latitude", longitude="longitude"),
        _call("editMessageText", "edit_message", _message, message="message_id"),
        _call("deleteMessage", "delete_message call_delete_message", message="message_id"),
        Row(
            "*",
            r"/bot[^/]*/answerCallbackQuery",
            "answer_button call_answer_button",
            _done,
            {"query": "body.callback_query_id", "text": "body.text"},
        ),
        _call("sendChatAction", "send_action", action="action"),
        _call("pinChatMessage", "pin_message", message="message_id"),
        _call("unpinChatMessage", "unpin_message", message="message_id"),
        _call("leaveChat", "leave_chat"),
        _call("setChatTitle", "set_chat_title", title="title"),
        _call("setChatDescription", "set_chat_description", description="description"),
        _call("getChat", "get_chat", with_(ok=True)),
        _call("getChatMember", "get_chat_member", with_(ok=True), user="user_id"),
        _call("getChatAdministrators", "list_administrators", _administrators),
        Row("*", r"/bot[^/]*/getFile", "get_file", _file),
        Row("GET", r"/file/bot[^/]*/.*", "", _content),
    ),
)
