"""Making reports from tables: revisions, what fails, and how the report reaches the client."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from compilers.errors import UserError
from manageai_assets.clients.reports.checking import disagreements
from manageai_assets.clients.reports.making import (
    DRAFT,
    PDF,
    WORD,
    MadeReport,
    Workshop,
    client_slug,
    make_report,
    prepare,
)
from manageai_assets.clients.reports.months import Month
from manageai_assets.documents.reading import word_text
from manageai_assets.monitoring.alerts.email import Mailbox
from manageai_assets.monitoring.alerts.outbox import Delivered, deliver
from tests.fakes.smtp import fake_smtp
from tests.manageai_assets.clients.estates import deploy, ran, scenario
from tests.manageai_assets.clients.reports.stored_client import CLIENT, MARCH, NOW, OTHER, agency, incident, noon, shop


def made(engine: Engine, given: Workshop, client: str = CLIENT, now: dt.datetime = NOW) -> MadeReport:
    """The client's report on March."""
    assert client in prepare(engine, MARCH, given, now)
    return make_report(engine, client, MARCH, given, now)


def rows(engine: Engine) -> list[tuple[str, int]]:
    """The stored revisions."""
    query = "select customer_name, revision from manageai.client_reports order by 1, 2"
    with engine.connect() as connection:
        return [(row.customer_name, row.revision) for row in connection.execute(text(query))]


def test_a_report_from_the_tables_by_hand(engine: Engine, tmp_path: Path) -> None:
    """31 runs of 3 operations: 93 on one block at 12 USD; 29 of them went through, 58 steps, 1.45 h, told as 1.5."""
    agency(engine)
    incident(engine, "orders", noon(3, 8), noon(3, 9), acknowledged_at=noon(3, 8) + dt.timedelta(minutes=20))
    found = made(engine, shop(tmp_path))
    report = found.words.report
    assert (report.totals.runs, report.totals.failed, report.totals.make_operations) == (31, 2, 93)
    assert (report.totals.make_cost, report.totals.hand_steps, report.totals.hours) == (
        Decimal("12.00"), 58, Decimal("1.5"),
    )  # fmt: skip
    assert report.hours_value == Decimal("52.50")
    (one,) = report.incidents
    assert (one.open_for, one.answered_after, one.scenarios) == (60, 20, ("orders",))
    assert disagreements(engine, report) == ()
    assert sorted(found.files) == sorted((WORD, PDF, DRAFT))
    assert all(Path(file).stat().st_size for file in found.files.values())


