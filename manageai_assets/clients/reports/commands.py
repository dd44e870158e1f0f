"""`manageai report`: a client's report on a month, made now, with its documents in a folder."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from manageai_assets import console
from manageai_assets.clients.commands import named
from manageai_assets.clients.reports.making import MadeReport, Workshop, make_report, prepare
from manageai_assets.clients.reports.months import Month, month_of, parse_month
from manageai_assets.commands import Outcome
from manageai_assets.documents.brand import our_brand, our_logo
from manageai_assets.monitoring.alerts.channels import senders
from manageai_assets.monitoring.connecting import opened_database
from manageai_assets.settings import Settings, read_settings


def report(options: argparse.Namespace) -> Outcome:
    """`report`: makes it, and writes its documents into a folder. Raises `UserError`."""
    settings, now = read_settings(), dt.datetime.now(dt.UTC)
    shop = workshop(settings)
    month = parse_month(options.month) if options.month else _last_month(shop, now)
    with opened_database(settings) as engine:
        clients = prepare(engine, month, shop, now)
        if not clients:
            raise UserError("no client had a scenario in production in this month", where=str(month))
        made = make_report(engine, named(clients, options.name), month, shop, now)
    files = _copied(made, options.output)
    return Outcome(_as_json(made, files), lambda: _show(made, files))


def workshop(settings: Settings) -> Workshop:
    """What reports are made with, by these settings. Raises `UserError` for a brand that is wrong."""
    return Workshop(our_brand(), our_logo(), settings.artifacts_uri, mailed="email" in senders(settings))


def _last_month(shop: Workshop, now: dt.datetime) -> Month:
    return month_of(now.astimezone(shop.zone).date()).plus(-1)


def _copied(made: MadeReport, folder: Path) -> list[Path]:
    """The documents of the revision, in the folder."""
    from fsspec.core import url_to_fs

    report = made.words.report
    written: list[Path] = []
    for name, url in made.files.items():
        filesystem, path = url_to_fs(url)
        file = folder / f"{Path(name).stem}-{report.month:%Y-%m}{Path(name).suffix}"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(filesystem.cat_file(path))
        except OSError as error:
            raise UserError(f"can't be written: {error.strerror}", where=str(file)) from None
        written.append(file)
    return written


def _as_json(made: MadeReport, files: list[Path]) -> JsonValue:
    words, facts = made.words, made.words.report
    return {
        "client": facts.client,
        "month": f"{facts.month:%Y-%m}",
        "revision": words.revision.number,
        "new": words.revision.new,
        "changes": [one.model_dump(mode="json") for one in words.revision.changes],
        "mail": made.sent,
        "receivers": [*made.receivers],
        "files": [str(file) for file in files],
        "stored": dict(made.files),
        "facts": facts.model_dump(mode="json"),
    }


def _show(made: MadeReport, files: list[Path]) -> None:
    words = made.words
    print(f"{words.title}, revision {words.revision.number}{'' if words.revision.new else ', as it was'}")
    for line in words.summary():
        print(f"  {line}")
    if words.changes():
        console.show_table(("changed since the revision before",), [(line,) for line in words.changes()])
    console.show_table(("file", "bytes"), [(str(file), file.stat().st_size) for file in files])
    to = ", ".join(made.receivers) or "nobody: no scenario of this client names an address"
    told = {"wanted": f"The mail is on its way to {to}.", "draft": f"The mail is a draft, to {to}."}
    if made.sent in told:
        print(told[made.sent])
