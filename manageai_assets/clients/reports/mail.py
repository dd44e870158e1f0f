"""The mail that brings a report: wanted through the outbox, or left as a draft that a person looks at and sends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from email.policy import SMTP
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert

from compilers.errors import UserError
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.intake.models import slug_of
from manageai_assets.monitoring.alerts.email import address_of, to_message
from manageai_assets.monitoring.alerts.notice import File, Notice
from manageai_assets.store.monitoring_tables import Alert

if TYPE_CHECKING:
    from sqlalchemy import Connection


def wanted_mail(
    connection: Connection, words: Wording, files: Mapping[str, str], receivers: Sequence[str], now: dt.datetime
) -> None:
    """Writes the mail into the outbox, once for each revision. `files` are where the documents are."""
    notice = notice_of(words, receivers).model_copy(
        update={"files": tuple(File(name=_file_name(words, name), url=url) for name, url in files.items())}
    )
    mail = insert(Alert).values(
        idempotency_key=f"{key_of(words)}:email",
        channel="email",
        payload=notice.model_dump(mode="json"),
        next_try_at=now,
        created_at=now,
    )
    connection.execute(mail.on_conflict_do_nothing(index_elements=["idempotency_key"]))


def draft_of(words: Wording, documents: Mapping[str, bytes], receivers: Sequence[str]) -> bytes:
    """The mail as a file that mail programs open as a draft."""
    contact = words.brand.agency.contact
    attached = {_file_name(words, name): data for name, data in documents.items()}
    message = to_message(notice_of(words, receivers), contact.email, _usable(receivers), key_of(words), attached)
    del message["Auto-Submitted"]
    message["X-Unsent"] = "1"
    return message.as_bytes(policy=SMTP)


def notice_of(words: Wording, receivers: Sequence[str]) -> Notice:
    """What the mail says: the month in short, and what changed."""
    say, agency = words.say, words.brand.agency
    values = {"title": say("report.t.title"), "month": words.month, "client": words.report.client}
    revised = words.revision.number > 1
    title = (
        say("report.mail.revised", n=words.revision.number, **values)
        if revised
        else say("report.mail.subject", **values)
    )
    changes = [words.changes_lead(), *(f"- {line}" for line in words.changes())] if revised else []
    return Notice(
        occasion="report",
        severity="low",
        title=title,
        what="\n".join([*words.summary(), *changes, say("report.mail.what", month=words.month)]),
        footer=say("report.mail.footer", name=agency.contact.name, agency=agency.legal_name),
        to=_usable(receivers),
        reply_to=agency.contact.email,
    )


def key_of(words: Wording) -> str:
    """What names the mail of a revision, once and for all."""
    return f"report:{words.report.client}:{words.report.month:%Y-%m}:{words.revision.number}"


def _file_name(words: Wording, name: str) -> str:
    """What the receiver sees: client, month and ending, in letters that every system takes."""
    return f"{slug_of(words.report.client)[:40]}-{words.report.month:%Y-%m}.{name.rpartition('.')[2]}"


def _usable(receivers: Sequence[str]) -> tuple[str, ...]:
    """Those that are addresses: what a person typed as a contact may hold an @ and be none."""
    found: list[str] = []
    for one in receivers:
        try:
            found.append(address_of(one))
        except UserError:
            continue
    return tuple(found)
