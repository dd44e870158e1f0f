"""Making reports: facts, revision, documents and mail in one go; what one client's report fails of stays its own."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from compilers.errors import UserError
from manageai_assets.build.cost import prices
from manageai_assets.clients.assumptions import assumptions, hour_of_work
from manageai_assets.clients.reports.drawing import Pictures, pictures_of
from manageai_assets.clients.reports.finding import report_of
from manageai_assets.clients.reports.mail import draft_of, wanted_mail
from manageai_assets.clients.reports.months import Month
from manageai_assets.clients.reports.pdf import portable_report
from manageai_assets.clients.reports.revisions import keep
from manageai_assets.clients.reports.stored import clients_of, contacts_of, material_of
from manageai_assets.clients.reports.word import word_report
from manageai_assets.clients.reports.wording import Wording
from manageai_assets.clients.snapshots import make_client_snapshots
from manageai_assets.clients.stored import read_new_facts
from manageai_assets.intake.models import slug_of
from resources.artifacts import ArtifactStore, BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from manageai_assets.documents.brand import Brand

WORD, PDF, DRAFT = "monthly_report.docx", "monthly_report.pdf", "monthly_report.eml"
FOLDER = "reports"
SLUG_LENGTH = 40
Sent = Literal["wanted", "draft", "told before"]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What reports are made with: `uri` is where builds and reports are, `mailed` whether there is a mail server."""

    brand: Brand
    logo: bytes
    uri: str
    mailed: bool

    @property
    def zone(self) -> ZoneInfo:
        """The agency's time zone."""
        return ZoneInfo(self.brand.agency.timezone)

    @property
    def store(self) -> ArtifactStore:
        """Where reports go: apart from the builds."""
        return ArtifactStore(f"{self.uri.rstrip('/')}/{FOLDER}")


@dataclass(frozen=True)
class MadeReport:
    """A report that was made, or was there already. `files` are where its documents are, by their names."""

    words: Wording
    pictures: Pictures
    files: Mapping[str, str]
    sent: Sent
    receivers: tuple[str, ...]


def prepare(engine: Engine, month: Month, shop: Workshop, now: dt.datetime) -> tuple[str, ...]:
    """Makes the snapshots that a month's reports need, with all that has become known since; gives the clients that
    there is something to report on. Raises `UserError` for a month that isn't over."""
    if now < month.end(shop.zone):
        hint = f"it can be reported on from {month.plus(1).first} on"
        raise UserError("isn't over yet", where=str(month), hint=hint)
    with engine.begin() as connection:
        read_new_facts(connection, ArtifactStore(shop.uri))
        before = month.plus(-1)
        known = clients_of(connection, before)
    days = [month.last] if known else [before.last, month.last]
    price, assumed = shop.brand.price, assumptions()
    hour = hour_of_work(price.hour, price.currency, assumed)
    make_client_snapshots(engine, days, shop.zone, prices(), assumed, hour)
    with engine.connect() as connection:
        return clients_of(connection, month)


def make_report(engine: Engine, client: str, month: Month, shop: Workshop, now: dt.datetime) -> MadeReport:
    """Makes a client's report, once `prepare` has been called for the month. The same facts are the same revision, and
    its documents stay; other facts are the next one, which is told anew. Raises `UserError`."""
    with engine.begin() as connection:
        material = material_of(connection, client, month, shop.brand)
        if material is None:
            raise UserError(f"there is nothing to report on for {month}", where=client)
        report = report_of(material)
        revision = keep(connection, report, now)
        words = Wording(report, shop.brand, revision)
        pictures = pictures_of(words)
        key = BuildKey(f"{client_slug(client)}-{month}", revision.number)
        files = _written(words, pictures, shop, key)
        receivers = contacts_of(connection, client)
        sent: Sent = "told before"
        if revision.new:
            sent = _tell(connection, words, files, receivers, shop, key, now)
        if DRAFT in shop.store.names(key):
            files = {**files, DRAFT: shop.store.url(key, DRAFT)}
    return MadeReport(words, pictures, files, sent, receivers)


def _written(words: Wording, pictures: Pictures, shop: Workshop, key: BuildKey) -> dict[str, str]:
    """Where the documents are; those of a revision that was made before are left as they went out."""
    there = shop.store.names(key)
    files: dict[str, str] = {}
    for name, make in ((WORD, word_report), (PDF, portable_report)):
        if words.revision.new or name not in there:
            files[name] = shop.store.write(key, name, make(words, pictures, shop.logo))
        else:
            files[name] = shop.store.url(key, name)
    return files


def _tell(
    connection: Connection,
    words: Wording,
    files: Mapping[str, str],
    receivers: Sequence[str],
    shop: Workshop,
    key: BuildKey,
    now: dt.datetime,
) -> Sent:
    """Writes the mail into the outbox, or leaves it as a draft beside the documents."""
    if shop.brand.reports.delivery == "email" and shop.mailed:
        wanted_mail(connection, words, files, receivers, now)
        return "wanted"
    documents = {name: shop.store.read(key, name) or b"" for name in files}
    shop.store.write(key, DRAFT, draft_of(words, documents, receivers))
    return "draft"


def client_slug(client: str) -> str:
    """A folder's name for a client: readable, and different for each name."""
    return f"{slug_of(client)[:SLUG_LENGTH].rstrip('-')}-{hashlib.sha256(client.encode()).hexdigest()[:6]}"