def test_the_same_facts_are_the_same_revision_and_its_files_stay(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    first = made(engine, shop(tmp_path))
    before = Path(first.files[WORD]).read_bytes()
    again = made(engine, shop(tmp_path), now=NOW + dt.timedelta(days=9))
    assert (again.words.revision.number, again.words.revision.new, again.sent) == (1, False, "told before")
    assert again.files == first.files
    assert Path(again.files[WORD]).read_bytes() == before
    assert rows(engine) == [(CLIENT, 1)]


def test_late_data_make_a_new_revision_that_says_what_changed(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    first = made(engine, shop(tmp_path))
    old = Path(first.files[WORD]).read_bytes()
    ran(engine, scenario(), [noon(9, 18)])
    later = made(engine, shop(tmp_path), now=NOW + dt.timedelta(days=2))
    assert (later.words.revision.number, later.words.revision.new) == (2, True)
    figures = {one.what: (one.before, one.after) for one in later.words.revision.changes if not one.scenario}
    assert figures["totals.runs"] == ("31", "32")
    assert figures["totals.make_operations"] == ("93", "96")
    assert figures["days"] == ("", "")
    assert "Runs: 31 → 32" in word_text(Path(later.files[WORD]).read_bytes())
    assert Path(first.files[WORD]).read_bytes() == old, "what the client was told first can be shown again"
    assert rows(engine) == [(CLIENT, 1), (CLIENT, 2)]
    once_more = made(engine, shop(tmp_path), now=NOW + dt.timedelta(days=3))
    assert (once_more.words.revision.number, once_more.words.revision.new) == (2, False)
    assert once_more.words.changes() == later.words.changes()


def test_what_happens_after_the_month_is_no_late_data(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    incident(engine, "orders", noon(30), None)
    made(engine, shop(tmp_path))
    with engine.begin() as connection:
        connection.execute(text("update manageai.incidents set status = 'resolved', resolved_at = '2026-04-03Z'"))
    ran(engine, scenario(), [dt.datetime(2026, 4, 2, tzinfo=dt.UTC)])
    assert not made(engine, shop(tmp_path), now=NOW + dt.timedelta(days=9)).words.revision.new


def test_parts_of_an_outage_are_one_incident(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    deploy(engine, scenario("leads"), noon(1))
    incident(engine, "orders", noon(5, 8), noon(5, 11), kind="platform_outage", severity="critical", scenario_id=None)
    with engine.connect() as connection:
        wide = connection.execute(text("select id from manageai.incidents")).scalar_one()
    incident(engine, "orders", noon(5, 7), noon(5, 8), parent_id=wide)
    incident(engine, "leads", noon(5, 8), noon(5, 9), parent_id=wide)
    incident(engine, "mails", noon(5, 8), noon(5, 9))
    (one,) = made(engine, shop(tmp_path)).words.report.incidents
    assert (one.kind, one.scenarios, one.open_for) == ("platform_outage", ("leads", "orders"), 240)


def test_a_report_that_fails_leaves_no_revision_and_the_others_alone(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    obstacle = tmp_path / "reports" / f"{client_slug(CLIENT)}-{MARCH}"
    obstacle.parent.mkdir()
    obstacle.write_text("a file where a folder must be", encoding="utf-8")
    with pytest.raises(OSError, match=r"(?i)not a directory|exists"):
        made(engine, shop(tmp_path))
    made(engine, shop(tmp_path), OTHER)
    assert rows(engine) == [(OTHER, 1)]
    obstacle.unlink()
    assert made(engine, shop(tmp_path)).words.revision.number == 1


def test_a_month_that_is_not_over_is_refused(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    with pytest.raises(UserError, match="isn't over yet"):
        prepare(engine, Month(2026, 4), shop(tmp_path), NOW)


def test_clients_with_nothing_in_the_month_have_no_report(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    given = shop(tmp_path)
    assert prepare(engine, Month(2026, 1), given, NOW) == ()
    with pytest.raises(UserError, match="nothing to report"):
        make_report(engine, CLIENT, Month(2026, 1), given, NOW)


def test_names_that_look_alike_have_folders_of_their_own() -> None:
    names = ("Fern & Oak", "Fern Oak", "fern & oak", "新規注文", "注文新規", "x" * 300, "x" * 301, "../../etc")
    slugs = {client_slug(name) for name in names}
    assert len(slugs) == len(names)
    assert all("/" not in slug and len(slug) < 56 for slug in slugs)


# -- mail ---------------------------------------------------------------------------------------------------------


def test_a_draft_is_a_mail_that_a_person_can_look_at_and_send(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    found = made(engine, shop(tmp_path))
    assert found.sent == "draft"
    message = email.message_from_bytes(Path(found.files[DRAFT]).read_bytes(), policy=email.policy.default)
    assert (message["To"], message["X-Unsent"]) == ("ops@fern.test", "1")
    assert message["Subject"] == "Monthly report March 2026: Fern & Oak"
    attached = {part.get_filename(): part.get_content_type() for part in message.iter_attachments()}
    assert attached == {
        "fern-oak-2026-03.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "fern-oak-2026-03.pdf": "application/pdf",
    }
    body = message.get_body(("plain",))
    assert body is not None
    assert "ran 31 times in March 2026" in body.get_content()
    nobody = made(engine, shop(tmp_path), OTHER)
    assert nobody.receivers == ()
    assert (tmp_path / "reports").is_dir()


def test_a_report_is_mailed_through_the_outbox_once_for_each_revision(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    given = shop(tmp_path, "email", mailed=True)
    assert made(engine, given).sent == "wanted"
    assert made(engine, given).sent == "told before"
    with fake_smtp() as smtp:
        box = Mailbox("127.0.0.1", smtp.port, "team@brightwater.test", ("alerts@brightwater.test",))
        assert deliver(engine, {"email": box}, lambda: NOW) == Delivered(sent=1)
        ran(engine, scenario(), [noon(9, 18)])
        made(engine, given, now=NOW + dt.timedelta(days=1))
        assert deliver(engine, {"email": box}, lambda: NOW + dt.timedelta(days=1)) == Delivered(sent=1)
    first, second = smtp.messages
    assert smtp.receivers == [["ops@fern.test"]] * 2, "the agency's own address for alerts isn't told"
    assert first["Reply-To"] == "hello@brightwater.example"
    assert first["Message-ID"] != second["Message-ID"]
    assert second["Subject"] == "Monthly report March 2026, revision 2: Fern & Oak"
    body = second.get_body(("plain",))
    assert body is not None
    assert "Runs: 31 → 32" in body.get_content()
    (word, pdf) = first.iter_attachments()
    assert (word.get_content()[:2], pdf.get_content()[:5]) == (b"PK", b"%PDF-")


def test_without_a_mail_server_the_mail_is_a_draft(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    assert made(engine, shop(tmp_path, "email")).sent == "draft"


def test_a_report_of_nobody_goes_to_the_agency(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    made(engine, shop(tmp_path, "email", mailed=True), OTHER)
    with fake_smtp() as smtp:
        box = Mailbox("127.0.0.1", smtp.port, "team@brightwater.test", ("alerts@brightwater.test",))
        deliver(engine, {"email": box}, lambda: NOW)
    assert smtp.receivers == [["alerts@brightwater.test"]]


def test_a_mail_whose_file_is_gone_is_tried_again(engine: Engine, tmp_path: Path) -> None:
    agency(engine)
    found = made(engine, shop(tmp_path, "email", mailed=True))
    Path(found.files[PDF]).rename(tmp_path / "away.pdf")
    with fake_smtp() as smtp:
        box = Mailbox("127.0.0.1", smtp.port, "team@brightwater.test", ())
        assert deliver(engine, {"email": box}, lambda: NOW) == Delivered(put_off=1)
        (tmp_path / "away.pdf").rename(found.files[PDF])
        assert deliver(engine, {"email": box}, lambda: NOW + dt.timedelta(hours=1)) == Delivered(sent=1)
    assert len(smtp.messages) == 1
