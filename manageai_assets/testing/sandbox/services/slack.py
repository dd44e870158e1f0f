"""Slack's Web API: every method is `/api/<name>`, and says `ok`."""

from __future__ import annotations

from pydantic import JsonValue

from manageai_assets.testing.models import Failure, FailureName
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, Wire, just, listed, under, with_
from manageai_assets.testing.sandbox.wire import Json, Reply

_OK: JsonValue = {"ok": True}
_ERRORS: dict[FailureName, str] = {
    "400": "invalid_arguments", "401": "invalid_auth", "403": "missing_scope", "404": "channel_not_found",
    "429": "ratelimited", "500": "internal_error",
}  # fmt: skip


def _message(asked: Asked) -> JsonValue:
    """What chat methods answer; the node has `ts` under another name."""
    item = asked.item
    ts = item.pop("message_timestamp", None) or asked.incoming.fields.get("ts") or "1767225600.000100"
    fields = asked.incoming.fields
    sent: Json = {name: fields[name] for name in ("channel", "text") if name in fields}
    return {"ok": True, **sent, "message": {"text": sent.get("text")}, **item, "ts": ts}


def _member_ids(asked: Asked) -> JsonValue:
    return {"ok": True, "members": [bundle.get("member") for bundle in asked.bundles]}


def _found(asked: Asked) -> JsonValue:
    matches: list[JsonValue] = [dict(item) for item in asked.items]
    return {"ok": True, "messages": {"matches": matches, "total": len(matches)}}


def _upload_place(asked: Asked) -> JsonValue:
    return {"ok": True, "upload_url": "https://files.slack.com/upload/v1/sandbox", "file_id": "F0SANDBOX"}


def _failed(failure: Failure) -> JsonValue:
    return {"ok": False, "error": _ERRORS.get(failure.name, "fatal_error"), "message": failure.message}


def _call(method: str, operations: str, wire: Wire, **reads: str) -> Row:
    return Row("*", rf"/api/{method}", operations, wire, {name: f"body.{place}" for name, place in reads.items()})


SERVICE = Service(
    app="slack",
    hosts=("slack.com", "files.slack.com"),
    failed=_failed,
    local={"upload_file": ("file_name",)},
    rows=(
        _call(
            "chat.postMessage",
            "send_message",
            _message,
            channel="channel",
            text="text",
            thread="thread_ts",
            username="username",
        ),
        _call("chat.update", "update_message", _message, channel="channel", ts="ts", text="text"),
        _call("chat.delete", "delete_message", _message, channel="channel", ts="ts"),
        _call("search.messages", "search_messages", _found),
        _call("conversations.replies", "get_message list_replies", listed("messages", ok=True, has_more=False)),
        _call("conversations.history", "list_messages watch_messages", listed("messages", ok=True, has_more=False)),
        _call("conversations.members", "list_members", _member_ids),
        _call("conversations.list", "list_channels", listed("channels", ok=True)),
        _call("conversations.create", "create_channel", under("channel", ok=True), name="name"),
        _call("conversations.info", "get_channel", under("channel", ok=True)),
        _call("conversations.join", "join_channel", under("channel", ok=True), channel="channel"),
        _call("conversations.rename", "rename_channel", under("channel", ok=True), channel="channel", name="name"),
        _call("conversations.invite", "invite_to_channel", under("channel", ok=True), channel="channel"),
        _call("conversations.setTopic", "set_topic", under("channel", ok=True), channel="channel", topic="topic"),
        _call(
            "conversations.setPurpose", "set_purpose", under("channel", ok=True), channel="channel", purpose="purpose"
        ),
        _call("conversations.archive", "archive_channel", just(_OK), channel="channel"),
        _call("conversations.unarchive", "unarchive_channel", just(_OK), channel="channel"),
        _call("conversations.leave", "leave_channel", just(_OK), channel="channel"),
        _call("conversations.kick", "remove_from_channel", just(_OK), channel="channel", user="user"),
        _call("users.info", "get_user", under("user", ok=True)),
        _call("users.lookupByEmail", "find_user", under("user", ok=True)),
        _call("users.list", "list_users", listed("members", ok=True)),
        _call("reactions.add", "add_reaction", just(_OK), channel="channel", ts="timestamp", emoji="name"),
        _call("reactions.remove", "remove_reaction", just(_OK), channel="channel", ts="timestamp", emoji="name"),
        _call("files.info", "get_file", under("file", ok=True)),
        _call("files.getUploadURLExternal", "", _upload_place),
        Row("*", r"/upload/v1/sandbox", "", lambda _: Reply(200, "OK")),
        _call("files.completeUploadExternal", "upload_file", listed("files", ok=True)),
        _call("reminders.add", "create_reminder", with_(ok=True), text="text"),
        _call("pins.add", "pin_message", just(_OK), channel="channel", ts="timestamp"),
        _call("auth.test", "", just(_OK)),
    ),
)
