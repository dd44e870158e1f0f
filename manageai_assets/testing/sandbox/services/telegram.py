"""Telegram's Bot API: `/bot<token>/<method>`, with the answer in `result`."""

from __future__ import annotations

from pydantic import JsonValue

from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, Wire, bytes_of, with_
from manageai_assets.testing.sandbox.wire import Reply


def _message(asked: Asked) -> JsonValue:
    item = asked.item or {"result": {"message_id": 1}}
    return {"ok": True, **item}


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
        _call("sendMessage", "send_message call_send_message", _message),
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
