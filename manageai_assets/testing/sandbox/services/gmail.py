"""Gmail's API: mails travel as MIME in `raw`, and a search gives ids, whose mails are then asked for one by one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default
from email.utils import format_datetime, formataddr, getaddresses

from pydantic import JsonValue

from compilers.expressions.values import iso_moment
from manageai_assets.testing.models import Failure
from manageai_assets.testing.sandbox.services.base import Asked, Row, Service, bytes_of, listed, with_
from manageai_assets.testing.sandbox.wire import Json, Reply

_USER = "/gmail/v1/users/[^/]+"
_MESSAGE = _USER + "/messages/(?P<message>[^/]+)"
_MODIFIES = "mark_read mark_unread update_labels move_email"


def _sent(asked: Asked) -> JsonValue:
    return {"id": "sandbox-message", "threadId": "sandbox-thread", "labelIds": ["SENT"], **asked.item}


def _draft(asked: Asked) -> JsonValue:
    """A draft; one that is sent afterwards is answered then."""
    if asked.operation in ("send_email", "reply"):
        asked.kept["draft"] = _sent(asked)
        return {"id": "sandbox-draft", "message": {"id": "sandbox-message", "threadId": "sandbox-thread"}}
    return {"id": "sandbox-draft", "message": {"id": "sandbox-message"}, **asked.item}


def _draft_sent(asked: Asked) -> JsonValue:
    return asked.kept.pop("draft", None) or _sent(asked)


def _found(asked: Asked) -> JsonValue:
    """Only the ids, as Gmail does; the mails are remembered."""
    messages: list[JsonValue] = []
    for index, bundle in enumerate(asked.bundles):
        number = str(bundle.get("id") or f"sandbox-{index}")
        asked.kept[number] = {**bundle, "id": number}
        messages.append({"id": number, "threadId": bundle.get("thread_id") or number})
    return {"messages": messages, "resultSizeEstimate": len(messages)}


def _mail(asked: Asked) -> JsonValue:
    """One mail, whole, with headers as the format asks."""
    number = asked.groups["message"]
    kept = asked.kept.get(number)
    bundle = asked.bundle or (kept if isinstance(kept, dict) else {})
    mail = _mime(bundle)
    if asked.operation == "list_attachments":
        for one in asked.bundles:
            content = bytes_of(one.get("data"))
            mail.add_attachment(content, "application", "octet-stream", filename=str(one.get("file_name") or "file"))
    headers: list[JsonValue] = [{"name": name, "value": str(value)} for name, value in mail.items()]
    made: Json = {
        "id": bundle.get("id") or number,
        "threadId": bundle.get("thread_id") or number,
        "labelIds": bundle.get("label_ids") or ["INBOX"],
        "snippet": bundle.get("snippet") or "",
        "sizeEstimate": bundle.get("size") or len(bytes(mail)),
        "payload": {"mimeType": "text/plain", "headers": headers},
    }
    if asked.incoming.query.get("format") == "raw":
        made["raw"] = base64.urlsafe_b64encode(mail.as_bytes(policy=SMTP)).decode("ascii")
    return made


def _mime(bundle: Mapping[str, JsonValue]) -> EmailMessage:
    mail = EmailMessage()
    said = {
        name: str(bundle.get(name) or "") for name in ("subject", "from_name", "from_email", "text", "html", "date")
    }
    mail["Subject"] = " ".join(said["subject"].split())
    mail["From"] = formataddr((said["from_name"], said["from_email"] or "sender@mail.example"))
    for name in ("to", "cc", "bcc"):
        if addresses := _addresses(bundle.get(name)):
            mail[name.capitalize()] = addresses
    for header, name in (("Message-ID", "message_header"), ("In-Reply-To", "in_reply_to"), ("Reply-To", "reply_to")):
        if value := bundle.get(name):
            mail[header] = str(value)
    if "Message-ID" not in mail:
        mail["Message-ID"] = f"<{bundle.get('id') or 'sandbox'}@mail.example>"
    if moment := iso_moment(said["date"]):
        mail["Date"] = format_datetime(moment)
    # Base64 keeps a text as it is, without the line end that others put behind it
    mail.set_content(said["text"].encode("utf-8"), "text", "plain", params={"charset": "utf-8"})
    if said["html"]:
        mail.make_alternative()
        mail.add_alternative(said["html"].encode("utf-8"), "text", "html", params={"charset": "utf-8"})
    return mail


def _addresses(value: JsonValue) -> str:
    people = value if isinstance(value, list) else [value] if value else []
    pairs = [
        (str(one.get("name") or ""), str(one.get("email") or one.get("address") or ""))
        if isinstance(one, dict)
        else ("", str(one))
        for one in people
    ]
    return ", ".join(formataddr(pair) for pair in pairs if pair[1])


def _letter(asked: Asked) -> Sequence[Json]:
    """What a mail that is sent says, as far as it can be told exactly."""
    fields = asked.incoming.fields
    message = fields.get("message") if isinstance(fields.get("message"), dict) else fields
    raw = message.get("raw") if isinstance(message, dict) else None
    if not isinstance(raw, str):
        return [{}]
    try:
        mail = BytesParser(policy=default).parsebytes(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (binascii.Error, ValueError):
        return [{}]
    # an answer's subject and receiver come from the mail that it answers
    answers = mail["In-Reply-To"] and asked.incoming.segments[-1] == "send"
    own = () if answers else (("to", "To"),)
    made: Json = {"subject": str(mail["Subject"] or "")} if own else {}
    for name, header in (*own, ("cc", "Cc"), ("bcc", "Bcc"), ("from", "From"), ("reply_to", "Reply-To")):
        addresses = [address for _, address in getaddresses(mail.get_all(header, []))]
        if addresses:
            made[name] = ", ".join(addresses)
    part = mail.get_body(("html", "plain")) if isinstance(mail, EmailMessage) else None
    made["body"] = str(part.get_content()).rstrip("\r\n") if part else ""
    if part:
        made["format"] = "html" if part.get_content_subtype() == "html" else "text"
    return [made]


def _thread(asked: Asked) -> JsonValue:
    """A conversation of one mail."""
    return {"id": asked.groups["message"], "messages": [_mail(asked)]}


def _found_before(asked: Asked) -> bool:
    """Whether a search found the mail, which then marks it as read."""
    return asked.groups["message"] in asked.kept and not asked.awaits(*_MODIFIES.split())


def _read_of_its_own(asked: Asked) -> bool:
    """Whether the mail is asked for itself, and not to answer it or because a search found it."""
    wanted = asked.groups["message"]
    return wanted not in asked.kept and any(
        call.request.operation in ("get_email", "list_attachments") and call.request.inputs.get("message") == wanted
        for call in asked.waiting
    )


def _failed(failure: Failure) -> JsonValue:
    return {"error": {"code": failure.status, "message": failure.message, "errors": [], "status": "SANDBOX"}}


_ONE = {"message": "path.message"}

SERVICE = Service(
    app="gmail",
    hosts=("gmail.googleapis.com", "www.googleapis.com/gmail/"),
    failed=_failed,
    rows=(
        Row("GET", _USER + "/profile", "", lambda _: {"emailAddress": "owner@mail.example"}),
        Row("GET", _USER + "/labels", "list_labels", listed("labels"), when=lambda asked: asked.awaits("list_labels")),
        Row("GET", _USER + "/labels", "", listed("labels")),
        Row("POST", _USER + "/labels", "create_label", with_(id="Label_1", type="user"), {"name": "body.name"}),
        Row("POST", _USER + "/messages/send", "send_email reply", _sent, split=_letter),
        Row("POST", _USER + "/drafts", "create_draft send_email reply", _draft, split=_letter),
        Row(
            "POST", _USER + "/drafts/send", "send_draft", _sent, {"draft": "body.id"},
            when=lambda asked: "draft" not in asked.kept,
        ),
        Row("POST", _USER + "/drafts/send", "", _draft_sent),
        Row("GET", _USER + "/messages", "search_emails watch_emails", _found),
        Row("GET", _MESSAGE, "get_email list_attachments", _mail, _ONE, when=_read_of_its_own),
        Row("GET", _MESSAGE, "", _mail),
        Row("GET", _USER + "/threads/(?P<message>[^/]+)", "", _thread),
        Row("POST", _MESSAGE + "/modify", "", _mail, when=_found_before),
        Row("POST", _MESSAGE + "/modify", _MODIFIES, with_(id="sandbox-message"), _ONE),
        Row("POST", _MESSAGE + "/trash", "delete_email trash_email", with_(id="sandbox-message"), _ONE),
        Row("DELETE", _MESSAGE, "delete_email", lambda _: Reply(204, b""), _ONE),
    ),
)  # fmt: skip
