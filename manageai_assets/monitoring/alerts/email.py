"""E-mail: a notice as a message, plain and HTML, and sending it by SMTP."""

from __future__ import annotations

import hashlib
import mimetypes
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from html import escape

from pydantic import SecretStr

from compilers.errors import UserError
from manageai_assets.monitoring.alerts.notice import Notice
from manageai_assets.monitoring.alerts.sending import NotNowError, NotWantedError

TIMEOUT_SECONDS = 20.0
SUBJECT_AT_MOST = 200
PERMANENT = 500
"""SMTP replies from 500 on say that another try is no use."""

COLOURS = {"critical": "#c0392b", "high": "#d35400", "medium": "#b7950b", "low": "#7f8c8d", "resolved": "#1e8449"}


@dataclass(frozen=True)
class Mailbox:
    """The server, and from whom to whom. Without a user nobody signs in; STARTTLS is used wherever it is offered, and
    signing in without it is refused but on this machine."""

    host: str
    port: int
    sender: str
    receivers: tuple[str, ...]
    user: str = ""
    password: SecretStr | None = None
    timeout: float = TIMEOUT_SECONDS

    def send(self, notice: Notice, key: str) -> None:
        """Sends a notice. Raises `NotNowError` when it is to be tried again, `NotWantedError` when that is no use."""
        receivers = (notice.to or self.receivers) if notice.occasion == "report" else (*self.receivers, *notice.to)
        message = to_message(notice, self.sender, receivers, key, _attached(notice))
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.timeout) as server:
                self._prepare(server)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            worst = max((code for code, _ in error.recipients.values()), default=0)
            raise _failed("no receiver is taken", worst) from None
        except smtplib.SMTPResponseException as error:
            raise _failed(f"the server answers {error.smtp_code}", error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotNowError(f"the mail server can't be used: {type(error).__name__}") from None

    def _prepare(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        encrypted = server.has_extn("starttls")
        if encrypted:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self.user:
            if not encrypted and self.host not in ("127.0.0.1", "localhost", "::1"):
                raise NotWantedError("the server offers no encryption, so the password wasn't sent")
            server.login(self.user, self.password.get_secret_value() if self.password else "")


def to_message(
    notice: Notice, sender: str, receivers: Sequence[str], key: str, attached: Mapping[str, bytes] | None = None
) -> EmailMessage:
    """The message, with files by their names. Its id comes from the key, so that a mail program shows one that was sent
    twice once."""
    addresses = [address_of(one) for one in receivers]
    message = EmailMessage()
    message["From"] = address_of(sender)
    message["To"] = ", ".join(dict.fromkeys(addresses))
    if notice.reply_to:
        message["Reply-To"] = address_of(notice.reply_to)
    prefix = "" if notice.occasion in ("digest", "resolved", "report") else f"[{notice.severity}] "
    message["Subject"] = one_line(prefix + notice.title, SUBJECT_AT_MOST)
    message["Date"] = formatdate()
    domain = address_of(sender).rpartition("@")[2]
    message["Message-ID"] = f"<{hashlib.sha256(key.encode('utf-8')).hexdigest()[:32]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(plain(notice))
    message.add_alternative(html(notice), subtype="html")
    for name, data in (attached or {}).items():
        kind, _, inner = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(data, maintype=kind, subtype=inner, filename=name)
    return message


def _attached(notice: Notice) -> dict[str, bytes]:
    """The files that go along. Raises `NotNowError` when one can't be read."""
    from fsspec.core import url_to_fs

    found: dict[str, bytes] = {}
    for file in notice.files:
        try:
            filesystem, path = url_to_fs(file.url)
            found[file.name] = filesystem.cat_file(path)
        except OSError as error:
            raise NotNowError(f"{file.name} can't be read: {type(error).__name__}") from None
    return found


def address_of(text: str) -> str:
    """The one address in a text. Raises `UserError` when it is none: a line break would write headers of its own."""
    _, address = parseaddr(text)
    name, _, domain = address.partition("@")
    good = bool(name and domain) and "@" not in domain and not set(address) & set(" ,;<>\"'")
    if not good or not (address.isascii() and text.isprintable()):
        raise UserError("is no e-mail address", where="ALERT_EMAIL or a contact", hint="such as team@example.com")
    return address


def one_line(text: str, limit: int) -> str:
    """A text for a header: control characters, line breaks among them, are spaces."""
    plain_text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain_text if len(plain_text) <= limit else plain_text[: limit - 1] + "…"


def plain(notice: Notice) -> str:
    """The notice as text."""
    parts = [notice.title, notice.what]
    parts.append("\n".join(f"{label}: {one_line(value, 500)}" for label, value in notice.facts))
    parts.append(f"Last error:\n  {notice.last_error}" if notice.last_error else "")
    parts.append("What to do:\n" + "\n".join(f"  - {line}" for line in notice.todo) if notice.todo else "")
    parts.append("\n".join(f"{link.name}: {link.url}" for link in notice.links))
    parts.append(notice.footer)
    return "\n\n".join(part for part in parts if part) + "\n"


def html(notice: Notice) -> str:
    """The notice as a page; everything in it is escaped."""
    colour = COLOURS.get(notice.occasion) or COLOURS.get(notice.severity, "#34495e")
    facts = "".join(
        f'<tr><td style="color:#666;padding:2px 12px 2px 0">{escape(label)}</td><td>{escape(value)}</td></tr>'
        for label, value in notice.facts
    )
    error = f'<pre style="background:#f4f4f4;padding:8px;white-space:pre-wrap">{escape(notice.last_error)}</pre>'
    todo = "".join(f"<li>{escape(line)}</li>" for line in notice.todo)
    links = " · ".join(f'<a href="{escape(link.url)}">{escape(link.name)}</a>' for link in notice.links)
    parts = [
        f'<h2 style="color:{colour}">{escape(notice.title)}</h2>',
        "<p>{}</p>".format(escape(notice.what).replace("\n", "<br>")) if notice.what else "",
        f"<table>{facts}</table>" if facts else "",
        f"<p>Last error</p>{error}" if notice.last_error else "",
        f"<p>What to do</p><ol>{todo}</ol>" if todo else "",
        f"<p>{links}</p>" if links else "",
        f'<p style="color:#666">{escape(notice.footer)}</p>' if notice.footer else "",
    ]
    body = "\n".join(part for part in parts if part)
    return f'<!DOCTYPE html><html><body style="font-family:sans-serif">\n{body}\n</body></html>\n'


def _failed(what: str, code: int) -> NotNowError | NotWantedError:
    return NotWantedError(what) if code >= PERMANENT else NotNowError(what)
